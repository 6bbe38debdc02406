// SPDX-License-Identifier: GPL-2.0
/*
 * What /dev/lguest takes from the launcher of a 64-bit guest.
 *
 * Claim: registers, the start of a vCPU, ports and doorbells out of range are
 * refused with the error that include/lguest/api.h names, and nothing has
 * changed; what it takes comes back as it was; every argument may lie anywhere.
 *
 * Source: include/lguest/api.h; XSA-193.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <xen/xen.h>

#include "lgdev.h"
#include "verdict.h"

#define MEMORY	(4u << 20)
#define PAGES	(MEMORY >> 12)

static void expect(int ret, int want, const char *what)
{
	CHECK(ret < 0 && errno == want, "%s: %s, not %s", what,
	      ret < 0 ? strerror(errno) : "taken", strerror(want));
}

static struct lg_regs64 good_regs(void)
{
	return (struct lg_regs64) {
		.rip = 0xffffffff80000000,
		.rsp = 0xffffffff80001000,
		.cs = 0xe033,
		.ss = 0xe02b,
	};
}

static void refuse(struct lgdev *g, const struct lg_regs64 *r, const char *what)
{
	expect(ioctl(g->vcpu, LG_SET_REGS64, r), EINVAL, what);
}

static void check_regs(struct lgdev *g)
{
	static const uint64_t bad[] = {
		0x800000000000, 0xffff7fffffffffff, 0x8000000000000000,
		0x1234567890abcdef,
	};
	static const uint16_t selector[] = { 0, 8, 0x10, 0x18, 0xe008, 0xe010 };
	struct lg_regs64 r, back;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = good_regs();
		r.rip = bad[i];
		refuse(g, &r, "rip");
		r = good_regs();
		r.fs_base = bad[i];
		refuse(g, &r, "fs_base");
		r = good_regs();
		r.gs_base = bad[i];
		refuse(g, &r, "gs_base");
	}
	for (i = 0; i < sizeof(selector) / sizeof(selector[0]); i++) {
		r = good_regs();
		r.cs = selector[i];
		refuse(g, &r, "cs");
		r = good_regs();
		r.ss = selector[i];
		refuse(g, &r, "ss");
	}
	r = good_regs();
	r.reserved[4] = 1;
	refuse(g, &r, "reserved");
	r = good_regs();
	r.rflags = -1;
	r.r15 = 0x1122334455667788;
	r.rax = -1;
	CHECK(!ioctl(g->vcpu, LG_SET_REGS64, &r), "good registers: %m");
	CHECK(!ioctl(g->vcpu, LG_GET_REGS64, &back), "LG_GET_REGS64: %m");
	CHECK(!(back.rflags & 0x3b000 & ~0x10000), "rflags %#llx",
	      (unsigned long long)back.rflags);
	CHECK(back.r15 == r.r15 && back.rax == r.rax && back.rip == r.rip &&
	      back.cs == r.cs && back.ss == r.ss, "registers that came back");
	expect(ioctl(g->vcpu, LG_SET_REGS64, (void *)8), EFAULT, "address 8");
	expect(ioctl(g->vcpu, LG_GET_REGS64, (void *)-4096l), EFAULT,
	       "address -4096");
	expect(ioctl(g->vcpu, LG_GET_REGS, &back), ENOTTY, "32-bit registers");
}

static struct lg_xen_start good_start(void)
{
	return (struct lg_xen_start) {
		.cr3_gfn = 1,
		.ram_pages = PAGES - 64,
		.shared_info_gfn = PAGES - 64,
		.console_port = 2,
	};
}

static void check_start(struct lgdev *g)
{
	static const uint64_t bad[] = { PAGES, 1ull << 40, -1ull };
	struct lg_xen_start s;
	unsigned int i;

	expect(ioctl(g->vcpu, LG_RUN, 0), EINVAL, "a vCPU that was not started");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		s = good_start();
		s.cr3_gfn = bad[i];
		expect(ioctl(g->vcpu, LG_XEN_START, &s), EINVAL, "cr3_gfn");
		s = good_start();
		s.ram_pages = bad[i] + 1;
		if (s.ram_pages)
			expect(ioctl(g->vcpu, LG_XEN_START, &s), EINVAL,
			       "ram_pages");
		s = good_start();
		s.shared_info_gfn = bad[i];
		expect(ioctl(g->vcpu, LG_XEN_START, &s), EINVAL,
		       "shared_info_gfn");
		s = good_start();
		s.start_info_gfn = bad[i];
		expect(ioctl(g->vcpu, LG_XEN_START, &s), EINVAL,
		       "start_info_gfn");
	}
	s = good_start();
	s.console_port = 4096;
	expect(ioctl(g->vcpu, LG_XEN_START, &s), EINVAL, "console_port");
	s = good_start();
	s.store_port = 2;
	expect(ioctl(g->vcpu, LG_XEN_START, &s), EINVAL, "one port for two");
	s = good_start();
	s.reserved[7] = 1;
	expect(ioctl(g->vcpu, LG_XEN_START, &s), EINVAL, "reserved");
	expect(ioctl(g->vcpu, LG_XEN_START, (void *)8), EFAULT, "address 8");
	s = good_start();
	CHECK(!ioctl(g->vcpu, LG_XEN_START, &s), "a good start: %m");
	expect(ioctl(g->vcpu, LG_XEN_START, &s), EINVAL, "a second start");
}

static void check_ports(struct lgdev *g)
{
	struct lg_irq irq = { .irq = 4096 };
	struct lg_irqfd fd = { .fd = eventfd(0, 0), .irq = 4096 };
	struct lg_doorbell bell = { .fd = fd.fd, .gpa = 4096 };

	expect(ioctl(g->guest, LG_IRQ, &irq), EINVAL, "port 4096");
	irq.irq = -1;
	expect(ioctl(g->guest, LG_IRQ, &irq), EINVAL, "port -1");
	expect(ioctl(g->guest, LG_IRQFD, &fd), EINVAL, "irqfd of port 4096");
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL,
	       "doorbell of port 4096");
	bell.gpa = -1;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL,
	       "doorbell of port -1");
	bell.gpa = 2;
	bell.len = 4;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL,
	       "doorbell of 4 bytes");
	for (irq.irq = 0; irq.irq < 4096; irq.irq++)
		CHECK(!ioctl(g->guest, LG_IRQ, &irq), "port %u: %m", irq.irq);
	close(fd.fd);
}

static void nothing(int sig)
{
	(void)sig;
}

/* An eventfd that was signalled before anybody listened is heard. */
static void check_signalled(void)
{
	static const uint8_t spins[] = { 0xeb, 0xfe };
	struct sigaction act = { .sa_handler = nothing };
	struct lg_irqfd irqfd = { .fd = eventfd(1, 0) };
	struct shared_info *shared;
	struct lgdev g;

	lgdev_code(&g, spins, sizeof(spins));
	shared = (void *)(g.mem + g.start.shared_info_gfn * 4096);
	irqfd.irq = g.start.console_port;
	CHECK(!ioctl(g.guest, LG_IRQFD, &irqfd), "LG_IRQFD: %m");
	sigaction(SIGALRM, &act, NULL);
	alarm(1);
	CHECK(ioctl(g.vcpu, LG_RUN, 0) < 0 && errno == EINTR, "LG_RUN: %m");
	CHECK(shared->evtchn_pending[0] == 1ul << irqfd.irq, "pending ports %#lx",
	      shared->evtchn_pending[0]);
	close(irqfd.fd);
	lgdev_destroy(&g);
}

