#!/usr/bin/env bash
# Make a folder equal to the index; only different files are written. What an earlier build left
# there, such as read-only folders or a link in its place, does not matter. Argument: the folder.
# Prints the tree.
set -euo pipefail
tree=$(git write-tree)
{ [ -d "$1" ] && [ ! -L "$1" ]; } || rm -f "$1"
mkdir -p "$1"
find "$1" -type d ! -perm -u=rwx -exec chmod u+rwx {} ';'
GIT_DIR=$(realpath "$GIT_DIR") GIT_INDEX_FILE=$PWD/checkout-index GIT_WORK_TREE=$(realpath "$1")
export GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
cd "$1"
check_out() { git read-tree --reset -u "$tree" && git clean -ffdxq; }
# An index that git cannot read says nothing about the files.
check_out 2>../errors || { rm -f "$GIT_INDEX_FILE" && find . -mindepth 1 -delete && check_out; }
echo "$tree"
