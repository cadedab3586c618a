#!/bin/sh
# Runs a command that downloads, and runs it again when it fails, three times at most: a registry or a
# mirror may be out of order for a moment. Not for tests.
#
#   scripts/retry.sh COMMAND [ARGUMENT...]
set -u
status=0
for pause in 2 10 30 ''; do
  "$@" && exit 0
  status=$?
  # A command that is not there does not come by waiting.
  [ "$status" -ne 127 ] || break
  [ -n "$pause" ] || break
  echo "$1 ended with $status: once more in $pause s" >&2
  sleep "$pause"
done
exit "$status"
