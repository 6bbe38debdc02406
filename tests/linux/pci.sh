#!/bin/sh
# Our Linux guest reads a register of configuration space once. It must still see
# what it wrote there, and what changes by itself: we look through the window that
# virtio has there, at the number of a console's queues and at its status, and
# through the same register at both. And it must ask the launcher seldom: 600 times
# in all of this, where plain Linux asks 1600 times.
# shellcheck disable=SC2016  # the guest expands them
. "$(dirname "$0")/../lib/check.sh"

guest-run -o '--stats=stats' 'cd /sys/bus/pci/devices; echo *
	config=0000:00:01.0/config
	at() { dd if=$config bs=1 skip=$1 count=$2 2>/dev/null | hexdump -e "1/1 \"%02x\""; }
	put() { printf "$2" | dd of=$config bs=1 seek=$1 conv=notrunc 2>/dev/null; }
	at 0 4; echo
	at 60 1; put 60 "\125"; at 60 1; put 60 "\1"; at 60 1; echo
	cap=$((0x$(at 52 1)))
	while [ $cap != 0 ] && [ $(at $((cap + 3)) 1) != 05 ]; do
		cap=$((0x$(at $((cap + 1)) 1)))
	done
	put $((cap + 4)) "\0"
	put $((cap + 8)) "\22\0\0\0"; put $((cap + 12)) "\2\0\0\0"
	at $((cap + 16)) 2; echo
	put $((cap + 8)) "\24\0\0\0"; put $((cap + 12)) "\1\0\0\0"
	at $((cap + 16)) 1; echo' >out 2>err
same "devices" "$(sed -n 1p out)" \
	"0000:00:01.0 0000:00:02.0 0000:00:03.0 0000:00:04.0"
same "vendor and device" "$(sed -n 2p out)" f41a4310
same "the interrupt line, then written twice" "$(sed -n 3p out)" 015501
same "queues through the window" "$(sed -n 4p out)" 0200
same "status through the window" "$(sed -n 5p out)" 0f
io=$(sed -n 's/.*"io":\([0-9]*\),.*/\1/p' stats)
[ "${io:-9999}" -lt 900 ] || failure "$io accesses to ports"
finish
