#!/usr/bin/env bash
# Run one verb of the agent on several servers at the same time.
# Arguments: the lines of known_hosts; the verb with its arguments; the names of the files to send,
# in one argument that may be empty; then name=address for each server.
# Standard input: the secret key, then the standard input of each agent.
# Each line of output begins with the name of its server. Exit code 1: at least one server failed.
# Runs under ssh-agent, so that no file holds the key.
set -euo pipefail
known_hosts=$1 arguments=$2 files=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '%s\n' "$known_hosts" >"$folder/known_hosts"
while IFS= read -r line; do
  printf '%s\n' "$line"
  [[ $line != '-----END '* ]] || break
done | ssh-add -q - 2>"$folder/errors" || {
  cat "$folder/errors" >&2
  exit 1
}
stdin=$(cat)
options=(-F none -T -o BatchMode=yes -o StrictHostKeyChecking=yes
  -o "UserKnownHostsFile=$folder/known_hosts" -o GlobalKnownHostsFile=none -o UpdateHostKeys=no
  -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=6 -o LogLevel=ERROR)
# shellcheck disable=SC2029  # the arguments are ours
run_verb() {
  {
    printf '%s\n' "$stdin"
    # shellcheck disable=SC2086  # one argument for each file
    [ -z "$files" ] || tar -c $files
  } | ssh "${options[@]}" "slipway@$1" "$arguments"
}
pids=()
for server in "$@"; do
  name=${server%%=*}
  # In a subshell: of a pipeline, `wait` would return the exit code of the last command.
  (
    { run_verb "${server#*=}" 2>&1 >&3 3>&- | sed -u "s/^/$name: /" >&2; } 3>&1 | sed -u "s/^/$name: /"
  ) &
  pids+=("$!")
done
failed=0
for pid in "${pids[@]}"; do
  wait "$pid" || failed=1
done
exit "$failed"
