#!/bin/sh
# usage: audited.sh N [-c] GUEST[:CASE,CASE...]...
# Bare guests under the auditor, which looks at all shadow page tables at every
# Nth fault and flush: whatever a guest does to itself, no entry may lead where
# none must (survive lets it be killed, for this one reason it may not).  After
# -c the next one may also crash.
. "$(dirname "$0")/../lib/check.sh"

every=/sys/module/lg/parameters/audit
echo "$1" >$every || failure "the module does not take audit=$1"
shift
crash=
for guest; do
	[ "$guest" != -c ] || { crash=-c; continue; }
	name=${guest%%:*}
	cases=
	[ "$name" = "$guest" ] || cases=$(echo "${guest#*:}" | tr , ' ')
	# shellcheck disable=SC2086  # cases are words; none is an empty one
	/tests/host/survive $crash "$name" ${cases:-""} >out ||
		failure "$guest: $(tail -n 1 out)"
	! grep 'should not be there' out || failure "$guest: a foreign entry"
	cat out >>all
	crash=
done
echo 0 >$every
# Some of them have stale entries, or nobody has looked.
grep -q 'stale entries' all || failure "the auditor found nothing at all"
finish
