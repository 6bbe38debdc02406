#!/bin/sh
# A Linux guest whose shadow page tables are compared with its own again and
# again: the module kills it for an entry that no guest may have, and counts those
# that its tables do not justify; a guest that keeps to the rules has none.  Runs
# without the module, which gets its parameter here.
# shellcheck disable=SC2016  # the guest expands them
. "$(dirname "$0")/../lib/check.sh"

insmod /lib/lg.ko audit="$1" || failure "the module refuses audit=$1"
guest-run -o '--stats=stats' 'for i in 1 2 3 4 5 6 7 8 9 10; do
		(ls -lR /proc/self /etc | sort | md5sum) >/dev/null 2>&1 &
	done
	wait
	echo "faults $(grep -c pgfault /proc/vmstat)"' >out 2>err
same "status" $? 0
same "output" "$(cat out)" "faults 1"
same "stale entries" "$(grep -o '"stale":[0-9]*' stats)" '"stale":0'
[ ! -s err ] || failure "$(tail -n 1 err)"
rmmod lg || failure "the module cannot be unloaded"
finish
