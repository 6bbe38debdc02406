# SPDX-License-Identifier: GPL-2.0
# How a test guest is built; included by the Makefile of each, which says
#
#	NAME := what it is called
#	TEST-ENVS := linear 2level pae (any of them)
#
# and has its code in main.c.  The result is $(OUT)/guests/NAME-ENV for each
# environment: the same objects, linked at the address and with the paging
# code of that environment.

LIB := $(dir $(lastword $(MAKEFILE_LIST)))
TOP := $(LIB)../../
OUT ?= $(TOP)build/i386/tests
OBJ := $(OUT)/obj
CC := gcc
Q := $(if $(V),,@)

CFLAGS := -m32 -march=i686 -O2 -g -std=gnu11 -Wall -Wextra -Werror \
	-Wmissing-prototypes -ffreestanding -fno-builtin -fno-stack-protector \
	-fno-pic -fno-pie -mno-sse -mno-mmx -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-I$(TOP)include -I$(LIB)
PIE := -fpie -fvisibility=hidden
LDFLAGS := -m32 -nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments

COMMON := start.o entry.o init.o segment.o trap.o print.o verdict.o string.o \
	leave.o number.o rand.o user.o paging.o
ENV-linear := env-linear.o
ENV-2level := boot-2level.o paging-2level.o
ENV-pae := boot-pae.o paging-pae.o
OFFSET-linear := 0
OFFSET-2level := 0xC0000000
OFFSET-pae := 0xC0000000

HEADERS := $(wildcard $(LIB)*.h) $(wildcard $(TOP)include/lguest/*.h)
GUESTS := $(TEST-ENVS:%=$(OUT)/guests/$(NAME)-%)

all: $(GUESTS)
	@:

# All of the runtime, before guests are built side by side.
lib: $(addprefix $(OBJ)/lib/,$(sort $(COMMON) $(ENV-linear) $(ENV-2level) \
	$(ENV-pae)))
	@:

$(OBJ)/lib/boot-%.o: CFLAGS += $(PIE)
$(OBJ)/lib/%.o: $(LIB)%.c $(HEADERS)
	@mkdir -p $(@D)
	@echo '  CC      $(notdir $@)'
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(OBJ)/lib/%.o: $(LIB)%.S $(HEADERS)
	@mkdir -p $(@D)
	@echo '  CC      $(notdir $@)'
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(OBJ)/$(NAME)/%.o: %.c $(HEADERS)
	@mkdir -p $(@D)
	@echo '  CC      $(notdir $@)'
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

define link
$(OUT)/guests/$(NAME)-$(1): $(OBJ)/$(NAME)/main.o $(LIB)guest.lds \
		$(addprefix $(OBJ)/lib/,$(COMMON) $(ENV-$(1)))
	@mkdir -p $$(@D)
	@echo '  LINK    $(NAME)-$(1)'
	$(Q)$(CC) $(LDFLAGS) -Wl,--defsym=tg_offset=$(OFFSET-$(1)) \
		-T $(LIB)guest.lds -o $$@ $$(filter %.o,$$^)
endef
$(foreach env,$(TEST-ENVS),$(eval $(call link,$(env))))

.PHONY: all lib
