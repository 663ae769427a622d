#!/usr/bin/env bash
# Have the program on several servers do one verb, on all at once. Arguments: the lines of
# known_hosts, the verb with its words, the files to send along (one word, may be empty), then
# name=address for each server. Standard input: the secret key, then what each server is given.
# Each line that a server says begins with its name; the exit code is 1 when one of them failed.
# Runs under ssh-agent, so that the key is in no file.
set -euo pipefail
known=$1 words=$2 files=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '%s\n' "$known" >"$folder/known_hosts"
while IFS= read -r line; do
  printf '%s\n' "$line"
  [[ $line != '-----END '* ]] || break
done | ssh-add -q - 2>"$folder/complaint" || {
  cat "$folder/complaint" >&2
  exit 1
}
given=$(cat)
options=(-F none -T -o BatchMode=yes -o StrictHostKeyChecking=yes
  -o "UserKnownHostsFile=$folder/known_hosts" -o GlobalKnownHostsFile=none -o UpdateHostKeys=no
  -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=6 -o LogLevel=ERROR)
# shellcheck disable=SC2029  # the words are ours
ask() {
  {
    printf '%s\n' "$given"
    # shellcheck disable=SC2086  # one word each
    [ -z "$files" ] || tar -c $files
  } | ssh "${options[@]}" "slipway@$1" "$words"
}
asked=()
for server in "$@"; do
  name=${server%%=*}
  # In a shell of its own: of a pipeline alone, `wait` would tell how its last command ended.
  (
    { ask "${server#*=}" 2>&1 >&3 3>&- | sed -u "s/^/$name: /" >&2; } 3>&1 | sed -u "s/^/$name: /"
  ) &
  asked+=("$!")
done
failed=0
for one in "${asked[@]}"; do
  wait "$one" || failed=1
done
exit "$failed"
