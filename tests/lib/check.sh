# shellcheck shell=sh
# For scripts that run in the host machine: checks that print "# " lines as
# they go, and the verdict at the end.  Source it, then call finish.
failures=0
first=

failure() {
	echo "# FAILURE: $*"
	failures=$((failures + 1))
	[ -n "$first" ] || first=$*
}

# expect STATUS REGEX COMMAND...: runs it; its exit status must be STATUS and
# what it prints (both ways) match REGEX.  The output stays in /tmp/case.out.
expect() {
	want=$1
	regex=$2
	shift 2
	rc=0
	"$@" </dev/null >/tmp/case.out 2>&1 || rc=$?
	if [ "$rc" != "$want" ]; then
		failure "\`$*' exits $rc, not $want"
		sed 's/^/#   /' /tmp/case.out | tail -n 5
	elif ! grep -qiE "$regex" /tmp/case.out; then
		failure "\`$*' does not say \"$regex\""
		sed 's/^/#   /' /tmp/case.out | tail -n 5
	else
		echo "# ok: $(tail -n 1 /tmp/case.out)"
	fi
}

# same WHAT GOT WANTED
same() {
	if [ "$2" = "$3" ]; then
		echo "# ok: $1"
	else
		failure "$1 is \"$2\", not \"$3\""
	fi
}

finish() {
	if [ "$failures" != 0 ]; then
		echo "FAILURE: $first ($failures in all)"
		exit 1
	fi
	echo SUCCESS
	exit 0
}
