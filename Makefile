# SPDX-License-Identifier: GPL-2.0
# The front door.  `make help` lists what it can do; every step is quick when
# there is nothing to do, so each target simply goes through all it needs.

HOST = amd64
BUILD = build/$(HOST)
CACHE = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lguest
JOBS = $(shell nproc)
STEP = @machine/step.sh

# What stands between the quotes of GUEST_CMD='...' reaches the shell there as
# it is: no `$$`.  It travels in the environment, never through a command line.
export LG_GUEST_CMD := $(value GUEST_CMD)
export LG_HOST_CMD := $(value HOST_CMD)
export EMULATOR BOCHS_CPU
unexport GUEST_CMD HOST_CMD
MAKEOVERRIDES =
export V ACCEL CPU MEM SMP HOST_APPEND LG_PARAMS QEMU_ARGS LGUEST_OPTS
export GUEST_APPEND GUEST_KERNEL TIMEOUT_SCALE MACHINES AT_ONCE BENCH RERUN SEED N HOST_KERNEL KVM

ifeq ($(filter $(HOST),amd64 i386),)
$(error HOST=$(HOST) is unknown; there are HOST=amd64 and HOST=i386)
endif

# Tests and checks are of both legs, unless one is named.
LEGS = $(if $(filter file,$(origin HOST)),i386 amd64,$(HOST))

LAUNCHER_amd64 = STATIC=1
LAUNCHER_i386 = SYSROOT=$(CACHE)/sysroot-i386 M32=1

.PHONY: help
help:
	@sed -n 's/^## \?//p' Makefile

## make run                  the shell of a Linux guest, on this terminal
##   GUEST_CMD='uname -a'      run that in the guest instead; exit with its status
## make host                 a shell on the host machine, lg.ko loaded
##   HOST_CMD='lguest check'   run that there instead; exit with its status
##   SHARE=dir                 dir is /mnt/share there, read and write
## make test                 build and run all tests
##   TESTS='irq* vmap/*'       only those; HOST=i386 MACHINES='reserved pti'
## make debug                all tests on a host kernel that looks for our mistakes
##                             (KASAN, lockdep, kmemleak, failed allocations)
## make bochs                tests of the world switch, in Bochs: a stricter CPU
##   TESTS='*' MACHINES=bochs  other tests than those, not on all Bochs machines
##   BOCHS_CPU=tigerlake       on another model of CPU
## make fuzz                 long random tests: SEED=1, N=400 (guests each);
##                             MACHINES=debug: on the host kernel of `make debug`
## make matrix               stock kernels on all sorts of 64-bit hosts: 30 minutes
## make bench                measure guest against host
## make bench-peer           Xen on this machine, for the next bench (amd64)
## make xen-errors           are the answers that we give still Xen's? (amd64)
## make check                static checks
## make mutants              break the module on purpose: do its tests notice?
##   MUTANTS='nmi* stub*'      only those
## make all                  only build
## make clean                remove what was built here
## make distclean            and the caches: downloads, guest kernel
##
## Variables: HOST=amd64 (the leg: a 64-bit host, the distribution's own kernel as
##   guest) or HOST=i386 (the 32-bit one; test and check do both unless told),
##   V=1 (show commands),
##   SMP=2 MEM=1G HOST_APPEND='pti=on' ACCEL=kvm (host machine),
##   HOST_KERNEL=6.12 KVM=1 (amd64: a newer kernel, KVM loaded beside lg.ko),
##   HOST_KERNEL=debug (that of `make debug`),
##   LGUEST_OPTS='--memory 128M' GUEST_APPEND='debug' (guest),
##   GUEST_KERNEL=file (a kernel of yours as the guest; HOST=i386: `make test` of
##   it, too, TESTS=linux/historic)

.DEFAULT:
	@echo "lguest: there is no target $@; see \`make help\`" >&2; exit 2

# --- Build -------------------------------------------------------------------

.PHONY: all packages machine newer-machine module newer-module launcher guest tests
all: module newer-module launcher guest tests

packages:
	@machine/install.sh build

machine: packages
	@machine/host.sh $(HOST) >/dev/null

# What the newer kernel's module needs differs only in the kernel.
BUILD_MODULE = $(MAKE) -j$(JOBS) -C module KDIR=$(CACHE)/host/$(1)/kdir \
	OUT=$(CURDIR)/$(BUILD)/module$(1:$(HOST)%=%)

module: machine
	$(STEP) module "building lg.ko" $(call BUILD_MODULE,$(HOST))

newer-machine: packages
ifeq ($(HOST),amd64)
	@machine/host.sh amd64-6.12 >/dev/null
endif

newer-module: newer-machine
ifeq ($(HOST),amd64)
	$(STEP) module-6.12 "building lg.ko for Linux 6.12" \
		$(call BUILD_MODULE,amd64-6.12)
endif

# Not a part of `all`: it compiles a kernel.
.PHONY: debug-machine debug-module
debug-machine: machine
	$(STEP) debug-$(HOST) "building the debug host kernel, 10 minutes the first time" \
		machine/debug/build.sh $(HOST)

debug-module: debug-machine
	$(STEP) module-debug "building lg.ko for the debug host kernel" \
		$(call BUILD_MODULE,$(HOST)-debug)

