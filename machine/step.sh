#!/bin/sh
# usage: step.sh NAME 'what it does' COMMAND...
# Runs one build step with its output in build/log/NAME.log.  Says what it is
# doing if that takes longer than a second, and how far it is every minute;
# shows the end of the log if it fails.  V=1 shows everything.
set -eu
name=$1
what=$2
shift 2

[ "${V:-}" != 1 ] || exec "$@"

mkdir -p build/log
# Two makes in one tree take turns.
exec 9>build/log/.lock
flock 9
log=build/log/$name.log
# Sleeps in a way that ends with the shell that sleeps.
nap() {
	sleep "$1" &
	wait $!
}

progress() {
	trap 'kill $!; exit' TERM
	nap 1
	echo "lguest: $what (log: $log)" >&2
	minutes=0
	while nap 60; do
		minutes=$((minutes + 1))
		echo "lguest: ... $minutes min, $(wc -l <"$log") lines" >&2
	done
}
progress >/dev/null &
notice=$!
rc=0
"$@" >"$log" 2>&1 </dev/null || rc=$?
kill "$notice" 2>/dev/null || true
wait "$notice" 2>/dev/null || true
[ "$rc" != 0 ] || exit 0
tail -n 30 "$log" >&2
echo "lguest: $what: failed; all of it is in $log" >&2
exit "$rc"
