#!/bin/sh
# usage: build.sh FOLDER
# Unpacks, patches, configures and builds the guest kernel; see Makefile for
# the variables.  FOLDER appears only when all went well.  The source tree is
# a gigabyte and goes away again; KEEP=1 leaves it, and its path is printed.
set -eu
cd "$(dirname "$0")"
here=$PWD
kernel=$1

mkdir -p "${kernel%/*}"
exec 9>"${kernel%/*}/lock"
flock 9
[ ! -e "$kernel/done" ] || exit 0

work=$(mktemp -d "${kernel%/*}/new.XXXXXX")
cleanup() {
	if [ "${KEEP:-}" = 1 ]; then
		echo "build.sh: the tree is in $work"
	else
		rm -rf "$work"
	fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Kconfig reads all of the tree; of the rest, leave out the largest parts that
# nothing here compiles.
mkdir "$work/src" "$work/obj" "$work/result"
tar -C "$work/src" --strip-components=1 -xf "$SOURCE" --wildcards \
	--exclude='linux-source-*/arch/[!x]*/*.[chS]' \
	--exclude='linux-source-*/arch/[!x]*/boot/dts/*' \
	--exclude='linux-source-*/drivers/gpu/drm/*/*.[ch]' \
	--exclude='linux-source-*/tools/testing/*'

patch -s -d "$work/src" -p1 <linux-6.1-lguest.patch
cp -r lguest "$work/src/arch/x86/lguest"
mv "$work/src/arch/x86/lguest/lguest.h" "$work/src/arch/x86/include/asm/"
cp "$ABI" "$work/src/arch/x86/include/asm/"

kmake() {
	nice make -C "$work/src" O="$work/obj" ARCH=i386 CC="$CC" LOCALVERSION= \
		KBUILD_BUILD_USER=lguest KBUILD_BUILD_HOST=lguest \
		KBUILD_BUILD_TIMESTAMP='Thu Jan 1 00:00:00 UTC 1970' "$@"
}

kmake -s KCONFIG_ALLCONFIG="$here/config" allnoconfig
if grep '^CONFIG_' config | grep -vxF -f "$work/obj/.config"; then
	echo "build.sh: Kconfig did not accept these lines of config" >&2
	exit 1
fi
kmake -j"$JOBS" bzImage

cp "$work/obj/vmlinux" "$work/obj/System.map" \
	"$work/obj/arch/x86/boot/bzImage" "$work/result/"
cp "$work/obj/.config" "$work/result/config"
touch "$work/result/done"
rm -rf "$kernel"
mv "$work/result" "$kernel"
