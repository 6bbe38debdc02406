#!/bin/sh
# The console of a 64-bit guest carries every byte, both ways at once, and its
# output may be slow to be read.
# shellcheck disable=SC2016  # the guest expands them
set -eu
# shellcheck source=tests/launch/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p d/job
cat >d/job/init <<'INIT'
#!/bin/busybox sh
/bin/busybox mkdir -p /bin /dev
/bin/busybox --install -s
export PATH=/bin
mount -t devtmpfs dev /dev
exec <>/dev/hvc0 >&0 2>&0
dmesg -n 1
stty raw -echo
echo READY
cat
INIT
chmod 755 d/job/init
(cd d && find job | cpio -o -H newc 2>/dev/null) |
	cat /guest/initrd - >initrd

# Ctrl-O, to Linux's hvc, is the SysRq key.
dd if=/dev/urandom bs=200000 count=1 2>/dev/null | tr -d '\017' >sent
bytes=$(wc -c <sent)
mkfifo keys
lguest run --initrd initrd /guest/vmlinuz -- console=hvc0 quiet \
	rdinit=/job/init <keys >out 2>err &
guest=$!
exec 3>keys
await READY out
cat sent >&3
i=0
while [ "$(sed '1,/READY/d' out | wc -c)" -lt "$bytes" ]; do
	i=$((i + 1))
	[ $i -lt 600 ] || fail "$(sed '1,/READY/d' out | wc -c) of $bytes bytes: $(cat err)"
	sleep 0.1
done
sed '1,/READY/d' out | cmp - sent || fail "not what was sent"
kill $guest
got=0
wait $guest || got=$?
[ $got = 143 ] || fail "status $got"

# Nobody reads: the guest waits, and can be ended.
mkfifo slow
lguest run --initrd initrd /guest/vmlinuz -- console=hvc0 quiet \
	rdinit=/job/init <keys >slow 2>err &
guest=$!
exec 4<slow
while read -r line <&4; do
	case $line in *READY*) break ;; esac
done
cat sent >&3 &
sleep 3
kill $guest
got=0
wait $guest || got=$?
[ $got = 143 ] || fail "with output that nobody reads: status $got"
echo SUCCESS
