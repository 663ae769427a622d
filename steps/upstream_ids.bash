#!/usr/bin/env bash
# Write the patch ids of upstream's commits since a tag into a file, with the commits.
# Arguments: the series' folder; "forked" when it holds the commits of a fork; the upstream's
# address; the tag (empty: the file stays empty); the ref whose history is read; the file.
# Standard input: a tar of the patches that follow those of the fork.
# Only commits to files that the series changes are read. Their contents are fetched when needed:
# https://git-scm.com/docs/partial-clone. When the server does not support that, the file stays
# empty, and a trial compares patches with the files only.
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
patches=("$series"/fork/*.patch "$series"/patches/*.p[01])
[ "${#patches[@]}" -gt 0 ] || exit 0
git init --quiet --bare "$GIT_DIR"
git config remote.origin.url "$address"
git config remote.origin.promisor true
fetch_history() { fetch --filter=blob:none "$@" origin "+$ref:refs/slipway/theirs"; }
# The commits after the tag, and the parent of the first of them, to compare it with.
if ! { fetch_history --shallow-exclude="$tag" && fetch_history --deepen=1; }; then exit 0; fi
mapfile -d '' -t paths < <(
  for patch in "${patches[@]}"; do
    strip=1
    [[ $patch != *.p0 ]] || strip=0
    git apply -p"$strip" --numstat -z "$patch" 2>/dev/null
  done | cut -z -f3
)
# The oldest commits that were fetched have no parent here, so they cannot be compared.
oldest=$GIT_DIR/shallow
[ -f "$oldest" ] || oldest=/dev/null
git --literal-pathspecs rev-list --no-merges refs/slipway/theirs -- "${paths[@]}" |
  { grep -v -x -F -f "$oldest" || true; } >commits
for renames in --no-renames --find-renames; do
  git diff-tree --stdin -p --full-index "$renames" <commits 2>errors | git patch-id --stable ||
    cat errors >&2
done >"$file"
