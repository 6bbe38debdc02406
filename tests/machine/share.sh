#!/bin/sh
# SHARE=dir: the host machine reads what is in it and leaves something there.
set -eu
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
echo from outside >"$share/in"
make host SHARE="$share" HOST_CMD='
	grep -q "from outside" /mnt/share/in
	dd if=/dev/urandom of=/mnt/share/out bs=64k count=16 2>/dev/null
	md5sum </mnt/share/out' >"$share/sum"
[ "$(md5sum <"$share/out")" = "$(cat "$share/sum")" ]
