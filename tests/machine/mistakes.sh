#!/bin/sh
# Wrong words on the command line: one line says what is wrong, and it fails.
# Of a machine that does not come up it says that each minute, which is a second here.
set -u
failed=0

# mistake LINE COMMAND...
mistake() {
	wanted=$1
	shift
	said=$("$@" 2>&1)
	rc=$?
	lines=$(echo "$said" | grep -v '^lguest: \(building\|\.\.\.\)' |
		grep -vc '^$\|^make: \*\*\*')
	if [ "$rc" = 0 ] || [ "$lines" != 1 ] ||
		! echo "$said" | grep -qF "$wanted"; then
		echo "$*: status $rc, $said"
		failed=1
	fi
}

mistake 'HOST=arm is unknown' make run HOST=arm
mistake 'no target trst' make trst
mistake 'no host kernel' make host HOST_KERNEL=7.9 HOST_CMD=true
mistake 'no test case fits' make test TESTS=nonsense

# The same words as make hands them on.
mistake 'SHARE=/nowhere is not a folder' machine/run --share /nowhere host true
mistake 'SMP=two is not a number' env SMP=two machine/run host true
mistake 'SMP=0 is not a number' env SMP=0 machine/run host true
mistake 'MEM=much is not a size' env MEM=much machine/run host true
mistake 'EMULATOR=vice is unknown' env EMULATOR=vice machine/run host true
mistake 'No closing quotation' env "QEMU_ARGS=-name '" machine/run host true
mistake 'QEMU: qemu-system-x86_64: -what: invalid option' env QEMU_ARGS=-what \
	machine/run --leg amd64 host true
mistake 'GUEST_KERNEL=/nowhere is not a file' env GUEST_KERNEL=/nowhere \
	machine/run guest true
mistake 'TIMEOUT_SCALE=x is not a number' env TIMEOUT_SCALE=x machine/runner
mistake 'AT_ONCE=x is not a number' env AT_ONCE=x machine/runner
mistake 'N=many is not a number' env N=many machine/fuzz "$HOST"
mistake 'SEED=12x is not a number' env SEED=12x machine/fuzz "$HOST"
mistake 'no mutant of i386 fits' machine/mutants --leg i386 nonsense

if ! MINUTE=1 QEMU_ARGS=-S timeout 60 machine/run --leg "$HOST" host true 2>&1 |
	grep -qm 1 '^lguest: \.\.\. the host machine boots, [1-9][0-9]* s;'; then
	echo "a machine that does not boot: not a word"
	failed=1
fi
exit "$failed"
