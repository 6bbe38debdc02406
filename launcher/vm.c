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
#include "device.h"
#include "loop.h"
#include "machine.h"
#include "report.h"

#define UNPACK_SLACK	(16 * MIB)

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

static const struct machine *const machines[] = {
	&machine_lg32,
	&machine_xenpv,
};

static const struct machine *vm_find_machine(u32 abi)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i]->abi == abi)
			return machines[i];
	return NULL;
}

/* What a kernel may unpack to: debugging symbols and the like are dropped. */
static u64 vm_unpack_limit(const struct vm *vm)
{
	u64 memory = vm->options->memory;

	for (size_t i = 0; !vm->options->memory && i < ARRAY_SIZE(machines); i++)
		if (memory < machines[i]->memory)
			memory = machines[i]->memory;
	return memory + UNPACK_SLACK;
}

static int vm_make_memory(struct vm *vm)
{
	const struct machine *machine = vm->machine;
	u64 bytes = vm->options->memory, most = machine->max_memory;

	if (!bytes)
		bytes = machine->memory;
	if (vm->info.max_memory && vm->info.max_memory - machine->beyond < most)
		most = vm->info.max_memory - machine->beyond;
	if (bytes > most)
		return complain(STATUS_USAGE,
				"--memory %lluM: too much; a guest can have %lluM here",
				(unsigned long long)(bytes / MIB),
				(unsigned long long)(most / MIB));
	return mem_init(&vm->mem, bytes + machine->beyond);
}

static int vm_create_guest(struct vm *vm)
{
	struct lg_guest_config config = {
		.abi = vm->machine->abi,
		.paging = vm->options->paging,
	};
	struct lg_memory memory = {
		.hva = (uintptr_t)vm->mem.base,
		.size = vm->mem.size,
	};

	vm->machine->set_memory(&memory);
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

/* The kernel says what machine it is; then it is put into it. */
static int vm_load(struct vm *vm)
{
	struct kernel kernel;
	int status;

	status = kernel_open(&vm->boot, vm->info.abis, vm_unpack_limit(vm),
			     &kernel);
	if (status)
		return status;
	vm->machine = vm_find_machine(kernel.abi);
	status = vm->machine->check(vm);
	if (!status)
		status = vm_make_memory(vm);
	if (!status)
		status = vm->machine->load(vm, &kernel);
	kernel_close(&kernel);
	return status;
}

int vm_build(struct vm *vm)
{
	int status;

	status = vm_load(vm);
	if (!status)
		status = vm_create_guest(vm);
	if (!status)
		status = vm->machine->add_devices(vm);
	if (!status)
		status = vcpu_init(&vm->vcpu, vm->guest_fd);
	if (!status)
		status = vm->machine->start_vcpu(vm);
	return status;
}

/* In reverse; whatever there is of it. */
void vm_destroy(struct vm *vm)
{
	if (vm->vcpu.fd >= 0)
		vcpu_exit(&vm->vcpu);
	vm->machine->remove_devices(vm);
	if (vm->guest_fd >= 0)
		close(vm->guest_fd);
	vm->guest_fd = -1;
	mem_exit(&vm->mem);
}

int vm_run(struct vm *vm)
{
	int status = vm->machine->start_devices(vm);
	bool stopped;

	if (!status)
		status = vcpu_start(&vm->vcpu);
	if (status)
		return status;
	loop_run();
	stopped = vm->machine->stop_devices(vm);
	if (vcpu_stop(&vm->vcpu) && stopped)
		return vm->vcpu.status;
	return complain(STATUS_HOST, "the guest is stuck in a device: left behind");
}
