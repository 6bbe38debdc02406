# shellcheck shell=sh
# Debian packages for a folder of the cache, with what that says in a log: read with
# `.`, as progress.sh.  $here is the top of the tree.

# debs ARCHITECTURE FOLDER ROOT NAMES: packages into the new FOLDER, what is in them
# into ROOT.  Called where `set -e` means nothing.
debs() (
	mkdir "$2" && cd "$2" || exit
	set -f
	# shellcheck disable=SC2086  # names are words
	"$here/machine/apt.sh" "$1" $4 || exit
	set +f
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$3" || exit
	done
)

# fetching LOG WHAT COMMAND...: that, or the end of the script.
fetching() {
	fetch_log=$1
	fetch_what=$2
	shift 2
	echo "lguest: fetching $fetch_what (log: $fetch_log)" >&2
	with_minutes "$fetch_log" "$@" && return
	tail -n 20 "$fetch_log" >&2
	echo "lguest: cannot download $fetch_what (see $fetch_log)" >&2
	exit 1
}
