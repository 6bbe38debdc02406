#!/bin/sh
# Kernel files that are wrong in a place or two: refused, or a guest that ends
# as a bad guest does; never an accident of the launcher.
# shellcheck disable=SC2086  # words
. "$(dirname "$0")/../lib/check.sh"

kernel=/guest/vmlinux
run="lguest run --memory 32M"

# In all of them the launcher says in one word whose fault it is.
any_end() {
	what=$1
	shift
	rc=0
	timeout -s KILL 60 "$@" </dev/null >out 2>&1 || rc=$?
	case $rc in
	65 | 80 | 81) echo "# ok: $what: $(tail -n 1 out)" ;;
	*) failure "$what: exit $rc: $(tail -n 1 out)" ;;
	esac
}

head -c 1000000 /dev/urandom >noise
expect 65 'noise' $run noise
cp /guest/bzImage broken
dd if=/dev/urandom of=broken bs=1000 seek=300 count=100 conv=notrunc 2>/dev/null
expect 65 'broken' $run broken
cp $kernel arm
printf '\050' | dd of=arm bs=1 seek=18 conv=notrunc 2>/dev/null
expect 65 'arm' $run arm

# ELF header: entry, program headers' place and number; then the headers.
for at in 24 28 42 44 52 56 60 64 68 72 84 88 92 96 100 104; do
	for value in '\377\377\377\177' '\377\377\377\377' '\000\000\000\000'; do
		cp $kernel odd
		# shellcheck disable=SC2059  # octal numbers
		printf "$value" | dd of=odd bs=1 seek=$at conv=notrunc 2>/dev/null
		cmp -s odd $kernel || any_end "bytes $at, $value" $run odd \
			-- panic=-1
	done
done

# The setup header of a bzImage: sectors, magic, payload offset and length.
for at in 497 514 518 584 588; do
	cp /guest/bzImage odd
	printf '\377\377\377\177' | dd of=odd bs=1 seek=$at conv=notrunc 2>/dev/null
	any_end "bzImage byte $at" $run odd -- panic=-1
done
finish
