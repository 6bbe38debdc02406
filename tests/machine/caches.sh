#!/bin/sh
# What is in the caches is used as long as it is what the lists in the tree say, and
# fetched anew when they change; what cannot be fetched is an error, and leaves the
# caches alone.  Tried on copies, where nothing can be fetched.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
real=${XDG_CACHE_HOME:-$HOME/.cache}/lguest
tree=$work/tree

fail() {
	echo "FAILURE $*"
	exit 1
}

# there SCRIPT FOLDER [ARGUMENT]: it finds what it wants.
there() {
	found=$("$tree/machine/$1" ${3:+"$3"} 2>"$work/err") || fail "$1: $(cat "$work/err")"
	[ "$found" = "$work/lguest/$2" ] || fail "$1 found $found"
	[ ! -s "$work/err" ] || fail "$1 said $(cat "$work/err")"
}

# gone SCRIPT [ARGUMENT]: it wants something else, and says that it cannot have it.
gone() {
	"$tree/machine/$1" ${2:+"$2"} >"$work/out" 2>"$work/err" &&
		fail "$1 found $(cat "$work/out")"
	grep -q '^lguest: fetching' "$work/err" || fail "$1: $(cat "$work/err")"
	grep -q '^lguest: cannot download' "$work/err" || fail "$1: $(cat "$work/err")"
}

mkdir -p "$tree" "$work/lguest/host/one" "$work/lguest/kernels" \
	"$work/lguest/sysroot-i386"
cp -r machine "$tree/"
# It may well bring something before it fails.
printf '#!/bin/sh\ntouch busybox.deb\nexit 3\n' >"$tree/machine/apt.sh"
export XDG_CACHE_HOME="$work"
cp "$real/host/$LEG/key" "$real/host/$LEG/modules" "$work/lguest/host/one/"
ln -s one "$work/lguest/host/$LEG"
cp "$real/kernels/.packages" "$work/lguest/kernels/"
[ "$LEG" != i386 ] || cp "$real/sysroot-i386/.packages" "$work/lguest/sysroot-i386/"

list=$tree/machine/packages
there host.sh host/one "$LEG"
sed -i "s/^$LEG	busybox-static/$LEG	busybox/" "$list"
gone host.sh "$LEG"
cp machine/packages "$list"
there host.sh host/one "$LEG"
sed -i 's/ msr loop/ msr/' "$tree/machine/host.sh"
gone host.sh "$LEG"
if [ "$LEG" = i386 ]; then
	there sysroot.sh sysroot-i386
	sed -i 's/^lib	libelf-dev/lib	libelf-dev2/' "$list"
	gone sysroot.sh
else
	there kernels.sh kernels
	sed -i 's/^kernel	grub-xen-host/kernel	grub-xen-bin/' "$list"
	gone kernels.sh
fi
[ "$(find "$work/lguest" -type f | wc -l)" -le 4 ] ||
	fail "left: $(find "$work/lguest" -type f)"
