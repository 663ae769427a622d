#!/usr/bin/env bash
# Create the component's repository. It packs every file as it is: .gitattributes have no effect.
set -euo pipefail
git init --quiet --bare "$GIT_DIR"
# Combine the packs of many fetches now, while no other process uses the repositories.
for repository in "$GIT_DIR" history.git fork/*.git fork.git; do
  [ ! -d "$repository" ] ||
    git --git-dir="$repository" -c gc.auto=5000 -c gc.autoDetach=false gc --auto --quiet
done
echo '* -export-ignore -export-subst -text -ident -filter -working-tree-encoding' >"$GIT_DIR/info/attributes"
