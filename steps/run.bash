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
[ -d "$folder" ] || exit 1

# The command sees nothing of its worker but this folder: not the password, not the folders of other
# builders, not the supervisord of its account. In a user namespace of its own it cannot look into
# the worker's process either. Debian lets everybody make one; where a machine does not, it says so.
# shellcheck disable=SC2016  # another shell expands it
hidden='
set -e
cover() { # $1 with an empty folder, in which only $2 is left
  mount -n -t tmpfs -o mode=755,size=1m slipway /mnt
  mkdir /mnt/kept
  mount -n --bind "$2" /mnt/kept
  mount -n -t tmpfs -o mode=755,size=1m slipway "$1"
  mkdir -p "$2"
  mount -n --move /mnt/kept "$2"
  umount -n /mnt
}
cover "$(realpath ../..)" "$1"
own=$(realpath "$HOME/..")
case $1 in
"$own"/*) ;; # everything has one account
*) [ ! -S "$own/supervisord.sock" ] || cover "$own" "$(realpath "$HOME")" ;;
esac
cd -- "$1/$2"
shift 2
exec setpriv --inh-caps=-all --ambient-caps=-all "$@"
'
apart=(unshare --user --map-current-user --mount --keep-caps)
(
  export "${mark?}"
  if [ ! -e ../../buildbot.tac ]; then
    cd -- "$folder" && exec "$@"
  elif "${apart[@]}" true 2>/dev/null; then
    exec "${apart[@]}" bash -c "$hidden" hidden "$GIT_CEILING_DIRECTORIES" "$folder" "$@"
  else
    echo 'the folder of the worker is not hidden: this machine has no user namespaces' >&2
    cd -- "$folder" && exec "$@"
  fi
)
status=$?
cd -- "$folder" || exit 1

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
