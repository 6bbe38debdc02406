/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_MACHINE_H
#define LAUNCHER_MACHINE_H

#include "types.h"

struct kernel;
struct lg_memory;
struct vm;

/**
 * struct machine - what a guest of one ABI finds itself in; a file per ABI
 * @abi: LG_ABI_x
 * @memory: default of --memory, in bytes
 * @beyond: bytes of guest memory beyond that, which are no RAM
 * @max_memory: most bytes it can have, whatever the module says
 * @check: is it asked for something it has not got?
 * @load: the kernel, into the guest's memory
 * @set_memory: what LG_SET_MEMORY needs besides the memory itself
 * @add_devices: towards the guest, in the order of names there
 * @start_devices: before the first LG_RUN
 * @stop_devices: after loop_run(): no longer wait for anything; false if one
 *	does, and nothing it uses may go
 * @remove_devices: whatever there is of them
 * @start_vcpu: first registers
 *
 * Those that return an int return 0 or an exit status, the reason said.
 */
struct machine {
	u32 abi;
	u64 memory;
	u64 beyond;
	u64 max_memory;
	int (*check)(const struct vm *vm);
	int (*load)(struct vm *vm, const struct kernel *kernel);
	void (*set_memory)(struct lg_memory *memory);
	int (*add_devices)(struct vm *vm);
	int (*start_devices)(struct vm *vm);
	bool (*stop_devices)(struct vm *vm);
	void (*remove_devices)(struct vm *vm);
	int (*start_vcpu)(struct vm *vm);
};

extern const struct machine machine_lg32;
extern const struct machine machine_xenpv;

#endif
