#!/usr/bin/env bash
# Write the ids of the patches that upstream itself has taken since a tag, and their commits, into a
# file. Arguments: the series' folder, a word when it holds a fork's commits, the upstream's address,
# the tag (empty: none are looked for), the ref to look back from, the file. Standard input: a tar of
# the patches that follow the fork's. Only commits to files that the series changes are looked at;
# their contents are fetched as they are needed (https://git-scm.com/docs/partial-clone). A server
# that cannot answer costs only this: patches are then compared by what they change alone.
set -euo pipefail
series=$1 forked=$2 address=$3 tag=$4 ref=$5 file=$6
export GIT_DIR=history.git
unset GIT_INDEX_FILE
shopt -s nullglob
: >"$file"
[ -n "$tag" ] || exit 0
[ -n "$forked" ] || rm -rf "$series"
mkdir -p "$series/patches"
tar -x -C "$series/patches"
patches=("$series"/fork/*.patch "$series"/patches/*.patch)
[ "${#patches[@]}" -gt 0 ] || exit 0
[ -d "$GIT_DIR" ] || git init --quiet --bare "$GIT_DIR"
git config remote.origin.url "$address"
git config remote.origin.promisor true
fetch() {
  git fetch --quiet --no-tags --filter=blob:none "$@" origin "+$ref:refs/slipway/theirs" 2>complaint
}
# The commits after the tag, then one more, with which the first of them is compared.
if ! { fetch --shallow-exclude="$tag" && fetch --deepen=1; }; then
  cat complaint >&2
  exit 0
fi
mapfile -d '' -t paths < <(
  for patch in "${patches[@]}"; do git apply --numstat -z "$patch" 2>/dev/null; done | cut -z -f3
)
# What lies at the edge of what was fetched has no parent here to be compared with.
edge=$GIT_DIR/shallow
[ -f "$edge" ] || edge=/dev/null
git --literal-pathspecs rev-list --no-merges refs/slipway/theirs -- "${paths[@]}" |
  { grep -v -x -F -f "$edge" || true; } >commits
for renames in --no-renames --find-renames; do
  git diff-tree --stdin -p --full-index "$renames" <commits 2>complaint | git patch-id --stable ||
    cat complaint >&2
done >"$file"
