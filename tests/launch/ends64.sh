#!/bin/sh
# How 64-bit guests end is how the launcher ends: powered off, crashed,
# rebooting; and a guest that was told to reboot does.
# shellcheck disable=SC2016  # the guest expands them
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"
kernel=/guest/vmlinuz

# guest FILE COMMANDS: a ramdisk whose guest does these as process 1.
guest() {
	mkdir -p d/job
	{
		echo '#!/bin/busybox sh'
		echo '/bin/busybox mkdir -p /bin /dev; /bin/busybox --install -s'
		echo 'export PATH=/bin; mount -t devtmpfs dev /dev'
		echo 'mkdir -p /proc; mount -t proc proc /proc'
		printf '%s\n' "$2"
	} >d/job/init
	chmod 755 d/job/init
	(cd d && find job | cpio -o -H newc 2>/dev/null) |
		cat /guest/initrd - >"$1"
	rm -rf d
}

# run64 INITRD [OPTION...]
run64() {
	ramdisk=$1
	shift
	lguest run --initrd "$ramdisk" "$@" $kernel \
		-- console=hvc0 quiet rdinit=/job/init
}

guest off 'echo ran >/dev/hvc0; poweroff -f'
run64 off >out 2>err </dev/null || fail "power-off: status $?"
grep -q ran out || fail "power-off: $(tail out)"
[ ! -s err ] || fail "power-off: $(cat err)"

guest crash 'echo last words >/dev/hvc0; echo c >/proc/sysrq-trigger'
got=0
run64 crash >out 2>err </dev/null || got=$?
[ $got = 80 ] || fail "crash: status $got"
grep -q 'guest crashed' err || fail "crash: $(cat err)"
grep -q 'last words' out || fail "crash: $(tail out)"
grep -q 'Kernel panic' out || fail "crash: no panic in $(tail out)"

guest again 'echo booted >/dev/hvc0; reboot -f'
got=0
run64 again --no-reboot >out 2>err </dev/null || got=$?
[ $got = 84 ] || fail "--no-reboot: status $got"
grep -q 'wants to reboot' err || fail "--no-reboot: $(cat err)"

# Again and again, until somebody ends it.
run64 again >out 2>err </dev/null &
guest=$!
i=0
while [ "$(grep -c booted out)" -lt 3 ]; do
	i=$((i + 1))
	[ $i -lt 1200 ] || fail "reboots: $(tail out err)"
	sleep 0.1
done
kill $guest
got=0
wait $guest || got=$?
[ $got = 143 ] || fail "reboots: status $got"
echo SUCCESS
