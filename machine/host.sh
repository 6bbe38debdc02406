#!/bin/sh
# usage: host.sh NAME
# Prepares the host machine NAME in the cache and prints its folder.  NAME is a
# kind in machine/packages that begins with the architecture: i386, amd64, ...
#   vmlinuz   the stock Debian kernel
#   kdir/     where modules for it are built (stock headers)
#   busybox   static busybox
#   release   `uname -r` of that kernel
#   modules   files of ko/ to load for 9p shares and tests, in an order that works
#   kvm       the same for KVM, to be loaded beside lg.ko
# Nothing happens if it is there.  The folder is named after the version, so
# that a newer kernel (remove the link NAME, or `make distclean`) never mixes
# with an older one.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
name=$1
arch=${name%%-*}

hosts=${XDG_CACHE_HOME:-$HOME/.cache}/lguest/host
current=$hosts/$name
if [ -e "$current/modules" ]; then
	readlink -f "$current"
	exit 0
fi

mkdir -p build/log "$hosts"
log=$here/build/log/host-$name.log
echo "lguest: fetching the stock $name host kernel (log: $log)" >&2

work=$(mktemp -d "$hosts/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
fetch() (
	set -e
	mkdir "$work/deb" && cd "$work/deb"
	# shellcheck disable=SC2046  # names are words
	set -f -- $(awk -v kind="$name" '$1 == kind { print $2 }' \
		"$here/machine/packages")
	set +f
	"$here/machine/apt.sh" "$arch" "$@"
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$work/root"
	done
)
if ! fetch >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "lguest: cannot download the $name host (see $log)" >&2
	exit 1
fi

root=$work/root
release=$(basename "$root"/boot/vmlinuz-* | sed s/^vmlinuz-//)
version=$(dpkg-deb -f "$work"/deb/linux-image-"$release"[_-]*.deb Version)
host=$hosts/$release-$version
rm -rf "$work/deb" "$host"
mkdir -p "$host/ko"

cp "$root/boot/vmlinuz-$release" "$host/vmlinuz"
cp "$root/bin/busybox" "$host/busybox"
mv "$root/usr/src" "$host/src"

# The object tree of the headers package, with build tools that run here: those
# in the list of packages, or this machine's own linux-kbuild (same version).
kbuild=/usr/lib/linux-kbuild-6.1
for own in "$root"/usr/lib/linux-kbuild-*; do
	[ -d "$own" ] || continue
	mv "$own" "$host/kbuild"
	kbuild=$host/kbuild
done
cp -a "$host/src/linux-headers-$release" "$host/kdir"
common=$(basename "$host"/src/linux-headers-*-common)
for tree in "$host/kdir" "$host/src/$common"; do
	for tools in scripts tools; do
		rm -f "$tree/$tools"
		ln -s "$kbuild/$tools" "$tree/$tools"
	done
done
echo "include $host/src/$common/Makefile" >"$host/kdir/Makefile"
# Without BTF of the module: that needs pahole, and nobody reads it.
sed -i /^CONFIG_DEBUG_INFO_BTF_MODULES=/d "$host/kdir/include/config/auto.conf"

# Of all modules, only what the machine loads is kept.
/sbin/depmod -b "$root" "$release" >>"$log" 2>&1
keep() {
	for each; do
		/sbin/modprobe -d "$root" -S "$release" --show-depends "$each" ||
			true
	done 2>>"$log" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
	while read -r file; do
		ko=$(basename "$file" .xz)
		case $file in
		*.xz)	xz -dc "$file" >"$host/ko/$ko" ;;
		*)	cp "$file" "$host/ko/$ko" ;;
		esac
		echo "$ko"
	done
}
keep kvm_amd kvm_intel >"$host/kvm"
keep 9pnet_virtio 9p virtio_pci virtio_console virtio_blk msr loop \
	>"$host/modules.new"
echo "$release" >"$host/release"
mv "$host/modules.new" "$host/modules"

ln -sfn "$(basename "$host")" "$current"
echo "$host"
