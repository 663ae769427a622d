#!/usr/bin/env bash
# Run a command of a component, and end the processes that it leaves behind: a worker waits for each
# that holds the command's output. Arguments: the folder to run it in; the command. The exit code is
# the command's. Prints a line `ended: ...` for each process that it ended.
set -u
folder=$1
shift
# git in the command finds no repository around the tree.
GIT_CEILING_DIRECTORIES=$(realpath .)
export GIT_CEILING_DIRECTORIES
mark=SLIPWAY_FOLDER=$GIT_CEILING_DIRECTORIES
cd -- "$folder" || exit 1
(
  export "${mark?}"
  exec "$@"
)
status=$?

# From here on, none of our own processes holds the command's output.
exec 3>&2 4>&1 >/dev/null 2>&1
outputs() { # the pipes of the command's output; the worker holds their other ends
  readlink "/proc/$$/fd/3" "/proc/$$/fd/4" | grep '^pipe:' | sed 's/\[/\\[/'
}
left() { # the processes with our mark, and those that write to the command's output
  {
    grep -lszxF "$mark" /proc/[0-9]*/environ
    for pipe in $(outputs); do
      find /proc/[0-9]*/fd/1 /proc/[0-9]*/fd/2 -lname "$pipe"
    done
  } | cut -d/ -f3 | sort -un
}
reported=' '
for _ in {1..100}; do
  pids=$(left)
  [ -n "$pids" ] || break
  for pid in $pids; do
    name=$(tr '\0' ' ' <"/proc/$pid/cmdline")
    kill -KILL "$pid"
    if [ -n "$name" ] && [[ $reported != *" $pid "* ]]; then
      echo "ended: ${name:0:200}" >&3
      reported+="$pid "
    fi
  done
done
exit "$status"
