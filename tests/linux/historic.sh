#!/bin/sh
# A kernel of the user's, one of old if there is one, as a guest: a shell with
# its disk and its consoles, and all its ends.  GUEST_KERNEL=file says which.
# shellcheck disable=SC2016  # the guest expands them
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/../launch/lib.sh"

kernel=/guest/vmlinux-own
[ -e $kernel ] || {
	echo "SKIP no GUEST_KERNEL=file was given"
	exit 77
}

# Commands, with their output, their status and a file system on the disk.
dd if=/dev/zero of=disk bs=1M count=8 2>/dev/null
mke2fs -F disk >/dev/null 2>&1 || mkfs.ext2 -F disk >/dev/null 2>&1
status=0
guest-run -k $kernel -o '--block disk' '
	uname -srm
	mount -t ext2 /dev/vda /mnt || mount -t ext4 /dev/vda /mnt || exit 9
	seq 1 100000 >/mnt/numbers && umount /mnt || exit 10
	i=0
	while [ $i -lt 100 ]; do (exit 5) || i=$((i + 1)); done
	dmesg | grep -E "WARNING: CPU|BUG:|Oops|protection fault|Call Trace"
	[ $? = 1 ] && exit 33' >out 2>err || status=$?
sed 's/^/# /' out
[ $status = 33 ] || fail "status $status, not 33: $(tail -n 3 err out)"
guest-run -k $kernel -o '--block disk,ro' '
	mount -t ext2 -o ro /dev/vda /mnt || mount -t ext4 -o ro /dev/vda /mnt
	cat /mnt/numbers' >out 2>err || fail "reading: status $? $(cat err)"
seq 1 100000 | cmp - out || fail "something else is on the disk"

# Typing to its shell, Ctrl-C too.
mkfifo keys
lguest run --initrd /guest/initrd --console tty $kernel -- console=hvc0 \
	<keys >out 2>err &
guest=$!
exec 7>keys
await 'guest# ' out
printf 'echo wait$((1 + 1)); sleep 1000; echo slept\n' >&7
await wait2 out
sleep 1
printf '\003' >&7
printf 'echo after $((6 * 7)); poweroff -f\n' >&7
wait $guest || fail "typed poweroff: status $? $(cat err)"
exec 7>&-
grep -q 'after 42' out || fail "after Ctrl-C: $(tail -n 3 out)"
grep -q '^slept' out && fail "Ctrl-C did nothing"

# A reboot, seen on the disk by the second boot.
dd if=/dev/zero of=disk bs=64k count=1 2>/dev/null
initrd reboot 'grep -q again /dev/vda && exit 4
	echo again | dd of=/dev/vda conv=fsync,notrunc && reboot -f'
lguest run --initrd reboot --block disk --console file:log --console null \
	--console file:status $kernel -- console=hvc0 </dev/null >err 2>&1 ||
	fail "reboot: status $?, $(cat err)"
[ "$(tr -dc 0-9 <status)" = 4 ] || fail "the second boot: '$(cat status)'"

# No init: it says what it panics of.
ends 80 'crashed: .*\(init\|root fs\)' lguest run --initrd /guest/initrd --console null \
	$kernel -- console=hvc0 rdinit=/bin/false panic=-1
echo SUCCESS
