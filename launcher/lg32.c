// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine of an lg32 guest: a PC without anything but a PCI bus full of
 * virtio devices.
 */
#include "machine.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "dev/virtio/block.h"
#include "dev/virtio/console.h"
#include "dev/virtio/rng.h"
#include "report.h"
#include "vm.h"

static int lg32_check(const struct vm *vm)
{
	(void)vm;
	return 0;
}

static int lg32_load(struct vm *vm, const struct kernel *kernel)
{
	return linux_load(&vm->boot, kernel, &vm->mem, &vm->lg32.entry);
}

static void lg32_set_memory(struct lg_memory *memory)
{
	memory->mmio_gpa = PCI_WINDOW_GPA;
	memory->mmio_size = PCI_WINDOW_BYTES;
}

/* The order is the order of PCI slots. */
static int lg32_add_devices(struct vm *vm)
{
	const struct options *options = vm->options;
	struct pci *bus = &vm->lg32.bus;
	int status = 0;

	pci_init(bus);
	for (unsigned int i = 0; i < options->consoles && !status; i++)
		status = virtio_console_init(&vm->lg32.console[i],
					     &vm->backend[i], bus, &vm->mem,
					     vm->guest_fd);
	for (unsigned int i = 0; i < options->blocks && !status; i++)
		status = virtio_block_init(&vm->lg32.block[i], vm->disk[i],
					   bus, &vm->mem, vm->guest_fd);
	if (!status && !options->no_rng)
		status = virtio_rng_init(&vm->lg32.rng, bus, &vm->mem,
					 vm->guest_fd);
	vm->vcpu.bus = bus;
	vm->vcpu.early = &vm->backend[0];
	return status;
}

static int lg32_start_devices(struct vm *vm)
{
	int status = 0;

	for (unsigned int i = 0; i < vm->options->blocks && !status; i++)
		status = virtio_block_start(vm->lg32.block[i]);
	return status;
}

static bool lg32_stop_devices(struct vm *vm)
{
	(void)vm;
	return true;
}

/* In reverse. */
static void lg32_remove_devices(struct vm *vm)
{
	if (vm->lg32.rng)
		virtio_rng_exit(vm->lg32.rng);
	vm->lg32.rng = NULL;
	for (unsigned int i = 0; i < OPTIONS_DEVICES_MAX; i++) {
		if (vm->lg32.block[i])
			virtio_block_exit(vm->lg32.block[i]);
		if (vm->lg32.console[i])
			virtio_console_exit(vm->lg32.console[i]);
		vm->lg32.block[i] = NULL;
		vm->lg32.console[i] = NULL;
	}
}

static int lg32_start_vcpu(struct vm *vm)
{
	struct lg_regs32 regs;

	if (!ioctl(vm->vcpu.fd, LG_GET_REGS, &regs)) {
		regs.eip = vm->lg32.entry;
		if (!ioctl(vm->vcpu.fd, LG_SET_REGS, &regs))
			return 0;
	}
	return complain(STATUS_INTERNAL, "cannot set the guest's registers: %s",
			strerror(errno));
}

const struct machine machine_lg32 = {
	.abi = LG_ABI_LG32,
	.memory = 64 * MIB,
	.max_memory = PCI_WINDOW_GPA,
	.check = lg32_check,
	.load = lg32_load,
	.set_memory = lg32_set_memory,
	.add_devices = lg32_add_devices,
	.start_devices = lg32_start_devices,
	.stop_devices = lg32_stop_devices,
	.remove_devices = lg32_remove_devices,
	.start_vcpu = lg32_start_vcpu,
};
