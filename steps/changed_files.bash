#!/usr/bin/env bash
# Write the files that differ between two trees: those of the first into before/, of the second into
# after/. Arguments: the two trees, then path patterns. Prints records (see records.py): the number of
# files in each folder.
set -euo pipefail
old=$1 new=$2
shift 2
GIT_DIR=$(realpath "$GIT_DIR") GIT_INDEX_FILE=$PWD/changed-index
export GIT_DIR GIT_INDEX_FILE

extract() { # tree, folder, the kind of difference in which the tree lacks the file
  rm -rf "$2"
  mkdir "$2"
  git diff-tree -r -z --no-renames --name-only "--diff-filter=$3" "$old" "$new" -- "${paths[@]}" >files
  git read-tree "$1"
  git --work-tree="$2" checkout-index --force --stdin -z <files
  printf '%s\0' "$(tr -cd '\0' <files | wc -c)"
}

paths=("$@")
{
  extract "$old" before a
  extract "$new" after d
} | base64
