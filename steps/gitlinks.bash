#!/usr/bin/env bash
# Print the submodules that the index records, as records (see records.py): `<commit> <path>` for
# each. Then, for each .gitmodules, a form feed with its name, and every path and address in it as
# key, newline, value.
set -euo pipefail
links() { git ls-files --stage -z | sed -zn 's/^160000 \([0-9a-f]*\) 0\t/\1 /p'; }
[ "$(links | tr -cd '\0' | wc -c)" -gt 0 ] || exit 0
{
  links
  git ls-files -z -- '.gitmodules' '**/.gitmodules' | while IFS= read -r -d '' file; do
    printf '\f%s\0' "$file"
    git config --blob ":$file" -z --get-regexp '^submodule\..*\.(path|url)$' || true
  done
} | base64
