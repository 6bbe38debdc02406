# SPDX-License-Identifier: GPL-2.0
# The front door.  `make help` lists what it can do; every step is quick when
# there is nothing to do, so each target simply goes through all it needs.

HOST = i386
BUILD = build/$(HOST)
CACHE = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lguest
JOBS = $(shell nproc)
STEP = @machine/step.sh

# What stands between the quotes of GUEST_CMD='...' reaches the shell there as
# it is: no `$$`.  It travels in the environment, never through a command line.
export LG_GUEST_CMD := $(value GUEST_CMD)
export LG_HOST_CMD := $(value HOST_CMD)
unexport GUEST_CMD HOST_CMD
MAKEOVERRIDES =
export V ACCEL CPU MEM SMP HOST_APPEND LG_PARAMS QEMU_ARGS LGUEST_OPTS
export GUEST_APPEND TIMEOUT_SCALE MACHINES BENCH RERUN

ifneq ($(HOST),i386)
$(error HOST=$(HOST) is unknown; there is HOST=i386)
endif

.PHONY: help
help:
	@sed -n 's/^## \?//p' Makefile

## make run                  the shell of a Linux guest, on this terminal
##   GUEST_CMD='uname -a'      run that in the guest instead; exit with its status
## make host                 a shell on the host machine, lg.ko loaded
##   HOST_CMD='lguest check'   run that there instead; exit with its status
##   SHARE=dir                 dir is /mnt/share there, read and write
## make test                 build and run all tests
##   TESTS='irq* vmap/*'       only those; MACHINES='reserved pti vmap'
## make bench                measure guest against host
## make check                static checks
## make all                  only build
## make clean                remove what was built here
## make distclean            and the caches: downloads, guest kernel
##
## Variables: HOST=i386 (the only leg so far), V=1 (show commands),
##   SMP=2 MEM=1G HOST_APPEND='reservetop=4M' (host machine), ACCEL=kvm,
##   LGUEST_OPTS='--memory 128M' GUEST_APPEND='debug' (guest)

# --- Build -------------------------------------------------------------------

.PHONY: all packages machine module launcher guest tests
all: module launcher guest tests

packages:
	@machine/install.sh build

machine: packages
	@machine/host-$(HOST).sh >/dev/null
	@machine/sysroot.sh >/dev/null

module: machine
	$(STEP) module "building lg.ko" $(MAKE) -j$(JOBS) -C module \
		KDIR=$(CACHE)/host/$(HOST)/kdir OUT=$(CURDIR)/$(BUILD)/module

launcher: machine
	$(STEP) launcher "building the launcher" $(MAKE) -j$(JOBS) -C launcher \
		OUT=$(CURDIR)/$(BUILD)/launcher SYSROOT=$(CACHE)/sysroot-i386 M32=1

guest: packages
	$(STEP) guest "building the guest kernel, 5 minutes the first time" \
		$(MAKE) -C guest OUT=$(CURDIR)/$(BUILD)/guest

tests: packages
	$(STEP) tests "building the test guests" $(MAKE) -j$(JOBS) -C tests \
		OUT=$(CURDIR)/$(BUILD)/tests

# --- Run ---------------------------------------------------------------------

# Leaves make with the status in build/status (see machine/make-exit.c).
build/make_exit.so: machine/make-exit.c | packages
	@mkdir -p build && gcc -O2 -Wall -shared -fPIC -o $@ $< 2>/dev/null || true
LEAVE = $(eval -load build/make_exit.so)$(exit-with $(file <build/status))

define RUN
	@rc=0; machine/run --leg $(HOST) $(if $(SHARE),--share "$(SHARE)") \
		$(1) "$$LG_$(2)_CMD" || rc=$$?; echo $$rc >build/status
endef

.PHONY: run run-machine host host-machine
run: run-machine
	@$(LEAVE)exit $(file <build/status)

run-machine: module launcher guest build/make_exit.so
	$(call RUN,guest,GUEST)

host: host-machine
	@$(LEAVE)exit $(file <build/status)

host-machine: module launcher guest tests build/make_exit.so
	$(call RUN,host,HOST)

# --- Test --------------------------------------------------------------------

.PHONY: test bench check
test: all
	@machine/runner --leg $(HOST) $(TESTS)

bench: all
	@$(MAKE) -C bench HOST=$(HOST)

check: machine
	@machine/install.sh check
	@machine/check.sh $(HOST)

# --- Clean -------------------------------------------------------------------

.PHONY: clean distclean
clean:
	rm -rf build

distclean: clean
	rm -rf $(CACHE)
