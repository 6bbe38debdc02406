#!/bin/sh
# Where there is VT-x, the host has its SYSCALL MSRs back after each switch.  No
# emulator that is quick has that, so the module is told: guests whose system calls,
# hypercalls and traps come and go, and programs beside them.  Runs without the module.
. "$(dirname "$0")/../lib/check.sh"

insmod /lib/lg.ko eager_msrs=1 || failure "the module refuses eager_msrs=1"
same "eager_msrs" "$(cat /sys/module/lg/parameters/eager_msrs)" Y
for guest in boot user iret preempt; do
	run-guest /tests/guests/$guest >out
	same "$guest" "$(tail -n 1 out)" SUCCESS
done
for program in msrs syscalls; do
	/tests/host/$program >out
	same "$program" "$(tail -n 1 out)" SUCCESS
done
rmmod lg || failure "the module cannot be unloaded"
finish
