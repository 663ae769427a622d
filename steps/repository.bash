#!/usr/bin/env bash
# Create the component's repository, and repair what an earlier build left in this folder. A build
# that was stopped or killed leaves locks and halves of files; the builder is alone in its folder,
# so no process holds those locks. A repository that git cannot read is made anew.
# It packs every file as it is: .gitattributes have no effect.
# Argument: "anew" makes all repositories anew. Prints a sentence when one was made anew.
set -euo pipefail

end_processes() { # that commands of earlier builds left running in this folder
  local files
  files=$(grep -lszxF "SLIPWAY_FOLDER=$(realpath .)" /proc/[0-9]*/environ || true)
  files=${files//'/proc/'/}
  # shellcheck disable=SC2086  # one argument for each process
  [ -z "$files" ] || kill -KILL ${files//'/environ'/} 2>/dev/null || true
}

clean() { # locks, temporary files, and empty files, which a power failure leaves
  find "$1" \( -name '*.lock' -o -name 'tmp_*' -o -name '.tmp-*' -o -name gc.pid -o -name gc.log \) \
    -delete
  find "$1" -type f -empty \( -path '*/objects/??/*' -o -path '*/refs/*' -o -name HEAD \
    -o -name config -o -name shallow -o -name packed-refs \) -delete
}

# Whether its loose objects are whole and its refs lead to something: git writes a pack to the disk
# before it uses it. Then the packs of many fetches are combined.
is_whole() {
  git --git-dir="$1" fsck --no-full --no-dangling --no-progress &&
    git --git-dir="$1" -c gc.auto=5000 -c gc.autoDetach=false gc --auto --quiet
}

end_processes
rm -f index ./*index.lock
mapfile -t repositories < <(
  find "$GIT_DIR" history.git commits.git fork -name '*.git' -prune 2>/dev/null || true
)
unset GIT_INDEX_FILE
for repository in "${repositories[@]}"; do
  if [ "${1:-}" != anew ]; then
    clean "$repository"
    if is_whole "$repository" >check 2>&1; then continue; fi
    cat check >&2
  fi
  rm -rf "$repository"
  echo "made anew, because git cannot read it: $repository"
done
git init --quiet --bare "$GIT_DIR"
# A fetch of few objects too becomes a pack.
git config fetch.unpackLimit 1
echo '* -export-ignore -export-subst -text -ident -filter -working-tree-encoding' >"$GIT_DIR/info/attributes"
