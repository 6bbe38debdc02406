#!/bin/sh
# A Linux guest at work: processes, pipes, signals, memory, files.  One boot;
# the guest prints what it found, one line a check.  The arguments are options
# of guest-run.
. "$(dirname "$0")/../lib/check.sh"

cat >job <<'JOB'
# Processes and pipes
i=0
n=0
while [ $i -lt 150 ]; do (exit $((i % 7))) || n=$((n + 1)); i=$((i + 1)); done
echo "forks $n"
echo "pipe $(seq 1 3000 | sort -rn | head -n 1)"
echo "pipeline $(yes | head -c 300000 | md5sum | cut -c 1-32)"
i=0
for n in 1 2 3 4 5 6 7 8; do
	(seq 1 400 | sort | uniq | wc -l >/tmp/w$n) &
done
wait
echo "parallel $(sort -u /tmp/w?)"
# Signals
sh -c 'trap "exit 5" TERM; while :; do sleep 1; done' &
pid=$!
sleep 1
kill $pid
wait $pid
echo "trap $?"
sh -c 'kill -SEGV $$' 2>/dev/null
echo "segv $?"
sh -c 'kill -STOP $$; exit 6' &
pid=$!
sleep 1
kill -CONT $pid
wait $pid
echo "stop $?"
# Memory
mount -t tmpfs none /mnt
dd if=/dev/zero of=/mnt/z bs=1M count=20 2>/dev/null
echo "tmpfs $(md5sum </mnt/z | cut -c 1-32)"
cp /mnt/z /mnt/y 2>/dev/null
cmp /mnt/z /mnt/y && echo "copy same"
rm /mnt/z /mnt/y
i=0
while [ $i -lt 20 ]; do
	head -c 2000000 /dev/urandom >/mnt/r && cat /mnt/r /mnt/r | md5sum >/mnt/m1
	cat /mnt/r /mnt/r | md5sum | cmp - /mnt/m1 || echo "random differs"
	i=$((i + 1))
done
echo "random done"
# Features of the CPU that the guest must not see
case $(uname -m) in
x86_64) hidden='svm|vmx|smep|smap|umip|la57|pcid|invpcid|pku|mce|mca' ;;
*) hidden='pse|sep|apic|xsave|osxsave' ;;
esac
grep -qwE "$hidden" /proc/cpuinfo && echo "cpu flags bad"
echo "cpu $(grep -c '^processor' /proc/cpuinfo)"
# Files of the kernel
cat /proc/interrupts >/dev/null && echo "interrupts fine"
dmesg | grep -E 'WARNING: CPU|BUG:|Oops|protection fault|Call Trace' | head -n 3
echo "end"
JOB
guest-run "$@" "$(cat job)" >out 2>err
same "exit status" $? 0
cat >want <<'WANT'
forks 128
pipe 3000
pipeline 11cf4ca27db4ecec1f61da7f0ed62e49
parallel 400
trap 5
segv 139
stop 6
tmpfs 8f4e33f3dc3e414ff94e5fb6905cba8c
copy same
random done
cpu 1
interrupts fine
end
WANT
sed -i "s/^pipeline .*/pipeline $(yes | head -c 300000 | md5sum | cut -c 1-32)/" want
sed -i "s/^tmpfs .*/tmpfs $(dd if=/dev/zero bs=1M count=20 2>/dev/null |
	md5sum | cut -c 1-32)/" want
if ! cmp -s out want; then
	failure "the guest's answers"
	diff want out | sed 's/^/#   /'
	tail -n 3 err | sed 's/^/#   /'
fi
finish
