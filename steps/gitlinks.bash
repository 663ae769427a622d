#!/usr/bin/env bash
# Print the submodules that the index records, as lines `<commit> <path>`. Then print each
# .gitmodules: a form feed and its name, then every path and address in it as key, newline, value,
# record separator.
set -euo pipefail
links=$(git ls-files --stage -z | tr '\0' '\n' | sed -n 's/^160000 \([0-9a-f]*\) 0\t/\1 /p')
[ -n "$links" ] || exit 0
echo "$links"
git ls-files -z -- '.gitmodules' '**/.gitmodules' | while IFS= read -r -d '' file; do
  printf '\f%s\n' "$file"
  git config --blob ":$file" -z --get-regexp '^submodule\..*\.(path|url)$' | tr '\0' '\036' || true
  echo
done
