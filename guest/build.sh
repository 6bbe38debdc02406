#!/bin/sh
# usage: build.sh FOLDER
# Unpacks, patches, configures and builds the guest kernel; see Makefile for
# the variables.  FOLDER appears only when all went well.
#
# The source tree is a gigabyte and goes away afterwards.  With KEEP=1 it
# stays, and the next build of something else compiles only what changed.
set -eu
cd "$(dirname "$0")"
here=$PWD
kernel=$1
cache=${kernel%/*}
tree=$cache/tree-$TREE_KEY
arch=$tree/src/arch/x86

# Kconfig reads all of the tree; of the rest, leave out the largest parts that
# nothing here compiles.
unpack() {
	rm -rf "$cache"/tree-*
	mkdir -p "$tree/src" "$tree/obj"
	tar -C "$tree/src" --strip-components=1 -xf "$SOURCE" --wildcards \
		--exclude='linux-source-*/arch/[!x]*/*.[chS]' \
		--exclude='linux-source-*/arch/[!x]*/boot/dts/*' \
		--exclude='linux-source-*/drivers/gpu/drm/*/*.[ch]' \
		--exclude='linux-source-*/tools/testing/*'
	touch "$tree/patch" "$tree/unpacked"
}

# Goes from the patch that is in the tree to ours.  Files that end up as they
# were keep their time stamps, so that make sees what really changed.
apply_patch() {
	rm -rf "$tree/before"
	mkdir "$tree/before"
	files=$(cat "$tree/patch" linux-6.1-lguest.patch |
		sed -n 's,^+++ b/,,p' | sort -u)
	for file in $files; do
		(cd "$tree/src" && cp -p --parents "$file" "$tree/before")
	done
	patch -s -R -d "$tree/src" -p1 <"$tree/patch"
	patch -s -d "$tree/src" -p1 <linux-6.1-lguest.patch
	for file in $files; do
		if cmp -s "$tree/before/$file" "$tree/src/$file"; then
			cp -p "$tree/before/$file" "$tree/src/$file"
		fi
	done
	cp linux-6.1-lguest.patch "$tree/patch"
}

add_files() {
	rsync -rc --delete --exclude=lguest.h lguest/ "$arch/lguest/"
	rsync -c lguest/lguest.h "$ABI" "$arch/include/asm/"
}

kmake() {
	nice make -C "$tree/src" O="$tree/obj" ARCH=i386 CC="$CC" \
		LOCALVERSION= KBUILD_BUILD_USER=lguest \
		KBUILD_BUILD_HOST=lguest KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_TIMESTAMP='Thu Jan 1 00:00:00 UTC 1970' "$@"
}

configure() {
	kmake -s KCONFIG_ALLCONFIG="$here/config" allnoconfig
	if grep '^CONFIG_' config | grep -vxF -f "$tree/obj/.config"; then
		echo "build.sh: Kconfig did not accept these lines of config" >&2
		return 1
	fi
}

result() {
	rm -rf "$cache/new" "$kernel"
	mkdir "$cache/new"
	cp "$tree/obj/vmlinux" "$tree/obj/System.map" \
		"$tree/obj/arch/x86/boot/bzImage" "$cache/new/"
	cp "$tree/obj/.config" "$cache/new/config"
	touch "$cache/new/done"
	mv "$cache/new" "$kernel"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ ! -e "$kernel/done" ] || exit 0

[ -e "$tree/unpacked" ] || unpack
[ -n "${KEEP:-}" ] || [ -e "$tree/keep" ] || trap 'rm -rf "$tree"' EXIT
trap 'exit 130' INT TERM
[ -z "${KEEP:-}" ] || touch "$tree/keep"
apply_patch
add_files
configure
kmake -j"$JOBS" bzImage
result
