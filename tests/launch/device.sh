#!/bin/sh
# usage: device.sh absent|forbidden
# Without the module, and without the right to use it, `lguest run` says what
# to do, and `lguest check` finds the same.
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"
kernel=/guest/vmlinux
[ -e $kernel ] || kernel=/guest/vmlinuz

case $1 in
absent)
	ends 69 'modprobe lg' lguest run $kernel
	lguest check >facts && fail "check found nothing"
	grep -q '^FAIL  module' facts || fail "check: $(cat facts)"
	grep -q '^FAIL  device' facts || fail "check: $(cat facts)"
	! grep 'it refused' facts || fail "it did not"
	;;
forbidden)
	lguest check >facts || fail "check: $(cat facts)"
	! grep -q '^FAIL' facts || fail "check: $(cat facts)"
	mkdir -p /etc
	grep -qs '^nobody:' /etc/passwd ||
		echo 'nobody:x:65534:65534::/:/bin/sh' >>/etc/passwd
	mode=$(stat -c %a /dev/lguest)
	chmod 600 /dev/lguest
	chmod 777 .
	ends 77 'group' su -s /bin/sh nobody -c \
		"PATH=$PATH lguest run $kernel"
	chmod "$mode" /dev/lguest
	;;
esac
echo SUCCESS
