#!/bin/sh
# Ten guests at once, each with work to do; then guests killed at odd moments.
# Nothing of either is left in the host.
# shellcheck disable=SC2016  # the guest expands them
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

initrd work '
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	[ "$(echo $i | md5sum | wc -c)" = 36 ] || exit 1
done
echo finished'
for i in 0 1 2 3 4 5 6 7 8 9; do
	mkdir $i
	(cd $i && run ../work --memory 32M >out 2>err) &
done
wait
for i in 0 1 2 3 4 5 6 7 8 9; do
	[ "$(cat $i/out)" = finished ] || fail "guest $i: $(cat $i/err)"
done

# However soon it is up, it is still at work when it is killed.
initrd forever 'while :; do echo $$ | md5sum; done >/dev/null'
kill_some() {
	for i in 0 1 2 3 4 5 6 7; do
		lguest run --console null --console null --console null \
			--initrd forever --memory 32M /guest/vmlinux &
		guest=$!
		sleep 0.$((i * 3 % 10))
		kill -9 $guest
		wait $guest && fail "killed, and status 0"
	done
	return 0
}

leaves_nothing kill_some
echo SUCCESS
