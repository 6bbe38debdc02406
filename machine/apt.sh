#!/bin/sh
# usage: apt.sh ARCHITECTURE PACKAGE...
# Downloads Debian packages of an architecture into the current folder.  Works
# on any Debian machine, needs no root and leaves its package state alone: apt
# runs on private folders and believes that nothing is installed.
#
# Names may be meta packages of the kernel: `linux-image-amd64` also brings
# the real package that it depends on, and a headers package its -common one.
# A `*` stands for a version: the newest package of such a name is meant.
set -eu
arch=$1
shift

cache=${XDG_CACHE_HOME:-$HOME/.cache}/lguest
state=$cache/apt-$arch
mkdir -p "$state/lists/partial" "$state/archives/partial"

private() {
	tool=$1
	shift
	"$tool" -q -oAPT::Architecture="$arch" -oAPT::Architectures="$arch" \
		-oDir::State="$state" -oDir::State::Lists="$state/lists" \
		-oDir::State::status=/dev/null -oDir::Cache="$state" \
		-oAPT::Sandbox::User=root "$@"
}

# The candidate version first, then older ones: a mirror may list a package
# that it no longer, or does not yet, hold.
download() {
	for version in $(private apt-cache madison "$1" |
			awk '{ print $3 }' | uniq); do
		private apt-get download "$1=$version" && return
	done
	echo "cannot download $1 for $arch" >&2
	return 1
}

kernel_depends() {
	private apt-cache show "$1=$2" |
		sed -n 's/^Depends: //p' | tr ',' '\n' |
		awk '$1 ~ /^linux-(image|headers)-[0-9]/ { print $1 }'
}

newest() {
	private apt-cache pkgnames |
		grep -Ex "$(echo "$1" | sed 's/[.+]/\\&/g; s/\*/[^-]*/')" |
		sort -V | tail -n 1
}

private apt-get update || true

for package; do
	case $package in
	*\**)	name=$(newest "$package")
		[ -n "$name" ] || { echo "no $package for $arch" >&2; exit 1; }
		package=$name
		;;
	esac
	download "$package"
	reals=$package
	case $package in
	linux-image-[0-9].* | linux-headers-[0-9].*) ;;
	linux-image-* | linux-headers-*)
		version=$(dpkg-deb -f "$package"_*.deb Version)
		reals=$(kernel_depends "$package" "$version")
		for real in $reals; do
			download "$real"
		done
		;;
	esac
	for real in $reals; do
		common=$(dpkg-deb -f "$real"_*.deb Depends |
			grep -o 'linux-headers-[^ ,]*-common' || true)
		[ -z "$common" ] || download "$common"
	done
done