/* Page tables, shared_info and a stack that are nothing but zeros or dice. */
static void check_nonsense(void)
{
	unsigned int i, n;
	int ret;

	for (i = 0; i < 40; i++) {
		struct lg_xen_start s = good_start();
		struct lg_regs64 r = good_regs();
		struct lgdev g;

		lgdev_create(&g, MEMORY, 0);
		g.quiet = true;
		srand(i);
		for (n = 0; i && n < MEMORY / 4; n++)
			((uint32_t *)g.mem)[n] = rand();
		s.cr3_gfn = rand() % PAGES;
		if (ioctl(g.vcpu, LG_SET_REGS64, &r) ||
		    ioctl(g.vcpu, LG_XEN_START, &s))
			note("dice %u: %s", i, strerror(errno));
		g.run->immediate_exit = 0;
		ret = lgdev_run(&g);
		CHECK(ret == LG_EXIT_KILLED || ret == LG_EXIT_CRASH ||
		      ret == -EINVAL, "dice %u: exit %d", i, ret);
		lgdev_destroy(&g);
	}
}

int main(void)
{
	struct lg_guest_config config = { .abi = LG_ABI_XENPV, .paging = 1 };
	struct lgdev g;
	int dev = lgdev_open();

	expect(ioctl(dev, LG_CREATE_GUEST, &config), EINVAL, "paging");
	config.paging = 0;
	config.abi = LG_ABI_LG32;
	expect(ioctl(dev, LG_CREATE_GUEST, &config), EINVAL, "lg32");
	lgdev_create(&g, MEMORY, 0);
	check_regs(&g);
	check_start(&g);
	check_ports(&g);
	lgdev_destroy(&g);
	check_signalled();
	check_nonsense();
	finish();
}
