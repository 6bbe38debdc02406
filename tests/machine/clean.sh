#!/bin/sh
# `make clean` and `make distclean` remove what they say and nothing else.  They
# are tried on a copy of what they need, with caches in a scratch folder; before
# anything is removed, make must say that it will not leave that folder.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree

fail() {
	echo "FAILURE $*"
	exit 1
}

# As after `make all`: the guest kernel is a link into the cache.
fill() {
	rm -rf "$tree" "${work:?}/home" "$work/xdg"
	mkdir -p "$tree/build/i386/guest" "$tree/build/log" "$tree/module"
	cp Makefile "$tree/"
	cp -r machine "$tree/"
	echo source >"$tree/module/main.c"
	for cache in "$work/home/.cache" "$work/xdg"; do
		mkdir -p "$cache/lguest/guest/key" "$cache/other"
		echo kernel >"$cache/lguest/guest/key/vmlinux"
		echo theirs >"$cache/other/file"
	done
	ln -s "$1/lguest/guest/key/vmlinux" "$tree/build/i386/guest/vmlinux"
}

run() {
	(
		cd "$tree"
		make -n "$@" | tr ' ' '\n' | grep / | grep -v "^$work/" &&
			fail "make $* would remove that"
		make -s "$@"
	)
}

# All that is left of files and links, by name.
left() {
	(cd "$work" && find . ! -type d ! -path './tree/machine/*' | sort |
		tr '\n' ' ')
}

expect() {
	[ "$(left)" = "$* " ] || fail "left: $(left)"
}

home_cache=./home/.cache/lguest/guest/key/vmlinux
xdg_cache=./xdg/lguest/guest/key/vmlinux
others="./home/.cache/other/file"
sources="./tree/Makefile ./tree/module/main.c"
export HOME="$work/home"

export XDG_CACHE_HOME="$work/xdg"
fill "$work/xdg"
run clean
expect "$home_cache $others $sources $xdg_cache ./xdg/other/file"
cmp machine/run "$tree/machine/run" || fail "machine/ is not as it was"
run clean
run distclean
expect "$home_cache $others $sources ./xdg/other/file"

unset XDG_CACHE_HOME
fill "$work/home/.cache"
run distclean HOST=i386
expect "$others $sources $xdg_cache ./xdg/other/file"
[ ! -e "$tree/build" ] || fail "build/ is there"

# Whatever was built here is in build/.
git rev-parse >/dev/null 2>&1 || exit 0
strays=$(git ls-files --others --ignored --exclude-standard --directory |
	grep -vx build/ || true)
[ -z "$strays" ] || fail "not in build/: $strays"
