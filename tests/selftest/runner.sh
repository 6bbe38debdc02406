#!/bin/sh
# Does the runner notice?  Runs cases that must fail, on a machine of their
# own, and compares the closing line and the exit status.  While one hangs it says
# that it waits; a minute is a second here.
set -u
out=$(CASES=tests/selftest/cases CASES_LOG=build/log/selftest MACHINES='' \
	MINUTE=1 machine/runner 2>&1)
status=$?
echo "$out"
[ "$status" = 1 ] || { echo "FAILURE: exit status $status"; exit 1; }
[ "$(echo "$out" | tail -n 1)" = "1 passed, 10 failed, 1 skipped" ] ||
	{ echo "FAILURE: wrong count"; exit 1; }
echo "$out" | grep -q '^lguest: \.\.\. .*/wrong/hang, [1-9][0-9]* s$' ||
	{ echo "FAILURE: waits, and does not say for what"; exit 1; }
