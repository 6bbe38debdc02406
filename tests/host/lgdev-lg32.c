// SPDX-License-Identifier: GPL-2.0
/*
 * 32-bit test guests: how they are loaded, and the test device that answers
 * them (tests/lib/tg-port.h).
 */
#include "lgdev.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tg-port.h"
#include "verdict.h"

/* boot_params, as the lg32 boot protocol fills it */
#define BP_E820_ENTRIES		0x1e8
#define BP_VERSION		0x206
#define BP_LOADFLAGS		0x211
#define BP_KEEP_SEGMENTS	0x40
#define BP_CMD_LINE_PTR		0x228
#define BP_KERNEL_ALIGNMENT	0x230
#define BP_HARDWARE_SUBARCH	0x23c
#define BP_E820_TABLE		0x2d0
#define CMD_LINE_GPA		0x1000

#define CODE_GPA		0x2000
#define CODE_STACK		0x8000

#define UART			0x3f8
#define UART_LSR		0x3fd
#define UART_LSR_EMPTY		0x60

const struct lgdev_leg lgdev_leg = {
	.abi = LG_ABI_LG32,
	.machine = EM_386,
	.irqs = 32,
	.mmio_gpa = TG_MMIO_GPA,
	.mmio_size = TG_MMIO_BYTES,
	.bell_gpa = TG_MMIO_GPA,
	.bell_len = 4,
	.bell_step = 4,
	.doorbell = { .gpa = TG_DOORBELL_GPA, .len = 4 },
	.doorbell_irq = TG_DOORBELL_IRQ,
	.user_end = 0xc0000000,
};

uint64_t lgdev_ram_pages(struct lgdev *g)
{
	return g->mem_size >> 12;
}

static void put32(struct lgdev *g, uint32_t gpa, uint32_t value)
{
	memcpy(g->mem + gpa, &value, sizeof(value));
}

static void boot_params(struct lgdev *g, const char *args)
{
	g->mem[BP_E820_ENTRIES] = 1;
	put32(g, BP_E820_TABLE + 8, g->mem_size);
	put32(g, BP_E820_TABLE + 16, 1);
	put32(g, BP_CMD_LINE_PTR, CMD_LINE_GPA);
	put32(g, BP_KERNEL_ALIGNMENT, 0x1000000);
	put32(g, BP_HARDWARE_SUBARCH, 1);
	g->mem[BP_VERSION] = 0x07;
	g->mem[BP_VERSION + 1] = 0x02;
	g->mem[BP_LOADFLAGS] = BP_KEEP_SEGMENTS;
	snprintf((char *)g->mem + CMD_LINE_GPA, 256, "%s", args ? args : "");
}

static void set_eip(struct lgdev *g, uint32_t eip, uint32_t esp)
{
	if (ioctl(g->vcpu, LG_GET_REGS, &g->regs))
		error("LG_GET_REGS: %s", strerror(errno));
	g->regs.eip = eip;
	g->regs.esp = esp;
	if (ioctl(g->vcpu, LG_SET_REGS, &g->regs))
		error("LG_SET_REGS: %s", strerror(errno));
}

void lgdev_load(struct lgdev *g, const char *file, const char *args)
{
	uint64_t end, entry = lgdev_load_elf(g, file, &end);

	boot_params(g, args);
	set_eip(g, entry, 0);
}

uint64_t lgdev_code(struct lgdev *g, const void *code, size_t size)
{
	lgdev_create(g, 1 << 20, LG_PAGING_AUTO);
	memcpy(g->mem + CODE_GPA, code, size);
	set_eip(g, CODE_GPA, CODE_STACK);
	return CODE_GPA;
}

static void go_to_cpu(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		error("to processor %u: %s", cpu, strerror(errno));
}

static void port_write(struct lgdev *g, uint32_t port, uint32_t data,
		       uint8_t size)
{
	switch (port) {
	case UART:
		if (!g->quiet)
			putchar(data & 0xff);
		break;
	case TG_PORT_ECHO:
		g->echo = size == 4 ? data : data & ((1u << 8 * size) - 1);
		break;
	case TG_PORT_IRQ:
		lgdev_irq(g, data);
		break;
	case TG_PORT_IRQ_LATER:
		lgdev_irq_later(g, data);
		break;
	case TG_PORT_STAT:
		g->stat = data;
		break;
	case TG_PORT_UNMAP:
		lgdev_unmap(g, data);
		break;
	case TG_PORT_CPU:
		go_to_cpu(data);
		break;
	default:
		break;
	}
}

static uint32_t port_read(struct lgdev *g, uint32_t port)
{
	struct timespec now;

	switch (port) {
	case UART_LSR:
		return UART_LSR_EMPTY;
	case TG_PORT_ECHO:
		return g->echo;
	case TG_PORT_CLOCK:
		return time(NULL);
	case TG_PORT_STAT:
		return lgdev_stat(g, g->stat);
	case TG_PORT_MAGIC:
		return TG_MAGIC;
	case TG_PORT_USEC:
		clock_gettime(CLOCK_MONOTONIC, &now);
		return now.tv_sec * 1000000u + now.tv_nsec / 1000;
	case TG_PORT_CPU:
		return sysconf(_SC_NPROCESSORS_ONLN);
	default:
		return 0xffffffff;
	}
}

static bool handle_mmio(struct lgdev *g)
{
	uint64_t at = g->run->mmio.gpa - TG_MMIO_GPA;
	uint8_t size = g->run->mmio.size;

	if (at > TG_MMIO_BYTES - 4 || (size != 1 && size != 2 && size != 4))
		return false;
	if (g->run->mmio.is_write)
		memcpy(g->mmio + at, &g->run->mmio.data, size);
	else
		memcpy(&g->run->mmio.data, g->mmio + at, size);
	return true;
}

bool lgdev_answer(struct lgdev *g)
{
	struct lg_run *run = g->run;

	switch (run->exit_reason) {
	case LG_EXIT_IO:
		if (run->io.is_write)
			port_write(g, run->io.port, run->io.data, run->io.size);
		else
			run->io.data = port_read(g, run->io.port);
		return true;
	case LG_EXIT_MMIO:
		return handle_mmio(g);
	default:
		return false;
	}
}

const char *lgdev_verdict(struct lgdev *g)
{
	return g->run->reason;
}

void lgdev_print_state(struct lgdev *g)
{
	struct lg_regs32 r;

	if (ioctl(g->vcpu, LG_GET_REGS, &r))
		error("LG_GET_REGS: %s", strerror(errno));
	note("eip %#x:%#x esp %#x:%#x eflags %#x", r.cs, r.eip, r.ss, r.esp,
	     r.eflags);
	note("eax %#x ebx %#x ecx %#x edx %#x esi %#x edi %#x ebp %#x", r.eax,
	     r.ebx, r.ecx, r.edx, r.esi, r.edi, r.ebp);
}

const char *lgdev_guest_path(const char *name)
{
	static char path[256];
	const char *dir = getenv("LGUEST_TEST_GUESTS");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/tests/guests",
		 name);
	return path;
}
