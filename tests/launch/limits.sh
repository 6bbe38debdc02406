#!/bin/sh
# Who may open the device may run guests, whatever the limits: no memory to
# lock, not root; and where something is short, a clear word.
# shellcheck disable=SC3045,SC2086,SC2317  # busybox has them; words; called by expect
. "$(dirname "$0")/../lib/check.sh"
chmod 755 .

# A guest that ends well and one that does not.  To a launcher of 32-bit guests
# a verdict is last words.
run="lguest run --memory 16M"
guest="/tests/guests/selftest-2level -- success"
well=80:'crashed: SUCCESS'
other="/tests/guests/selftest-2level -- crash"
badly=80:'as told'
if [ -e /tests/guests/attack-stack ]; then
	guest=/tests/guests/boot
	well=0:'^SUCCESS'
	other="/tests/guests/attack-stack -- zero"
	badly=81:'killed: bad stack'
fi

as_nobody() {
	su -s /bin/sh nobody -c "PATH=$PATH $*"
}

chmod 666 /dev/lguest
expect ${well%%:*} "${well#*:}" as_nobody $run $guest
expect ${badly%%:*} "${badly#*:}" as_nobody $run $other
old=$(ulimit -l)
ulimit -l 0
expect ${well%%:*} "${well#*:}" as_nobody $run $guest
ulimit -l "$old"
chmod 600 /dev/lguest

short() {
	(
		ulimit "$1" "$2"
		exec $run $guest
	)
}
expect 71 '^lguest: ' short -n 4
expect 71 '^lguest: ' short -v 8000
finish
