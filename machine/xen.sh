#!/bin/sh
# Prepares Debian's Xen in the cache and prints the folder:
#   xen       unpacked for QEMU's multiboot loader
#   vmlinuz   the kernel of domain 0
#   busybox   static, for domain 0
#   ko/       its modules that the toolstack needs, and `modules`: in what order
#   root/     the toolstack and its libraries
# Nothing happens if it is there, made of what machine/packages lists now.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
# shellcheck source=machine/progress.sh
. machine/progress.sh
# shellcheck source=machine/debs.sh
. machine/debs.sh

xen=${XDG_CACHE_HOME:-$HOME/.cache}/lguest/xen-domains
list=$(awk '$1 == "xen" { print $2 }' machine/packages)
wanted='xenfs xen-evtchn xen-gntdev xen-privcmd'
key="$list $wanted"
if [ "$(cat "$xen/key" 2>/dev/null)" = "$key" ]; then
	echo "$xen"
	exit 0
fi

mkdir -p build/log "${xen%/*}"
log=$here/build/log/xen.log

work=$(mktemp -d "$xen.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
all=$work/all
mkdir "$all" "$work/ko"
fetching "$log" Xen debs amd64 "$work/deb" "$all" "$list"

release=$(basename "$all"/boot/vmlinuz-* | sed s/^vmlinuz-//)
gzip -dc "$all"/boot/xen-*.gz >"$work/xen"
cp "$all/boot/vmlinuz-$release" "$work/vmlinuz"
cp "$all/bin/busybox" "$work/busybox"

/sbin/depmod -b "$all" "$release" >>"$log" 2>&1
for each in $wanted; do
	/sbin/modprobe -d "$all" -S "$release" --show-depends "$each"
done 2>>"$log" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
	while read -r file; do
		cp "$file" "$work/ko/"
		basename "$file"
	done >"$work/modules"

# All libraries into one folder: the dynamic linker's own.
mkdir -p "$work/root/bin" "$work/root/lib/x86_64-linux-gnu" "$work/root/lib64"
for each in xl xenstored xenconsoled xen-init-dom0; do
	cp "$all"/usr/lib/xen-*/bin/"$each" "$work/root/bin/"
done
cp "$all/usr/bin/xenstore-read" "$work/root/bin/"
for each in "$all"/usr/lib/x86_64-linux-gnu/lib*.so.* "$all"/lib/x86_64-linux-gnu/lib*.so.*; do
	case ${each##*/} in
	libx*.so.*.*.*) ;;
	libx* | libyajl.so.2 | libuuid.so.1 | liblzma.so.5 | libzstd.so.1 | \
	libz.so.1 | libc.so.6 | libgcc_s.so.1)
		cp -L "$each" "$work/root/lib/x86_64-linux-gnu/" ;;
	esac
done
cp -L "$all"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$work/root/lib64/"
rm -rf "$all" "$work/deb"
echo "$key" >"$work/key"

rm -rf "$xen"
mv "$work" "$xen"
trap - EXIT
echo "$xen"
