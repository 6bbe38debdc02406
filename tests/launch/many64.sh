#!/bin/sh
# Ten guests at once, two of them Linux, with work to do; then Linux guests killed
# at odd moments.  Nothing of them is left in the host.
# shellcheck disable=SC2016  # the guest expands them
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

linux='
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	[ "$(echo $i | md5sum | wc -c)" = 36 ] || exit 1
done
echo finished'
bare=
for i in 1 2; do
	guest-run -o '--memory 128M' "$linux" >linux$i 2>err$i &
done
for i in 1 2 3 4 5 6 7 8; do
	how=halt
	[ $i != 8 ] || how="sleep"
	lguest run --memory 16M /tests/guests/forever -- $how </dev/null \
		>bare$i 2>&1 &
	bare="$bare $!"
done
j=0
while [ "$(users)" -lt 20 ]; do
	j=$((j + 1))
	[ $j -lt 600 ] || fail "only $(users) files of ten guests are open"
	sleep 0.1
done
for i in 1 2; do
	j=0
	while [ ! -s linux$i ]; do
		j=$((j + 1))
		[ $j -lt 1200 ] || fail "Linux $i: $(cat err$i)"
		sleep 0.1
	done
	[ "$(cat linux$i)" = finished ] || fail "Linux $i: $(cat linux$i err$i)"
done
for pid in $bare; do
	kill "$pid" || fail "a guest for ever ended: $(cat bare*)"
	got=0
	wait "$pid" || got=$?
	[ $got = 143 ] || fail "a guest for ever: status $got"
done
wait

# In the launcher's first steps, the guest's, and its last but those of userspace.
kill_some() {
	for when in 'nothing yet' 'Linux version' 'Memory: ' 'Run /init'; do
		: >log
		lguest run --initrd /guest/initrd --console file:log \
			--memory 128M /guest/vmlinuz -- console=hvc0 earlyprintk=xen &
		guest=$!
		[ "$when" = 'nothing yet' ] || await "$when" log
		kill -9 $guest
		wait $guest && fail "killed, and status 0"
	done
	return 0
}

leaves_nothing kill_some
echo SUCCESS