launcher: machine
ifeq ($(HOST),i386)
	@machine/sysroot.sh >/dev/null
endif
	$(STEP) launcher "building the launcher" $(MAKE) -j$(JOBS) -C launcher \
		OUT=$(CURDIR)/$(BUILD)/launcher $(LAUNCHER_$(HOST))

ifeq ($(HOST),i386)
guest: packages
	$(STEP) guest "building the guest kernel, 5 minutes the first time" \
		$(MAKE) -C guest OUT=$(CURDIR)/$(BUILD)/guest
else
guest: packages $(BUILD)/machine/unframe
	@machine/kernels.sh >/dev/null
endif

$(BUILD)/machine/unframe: machine/unframe.c | packages
	@mkdir -p $(@D) && gcc -O2 -Wall -Wextra -Werror -static -o $@ $<

tests: packages
	$(STEP) tests "building the test guests" $(MAKE) -j$(JOBS) -C tests \
		LEG=$(HOST) OUT=$(CURDIR)/$(BUILD)/tests

# --- Run ---------------------------------------------------------------------

# Leaves make with the status in build/status (see machine/make-exit.c).
build/make_exit.so: machine/make-exit.c | packages
	@mkdir -p build && gcc -O2 -Wall -shared -fPIC -o $@ $< 2>/dev/null || true
LEAVE = $(eval -load build/make_exit.so)$(exit-with $(file <build/status))

define RUN
	@rc=0; machine/run --leg $(HOST) $(if $(SHARE),--share "$(SHARE)") \
		$(1) "$$LG_$(2)_CMD" || rc=$$?; echo $$rc >build/status
endef

MODULE = $(if $(HOST_KERNEL),newer-module,module)
ifeq ($(HOST_KERNEL),debug)
MODULE = debug-module
endif

.PHONY: run run-machine host host-machine
run: run-machine
	@$(LEAVE)exit $(file <build/status)

run-machine: $(MODULE) launcher guest build/make_exit.so
	$(call RUN,guest,GUEST)

host: host-machine
	@$(LEAVE)exit $(file <build/status)

host-machine: $(MODULE) launcher guest tests build/make_exit.so
	$(call RUN,host,HOST)

# --- Test --------------------------------------------------------------------

.PHONY: test debug bochs fuzz matrix bench bench-peer xen-errors mutants check
test: $(LEGS:%=all-%)
	@machine/runner $(LEGS:%=--leg %) $(TESTS)

debug: $(LEGS:%=all-%) $(LEGS:%=debug-%)
	@MACHINES=debug machine/runner $(LEGS:%=--leg %) $(TESTS)

.PHONY: $(LEGS:%=debug-%)
$(LEGS:%=debug-%): debug-%: all-%
	@$(MAKE) --no-print-directory debug-module HOST=$*

.PHONY: $(LEGS:%=all-%)
$(LEGS:%=all-%): all-%:
	@$(MAKE) --no-print-directory all HOST=$*

# What takes segments, page tables and privileges of the CPU to the test, and a
# Linux guest.  On amd64 the names are without a /ENVIRONMENT.
BOCHS_GUESTS = boot direct fpu gdt global hypercall idt int-all iret limit paging \
	paging-bits paging-map preempt privileged roots segment stack tls traps user
BOCHS_TESTS = $(BOCHS_GUESTS) $(BOCHS_GUESTS:%=%/*) attack-* linux/boot \
	linux/cloud $(addprefix host/,debug-registers dr6 flags fpu \
	launcher-segments ldt-race stale-gs syscalls sysenter)
bochs: $(LEGS:%=all-%)
	@machine/install.sh bochs
	@set -f; MACHINES="$(or $(MACHINES),bochs bochs-global bochs-ibt)" machine/runner \
		$(LEGS:%=--leg %) $(or $(TESTS),$(BOCHS_TESTS))

fuzz: all $(if $(filter debug,$(MACHINES)),debug-module)
	@TESTS="$(TESTS)" machine/fuzz $(HOST)

# Intel and AMD, page-table isolation on and off, one CPU and two, both host
# kernels: each guest kernel with little memory and with much.
matrix: all-amd64
	@set -f; MACHINES="$(or $(MACHINES),matrix-*)" machine/runner --leg amd64 \
		$(or $(TESTS),matrix/*)

bench: all
	@$(MAKE) -C bench HOST=$(HOST)

# Where the next `make bench` finds it.
bench-peer: all
	@$(MAKE) -C bench HOST=amd64 peer

# Ask Xen what tests/xenpv/errors asks us.
xen-errors: machine tests
	@machine/xen-errors

# Each needs a build and a boot: half an hour a leg, so not part of `test`.
mutants: $(LEGS:%=mutants-%)

.PHONY: $(LEGS:%=mutants-%)
$(LEGS:%=mutants-%): mutants-%: all-%
	@machine/mutants --leg $* $(MUTANTS)

check: $(LEGS:%=check-%)

.PHONY: $(LEGS:%=check-%)
$(LEGS:%=check-%): check-%:
	@$(MAKE) --no-print-directory check-leg HOST=$*

check-leg: machine newer-machine
	@machine/install.sh check
	@machine/check.sh $(HOST)

# --- Clean -------------------------------------------------------------------

.PHONY: clean distclean
clean:
	rm -rf build

distclean: clean
	rm -rf $(CACHE)
