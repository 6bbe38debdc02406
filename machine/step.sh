#!/bin/sh
# usage: step.sh NAME 'what it does' COMMAND...
# Runs one build step with its output in build/log/NAME.log.  Says what it is
# doing if that takes longer than a second, and shows the end of the log if it
# fails.  V=1 shows everything.
set -eu
name=$1
what=$2
shift 2

[ "${V:-}" != 1 ] || exec "$@"

mkdir -p build/log
log=build/log/$name.log
(sleep 1 && echo "lguest: $what (log: $log)" >&2) 2>/dev/null &
notice=$!
rc=0
"$@" >"$log" 2>&1 </dev/null || rc=$?
kill "$notice" 2>/dev/null || true
wait "$notice" 2>/dev/null || true
[ "$rc" != 0 ] || exit 0
tail -n 30 "$log" >&2
echo "lguest: $what: failed; all of it is in $log" >&2
exit "$rc"
