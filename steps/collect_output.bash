#!/usr/bin/env bash
# Replace the index by the files of a folder. Argument: the folder. Prints the number of files.
set -euo pipefail
test -d "$1" || {
  echo "the build made no folder '${1#*/}'" >&2
  exit 1
}
[ "$(realpath "$1")" = "$(realpath -s "$1")" ] || {
  echo "'${1#*/}' is a link, or inside one" >&2
  exit 1
}
GIT_DIR=$(realpath "$GIT_DIR") GIT_INDEX_FILE=$(realpath "$GIT_INDEX_FILE")
export GIT_DIR GIT_INDEX_FILE
git read-tree --empty
cd "$1"
git --work-tree=. add --all --force .
git ls-files -z | tr -cd '\0' | wc -c
