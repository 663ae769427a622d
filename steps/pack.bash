#!/usr/bin/env bash
# Add the files of ours to the index and pack it: artifact.tar.zst, and the digest of the
# uncompressed tar. Arguments: the commit's date, then words that the tar must not hold; standard
# input: a tar of our files. Prints tree, commit, digest, size, and the forbidden words found.
set -euo pipefail
date=$1
shift
printf '%s\n' "$@" >forbidden
rm -rf ours artifact.tar.zst found to-digest to-search
mkdir ours
tar -x -C ours
GIT_DIR=$(realpath "$GIT_DIR") GIT_INDEX_FILE=$(realpath "$GIT_INDEX_FILE")
export GIT_DIR GIT_INDEX_FILE
# Nobody but us says how a release is configured.
git rm -r -q --cached --ignore-unmatch -- .slipway
(cd ours && find . -type f -printf '%P\0' | git --work-tree=. update-index --add -z --stdin)
lost=$(git ls-files --stage | sed -n 's/^160000 [^\t]*\t//p')
if [ -n "$lost" ]; then
  echo "${lost%%$'\n'*} is a repository of its own: its files would be missing" >&2
  exit 1
fi
tree=$(git write-tree)
export GIT_AUTHOR_NAME=slipway GIT_AUTHOR_EMAIL=slipway@localhost GIT_AUTHOR_DATE=$date
export GIT_COMMITTER_NAME=slipway GIT_COMMITTER_EMAIL=slipway@localhost GIT_COMMITTER_DATE=$date
commit=$(git commit-tree -m release "$tree")

mkfifo to-digest to-search
openssl dgst -sha256 -r <to-digest | cut -c1-64 >digest &
digesting=$!
# grep ends with 1 when it finds nothing, which is what we hope for.
{ LC_ALL=C grep -aoiF -f forbidden to-search || test $? -eq 1; } | sort -u >found &
searching=$!
git -c tar.umask=0022 archive --format=tar "$commit" |
  tee to-digest to-search |
  zstd -q -3 -T2 -o artifact.tar.zst
wait "$digesting"
wait "$searching"
rm -f to-digest to-search
echo "$tree" "$commit" "$(cat digest)" "$(stat --format=%s artifact.tar.zst)"
cat found
