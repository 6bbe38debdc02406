#!/bin/sh
# Does the runner notice?  Runs cases that must fail, on a machine of their
# own, and compares the closing line and the exit status.
set -u
out=$(CASES=tests/selftest/cases CASES_LOG=build/log/selftest MACHINES='' \
	machine/runner)
status=$?
echo "$out"
[ "$status" = 1 ] || { echo "FAILURE: exit status $status"; exit 1; }
[ "$(echo "$out" | tail -n 1)" = "1 passed, 10 failed, 1 skipped" ] ||
	{ echo "FAILURE: wrong count"; exit 1; }
