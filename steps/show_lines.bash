#!/usr/bin/env bash
# Print some lines of a file in the index, as a record (see records.py). Arguments: the file; the
# numbers of the first and the last line. A file that is not there has none.
set -euo pipefail
{ git show ":$1" 2>/dev/null || true; } | { sed -n "$2,$3p;$3q" && printf '\0'; } | base64
