#!/usr/bin/env bash
# Write what one tree adds to another into added/: new files whole, changed files by their new lines.
# Arguments: the two trees, then paths to leave out; prints how many files there are.
set -euo pipefail
old=$1 new=$2
shift 2
rm -rf added
mkdir added
paths=(. "${@/#/:(exclude)}")
differing() {
  git diff-tree -r -z --no-renames --name-only "--diff-filter=$1" "$old" "$new" -- "${paths[@]}"
}
differing AT >files
GIT_INDEX_FILE=$PWD/additions-index
export GIT_INDEX_FILE
git read-tree "$new"
GIT_DIR=$(realpath "$GIT_DIR") git --work-tree=added checkout-index --force --stdin -z <files
differing M >>files
while IFS= read -r -d '' file; do
  if [ ! -e "added/$file" ] && [ ! -L "added/$file" ]; then
    mkdir -p "added/$(dirname "$file")"
    git --literal-pathspecs diff-tree -p -U0 --no-renames "$old" "$new" -- "$file" | sed -n '/^@@/,$s/^+//p' >"added/$file"
  fi
done <files
tr -cd '\0' <files | wc -c
