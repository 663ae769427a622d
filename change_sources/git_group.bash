#!/usr/bin/env bash
# Run git as a process group: a signal, or the end of an hour, ends all processes of it. Without a
# group, those that talk to the server would stay when git is killed.
exec timeout --kill-after=5 3600 git "$@"
