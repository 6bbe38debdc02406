#!/bin/sh
# How guests end is how the launcher ends: powered off, crashed, stopped by the
# module, rebooting.
# shellcheck disable=SC2016  # the guest expands them
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

initrd off 'echo ran; exit 3'
[ "$(run off)" = ran ] || fail "power-off: $(tail log)"
[ "$(tr -dc 0-9 <status)" = 3 ] || fail "status lost"

initrd crash 'echo c >/proc/sysrq-trigger'
ends 80 'guest crashed: sysrq' run crash

initrd again 'reboot -f'
ends 84 'reboot' run again --no-reboot

# Its disk counts the boots: a guest that reboots twice, then powers off.
dd if=/dev/zero of=disk bs=512 count=1 2>/dev/null
initrd thrice '
n=$(tr -dc x </dev/vda)
echo "boot $n"
printf "%s" "${n}x" | dd of=/dev/vda bs=512 count=1 conv=sync,fsync 2>/dev/null
[ "$n" = xx ] || reboot -f'
run thrice --block disk >out || fail "reboots: status $?"
printf 'boot \nboot x\nboot xx\n' | cmp -s - out || fail "reboots: $(cat out)"

# A bare guest that breaks a rule.
ends 81 'guest killed: ' lguest run --console null \
	/tests/guests/attack-hypercall-linear -- unknown
echo SUCCESS
