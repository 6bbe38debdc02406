#!/bin/sh
# usage: refused.sh LOG CHECK
# On a host where guests cannot run, the module refuses to load and says why in
# one line of the log that matches LOG; `lguest check` finds the same by itself
# (CHECK) and hears of the module's words, and `lguest run` ends with status 69.
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

# Before anybody tried: what check knows by itself.
dmesg -c >/dev/null
lguest check >facts && fail "check found nothing"
grep -q "^FAIL  CPU .*$2" facts || fail "check: $(cat facts)"

insmod /lib/lg.ko 2>err && fail "the module was loaded"
dmesg | grep 'lg: ' >said || fail "nothing in the log"
grep -q "lg: .*$1" said || fail "the log: $(cat said)"
# busybox's insmod tries twice.
[ "$(wc -l <said)" -le 2 ] || fail "more than a line: $(cat said)"
! grep -v "lg: .*$1" said || fail "another line: $(cat said)"
sed 's/^/# /' said
[ ! -e /dev/lguest ] || fail "there is a device"
! grep -q '^lg ' /proc/modules || fail "the module is there"

status=0
lguest check >facts || status=$?
[ $status = 69 ] || fail "check: status $status"
grep -q "^FAIL  CPU .*$2" facts || fail "check: $(cat facts)"
grep -q "^FAIL  module .*it refused: .*$1" facts || fail "check: $(cat facts)"
ends 69 'modprobe lg' lguest run /guest/vmlinuz
echo SUCCESS
