#!/bin/sh
# What can be wrong with what `lguest run` is given on a 64-bit host: each ends
# with its own status and one line that names the file and the way out, and no
# guest ran.
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"
kernel=/guest/vmlinuz

ends 64 'lguest run --help' lguest run
ends 64 'not a size' lguest run --memory lots $kernel
ends 64 'not a size' lguest run --memory -64M $kernel
ends 64 '.' lguest run --memory 99999999999999999999G $kernel
ends 64 'too small' lguest run --memory 0 $kernel
ends 64 'multiple of 4K' lguest run --memory 65537K $kernel
ends 64 'one kernel' lguest run $kernel $kernel
ends 71 'more than this machine' lguest run --memory 8G $kernel
ends 64 '32-bit guests' lguest run --guest-paging pae $kernel
ends 64 'one console' lguest run --console null --console null $kernel
dd if=/dev/zero of=disk bs=512 count=1 2>/dev/null
ends 64 'no disks' lguest run --block disk $kernel
ends 64 'at most 1023' lguest run --console null $kernel -- \
	"$(yes 0123456789abcdef | head -n 64 | tr -d '\n')"

ends 66 '/none: .*No such file' lguest run /none
ends 66 'not a regular file' lguest run /tmp
ends 66 '/none: .*initrd' lguest run --initrd /none $kernel
ends 66 'not a regular file' lguest run --initrd /tmp $kernel

# Files that others may not read.
chmod 777 .
cp /tests/guests/boot mine
chmod 600 mine
chmod 666 /dev/lguest
for what in 'mine' "--initrd mine $kernel"; do
	ends 66 'mine: .*[Pp]ermission' su -s /bin/sh nobody -c \
		"PATH=$PATH lguest run --console null $what"
done
chmod 660 /dev/lguest

# Cut short, anywhere; every way of packing.
for file in vmlinuz vmlinuz-generic vmlinuz-6.12; do
	for size in 1 100 4096 100000 5000000; do
		head -c $size /guest/$file >short
		ends 65 'short: ' lguest run short
	done
done

# A byte of the packed kernel that is another one.
cp $kernel bad
printf '\125\252\125\252' | dd of=bad bs=1 seek=3000000 conv=notrunc 2>/dev/null
ends 65 'bad: cannot unpack: damaged' lguest run bad
: >empty
ends 65 'not a kernel' lguest run empty
ends 65 'not a kernel' lguest run "$0"

# A 32-bit ELF file begins like this.
printf '\177ELF\001\001\001' >elf32
dd if=/dev/zero bs=1k count=4 >>elf32 2>/dev/null
ends 65 '32-bit kernel.*linux-image-amd64' lguest run elf32

# A 64-bit program is an ELF file, and no kernel for Xen PV.
ends 65 'Xen PV.*CONFIG_XEN_PV.*linux-image-amd64' lguest run /bin/busybox

for memory in 1M 16M 32M 62M; do
	ends 65 'larger --memory' lguest run --memory $memory $kernel
done
dd if=/dev/zero of=big bs=1M count=64 2>/dev/null
ends 65 'larger --memory' lguest run --memory 100M --initrd big $kernel
: >big
ends 65 'empty initrd' lguest run --initrd big $kernel
echo SUCCESS
