#!/bin/sh
# usage: apt-i386.sh PACKAGE...
# Downloads i386 Debian packages into the current folder.  Works on any Debian
# machine, needs no root and leaves its package state alone: apt runs on
# private folders and believes that nothing is installed.
#
# Names may be meta packages of the kernel: `linux-image-686-pae` also brings
# the real package that it depends on, and a headers package its -common one.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/lguest
state=$cache/apt-i386
mkdir -p "$state/lists/partial" "$state/archives/partial"

apt_i386() {
	tool=$1
	shift
	"$tool" -q -oAPT::Architecture=i386 -oAPT::Architectures=i386 \
		-oDir::State="$state" -oDir::State::Lists="$state/lists" \
		-oDir::State::status=/dev/null -oDir::Cache="$state" \
		-oAPT::Sandbox::User=root "$@"
}

# The candidate version first, then older ones: a mirror may list a package
# that it no longer, or does not yet, hold.
download() {
	for version in $(apt_i386 apt-cache madison "$1" |
			awk '{ print $3 }' | uniq); do
		apt_i386 apt-get download "$1=$version" && return
	done
	echo "cannot download $1 for i386" >&2
	return 1
}

kernel_depends() {
	apt_i386 apt-cache show "$1=$2" |
		sed -n 's/^Depends: //p' | tr ',' '\n' |
		awk '$1 ~ /^linux-(image|headers)-/ { print $1 }'
}

apt_i386 apt-get update || true

for package; do
	download "$package"
	case $package in
	linux-*-686-pae)
		version=$(dpkg-deb -f "$package"_*_i386.deb Version)
		for real in $(kernel_depends "$package" "$version"); do
			download "$real"
			case $real in
			linux-headers-*)
				common=$(dpkg-deb -f "$real"_*_i386.deb Depends |
					grep -o 'linux-headers-[^ ,]*-common')
				download "$common"
				;;
			esac
		done
		;;
	esac
done
