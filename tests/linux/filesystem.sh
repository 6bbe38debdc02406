#!/bin/sh
# A file system on a disk: made in the host, written in the guest, read again
# in the host and by a second guest.
# shellcheck disable=SC2016  # the guest expands them
. "$(dirname "$0")/../lib/check.sh"

dd if=/dev/zero of=disk bs=1M count=24 2>/dev/null
mke2fs -F disk >/dev/null 2>&1 || mkfs.ext2 -F disk >/dev/null 2>&1 ||
	failure "mke2fs"
guest-run -o '--block disk' 'mount -t ext4 /dev/vda /mnt || mount /dev/vda /mnt ||
	exit 9
	for i in 1 2 3 4 5; do seq 1 20000 >/mnt/f$i; done
	(cd /mnt && md5sum f* >sums); umount /mnt; echo written' >out 2>err
same "writing" "$(cat out)" written
guest-run -o '--block disk,ro' 'mount -o ro /dev/vda /mnt && cd /mnt &&
	md5sum -c sums >/tmp/o && grep -c OK /tmp/o' >out 2>err
same "reading in a second guest" "$(cat out)" 5
finish
