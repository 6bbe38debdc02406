#!/bin/sh
# Unpacks the static i386 libraries that the launcher links into the cache and
# prints the folder.  They are never installed: an amd64 Debian stays as it is.
# The folder is keyed by the list of packages, through the stamp file.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
# shellcheck source=machine/progress.sh
. machine/progress.sh
# shellcheck source=machine/debs.sh
. machine/debs.sh

sysroot=${XDG_CACHE_HOME:-$HOME/.cache}/lguest/sysroot-i386
list=$(awk '$1 == "lib" { print $2 }' machine/packages)
stamp=$sysroot/.packages
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$list" ]; then
	echo "$sysroot"
	exit 0
fi

mkdir -p build/log "$sysroot"
log=$here/build/log/sysroot.log

work=$(mktemp -d "$sysroot.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
fetching "$log" "static i386 libraries" debs i386 "$work/deb" "$sysroot" "$list"
echo "$list" >"$stamp"
echo "$sysroot"
