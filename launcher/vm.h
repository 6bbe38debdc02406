/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_VM_H
#define LAUNCHER_VM_H

#include "backend/backend.h"
#include "boot/boot.h"
#include "dev/pci.h"
#include "lguest/api.h"
#include "machine.h"
#include "mem.h"
#include "options.h"
#include "types.h"
#include "vcpu.h"

struct disk;
struct virtio_block;
struct virtio_console;
struct virtio_rng;
struct xen_console;
struct xen_store;

/**
 * struct vm - a machine
 *
 * What is opened once and outlives a reboot of the guest:
 * @options: what was asked for
 * @device_fd: /dev/lguest
 * @info: what it offers
 * @boot: kernel and initrd
 * @backend: of the consoles
 * @disk: of the block devices
 *
 * What a reboot makes anew:
 * @machine: of the kernel's ABI
 * @guest_fd: from LG_CREATE_GUEST, or -1
 * @mem: guest memory
 * @vcpu: the CPU
 *
 * What is the machine's own: devices are NULL or as many as @options has.
 * @lg32.entry: first instruction, guest-physical
 * @lg32.bus: PCI
 * @xenpv.start: first state
 */
struct vm {
	const struct options *options;
	int device_fd;
	struct lg_info info;
	struct boot boot;
	struct backend backend[OPTIONS_DEVICES_MAX];
	struct disk *disk[OPTIONS_DEVICES_MAX];

	const struct machine *machine;
	int guest_fd;
	struct mem mem;
	struct vcpu vcpu;

	struct {
		u32 entry;
		struct pci bus;
		struct virtio_console *console[OPTIONS_DEVICES_MAX];
		struct virtio_block *block[OPTIONS_DEVICES_MAX];
		struct virtio_rng *rng;
	} lg32;
	struct {
		struct xen_start start;
		struct xen_store *store;
		struct xen_console *console;
	} xenpv;
};

/* Open everything @options names.  0 or an exit status, the reason said. */
int vm_open(struct vm *vm, const struct options *options);

/* Give back what others see: the terminal. */
void vm_close(struct vm *vm);

/* Make the machine, ready to start.  0 or an exit status, the reason said. */
int vm_build(struct vm *vm);
void vm_destroy(struct vm *vm);

/* Run it to its end.  An exit status, or VCPU_RESTART. */
int vm_run(struct vm *vm);

#endif
