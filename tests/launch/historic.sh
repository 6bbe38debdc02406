#!/bin/sh
# A guest that boots as the kernels of old did, with its console and its disk:
# the first time it restarts, the second it powers off; the third, it panics.
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

for env in 2level pae; do
	dd if=/dev/zero of=disk bs=512 count=8 2>/dev/null
	printf 'historic and the rest' |
		dd of=disk conv=notrunc 2>/dev/null
	lguest run --block disk --console file:console \
		/tests/guests/historic-$env >out 2>&1 || {
		cat out
		fail "$env: status $?"
	}
	[ "$(grep -c 'early console' console)" = 2 ] ||
		fail "$env: it did not say twice that it boots: $(cat console)"
	last=$(dd if=disk bs=512 skip=1 count=1 2>/dev/null | tail -c 21)
	[ "$last" = 'tser eht dna cirotsih' ] ||
		fail "$env: on the disk is '$last'"
	ends 80 'crashed: Fatal exception' lguest run --block disk \
		--console file:console /tests/guests/historic-$env -- panic
done
echo SUCCESS
