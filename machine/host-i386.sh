#!/bin/sh
# Prepares the i386 host machine in the cache and prints its folder:
#   vmlinuz   the stock Debian 686-pae kernel
#   kdir/     where modules for it are built (stock headers)
#   busybox   static i386 busybox
#   release   `uname -r` of that kernel
#   modules   files to load for 9p shares and tests, in an order that works
# Nothing happens if it is there.  The folder is named after the version, so
# that a newer kernel (remove the `i386` link, or `make distclean`) never
# mixes with an older one.
set -eu
cd "$(dirname "$0")/.."
here=$PWD

hosts=${XDG_CACHE_HOME:-$HOME/.cache}/lguest/host
current=$hosts/i386
if [ -e "$current/modules" ]; then
	readlink -f "$current"
	exit 0
fi

mkdir -p build/log "$hosts"
log=$here/build/log/host-i386.log
echo "lguest: fetching the stock i386 host kernel (log: $log)" >&2

work=$(mktemp -d "$hosts/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
fetch() (
	set -e
	mkdir "$work/deb" && cd "$work/deb"
	# shellcheck disable=SC2046  # names are words
	"$here/machine/apt-i386.sh" \
		$(awk '$1 == "host" { print $2 }' "$here/machine/packages")
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$work/root"
	done
)
if ! fetch >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "lguest: cannot download the i386 host (see $log)" >&2
	exit 1
fi

root=$work/root
release=$(basename "$root"/boot/vmlinuz-* | sed s/^vmlinuz-//)
version=$(dpkg-deb -f "$work"/deb/linux-image-"$release"_*.deb Version)
host=$hosts/$release-$version
rm -rf "$work/deb" "$host"
mkdir "$host"

cp "$root/boot/vmlinuz-$release" "$host/vmlinuz"
cp "$root/boot/System.map-$release" "$host/System.map"
cp "$root/bin/busybox" "$host/busybox"
mv "$root/usr/src" "$host/src"
mkdir "$host/lib"
mv "$root/lib/modules" "$host/lib/modules"

# The object tree of the headers package, with the build tools of this
# machine's own linux-kbuild (programs that run here; same kernel version).
cp -a "$host/src/linux-headers-$release" "$host/kdir"
common=$(basename "$host"/src/linux-headers-*-common)
for tree in "$host/kdir" "$host/src/$common"; do
	for tools in scripts tools; do
		rm -f "$tree/$tools"
		ln -s "/usr/lib/linux-kbuild-6.1/$tools" "$tree/$tools"
	done
done
echo "include $host/src/$common/Makefile" >"$host/kdir/Makefile"

/sbin/depmod -b "$host" "$release" >>"$log" 2>&1
for name in 9pnet_virtio 9p virtio_pci virtio_console virtio_blk msr loop; do
	/sbin/modprobe -d "$host" -S "$release" --show-depends "$name"
done 2>>"$log" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' \
	>"$host/modules.new"
echo "$release" >"$host/release"
mv "$host/modules.new" "$host/modules"

ln -sfn "$(basename "$host")" "$current"
echo "$host"
