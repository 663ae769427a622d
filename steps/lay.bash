#!/usr/bin/env bash
# Have one commit in the component's repository and lay it into the index; print its tree and date.
# Arguments: the commit, the address and ref it is found at, the ref that keeps it here, the path
# to lay it into (the whole tree when empty).
set -euo pipefail
commit=$1 address=$2 theirs=$3 ours=$4 into=$5
here() { git cat-file -e "$commit^{commit}" 2>/dev/null; }
fetch() { git fetch --quiet --no-tags --depth=1 "$address" "+$1:$ours"; }
# Between looking and fetching the ref may have moved on: then the commit itself is asked for.
here || fetch "$theirs"
here || fetch "$commit"
if [ -z "$into" ]; then
  git read-tree "$commit"
else
  git rm -r -q -f --cached --ignore-unmatch -- "$into"
  git read-tree -i --prefix="$into/" "$commit"
fi
git show --no-patch --format='%T %ct' "$commit"
