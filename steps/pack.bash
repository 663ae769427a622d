#!/usr/bin/env bash
# Add Slipway's own files to the index and pack it into artifact.tar.zst.
# Arguments: the commit's date, then words that the tar must not contain. Standard input: a tar of
# Slipway's files. Prints records (see records.py): tree, commit, digest of the uncompressed tar, size
# of the artifact in bytes, then the forbidden words that the tar contains.
set -euo pipefail
date=$1
shift
printf '%s\n' "$@" >forbidden
rm -rf own-files artifact.tar.zst matches to-digest to-search
mkdir own-files
tar -x -C own-files
GIT_DIR=$(realpath "$GIT_DIR") GIT_INDEX_FILE=$(realpath "$GIT_INDEX_FILE")
export GIT_DIR GIT_INDEX_FILE
# Only Slipway configures a release: an upstream cannot bring a manifest of its own.
git rm -r -q --cached --ignore-unmatch -- .slipway
(cd own-files && find . -type f -printf '%P\0' | git --work-tree=. update-index --add -z --stdin)
gitlinks=$(git ls-files --stage | sed -n 's/^160000 [^\t]*\t//p')
if [ -n "$gitlinks" ]; then
  echo "${gitlinks%%$'\n'*} is a repository of its own: its files would be missing" >&2
  exit 1
fi
tree=$(git write-tree)
export GIT_AUTHOR_NAME=slipway GIT_AUTHOR_EMAIL=slipway@localhost GIT_AUTHOR_DATE=$date
export GIT_COMMITTER_NAME=slipway GIT_COMMITTER_EMAIL=slipway@localhost GIT_COMMITTER_DATE=$date
commit=$(git commit-tree -m release "$tree")

mkfifo to-digest to-search
openssl dgst -sha256 -r <to-digest | cut -c1-64 >digest &
digest_pid=$!
# Exit code 1 of grep means no match: that is the good case.
{ LC_ALL=C grep -aoiF -f forbidden to-search || test $? -eq 1; } | sort -u >matches &
search_pid=$!
git -c tar.umask=0022 archive --format=tar "$commit" |
  tee to-digest to-search |
  zstd -q -3 -T2 -o artifact.tar.zst
wait "$digest_pid"
wait "$search_pid"
rm -f to-digest to-search
{
  printf '%s\0' "$tree" "$commit" "$(cat digest)" "$(stat --format=%s artifact.tar.zst)"
  tr '\n' '\0' <matches
} | base64
