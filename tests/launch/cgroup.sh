#!/bin/sh
# What a guest takes is its launcher's, also to the memory cgroup: it is charged
# there, and a guest that wants more than the limit dies alone.
# shellcheck disable=SC2086  # words
set -eu

guest="-m 16 /tests/guests/boot-2level"
[ ! -e /tests/guests/touch ] || guest="-m 16 /tests/guests/touch"
group=$PWD/cgroup

fail() {
	echo "FAILURE $*"
	exit 1
}

# under NAME LIMIT: the guest in a cgroup of its own; its status
under() {
	mkdir "$group/$1"
	echo "$2" >"$group/$1/memory.max"
	(
		echo 0 >"$group/$1/cgroup.procs"
		exec run-guest $guest
	) >out 2>&1
}

mkdir "$group"
mount -t cgroup2 none "$group"
trap 'rmdir "$group"/enough "$group"/short; umount "$group"' EXIT
echo +memory >"$group/cgroup.subtree_control"

under enough 64M || fail "with 64M: status $?: $(cat out)"
peak=$(cat "$group/enough/memory.peak")
echo "# 16 MiB of guest are $((peak >> 10)) KiB to the cgroup"
[ "$peak" -ge $((15 << 20)) ] || fail "charged $peak bytes"

under short 12M && fail "16M fit into 12M"
[ "$(grep -c '^oom_kill 1$' "$group/short/memory.events")" = 1 ] ||
	fail "not killed for its memory: $(cat out "$group/short/memory.events")"

# Nothing stays charged to a group that nobody is in.
for name in enough short; do
	now=$(cat "$group/$name/memory.current")
	[ "$now" -lt $((4 << 20)) ] || fail "$name still has $now bytes"
done
under again 64M || fail "afterwards: status $?: $(cat out)"
rmdir "$group/again"
echo SUCCESS
