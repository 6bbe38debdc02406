#!/bin/sh
# Wrong words on the command line: make says in one line what is wrong, and fails.
set -u
failed=0

# mistake LAST-LINE-OF-ITS-OWN ARGUMENTS...
mistake() {
	wanted=$1
	shift
	said=$(make "$@" 2>&1)
	rc=$?
	lines=$(echo "$said" | grep -v '^lguest: \(building\|\.\.\.\)' |
		grep -vc '^$\|^make: \*\*\*')
	if [ "$rc" = 0 ] || [ "$lines" != 1 ] ||
		! echo "$said" | grep -qF "$wanted"; then
		echo "make $*: status $rc, $said"
		failed=1
	fi
}

mistake 'HOST=arm is unknown' run HOST=arm
mistake 'no host kernel' host HOST_KERNEL=7.9 HOST_CMD=true
mistake 'SHARE=/nowhere is not a folder' host SHARE=/nowhere HOST_CMD=true
mistake 'SMP=two is not a number' host SMP=two HOST_CMD=true
mistake 'no test case fits' test TESTS=nonsense
exit "$failed"
