#!/bin/sh
# Disks: what a guest writes is in the file, a read-only one stays as it is,
# one in use is refused, and one that shrinks gives I/O errors, not more.
# shellcheck disable=SC2016  # the guest expands them
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

dd if=/dev/zero of=disk bs=64k count=16 2>/dev/null
dd if=/dev/urandom of=other bs=64k count=16 2>/dev/null
before=$(md5sum <other)
initrd copy '
[ "$(cat /sys/block/vda/ro /sys/block/vdb/ro | tr -d "\n")" = 01 ] || exit 10
[ "$(cat /sys/block/vda/size)" = 2048 ] || exit 11
dd if=/dev/vdb of=/dev/vda bs=64k conv=fsync || exit 12
dd if=/dev/zero of=/dev/vdb bs=512 count=1 conv=fsync && exit 13
md5sum </dev/vdb
dd if=/dev/vda of=/dev/null bs=512 skip=2048 count=1 || exit 14
exit 0'
run copy --block disk --block other,ro >out || fail "status $?"
[ "$(tr -dc 0-9 <status)" = 0 ] || fail "in the guest: $(cat status out)"
grep -q "$before" out || fail "read something else"
[ "$(md5sum <other)" = "$before" ] || fail "wrote to a read-only disk"
[ "$(md5sum <disk)" = "$before" ] || fail "lost what was written"

# One writer, or many readers.
initrd wait 'sleep 1000'
start wait --block disk
await 'Run /init' log
ends 66 'in use' lguest run --block disk /guest/vmlinux
ends 66 'in use' lguest run --block disk,ro /guest/vmlinux
kill "$guest"
wait "$guest" && fail "killed, and status 0"

# It shrinks while the guest uses it.
initrd shrink '
echo ready
i=0
while dd if=/dev/vda of=/dev/null bs=64k count=1 skip=15 2>/dev/null; do
	echo 3 >/proc/sys/vm/drop_caches
	i=$((i + 1))
	[ $i -lt 1000 ] || exit 20
	sleep 0.1
done
dd if=/dev/vda of=/dev/null bs=64k count=1 || exit 21
exit 0'
start shrink --block disk
await ready out
truncate -s 128k disk
wait "$guest" || fail "shrinking disk: status $?"
[ "$(tr -dc 0-9 <status)" = 0 ] || fail "shrinking disk: in the guest $(cat status)"
grep -q 'shrunk' err || fail "not a word: $(cat err)"
echo SUCCESS
