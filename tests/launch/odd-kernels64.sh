#!/bin/sh
# 64-bit kernel files that are wrong in a place or two: refused, or a guest that
# ends as a bad guest does; never an accident of the launcher.
# shellcheck disable=SC2059  # octal numbers
. "$(dirname "$0")/../lib/check.sh"

# What is wrong may not matter: then the guest ends as ever, which for a Linux on a
# slow host is a matter of minutes.
any_end() {
	what=$1
	shift
	rc=0
	timeout -s KILL 240 lguest run --console null --memory "$@" \
		</dev/null >out 2>&1 || rc=$?
	case $rc in
	0 | 65 | 80 | 81) ;;
	*) failure "$what: exit $rc: $(tail -n 1 out)" ;;
	esac
	ends="$ends $rc"
}

# put FILE OFFSET BYTES: a copy, odd, with other bytes.
put() {
	cp "$1" odd
	printf "$3" | dd of=odd bs=1 seek="$2" conv=notrunc 2>/dev/null
}

expect 0 '^SUCCESS' lguest run --memory 16M /tests/guests/boot
ends=
# ELF header: type, machine, entry, program headers' place, size and number;
# two of them; and the notes behind.
for at in 16 18 24 32 54 56 64 72 80 88 96 104 120 128 136 144 152 160 176 184; do
	for value in '\377\377\377\177' '\377\377\377\377\377\377\377\377' \
			'\000\000\000\000\000\000\000\000'; do
		put /tests/guests/boot $at "$value"
		any_end "bytes $at, $value" 16M odd
	done
done
echo "# ELF:$ends"

# The setup header of a bzImage: sectors, magic, version, payload's offset and
# length.
ends=
for at in 497 514 518 584 588; do
	put /guest/vmlinuz $at '\377\377\377\177'
	any_end "bzImage byte $at" 128M odd -- panic=-1
done
echo "# bzImage:$ends"

head -c 1000000 /dev/urandom >noise
expect 65 'noise' lguest run noise
finish
