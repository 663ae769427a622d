#!/usr/bin/env bash
# Pack one commit: artifact.tar.zst, the digest of the uncompressed tar, and the forbidden words in it.
# Arguments: the commit; standard input: words that the tar must not hold, one a line.
set -euo pipefail
commit=$1
cat >forbidden
rm -f artifact.tar.zst found to-digest to-search
mkfifo to-digest to-search
sha256sum <to-digest | cut -c1-64 >digest &
digesting=$!
# grep ends with 1 when it finds nothing, which is what we hope for.
{ LC_ALL=C grep -aoF -f forbidden to-search || test $? -eq 1; } | sort -u >found &
searching=$!
git --git-dir=repository.git -c tar.umask=0022 archive --format=tar "$commit" |
  tee to-digest to-search |
  zstd -q -3 -T2 -o artifact.tar.zst
wait "$digesting"
wait "$searching"
rm -f to-digest to-search
cat digest
stat --format=%s artifact.tar.zst
cat found
