#!/bin/sh
# A guest of 64 MiB that has booted costs the host what it took, 12 MiB, and not
# as many huge pages as it touched, which are 20.
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

initrd work 'echo up; sleep 1000'
start work --memory 64M
await up out
rss=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$guest/status")
kill "$guest"
wait "$guest" || :
echo "# $rss KiB"
[ "$rss" -lt $((16 << 10)) ] || fail "the guest costs $rss KiB"
echo SUCCESS
