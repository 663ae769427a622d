# shellcheck shell=bash
# What scripts that fetch have in common: `steps/git.py` puts it in front of them.
# Exit codes: 2 when a repository cannot be reached, 3 when git cannot read the worker's own.
UNREACHABLE=2 BROKEN=3

fetch() { # arguments of git fetch; its progress shows that it goes on
  git fetch --progress --no-tags "$@" 2>&1 >/dev/null </dev/null | tee errors >&2
}

reason() { # git's first error, without its general advice
  tr '\r' '\n' <errors | sed '/^fatal: Could not read from remote/,$d' >reasons
  grep -m1 -E '^(error|fatal): ' reasons || tail -n1 reasons
}

answers() { # whether a repository can be reached
  (
    cd /
    timeout --kill-after=5 60 env -u GIT_DIR -u GIT_INDEX_FILE git ls-remote -- "$1" HEAD
  ) >/dev/null 2>&1 </dev/null
}

# The end of a script whose fetch failed. Arguments: the address; what was to be fetched.
explain() {
  if ! answers "$1"; then
    echo "$1 cannot be reached: $(reason)" >&2
    exit "$UNREACHABLE"
  elif ! git fsck --connectivity-only --no-dangling --no-progress >/dev/null 2>&1; then
    echo "the worker's copy of $1 is damaged: $(reason)" >&2
    exit "$BROKEN"
  fi
  echo "$1 was reached, but $2 cannot be fetched from it: $(reason)" >&2
  exit 1
}
