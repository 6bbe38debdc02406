// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine of a xenpv guest: what a Xen domain has without asking, which
 * is a console and a xenstore.
 *
 * Its memory is its RAM and, beyond that, the pages that no RAM is: the first
 * is its struct shared_info, the others become its grant tables.
 */
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <xen/foreign/x86_64.h>

#include "dev/xen/console.h"
#include "dev/xen/store.h"
#include "report.h"
#include "vm.h"

#define SPECIAL_PAGES	64
#define STORE_PORT	1
#define CONSOLE_PORT	2
#define SELECTOR_CS	0xe033	/* of a kernel, in Xen's part of the GDT */
#define SELECTOR_SS	0xe02b

static u64 xenpv_ram_pages(const struct vm *vm)
{
	return vm->mem.size / PAGE_BYTES - SPECIAL_PAGES;
}

static int xenpv_check(const struct vm *vm)
{
	const struct options *options = vm->options;

	if (options->paging != LG_PAGING_AUTO)
		return complain(STATUS_USAGE,
				"--guest-paging is for 32-bit guests");
	if (options->consoles > 1)
		return complain(STATUS_USAGE,
				"--console %s: a 64-bit guest has one console",
				options->console[1]);
	if (options->blocks)
		return complain(STATUS_USAGE,
				"--block %s: 64-bit guests have no disks yet; use --initrd",
				options->block[0]);
	return 0;
}

/*
 * Xen's console knows no size.  We tell it as systemd wants it told; kernels
 * leave alone what has a dot in it.  First, for what follows a "--" is not the
 * kernel's; and not at all where there is no room.
 */
static char *xenpv_cmdline(struct vm *vm)
{
	struct backend *backend = &vm->backend[0];
	const char *cmdline = vm->options->cmdline;
	char size[80] = "", *out;
	u16 cols, rows;

	backend->ops->size(backend, &cols, &rows);
	if (cols && rows)
		snprintf(size, sizeof(size),
			 "systemd.tty.rows.hvc0=%u systemd.tty.columns.hvc0=%u ",
			 rows, cols);
	if (strlen(size) + strlen(cmdline) >= MAX_GUEST_CMDLINE_X86_64)
		size[0] = 0;
	if (asprintf(&out, "%s%s", size, cmdline) < 0)
		return NULL;
	return out;
}

static int xenpv_load(struct vm *vm, const struct kernel *kernel)
{
	char *cmdline = xenpv_cmdline(vm);
	struct xen_domain domain = {
		.ram_pages = xenpv_ram_pages(vm),
		.shared_info_gfn = xenpv_ram_pages(vm),
		.console_port = CONSOLE_PORT,
		.store_port = STORE_PORT,
		.cmdline = cmdline,
	};
	int status;

	if (!cmdline)
		return complain(STATUS_HOST, "out of memory");
	status = xen_load(&vm->boot, kernel, &vm->mem, &domain,
			  &vm->xenpv.start);
	free(cmdline);
	return status;
}

static void xenpv_set_memory(struct lg_memory *memory)
{
	(void)memory;
}

static int xenpv_add_devices(struct vm *vm)
{
	const struct xen_start *start = &vm->xenpv.start;
	int status;

	status = xen_store_init(&vm->xenpv.store, &vm->mem, start->store_gfn,
				vm->guest_fd, STORE_PORT);
	if (status)
		return status;
	xen_store_set(vm->xenpv.store, "domid", "1");
	xen_store_set(vm->xenpv.store, "name", "lguest");
	xen_store_set(vm->xenpv.store, "cpu/0/availability", "online");
	status = xen_console_init(&vm->xenpv.console, &vm->backend[0],
				  vm->xenpv.store, &vm->mem, start->console_gfn,
				  vm->guest_fd, CONSOLE_PORT);
	vm->vcpu.bus = NULL;
	vm->vcpu.early = &vm->backend[0];
	vm->vcpu.console = vm->xenpv.console;
	return status;
}

static int xenpv_start_devices(struct vm *vm)
{
	return xen_console_start(vm->xenpv.console);
}

static bool xenpv_stop_devices(struct vm *vm)
{
	return xen_console_stop(vm->xenpv.console);
}

static void xenpv_remove_devices(struct vm *vm)
{
	if (vm->xenpv.console)
		xen_console_exit(vm->xenpv.console);
	if (vm->xenpv.store)
		xen_store_exit(vm->xenpv.store);
	vm->xenpv.console = NULL;
	vm->xenpv.store = NULL;
	vm->vcpu.console = NULL;
}

static int xenpv_start_vcpu(struct vm *vm)
{
	const struct xen_start *start = &vm->xenpv.start;
	struct lg_regs64 regs = {
		.rip = start->rip,
		.rsp = start->rsp,
		.rsi = start->rsi,
		.cs = SELECTOR_CS,
		.ss = SELECTOR_SS,
	};
	struct lg_xen_start req = {
		.cr3_gfn = start->cr3_gfn,
		.ram_pages = xenpv_ram_pages(vm),
		.shared_info_gfn = xenpv_ram_pages(vm),
		.start_info_gfn = start->start_info_gfn,
		.console_port = CONSOLE_PORT,
		.store_port = STORE_PORT,
	};

	if (ioctl(vm->vcpu.fd, LG_SET_REGS64, &regs))
		return complain(STATUS_INTERNAL,
				"cannot set the guest's registers: %s",
				strerror(errno));
	if (ioctl(vm->vcpu.fd, LG_XEN_START, &req))
		return complain(errno == ENOMEM ? STATUS_HOST : STATUS_INTERNAL,
				"the module does not start the guest: %s",
				strerror(errno));
	return 0;
}

const struct machine machine_xenpv = {
	.abi = LG_ABI_XENPV,
	.memory = 256 * MIB,
	.beyond = SPECIAL_PAGES * PAGE_BYTES,
	.max_memory = UINT64_MAX,
	.check = xenpv_check,
	.load = xenpv_load,
	.set_memory = xenpv_set_memory,
	.add_devices = xenpv_add_devices,
	.start_devices = xenpv_start_devices,
	.stop_devices = xenpv_stop_devices,
	.remove_devices = xenpv_remove_devices,
	.start_vcpu = xenpv_start_vcpu,
};
