#!/usr/bin/env bash
# Fetch one commit into the component's repository and add it to the index. Print commit, tree, date
# and how many submodules it records.
# Arguments: the commit or the beginning of its id; the address and the ref to fetch (no ref when it
# is pinned); the local ref that keeps it; its path in the tree (empty: it replaces the whole tree).
# Exit code 2: the repository cannot be reached.
set -euo pipefail
commit=$1 address=$2 remote_ref=$3 local_ref=$4 into=$5
is_present() { git cat-file -e "$commit^{commit}" 2>/dev/null; }
fetch() { git fetch --quiet --no-tags --depth=1 -- "$address" "+$1:$local_ref"; }
fetch_all() { # the beginning of an id may match a commit of any branch or tag
  local all=refs/slipway-all/${local_ref##*/}
  git fetch --quiet --no-tags --prune --depth=2147483647 -- "$address" \
    "+refs/heads/*:$all/heads/*" "+refs/tags/*:$all/tags/*"
}
is_present || [ -z "$remote_ref" ] || fetch "$remote_ref" || exit 2
# The ref may have moved since it was listed: then fetch the commit by its id.
is_present || { [ "${#commit}" = 40 ] && fetch "$commit" 2>/dev/null; } || [ -n "$remote_ref" ] || fetch_all || exit 2
is_present || {
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
