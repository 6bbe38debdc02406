#!/bin/sh
# Installs the Debian packages that machine/packages lists under the kinds
# named as arguments (build, check), and only those that are missing.
# Prints one line if there is work, nothing otherwise.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=machine/progress.sh
. machine/progress.sh

list() {
	for kind in "$@"; do
		awk -v kind="$kind" '$1 == kind { print $2 }' machine/packages
	done
}

installed() {
	# shellcheck disable=SC2046  # names are words
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' $(list "$@") \
		2>/dev/null | awk '$2 == "installed" { print $1 }'
}

here=$(mktemp)
trap 'rm -f "$here"' EXIT
installed "$@" >"$here"
missing=$(list "$@" | grep -vxFf "$here" || true)
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
mkdir -p build/log
log=build/log/packages.log
echo "lguest: installing packages (log: $log)" >&2

# A mirror in the middle of an update may fail one index: what counts is
# whether the packages arrive.
# shellcheck disable=SC2086  # names are words
install_missing() {
	echo "missing:" $missing
	$as_root apt-get update || true
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install \
		--yes --no-install-recommends $missing
}
if ! with_minutes "$log" install_missing; then
	tail -n 20 "$log" >&2
	echo "lguest: cannot install the packages above" >&2
	exit 1
fi
