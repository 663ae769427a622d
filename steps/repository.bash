#!/usr/bin/env bash
# Have a repository of the component's own that packs every file as it is, whatever the upstream's
# .gitattributes say.
set -euo pipefail
git init --quiet --bare "$GIT_DIR"
echo '* -export-ignore -export-subst -text -ident -filter -working-tree-encoding' >"$GIT_DIR/info/attributes"
