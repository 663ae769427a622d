#!/usr/bin/env bash
# Add Slipway's own files to the index and pack it into artifact.tar.zst.
# Arguments: the commit's date, then words that the tar must not contain. Standard input: a tar of
# Slipway's files. Prints records (see records.py): tree, commit, digest of the uncompressed tar, size
# of the artifact in bytes, then the forbidden words that the tar contains.
set -euo pipefail
date=$1
shift
LFS='version https://git-lfs.github.com/spec/v1'
printf '%s\n' "$LFS" "$@" >forbidden
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

# What stands for the content of a file: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
refuse_pointers() {
  local file
  while IFS= read -r -d '' file; do
    if [ "$(git cat-file -s ":$file")" -lt 1024 ] &&
      git cat-file blob ":$file" | grep -q '^oid [a-z0-9]*:[0-9a-f]*$'; then
      echo "$file is a pointer of Git LFS: the file itself is not in the repository" >&2
      exit 1
    fi
  done < <(git grep --cached -z -l -e "^$LFS\$")
}

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
if grep -qxF "$LFS" matches; then
  refuse_pointers
  grep -vxF "$LFS" matches >hosts || true
  mv hosts matches
fi
{
  printf '%s\0' "$tree" "$commit" "$(cat digest)" "$(stat --format=%s artifact.tar.zst)"
  tr '\n' '\0' <matches
} | base64
