#!/usr/bin/env bash
# Write what the second tree adds to the first into added/: new files, and new lines of changed
# files, with empty lines in place of the others.
# Arguments: the two trees, then paths to leave out. Prints the number of files.
set -euo pipefail
old=$1 new=$2
shift 2
rm -rf added
mkdir added
paths=(. "${@/#/:(exclude)}")
list_files() { # the kinds of difference, as in git diff --diff-filter
  git diff-tree -r -z --no-renames --name-only "--diff-filter=$1" "$old" "$new" -- "${paths[@]}"
}
new_lines() { # of a difference without context, each at its own line number
  awk '/^@@/ { split($3, start, /[+,]/); next }
    start[2] && /^[+]/ { for (; line < start[2] - 1; line++) print ""; print substr($0, 2); line++ }'
}
list_files AT >files
GIT_INDEX_FILE=$PWD/added-index
export GIT_INDEX_FILE
git read-tree "$new"
GIT_DIR=$(realpath "$GIT_DIR") git --work-tree=added checkout-index --force --stdin -z <files
list_files M >>files
while IFS= read -r -d '' file; do
  if [ ! -e "added/$file" ] && [ ! -L "added/$file" ]; then
    mkdir -p "added/$(dirname "$file")"
    git --literal-pathspecs diff-tree -p -U0 --no-renames "$old" "$new" -- "$file" | new_lines >"added/$file"
  fi
done <files
tr -cd '\0' <files | wc -c
