#!/usr/bin/env bash
# Make a folder equal to the index; only different files are written. Argument: the folder. Prints
# the tree.
set -euo pipefail
tree=$(git write-tree)
mkdir -p "$1"
GIT_DIR=$(realpath "$GIT_DIR") GIT_INDEX_FILE=$PWD/checkout-index GIT_WORK_TREE=$(realpath "$1")
export GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
cd "$1"
git read-tree --reset -u "$tree"
git clean -ffdxq
echo "$tree"
