#!/usr/bin/env bash
# Replace gitlinks in the index by what they record. Standard input: `<commit> <address> <path>`
# lines; `- - <path>` takes one out. Prints each line before it is worked on.
set -euo pipefail
while IFS= read -r line; do
  commit=${line%% *} path=${line#* }
  address=${path%% *} path=${path#* }
  echo "$line"
  git --work-tree=. update-index --force-remove -- "$path"
  [ "$commit" != - ] || continue
  ours=refs/slipway/submodules/$commit
  git cat-file -e "$commit^{commit}" 2>/dev/null ||
    git fetch --quiet --no-tags --depth=1 -- "$address" "+$commit:$ours" </dev/null
  git read-tree -i --prefix="$path/" "$commit"
done
