#!/bin/sh
# Downloads the stock kernels that boot as guests, unmodified, into the cache
# and prints the folder: files vmlinuz (the cloud kernel), vmlinuz-6.12, and
# grub, which is no kernel but a guest like one.
# The folder is keyed by the list of packages, through the stamp file.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
# shellcheck source=machine/progress.sh
. machine/progress.sh
# shellcheck source=machine/debs.sh
. machine/debs.sh

kernels=${XDG_CACHE_HOME:-$HOME/.cache}/lguest/kernels
list=$(awk '$1 == "kernel" { print $2 }' machine/packages)
stamp=$kernels/.packages
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$list" ]; then
	echo "$kernels"
	exit 0
fi

mkdir -p build/log "$kernels"
log=$here/build/log/kernels.log

work=$(mktemp -d "$kernels.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# Called where `set -e` means nothing.
fetch() (
	cd "$work" || exit
	set -f
	# shellcheck disable=SC2086  # names are words
	"$here/machine/apt.sh" amd64 $list || exit
	set +f
	for deb in *.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --wildcards \
			'./boot/vmlinuz-*' './usr/lib/grub-xen/*' || true
	done
	mv usr/lib/grub-xen/grub-x86_64-xen.bin "$kernels/grub" &&
		mv boot/vmlinuz-6.1.* "$kernels/vmlinuz" &&
		mv boot/vmlinuz-6.12.* "$kernels/vmlinuz-6.12"
)
fetching "$log" "stock guest kernels" fetch
echo "$list" >"$stamp"
echo "$kernels"
