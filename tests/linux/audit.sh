#!/bin/sh
# A Linux guest whose shadow page tables are compared with its own again and
# again: the module kills it for an entry that should not be there.  Runs
# without the module, which gets its parameter here.
# shellcheck disable=SC2016  # the guest expands them
. "$(dirname "$0")/../lib/check.sh"

insmod /lib/lg.ko audit="$1" || failure "the module refuses audit=$1"
guest-run 'for i in 1 2 3 4 5 6 7 8 9 10; do
		(ls -lR /proc/self /etc | sort | md5sum) >/dev/null 2>&1 &
	done
	wait
	echo "faults $(grep -c pgfault /proc/vmstat)"' >out 2>err
same "status" $? 0
same "output" "$(cat out)" "faults 1"
[ ! -s err ] || failure "$(tail -n 1 err)"
rmmod lg || failure "the module cannot be unloaded"
finish
