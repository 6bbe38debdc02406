#!/bin/sh
# A stock kernel, unmodified, as a guest: kernel.sh FILE RELEASE [MEMORY...]
# boots the file with each size of memory to userspace, where it is the release
# it should be, knows that it runs on a Xen-like machine, has the memory, has
# complained of nothing and can power off.
# shellcheck disable=SC2016  # the guest expands them
. "$(dirname "$0")/../lib/check.sh"
kernel=$1
release=$2
shift 2

# value WORD: what the guest said about it.
value() {
	sed -n "s/^$1 //p" out
}

for memory in "${@:-256M}"; do
	# The last line but for the status: nothing is lost on the way.
	guest-run -k "$kernel" -o "--memory $memory" '
		echo "release $(uname -rm)"
		echo "hypervisor $(cat /sys/hypervisor/type)"
		sed -n "s/^MemTotal: */kib /p" /proc/meminfo
		dmesg | grep -E "WARNING: CPU|BUG:|Oops|protection fault|Call Trace" |
			sed "s/^/complaint /"
		echo "cores $(grep -c ^processor /proc/cpuinfo)"
		yes 0123456789abcde | head -n 4000 | md5sum
		exit 33' >out 2>err
	same "$memory: status" $? 33
	value release | grep -qx "$release x86_64" ||
		failure "$memory: release $(value release), not $release"
	same "$memory: hypervisor" "$(value hypervisor)" xen
	same "$memory: processors" "$(value cores)" 1
	same "$memory: last line" "$(tail -n 1 out)" \
		"$(yes 0123456789abcde | head -n 4000 | md5sum)"
	[ -z "$(value complaint)" ] || failure "$memory: $(value complaint)"
	case $memory in
	*G) mib=$((${memory%G} * 1024)) ;;
	*) mib=${memory%M} ;;
	esac
	# The kernel itself takes 64 MiB and a fiftieth of the rest.
	kib=$(value kib)
	[ "${kib%% *}" -gt $((mib * 1024 * 9 / 10 - 65536)) ] ||
		failure "$memory: the guest has $kib"
	grep -E 'Run /init|reboot:' /tmp/guest.log | sed "s/^/# $memory: /"
	[ ! -s err ] || failure "$memory: $(tail -n 1 err)"
done
finish
