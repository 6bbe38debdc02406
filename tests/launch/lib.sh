# shellcheck shell=sh disable=SC2034  # variables for who reads this
# For the tests of the launcher in the host machine: read with `.`.

fail() {
	echo "FAILURE $*"
	exit 1
}

# ends STATUS PATTERN COMMAND...: the command ends so, says one line on stderr
# that matches the pattern, and nothing on stdout.
ends() {
	want=$1
	pattern=$2
	shift 2
	echo "# $*"
	"$@" </dev/null >out 2>err && got=0 || got=$?
	[ "$got" = "$want" ] || {
		cat err
		fail "status $got, not $want: $*"
	}
	[ ! -s out ] || fail "output on stdout: $*"
	[ "$(wc -l <err)" = 1 ] || fail "not one line: $(cat err)"
	grep -q "^lguest: .*$pattern" err || fail "no '$pattern' in: $(cat err)"
}

# initrd FILE COMMAND: a ramdisk whose guest runs the command on hvc1 and
# leaves its status on hvc2.
initrd() {
	mkdir -p "$1.d/job"
	printf '%s\n' "$2" >"$1.d/job/cmd"
	(cd "$1.d" && find job | cpio -o -H newc 2>/dev/null) |
		cat /guest/initrd - >"$1"
	rm -rf "$1.d"
}

# run INITRD [OPTION...]: a guest with our usual three consoles; its output is
# ours, its log is in the file log.
run() {
	ramdisk=$1
	shift
	lguest run --initrd "$ramdisk" --console file:log --console tty \
		--console file:status "$@" /guest/vmlinux -- console=hvc0
}

# start INITRD [OPTION...]: the same in the background, as process $guest; its
# output goes to the files out and err.
start() {
	ramdisk=$1
	shift
	: >out
	: >log
	lguest run --initrd "$ramdisk" --console file:log --console tty \
		--console file:status "$@" /guest/vmlinux -- console=hvc0 \
		</dev/null >out 2>err &
	guest=$!
}

# await PATTERN FILE: until the guest has said so.
await() {
	i=0
	until grep -q "$1" "$2"; do
		i=$((i + 1))
		[ $i -lt 600 ] || fail "no '$1' in $2: $(tail "$2" err)"
		sleep 0.1
	done
}

# KiB of the host's memory that are not free, and files of /dev/lguest that are open.
used() {
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	awk '/^MemTotal/ { t = $2 } /^MemFree/ { print t - $2 }' /proc/meminfo
}

users() {
	awk '$1 == "lg" { print $3 }' /proc/modules
}

# Run a function that makes guests and kills them, twice: nothing of them is left.
# The first round fills caches of the host; a kernel that looks for mistakes keeps
# what was freed for a while, but far less than these guests had.
leaves_nothing() {
	most=6144
	[ ! -e /sys/kernel/debug/kmemleak ] || most=40960
	"$@"
	before=$(used)
	"$@"
	after=$(used)
	[ "$(users)" = 0 ] || fail "the module has $(users) users left"
	[ $((after - before)) -lt $most ] || {
		ps -o pid,ppid,stat,args | grep '[l]guest run' || true
		grep -E '^(Shmem|AnonPages|Mapped|Slab|PageTables):' /proc/meminfo
		fail "$((after - before)) KiB of the host are gone"
	}
	echo "# $((after - before)) KiB more in use"
}
