#!/bin/sh
# usage: build.sh LEG
# Builds the debug host kernel of a leg from Debian's kernel source: a host
# machine in the cache, named LEG-debug, with what host.sh promises of one.  The
# folder is named after all that goes into it; nothing happens if it is there.
set -eu
cd "$(dirname "$0")"
here=$PWD
leg=$1

hosts=${XDG_CACHE_HOME:-$HOME/.cache}/lguest/host
source=/usr/src/linux-source-6.1.tar.xz
version=$(dpkg-query -W -f '${Version}' linux-source-6.1)
key=$({ echo "$version"; cat build.sh config "config-$leg"; } | sha256sum |
	cut -c1-16)
host=$hosts/debug-$leg-$key
case $leg in
i386)	arch=i386 ;;
*)	arch=x86_64 ;;
esac

# Kconfig reads all of the tree; what nothing here compiles stays away.
unpack() {
	mkdir -p "$host/src" "$host/kdir"
	tar -C "$host/src" --strip-components=1 -xf "$source" --wildcards \
		--exclude='linux-source-*/arch/[!x]*/*.[chS]' \
		--exclude='linux-source-*/arch/[!x]*/boot/dts/*' \
		--exclude='linux-source-*/drivers/gpu/drm/*/*.[ch]' \
		--exclude='linux-source-*/tools/testing/*'
}

# Without what our make exports: Kbuild has a KVM of its own.
kmake() {
	env -i PATH="$PATH" HOME="$HOME" nice make -C "$host/src" O="$host/kdir" ARCH="$arch" CC=gcc-12 \
		LOCALVERSION=-lguest-debug KBUILD_BUILD_USER=lguest \
		KBUILD_BUILD_HOST=lguest KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_TIMESTAMP='Thu Jan 1 00:00:00 UTC 1970' "$@"
}

configure() {
	cat "$here/config" "$here/config-$leg" >"$host/config"
	kmake -s KCONFIG_ALLCONFIG="$host/config" allnoconfig
	if grep '^CONFIG_' "$host/config" |
			grep -vxF -f "$host/kdir/.config"; then
		echo "build.sh: Kconfig did not accept these lines" >&2
		return 1
	fi
}

# Nothing but what it takes to build modules.
prune() {
	cd "$host/src"
	find . -type f ! -path './scripts/*' ! -path './include/*' \
		! -path './arch/x86/include/*' ! -name 'Makefile*' ! -name 'Kbuild*' \
		-delete
	find . -type d -empty -delete
	cd "$host/kdir"
	find . -type f ! -path './scripts/*' ! -path './include/*' \
		! -path './arch/x86/include/*' ! -name objtool ! -name Makefile \
		! -name .config ! -name Module.symvers ! -name System.map -delete
	find . -type d -empty -delete
	cd "$here"
}

# The modules of KVM, in an order that works.
keep_modules() {
	mkdir -p "$host/ko"
	for ko in irqbypass kvm kvm-amd kvm-intel; do
		find "$host/kdir" -name "$ko.ko" | while read -r file; do
			cp "$file" "$host/ko/"
			echo "$ko.ko"
		done
	done >"$host/kvm"
}

mkdir -p "$hosts"
exec 9>"$hosts/debug.lock"
flock 9
if [ ! -e "$host/modules" ]; then
	rm -rf "$hosts/debug-$leg"-*
	trap 'rm -rf "$host"' EXIT
	trap 'exit 130' INT TERM
	unpack
	configure
	kmake -j"${JOBS:-2}" bzImage modules
	cp "$host/kdir/arch/x86/boot/bzImage" "$host/vmlinuz"
	kmake -s kernelrelease >"$host/release"
	keep_modules
	prune
	trap - EXIT
	: >"$host/modules"
fi
ln -sfn "$(basename "$host")" "$hosts/$leg-debug"
