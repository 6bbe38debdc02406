#!/bin/sh
# usage: check.sh LEG [CHECK...]
# `make check`: the static checks, one line each; logs in build/log/check-*.
# A check is a function below, named check_*; it prints what is wrong and
# returns non-zero.  Files are those that git tracks, so that scratch files of
# somebody's editor never fail a build.
set -u
cd "$(dirname "$0")/.." || exit 1
leg=$1
shift
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lguest
mkdir -p build/log build/check

tracked() {
	git ls-files --cached -- "$@" | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
}

scripts() {
	tracked | while read -r file; do
		case $(head -n 1 "$file" | tr -d '\0') in
		'#!/bin/sh'* | '#!/bin/busybox sh'* | '#!/bin/bash'*) echo "$file" ;;
		'#!/usr/bin/env bash'*) echo "$file" ;;
		esac
	done
}

# Words of the C compilers and sparse that mean something is wrong.
complaints() {
	! grep -E '(warning|error): ' "$1"
}

# build_module HOST: with all warnings of W=1 as errors, and through sparse.
build_module() {
	make -j"$(nproc)" -C module KDIR="$cache/host/$1/kdir" \
		OUT="../build/check/module-$1" \
		KFLAGS="W=1 C=2 KCFLAGS=-Werror" >"build/check/module-$1.out" 2>&1
	rc=$?
	complaints "build/check/module-$1.out" || return
	[ "$rc" = 0 ] || tail -n 20 "build/check/module-$1.out"
	return "$rc"
}

check_module() {
	build_module "$leg"
}

check_newer_module() {
	[ "$leg" = amd64 ] || { echo "a matter of amd64"; return 77; }
	build_module amd64-6.12
}

# The module asks the kernel only for what module/symbols lists, which says of
# some symbols what leg needs them.
check_symbols() {
	grep -v '^#' module/symbols |
		awk -v leg="$leg" 'NF == 1 || $2 == leg { print $1 }' |
		sort -u >build/check/symbols.listed
	nm -u "build/check/module-$leg/lg.ko" | awk '{ print $2 }' |
		sort -u >build/check/symbols.used
	comm -13 build/check/symbols.listed build/check/symbols.used |
		sed 's/^/not in module\/symbols: /' >build/check/symbols.bad
	comm -23 build/check/symbols.listed build/check/symbols.used |
		sed 's/^/of no use in module\/symbols: /' >>build/check/symbols.bad
	cat build/check/symbols.bad
	[ ! -s build/check/symbols.bad ]
}

# The launcher also compiles as a program of this machine.
check_launcher() {
	make -j"$(nproc)" -C launcher OUT=../build/check/launcher 2>&1
}

# Every header stands alone and may be included twice, for both word sizes.
check_headers() {
	rc=0
	for header in $(tracked 'include/*.h'); do
		for flags in "-m32" "-m64" "-m32 -x assembler-with-cpp" \
				"-m64 -ffreestanding"; do
			case "$flags" in
			*assembler*)
				grep -q __ASSEMBLER__ "$header" || continue ;;
			esac
			echo "#include \"$header\"" >build/check/header.c
			echo "#include \"$header\"" >>build/check/header.c
			# shellcheck disable=SC2086  # flags are words
			gcc -x c -std=gnu11 -Wall -Wextra -Werror $flags \
				-I. -Iinclude -c -o /dev/null \
				build/check/header.c || rc=1
		done
	done
	return "$rc"
}

check_shell() {
	scripts | grep -v '^machine/.*-init$' | xargs shellcheck -x -P SCRIPTDIR &&
		scripts | grep '^machine/.*-init$' | xargs shellcheck -s dash
}

check_python() {
	scripts=$(tracked | while read -r file; do
		case $file,$(head -n 1 "$file" | tr -d '\0') in
		*.py,* | *,'#!'*python3) echo "$file" ;;
		esac
	done)
	# shellcheck disable=SC2086  # file names are words
	python3 -W error -c '
import sys
for name in sys.argv[1:]:
    compile(open(name, encoding="utf-8").read(), name, "exec")
' $scripts
}

# Whitespace that no editor shows.
check_whitespace() {
	empty=$(git hash-object -t tree /dev/null)
	git diff --check "$empty" HEAD -- . ':!*.patch'
}

# The kernel's own style checker, from Debian's source package; its errors
# fail, its warnings are for the reader of the log.
checkpatch_ignore=FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LINUX_VERSION_CODE
checkpatch_ignore=$checkpatch_ignore,PREFER_KERNEL_TYPES,NEW_TYPEDEFS
check_style() {
	tools=$cache/checkpatch
	if [ ! -e "$tools/scripts/checkpatch.pl" ]; then
		mkdir -p "$tools"
		tar -xJf /usr/src/linux-source-6.1.tar.xz -C "$tools" \
			--strip-components=1 \
			linux-source-6.1/scripts/spelling.txt \
			linux-source-6.1/scripts/const_structs.checkpatch \
			linux-source-6.1/scripts/checkpatch.pl || return
	fi
	files=$(tracked '*.c' '*.h' '*.S' | grep -v '^guest/')
	[ -n "$files" ] || return 77
	# shellcheck disable=SC2086  # file names are words
	"$tools/scripts/checkpatch.pl" --no-tree --terse --no-summary \
		--show-types --max-line-length=100 \
		--ignore "$checkpatch_ignore" -f $files >build/check/style.out
	! grep 'ERROR:' build/check/style.out
}

check_cppcheck() {
	case $leg in
	i386)	machine=__i386__ ;;
	*)	machine=__x86_64__ ;;
	esac
	files=$(tracked 'launcher/*.c' 'tests/host/*.c')
	[ -n "$files" ] || return 77
	# shellcheck disable=SC2086  # file names are words
	cppcheck --quiet --error-exitcode=1 --inline-suppr \
		--enable=warning,portability --std=c11 -D$machine \
		--suppress=missingIncludeSystem -Iinclude -Ilauncher $files
}

# Each mutant of tests/mutants still finds the lines it breaks.
check_mutants() {
	machine/mutants --leg "$leg" --check
}

passed=0 failed=0 skipped=0
if [ $# = 0 ]; then
	set -- module newer_module symbols launcher headers shell python whitespace style \
		cppcheck mutants
fi
for name; do
	log=build/log/check-$name.log
	"check_$name" >"$log" 2>&1
	case $? in
	0)	passed=$((passed + 1)) && echo "ok    $name" ;;
	77)	skipped=$((skipped + 1)) && echo "skip  $name: $(cat "$log")" ;;
	*)	failed=$((failed + 1)) && echo "FAIL  $name (log: $log)"
		head -n 30 "$log" | sed 's/^/      | /' ;;
	esac
done
echo "check: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
