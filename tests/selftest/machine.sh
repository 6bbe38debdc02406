#!/bin/sh
# What can happen to a host machine under test.  The runner must call each of
# these by its name and carry on with the next case.
case $1 in
pass)	echo "SUCCESS" ;;
skip)	echo "SKIP: not today" ;;
fail)	echo "FAILURE: as it must"; exit 1 ;;
status)	exit 3 ;;
liar)	echo "SUCCESS"; exit 1 ;;
signal)	kill -SEGV $$ ;;
hang)	while :; do sleep 1; done ;;
warn)	echo "WARNING: selftest" >/dev/kmsg ;;
panic)	echo c >/proc/sysrq-trigger ;;
nmi)	nmis() { awk '/NMI:/ { print $2 }' /proc/interrupts; }
	before=$(nmis)
	sleep 2
	[ "$(nmis)" -gt $((before + 5)) ] || exit 1 ;;
module)	grep -q '^lg ' /proc/modules && exit 1; exit 0 ;;
esac
