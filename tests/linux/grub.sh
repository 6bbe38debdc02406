#!/bin/sh
# GRUB, which boots guests on Xen: a program of another kind than Linux, with
# the hypercall page and a console of its own.  To its prompt, and off again.
. "$(dirname "$0")/../lib/check.sh"

# Until GRUB has said it.
await() {
	i=0
	until grep -q "$1" out; do
		i=$((i + 1))
		[ $i -lt 600 ] || return 1
		sleep 0.1
	done
}

: >out
{
	await 'grub>'
	printf 'echo a""nswer\r' && await answer
	printf 'halt\r'
	sleep 5
} | lguest run --memory 128M /guest/grub >out 2>err
same "status" $? 0
grep -q 'Welcome to GRUB' out || failure "no welcome: $(head -c 300 out)"
grep -q answer out || failure "no answer: $(tail -c 300 out)"
[ ! -s err ] || failure "$(cat err)"
finish
