#!/bin/sh
# Time in a Linux guest: the host's wall clock, sleeps that are as long as
# they should be and clocks that agree with the host's; also after the host's
# wall clock is stepped (historic lguest's timers ran on that clock).
# shellcheck disable=SC2016  # the guest expands them
. "$(dirname "$0")/../lib/check.sh"

before=$(date +%s)
now=$(guest-run 'date +%s')
after=$(date +%s)
if [ "$now" -lt "$before" ] || [ "$now" -gt "$after" ]; then
	failure "the guest's date is $now; here $before to $after"
fi

# Ten sleeps of 0.2 seconds by the guest's own clock.
guest-run 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource
	a=$(cut -d. -f1 /proc/uptime); for i in 1 2 3 4 5 6 7 8 9 10; do
	usleep 200000; done; b=$(cut -d. -f1 /proc/uptime); echo $((b - a))' >out
echo "# clock source $(head -n 1 out)"
took=$(tail -n 1 out)
if [ "${took:-0}" -lt 1 ] || [ "$took" -gt 60 ]; then
	failure "2 seconds took $took"
fi

# Guests sleep while the clock here jumps an hour on, and back: one as it is, and
# one with each clock source named.
start=$(cut -d. -f1 /proc/uptime)
(
	sleep 4
	date -s "@$(($(date +%s) + 3600))" >/dev/null
	sleep 1
	date -s "@$(($(date +%s) - 3600))" >/dev/null
) &
for clock in "" "$@"; do
	guest-run ${clock:+-a "clocksource=$clock"} '
		a=$(cut -d. -f1 /proc/uptime); for i in 1 2 3 4 5 6 7 8; do
		sleep 1; done; b=$(cut -d. -f1 /proc/uptime); echo $((b - a))
		cat /sys/devices/system/clocksource/clocksource0/current_clocksource' \
		>"out-$clock" &
done
wait
took=$(($(cut -d. -f1 /proc/uptime) - start))
[ "$took" -ge 8 ] || failure "8 seconds took $took"
[ "$took" -lt 600 ] || failure "8 seconds took $took: a stalled timer"
for clock in "" "$@"; do
	took=$(head -n 1 "out-$clock")
	if [ "${took:-0}" -lt 8 ] || [ "$took" -gt 600 ]; then
		failure "8 seconds of a guest took ${took:-no end}"
	fi
	[ -z "$clock" ] || same "its clock source" "$(tail -n 1 "out-$clock")" "$clock"
done
finish
