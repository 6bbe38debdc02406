#!/bin/sh
# Long steps say what they do and how far they are, short ones nothing; one that fails
# shows the end of its log and has its status.  A minute is two seconds here.
set -u
tree=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export MINUTE=2
unset V
failed=0

# step STATUS PATTERN COMMAND: what it says is the pattern, line by line.
step() {
	rc=0
	"$tree/machine/step.sh" try "trying it" sh -c "$3" >out 2>err || rc=$?
	said=$(tr '\n' '|' <err)
	if [ "$rc" != "$1" ] || [ -s out ] || ! echo "$said" | grep -qx "$2"; then
		echo "step '$3': status $rc, said '$said'"
		failed=1
	fi
}

step 0 '' 'echo quick; echo more >&2'
[ "$(tr '\n' ' ' <build/log/try.log)" = 'quick more ' ] || failed=1
step 0 'lguest: trying it (log: build/log/try.log)|lguest: ... 1 min, 2 lines|.*' \
	'echo 1; echo 2; sleep 3.2'
step 7 'last words|lguest: trying it: failed; all of it is in build/log/try.log|' \
	'echo last words; exit 7'
[ "$(V=1 "$tree/machine/step.sh" try it echo all)" = all ] || failed=1
exit $failed
