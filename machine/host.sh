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
# Nothing happens if it is there, made of what is listed now (file key).  The folder
# is named after that and the version, so that a newer kernel (remove the link NAME,
# or `make distclean`) never mixes with an older one.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
name=$1
arch=${name%%-*}
# shellcheck source=machine/progress.sh
. machine/progress.sh
# shellcheck source=machine/debs.sh
. machine/debs.sh

# What it is made of: packages, and the modules to keep.
packages=$(awk -v kind="$name" '$1 == kind { print $2 }' machine/packages)
kvm='kvm_amd kvm_intel'
modules='9pnet_virtio 9p virtio_pci virtio_console virtio_blk msr loop'
key=$(echo "$packages; $kvm; $modules" | sha256sum | cut -c1-8)

hosts=${XDG_CACHE_HOME:-$HOME/.cache}/lguest/host
current=$hosts/$name
if [ -e "$current/modules" ] && [ "$(cat "$current/key" 2>/dev/null)" = "$key" ]; then
	readlink -f "$current"
	exit 0
fi

mkdir -p build/log "$hosts"
log=$here/build/log/host-$name.log

work=$(mktemp -d "$hosts/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
root=$work/root
mkdir "$root"
fetching "$log" "the stock $name host kernel" \
	debs "$arch" "$work/deb" "$root" "$packages"

release=$(basename "$root"/boot/vmlinuz-* | sed s/^vmlinuz-//)
version=$(dpkg-deb -f "$work"/deb/linux-image-"$release"[_-]*.deb Version)
host=$hosts/$release-$version-$key
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
# shellcheck disable=SC2086  # names are words
keep $kvm >"$host/kvm"
# shellcheck disable=SC2086  # names are words
keep $modules >"$host/modules.new"
echo "$release" >"$host/release"
echo "$key" >"$host/key"
mv "$host/modules.new" "$host/modules"

ln -sfn "$(basename "$host")" "$current"
echo "$host"
