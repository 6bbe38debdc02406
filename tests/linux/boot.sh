#!/bin/sh
# Our Linux guest: boots from vmlinux and bzImage, runs commands, gives their
# output and status, sees its memory.
. "$(dirname "$0")/../lib/check.sh"

same "uname" "$(guest-run 'uname -srm' | sed 's/ 6\.1[^ ]*/ 6.1/')" \
	"Linux 6.1 i586"
guest-run 'exit 3'
same "exit status" $? 3
same "both outputs" "$(guest-run 'echo out; echo err >&2' | sort | tr '\n' ' ')" \
	"err out "
lguest run --initrd /guest/initrd --console file:/tmp/log --memory 64M \
	/guest/bzImage -- console=hvc0 panic=-1 rdinit=/bin/false >out 2>&1 </dev/null
rc=$?
[ "$rc" = 80 ] || failure "a guest whose init fails: exit $rc"
grep -q 'crashed: ' out || failure "no word of the crash: $(tail -n 1 out)"
for mem in 32M 128M 300M; do
	kib=$(guest-run -o "--memory $mem" "sed -n 's/^MemTotal: *//p' /proc/meminfo")
	kib=${kib% kB}
	[ "${kib:-0}" -gt $((${mem%M} * 1024 * 3 / 4 - 8192)) ] ||
		failure "--memory $mem: the guest has $kib KiB"
done
same "a power-off" "$(guest-run 'poweroff -f'; echo $?)" 124
finish
