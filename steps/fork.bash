#!/usr/bin/env bash
# Start a series with the commits of a fork. Arguments: the series' folder; the fork's address,
# branch and base; the folder of the fork's repository; the commits of branch and base.
# Prints records (see records.py): both commits, then file name, author and subject of each patch.
# The commits come from the master: what is fetched here may come over a network that nobody
# verifies, and its commits are known by their ids.
# The fork has a repository of its own, with its whole history, if possible without its files: those
# of the series are fetched when they are needed (https://git-scm.com/docs/partial-clone).
set -euo pipefail
series=$1 address=$2 branch=$3 base=$4 folder=$5 commit=$6 from=$7
export GIT_DIR=$folder.git
unset GIT_INDEX_FILE
refuse() {
  echo "$1" >&2
  exit 1
}
git init --quiet --bare "$GIT_DIR"
git config remote.origin.url "$address"
git config remote.origin.promisor true
fetch_commits() { fetch --filter=tree:0 origin "$@"; }
fetch_commits "+refs/heads/$branch:refs/heads/ours" "+refs/tags/*:refs/tags/*" ||
  explain "$address" "branch $branch"
is_present() { git cat-file -e "$commit^{commit}" 2>/dev/null; }
# The branch may have moved since it was listed: then fetch the commit by its id.
is_present || fetch_commits "$commit" || true
is_present || refuse "$address: branch $branch has no commit $commit"
git update-ref refs/heads/ours "$commit"
from=$(git rev-parse --quiet --verify "$from^{commit}") ||
  refuse "$address: branch $branch has no commit '$base' behind it"
git merge-base --is-ancestor "$from" refs/heads/ours ||
  refuse "$address: '$base' does not lie behind branch $branch"
rm -rf "$series"
mkdir -p "$series/fork"
: >heads
number=0
for commit in $(git rev-list --reverse --topo-order "$from..refs/heads/ours"); do
  if [ "$(git rev-list --no-walk --parents "$commit" | wc -w)" -gt 2 ]; then
    # A merge is left out. It may not have changes that none of its parents has.
    [ -z "$(git diff-tree --cc --no-commit-id "$commit")" ] ||
      refuse "$address: merge ${commit:0:12} holds changes of its own: rebase branch $branch"
  elif ! git diff-tree --quiet --no-commit-id "$commit"; then
    number=$((number + 1))
    path=$(git format-patch -1 --binary --full-index --find-renames --no-signature --no-stat \
      --start-number="$number" --output-directory="$series/fork" "$commit")
    printf '%s\0' "${path##*/}" >>heads
    git log -1 -z --format='%an <%ae>%x00%s' "$commit" >>heads
  fi
done
# Verify the series: applied one by one, the commits must give the tree of the branch.
export GIT_INDEX_FILE=$PWD/fork-index
git read-tree "$from"
shopt -s nullglob
patches=("$series"/fork/*.patch)
[ "${#patches[@]}" -eq 0 ] || git apply -p1 --cached --whitespace=nowarn "${patches[@]}" 2>errors ||
  refuse "$address: the commits of branch $branch do not apply one by one: rebase it"
[ "$(git write-tree --missing-ok)" = "$(git rev-parse 'refs/heads/ours^{tree}')" ] ||
  refuse "$address: the commits of branch $branch, one by one, do not make its tree: rebase it"
{ printf '%s\0' "$(git rev-parse refs/heads/ours)" "$from" && cat heads; } | base64
