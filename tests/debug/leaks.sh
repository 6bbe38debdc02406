#!/bin/sh
# usage: leaks.sh [COMMAND...]
# Runs the command, if any, and fails if it does.  What of the kernel's memory
# does nothing lead to any more?  Asked of kmemleak with the module still there,
# so that it can name its functions, and once more without it, when its own
# variables lead nowhere.
leaks=/sys/kernel/debug/kmemleak
[ -e "$leaks" ] || { echo "SKIP this kernel has no kmemleak"; exit; }
[ $# = 0 ] || "$@" || exit

# It passes over what is younger than 5 seconds, or changed since the scan before.
look() {
	sleep 6
	echo scan >"$leaks"
	sleep 6
	echo scan >"$leaks"
	cat "$leaks"
	echo clear >"$leaks"
}

found=$(look)
if rmmod lg 2>/dev/null; then
	found="$found$(look)"
	insmod /lib/lg.ko
fi
[ -z "$found" ] || {
	echo "$found"
	echo "FAILURE: $(echo "$found" | grep -c unreferenced) leaks"
	exit 1
}
