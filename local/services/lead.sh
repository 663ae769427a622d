#!/bin/sh
# Run a program as the leader of its process group and leave the group's number in a file:
#     lead.sh FILE PROGRAM ARGUMENT...
# What a killed predecessor left behind, such as PHP's pool, is ended first: it holds the sockets.
set -eu
record=$1
shift
if read -r group _ <"$record"; then
	kill -s KILL -- "-$group" || true
fi 2>/dev/null
cat "/proc/$$/stat" >"$record.new"
mv "$record.new" "$record"
exec "$@"
