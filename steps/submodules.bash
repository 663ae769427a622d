#!/usr/bin/env bash
# Replace gitlinks in the index by the files of their commits. Standard input:
# `<commit> <address> <path>`, each ended by NUL; `- - <path>` removes a gitlink.
# For exit codes see fetching.bash.
set -euo pipefail
while IFS= read -r -d '' line; do
  commit=${line%% *} path=${line#* }
  address=${path%% *} path=${path#* }
  git --work-tree=. update-index --force-remove -- "$path"
  [ "$commit" != - ] || continue
  local_ref=refs/slipway/submodules/$commit
  git cat-file -e "$commit^{commit}" 2>/dev/null ||
    fetch --depth=1 -- "$address" "+$commit:$local_ref" ||
    (explain "$address" "commit $commit") 2>refusal || {
    status=$?
    echo "submodule $path: commit $commit cannot be had: $(<refusal)" >&2
    exit "$status"
  }
  git read-tree -i --prefix="$path/" "$commit"
done
