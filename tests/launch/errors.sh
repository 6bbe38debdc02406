#!/bin/sh
# What can be wrong with what `lguest run` is given: each ends with its own
# status and one line that names the file and the way out, and no guest ran.
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"
kernel=/guest/vmlinux

# Help fits a screen.
for what in '--help' 'run --help'; do
	# shellcheck disable=SC2086  # words
	lguest $what >screen || fail "$what: status $?"
	lines=$(wc -l <screen)
	if [ "$lines" -lt 8 ] || [ "$lines" -gt 24 ] ||
			grep -q '.\{81\}' screen; then
		fail "$what: $(wc screen)"
	fi
done

ends 64 'lguest run --help' lguest run
ends 64 'not a size' lguest run --memory lots $kernel
ends 64 'too small' lguest run --memory 0 $kernel
ends 64 'multiple of 4K' lguest run --memory 65537K $kernel
ends 64 'one kernel' lguest run $kernel $kernel
ends 71 'more than this machine' lguest run --memory 1500M $kernel

ends 66 '/none: .*No such file' lguest run /none
ends 66 'not a regular file' lguest run /tmp
ends 66 '/none: .*initrd' lguest run --initrd /none $kernel
ends 66 '/none: .*disk' lguest run --block /none $kernel
ends 66 'neither a file nor' lguest run --block /dev/null,ro $kernel

# Cut short, anywhere; both formats.
for file in vmlinux bzImage; do
	for size in 1 100 4096 100000 1500000; do
		head -c $size /guest/$file >short
		ends 65 'short: ' lguest run short
	done
done
: >empty
ends 65 'not a kernel' lguest run empty
ends 65 'not a kernel' lguest run "$0"

# A 64-bit ELF file begins like this.
printf '\177ELF\002\001\001' >elf64
dd if=/dev/zero bs=1k count=4 >>elf64 2>/dev/null
ends 65 '64-bit' lguest run elf64

# Any 32-bit program is an ELF file, and no lguest kernel.
ends 65 'CONFIG_LGUEST_GUEST' lguest run --memory 256M /bin/busybox

ends 65 'larger --memory' lguest run --memory 2M $kernel
dd if=/dev/zero of=big bs=1M count=64 2>/dev/null
ends 65 'larger --memory' lguest run --initrd big $kernel
: >big
ends 65 'empty initrd' lguest run --initrd big $kernel
echo SUCCESS
