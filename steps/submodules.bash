#!/usr/bin/env bash
# Replace gitlinks in the index by the files of their commits. Standard input: lines
# `<commit> <address> <path>`; a line `- - <path>` removes a gitlink. Prints each line before it is
# processed.
set -euo pipefail
while IFS= read -r line; do
  commit=${line%% *} path=${line#* }
  address=${path%% *} path=${path#* }
  echo "$line"
  git --work-tree=. update-index --force-remove -- "$path"
  [ "$commit" != - ] || continue
  local_ref=refs/slipway/submodules/$commit
  git cat-file -e "$commit^{commit}" 2>/dev/null ||
    git fetch --quiet --no-tags --depth=1 -- "$address" "+$commit:$local_ref" </dev/null
  git read-tree -i --prefix="$path/" "$commit"
done
