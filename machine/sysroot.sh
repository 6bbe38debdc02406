#!/bin/sh
# Unpacks the static i386 libraries that the launcher links into the cache and
# prints the folder.  They are never installed: an amd64 Debian stays as it is.
# The folder is keyed by the list of packages, through the stamp file.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
# shellcheck source=machine/progress.sh
. machine/progress.sh

sysroot=${XDG_CACHE_HOME:-$HOME/.cache}/lguest/sysroot-i386
list=$(awk '$1 == "lib" { print $2 }' machine/packages)
stamp=$sysroot/.packages
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$list" ]; then
	echo "$sysroot"
	exit 0
fi

mkdir -p build/log "$sysroot"
log=$here/build/log/sysroot.log
echo "lguest: fetching static i386 libraries (log: $log)" >&2

work=$(mktemp -d "$sysroot.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# Called where `set -e` means nothing.
fetch() (
	mkdir "$work/deb" && cd "$work/deb" || exit
	# shellcheck disable=SC2086  # names are words
	"$here/machine/apt.sh" i386 $list || exit
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$sysroot" || exit
	done
)
if ! with_minutes "$log" fetch; then
	tail -n 20 "$log" >&2
	echo "lguest: cannot download the i386 libraries (see $log)" >&2
	exit 1
fi
echo "$list" >"$stamp"
echo "$sysroot"
