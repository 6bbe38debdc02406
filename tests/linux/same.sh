#!/bin/sh
# What a program prints in a guest is what it prints on the host: see same/main.c.
# The arguments are options of guest-run.
# shellcheck disable=SC2086  # options are words
. "$(dirname "$0")/../lib/check.sh"

options=
command=
for program in /tests/linux/same-*; do
	name=${program##*/}
	options="$options -f $program"
	command="${command}timeout 200 /job/$name 2>/dev/null; echo $name: \$?; "
	timeout 100 "$program" 2>/dev/null
	echo "$name: $?"
done >host
! grep -q 'wrong [1-9]' host || failure "the host itself: $(grep wrong host)"
same "programs that got to their end" "$(grep -c '^same-.*: 0$' host)" \
	"$(echo /tests/linux/same-* | wc -w)"
guest-run $options "$@" "$command" >guest 2>err
same "status of the guest" $? 0
if cmp -s host guest; then
	echo "# $(wc -l <host) lines"
else
	failure "other lines than on the host"
	diff host guest | head -n 40 | sed 's/^/#   /'
	tail -n 3 err | sed 's/^/#   /'
fi
finish
