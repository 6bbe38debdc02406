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

# shellcheck source=machine/progress.sh
. "$(dirname "$0")/progress.sh"
mkdir -p build/log
# Two makes in one tree take turns.
exec 9>build/log/.lock
flock 9
log=build/log/$name.log
say_what() {
	trap 'kill $!; exit' USR1
	nap 1
	echo "lguest: $what (log: $log)" >&2
}
say_what >/dev/null &
notice=$!
rc=0
with_minutes "$log" "$@" || rc=$?
kill -USR1 "$notice" 2>/dev/null || true
wait "$notice" 2>/dev/null || true
[ "$rc" != 0 ] || exit 0
tail -n 30 "$log" >&2
echo "lguest: $what: failed; all of it is in $log" >&2
exit "$rc"
