#!/usr/bin/env bash
# Run a command, and print its output as records (see records.py). Arguments: the command. The exit
# code is the command's.
set -uo pipefail
"$@" | { cat && printf '\0'; } | base64
exit "${PIPESTATUS[0]}"
