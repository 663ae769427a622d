#!/usr/bin/env bash
# Fetch one commit into the component's repository and add it to the index. Prints records (see
# records.py): commit, tree, date and how many submodules it records.
# Arguments: the commit or the beginning of its id; the address and the ref to fetch (no ref when it
# is pinned); the local ref that keeps it; its path in the tree (empty: it replaces the whole tree).
# For exit codes see fetching.bash.
set -euo pipefail
commit=$1 address=$2 remote_ref=$3 local_ref=$4 into=$5
all=refs/slipway-all/${local_ref##*/}

is_present() { git cat-file -e "$commit^{commit}" 2>/dev/null; }

fetch_one() { fetch --depth=1 -- "$address" "+$1:$local_ref"; }

fetch_ids() ( # of all commits, if possible without their files
  export GIT_DIR=commits.git
  git init --quiet --bare "$GIT_DIR" &&
    git config remote.origin.url "$address" &&
    git config remote.origin.promisor true &&
    fetch --prune --filter=tree:0 origin "+refs/heads/*:$all/heads/*" "+refs/tags/*:$all/tags/*"
)

complete_id() { # of the beginning of one
  fetch_ids || explain "$address" "its history"
  local id
  id=$(git --git-dir=commits.git rev-parse --quiet --verify "$commit^{commit}") || refuse
  commit=$id
}

is_refused() { # whether the server says that it has not got what was asked for
  grep -qE 'not our ref|unadvertised object' errors
}

fetch_all() { # from a server that gives no commit by its id
  fetch --prune --depth=2147483647 -- "$address" \
    "+refs/heads/*:$all/heads/*" "+refs/tags/*:$all/tags/*"
}

refuse() {
  echo "$address has no commit $commit" >&2
  exit 1
}

is_present || [ -z "$remote_ref" ] || fetch_one "$remote_ref" || explain "$address" "$remote_ref"
is_present || [ "${#commit}" = 40 ] || complete_id
# The ref may have moved since it was listed: then fetch the commit by its id.
is_present || fetch_one "$commit" ||
  if [ -z "$remote_ref" ]; then
    fetch_all || explain "$address" "commit $commit"
  else
    is_refused || explain "$address" "commit $commit"
  fi
is_present || refuse
commit=$(git rev-parse "$commit^{commit}")
if [ -z "$into" ]; then
  git read-tree "$commit"
else
  git ls-files -z -- "$into" | git --work-tree=. update-index -z --force-remove --stdin
  git read-tree -i --prefix="$into/" "$commit"
fi
gitlinks=$(git ls-tree -r "$commit" | grep -c '^160000' || true)
{ git log -1 -z --format='%H%x00%T%x00%ct' "$commit" && printf '%s\0' "$gitlinks"; } | base64
