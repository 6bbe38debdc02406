# shellcheck shell=sh
# For steps that may take long, with their output in a log: read with `.`.

# Sleeps in a way that ends with the shell that sleeps.
nap() {
	sleep "$1" &
	wait $!
}

# say_minutes LOG: how far it is, once a minute, until SIGUSR1.  That one, for it is
# nobody's: a shell that has just begun loses a signal that its parent has a trap for.
say_minutes() {
	trap 'kill $!; exit' USR1
	minutes=0
	while nap "${MINUTE:-60}"; do
		minutes=$((minutes + 1))
		echo "lguest: ... $minutes min, $(wc -l <"$1") lines" >&2
	done
}

# with_minutes LOG COMMAND...: that, with all of its output in the log; its status.
with_minutes() {
	said_in=$1
	shift
	: >"$said_in"
	say_minutes "$said_in" >/dev/null &
	saying=$!
	said_rc=0
	"$@" >"$said_in" 2>&1 </dev/null || said_rc=$?
	kill -USR1 "$saying" 2>/dev/null || true
	wait "$saying" 2>/dev/null || true
	return "$said_rc"
}
