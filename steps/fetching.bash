# shellcheck shell=bash
# What scripts that fetch have in common: `steps/git.py` puts it in front of them.
# GIT_HTTP_LOW_SPEED_TIME: seconds for which a server may be silent.
# Exit codes: 2 when a repository cannot be reached, 3 when git cannot read the worker's own.
UNREACHABLE=2 BROKEN=3
SILENT=$((GIT_HTTP_LOW_SPEED_TIME + 5)) # git itself does not give up while it connects

gave_up='' # whether a fetch has been ended here: its server is not asked again

fetch() { # arguments of git fetch, which is ended when it shows nothing for too long
  local part status git progress children
  [ -z "$gave_up" ] || return 1
  exec {progress}< <(exec git fetch --progress --no-tags "$@" 2>&1 >/dev/null </dev/null)
  git=$!
  : >errors
  while :; do
    part='' status=0
    IFS= read -r -d $'\r' -t "$SILENT" -u "$progress" part || status=$?
    # At its end, and after a pause, there may be a part without an end.
    [ "$status" = 0 ] || [ -n "$part" ] || break
    printf '%s\n' "${part%$'\n'}" >>errors
    printf '%s\n' "${part%$'\n'}" >&2
  done
  exec {progress}<&-
  if [ "$status" -gt 128 ]; then
    gave_up=yes
    # With git, what it has started to connect.
    read -ra children <"/proc/$git/task/$git/children" || true
    kill "$git" "${children[@]}" 2>/dev/null || true
    echo "fatal: no answer in $SILENT s" >>errors
  fi
  wait "$git"
}

reason() { # git's first error, without its general advice
  sed '/^fatal: Could not read from remote/,$d' errors >reasons
  grep -m1 -E '^(error|fatal): ' reasons || tail -n1 reasons
}

answers() { # whether a repository can be reached
  (
    cd /
    unset GIT_DIR GIT_INDEX_FILE
    timeout --kill-after=5 "$GIT_HTTP_LOW_SPEED_TIME" git ls-remote -- "$1" HEAD
  ) >/dev/null 2>&1 </dev/null
}

# The end of a script whose fetch failed. Arguments: the address; what was to be fetched.
explain() {
  if [ -n "$gave_up" ] || ! answers "$1"; then
    echo "$1 cannot be reached: $(reason)" >&2
    exit "$UNREACHABLE"
  elif ! git fsck --connectivity-only --no-dangling --no-progress >/dev/null 2>&1; then
    echo "the worker's copy of $1 is damaged: $(reason)" >&2
    exit "$BROKEN"
  fi
  echo "$1 was reached, but $2 cannot be fetched from it: $(reason)" >&2
  exit 1
}
