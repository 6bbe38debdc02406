#!/bin/sh
# A guest that never ends, ended by a signal to the launcher: the status says
# which, and the module is free again.  A bare guest, so that it is at once.
# shellcheck disable=SC2086  # words
. "$(dirname "$0")/../lib/check.sh"

guest=/tests/guests/selftest-2level
run="lguest run --memory 16M"

for end in TERM:143 HUP:129 KILL:137; do
	for case in hang sleep; do
		$run $guest -- $case >out 2>err </dev/null &
		pid=$!
		sleep 1
		kill -"${end%:*}" $pid
		rc=0
		wait $pid || rc=$?
		same "$case: status after SIG${end%:*}" "$rc" "${end#*:}"
	done
done
same "users of the module" "$(awk '$1 == "lg" { print $3 }' /proc/modules)" 0

# What the guest says is on stdout, what we say on stderr, in one line.
rc=0
$run $guest -- crash >out 2>err </dev/null || rc=$?
same "status of a crash" "$rc" 80
same "lines on stderr" "$(wc -l <err)" 1
grep -q "fell over, as told" err || failure "stderr: $(cat err)"
grep -q "runner itself" out || failure "stdout: $(cat out)"
expect 81 'killed: .*hypercall 1911' $run $guest -- killed
# Only Linux's own words make a power-off of that call, not a verdict.
expect 80 'crashed: SUCCESS' $run $guest -- success
finish
