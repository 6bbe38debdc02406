// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine: what is opened once, what every boot makes anew, and running
 * it.  Everything that needs a path is in vm_open(), so that a guest can
 * reboot after we gave up the right to open files.
 */
#include "vm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/disk.h"
#include "dev/virtio/block.h"
#include "dev/virtio/console.h"
#include "dev/virtio/rng.h"
#include "device.h"
#include "loop.h"
#include "report.h"

static int vm_open_backends(struct vm *vm)
{
	const struct options *options = vm->options;
	int status = 0;

	for (unsigned int i = 0; i < options->consoles && !status; i++)
		status = backend_open(&vm->backend[i], options->console[i]);
	for (unsigned int i = 0; i < options->blocks && !status; i++)
		status = disk_open(&vm->disk[i], options->block[i]);
	return status;
}

int vm_open(struct vm *vm, const struct options *options)
{
	int status;

	memset(vm, 0, sizeof(*vm));
	vm->options = options;
	vm->guest_fd = vm->vcpu.fd = vm->device_fd = -1;
	vm->boot.kernel_path = options->kernel;
	vm->boot.initrd_path = options->initrd;
	vm->boot.cmdline = options->cmdline;
	vm->boot.force = options->force;
	status = boot_open(&vm->boot);
	if (!status)
		status = vm_open_backends(vm);
	if (!status)
		status = device_open(&vm->device_fd, &vm->info);
	if (!status)
		status = loop_init();
	return status;
}

void vm_close(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->options->consoles; i++)
		if (vm->backend[i].ops)
			vm->backend[i].ops->close(&vm->backend[i]);
}

static int vm_check_memory(const struct vm *vm)
{
	u64 most = PCI_WINDOW_GPA;

	if (vm->info.max_memory && vm->info.max_memory < most)
		most = vm->info.max_memory;
	if (vm->options->memory <= most)
		return 0;
	return complain(STATUS_USAGE,
			"--memory %lluM: too much; a guest can have %lluM here",
			(unsigned long long)(vm->options->memory / MIB),
			(unsigned long long)(most / MIB));
}

static int vm_create_guest(struct vm *vm)
{
	struct lg_guest_config config = {
		.abi = LG_ABI_LG32,
		.paging = vm->options->paging,
	};
	struct lg_memory memory = {
		.hva = (uintptr_t)vm->mem.base,
		.size = vm->mem.size,
		.mmio_gpa = PCI_WINDOW_GPA,
		.mmio_size = PCI_WINDOW_BYTES,
	};

	vm->guest_fd = ioctl(vm->device_fd, LG_CREATE_GUEST, &config);
	if (vm->guest_fd < 0)
		return complain(errno == ENOMEM ? STATUS_HOST : STATUS_MODULE,
				"the module makes no guest: %s",
				strerror(errno));
	if (ioctl(vm->guest_fd, LG_SET_MEMORY, &memory))
		return complain(errno == ENOMEM ? STATUS_HOST : STATUS_MODULE,
				"the module does not take %lluM of guest memory: %s",
				(unsigned long long)(vm->mem.size / MIB),
				strerror(errno));
	return 0;
}

/* The order is the order of PCI slots and so of names in the guest. */
static int vm_add_devices(struct vm *vm)
{
	const struct options *options = vm->options;
	int status = 0;

	pci_init(&vm->bus);
	for (unsigned int i = 0; i < options->consoles && !status; i++)
		status = virtio_console_init(&vm->console[i], &vm->backend[i],
					     &vm->bus, &vm->mem, vm->guest_fd);
	for (unsigned int i = 0; i < options->blocks && !status; i++)
		status = virtio_block_init(&vm->block[i], vm->disk[i],
					   &vm->bus, &vm->mem, vm->guest_fd);
	if (!status && !options->no_rng)
		status = virtio_rng_init(&vm->rng, &vm->bus, &vm->mem,
					 vm->guest_fd);
	return status;
}

int vm_build(struct vm *vm)
{
	u32 entry;
	int status;

	status = vm_check_memory(vm);
	if (!status)
		status = mem_init(&vm->mem, vm->options->memory);
	if (!status)
		status = boot_load(&vm->boot, &vm->mem, &entry);
	if (!status)
		status = vm_create_guest(vm);
	if (!status)
		status = vm_add_devices(vm);
	if (status)
		return status;
	vm->vcpu.bus = &vm->bus;
	vm->vcpu.early = &vm->backend[0];
	return vcpu_init(&vm->vcpu, vm->guest_fd, entry);
}

/* In reverse; whatever there is of it. */
void vm_destroy(struct vm *vm)
{
	if (vm->vcpu.fd >= 0)
		vcpu_exit(&vm->vcpu);
	if (vm->rng)
		virtio_rng_exit(vm->rng);
	vm->rng = NULL;
	for (unsigned int i = 0; i < OPTIONS_DEVICES_MAX; i++) {
		if (vm->block[i])
			virtio_block_exit(vm->block[i]);
		if (vm->console[i])
			virtio_console_exit(vm->console[i]);
		vm->block[i] = NULL;
		vm->console[i] = NULL;
	}
	if (vm->guest_fd >= 0)
		close(vm->guest_fd);
	vm->guest_fd = -1;
	mem_exit(&vm->mem);
}

int vm_run(struct vm *vm)
{
	int status = 0;

	for (unsigned int i = 0; i < vm->options->blocks && !status; i++)
		status = virtio_block_start(vm->block[i]);
	if (!status)
		status = vcpu_start(&vm->vcpu);
	if (status)
		return status;
	loop_run();
	if (vcpu_stop(&vm->vcpu))
		return vm->vcpu.status;
	return complain(STATUS_HOST, "the guest is stuck in a device: left behind");
}
