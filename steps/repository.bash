#!/usr/bin/env bash
# Have a repository of the component's own that packs every file as it is, whatever the upstream's
# .gitattributes say.
set -euo pipefail
git init --quiet --bare "$GIT_DIR"
# Fetches leave packs behind; nobody else is at work here now, so they may be put together.
for repository in "$GIT_DIR" history.git fork/*.git fork.git; do
  [ ! -d "$repository" ] ||
    git --git-dir="$repository" -c gc.auto=5000 -c gc.autoDetach=false gc --auto --quiet
done
echo '* -export-ignore -export-subst -text -ident -filter -working-tree-encoding' >"$GIT_DIR/info/attributes"
