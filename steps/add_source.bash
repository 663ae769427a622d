#!/usr/bin/env bash
# Have one commit in the component's repository and lay it into the index; print commit, tree, date
# and how many submodules it records.
# Arguments: the commit or the beginning of its id, the address and ref it is found at (no ref when
# it is pinned), the ref that keeps it here, the path to lay it into (the whole tree when empty).
# Ends with 2 when the repository cannot be reached.
set -euo pipefail
commit=$1 address=$2 theirs=$3 ours=$4 into=$5
here() { git cat-file -e "$commit^{commit}" 2>/dev/null; }
fetch() { git fetch --quiet --no-tags --depth=1 -- "$address" "+$1:$ours"; }
everything() { # what is only known by the beginning of its id can lie anywhere
  local all=refs/slipway-all/${ours##*/}
  git fetch --quiet --no-tags --prune --depth=2147483647 -- "$address" \
    "+refs/heads/*:$all/heads/*" "+refs/tags/*:$all/tags/*"
}
# Between looking and fetching the ref may have moved on: then the commit itself is asked for.
here || [ -z "$theirs" ] || fetch "$theirs" || exit 2
here || { [ "${#commit}" = 40 ] && fetch "$commit" 2>/dev/null; } || [ -n "$theirs" ] || everything || exit 2
here || {
  echo "$address has no commit $commit" >&2
  exit 1
}
commit=$(git rev-parse "$commit^{commit}")
if [ -z "$into" ]; then
  git read-tree "$commit"
else
  git ls-files -z -- "$into" | git --work-tree=. update-index -z --force-remove --stdin
  git read-tree -i --prefix="$into/" "$commit"
fi
git show --no-patch --format='%H %T %ct' "$commit"
git ls-tree -r "$commit" | grep -c '^160000' || true
