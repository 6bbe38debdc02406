#!/bin/sh
# Where the host reads its clock without a system call, by a TSC that it trusts, so do
# a guest's programs.
. "$(dirname "$0")/../lib/check.sh"

trusted() {
	lguest check | grep '^PASS  clock .*TSC at' &&
		grep -x tsc /sys/devices/system/clocksource/clocksource0/current_clocksource
}

trusted || {
	echo "SKIP the host does not trust its TSC"
	exit 77
}
same "reading the host's clock" "$(/tests/host/clock)" "no system call"
said=$(guest-run -f /tests/host/clock /job/clock)
# A busy machine may have cost it the trust meanwhile.
trusted || {
	echo "SKIP the host does not trust its TSC any more"
	exit 77
}
same "reading a guest's clock" "$said" "no system call"
finish
