# SPDX-License-Identifier: GPL-2.0
# How a 64-bit test guest is built; included by the Makefile of each, which says
#
#	NAME := what it is called
#
# and has its code in main.c, or in the files that PARTS names.  The result is
# $(OUT)/guests/$(NAME).

LIB := $(dir $(lastword $(MAKEFILE_LIST)))
TOP := $(LIB)../../../
COMMON := $(TOP)tests/lib/
OUT ?= $(TOP)build/amd64/tests
OBJ := $(OUT)/obj
PARTS ?= main
CC := gcc
Q := $(if $(V),,@)

CFLAGS := -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wmissing-prototypes \
	-ffreestanding -fno-builtin -fno-stack-protector -fno-pic -fno-pie \
	-mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-I$(TOP)include -I$(LIB)
LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments

RUNTIME := $(addprefix $(OBJ)/xenpv-lib/,start.o entry.o init.o trap.o event.o \
	box.o print.o verdict.o string.o number.o rand.o user.o paging.o)
HEADERS := $(wildcard $(LIB)*.h $(COMMON)*.h) $(wildcard $(TOP)include/lguest/*.h)

all: $(OUT)/guests/$(NAME)
	@:

# All of the runtime, before guests are built side by side.
lib: $(RUNTIME)
	@:

$(OBJ)/xenpv-lib/%.o: $(LIB)%.c $(HEADERS)
	@mkdir -p $(@D)
	@echo '  CC      $(notdir $@)'
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

# Of both runtimes: they ask for <tg.h>.
$(OBJ)/xenpv-lib/%.o: $(COMMON)%.c $(HEADERS)
	@mkdir -p $(@D)
	@echo '  CC      $(notdir $@)'
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(OBJ)/xenpv-lib/%.o: $(LIB)%.S $(HEADERS)
	@mkdir -p $(@D)
	@echo '  CC      $(notdir $@)'
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(OBJ)/$(NAME)/%.o: %.c $(HEADERS) $(wildcard *.h)
	@mkdir -p $(@D)
	@echo '  CC      $(NAME)'
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(OUT)/guests/$(NAME): $(PARTS:%=$(OBJ)/$(NAME)/%.o) $(LIB)guest.lds $(RUNTIME)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -T $(LIB)guest.lds -o $@ $(filter %.o,$^)

.PHONY: all lib
