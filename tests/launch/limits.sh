#!/bin/sh
# Who may open the device may run guests, whatever the limits: no memory to
# lock, not root; and where something is short, a clear word.
# shellcheck disable=SC3045,SC2086,SC2317  # busybox has them; words; called by expect
. "$(dirname "$0")/../lib/check.sh"
chmod 755 .

guest=/tests/guests/selftest-2level
run="lguest run --memory 16M"

as_nobody() {
	su -s /bin/sh nobody -c "PATH=$PATH $*"
}

chmod 666 /dev/lguest
expect 80 'crashed: SUCCESS' as_nobody $run $guest -- success
expect 80 'as told' as_nobody $run $guest -- crash
old=$(ulimit -l)
ulimit -l 0
expect 80 'crashed: SUCCESS' as_nobody $run $guest -- success
ulimit -l "$old"
chmod 600 /dev/lguest

short() {
	(
		ulimit "$1" "$2"
		exec $run $guest -- success
	)
}
expect 71 . short -n 4
expect 71 . short -v 8000
finish
