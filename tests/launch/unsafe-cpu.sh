#!/bin/sh
# usage: unsafe-cpu.sh FLAG CHECK
# A CPU that no emulator here has: `lguest check` on a /proc/cpuinfo with one flag
# more says that guests cannot run there.
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

lguest check >facts || fail "check on this CPU: $(cat facts)"
sed "s/^flags.*/& $1/" /proc/cpuinfo >cpuinfo
mount --bind cpuinfo /proc/cpuinfo
status=0
lguest check >facts || status=$?
umount /proc/cpuinfo
[ $status = 69 ] || fail "check: status $status"
[ "$(grep -c '^FAIL' facts)" = 1 ] || fail "check: $(cat facts)"
grep -q "^FAIL  CPU .*$2" facts || fail "check: $(cat facts)"
echo SUCCESS
