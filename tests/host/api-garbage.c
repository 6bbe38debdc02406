// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/lguest used wrongly: every ioctl with bad values, in the wrong order,
 * on the wrong file, from the wrong process; then at random.  Each gives the
 * errno of the header and changes nothing: a guest made before still works.
 *
 * Source: include/lguest/api.h; reliability classes 14 to 16.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

/* Nobody's addresses: the kernel's, and those on the way there. */
static const uint64_t kernels[] = {
#ifdef __x86_64__
	0x7ffffffff000, 0x800000000000, 0xffff7ffffffff000, 0xffff800000000000,
	0xffff808000000000, 0xffff888000000000, 0xffffffff81000000,
	0x8000000000000000, 0xfffffffffffff000,
#else
	0xc0000000, 0xc0100000, 0xfffff000,
#endif
};

static void expect(int ret, int want, const char *what)
{
	int got = ret < 0 ? errno : 0;

	CHECK(ret < 0 && got == want, "%s: %d (%s), not %s", what, ret,
	      strerror(got), strerror(want));
	/* What should not have been made. */
	if (ret > 2)
		close(ret);
}

static void *pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		error("no memory: %s", strerror(errno));
	return p;
}

static int new_guest(int dev)
{
	struct lg_guest_config config = { .abi = lgdev_leg.abi };
	int guest = ioctl(dev, LG_CREATE_GUEST, &config);

	if (guest < 0)
		error("LG_CREATE_GUEST: %s", strerror(errno));
	return guest;
}

static void check_create(int dev)
{
	struct lg_guest_config good = { .abi = lgdev_leg.abi }, c;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		if (i == lgdev_leg.abi)
			continue;
		c = good;
		c.abi = i;
		expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL, "abi");
	}
	c = good;
	c.abi = 0x80000001;
	expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL, "big abi");
	c = good;
	for (i = 1; i < 64; i++) {
		c.paging = i;
		if (lgdev_leg.abi != LG_ABI_LG32 || i > LG_PAGING_PAE)
			expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL,
			       "paging");
	}
	c.paging = 0x80000000;
	expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL, "big paging");
	for (i = 0; i < 6; i++) {
		c = good;
		c.reserved[i] = 1;
		expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL, "reserved");
	}
}

struct command {
	unsigned int cmd;
	unsigned int owner;		/* which of the three files */
};

static const struct command commands[] = {
	{ LG_GET_INFO, 0 }, { LG_CREATE_GUEST, 0 }, { LG_SET_MEMORY, 1 },
	{ LG_CREATE_VCPU, 1 }, { LG_IRQ, 1 }, { LG_IRQFD, 1 },
	{ LG_DOORBELL, 1 }, { LG_GET_STATS, 1 }, { LGDEV_GET_REGS, 2 },
	{ LGDEV_SET_REGS, 2 },
#ifdef __x86_64__
	{ LG_XEN_START, 2 },
#endif
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void bad_pointer(const int *fds, uint64_t at)
{
	unsigned int i;

	for (i = 0; i < COMMANDS; i++)
		expect(ioctl(fds[commands[i].owner], commands[i].cmd,
			     (void *)(uintptr_t)at), EFAULT, "bad pointer");
}

/* Nowhere, the kernel's, and structures whose last byte is not there. */
static void check_pointers(const int *fds)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	munmap(page + 4096, 4096);
	bad_pointer(fds, 0);
	bad_pointer(fds, 8);
	bad_pointer(fds, -4l);
	bad_pointer(fds, (uintptr_t)page + 4096);
	for (i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		bad_pointer(fds, kernels[i]);
		bad_pointer(fds, kernels[i] - 4);
		bad_pointer(fds, kernels[i] + 4);
	}
	for (i = 0; i < COMMANDS; i++) {
		unsigned int size = _IOC_SIZE(commands[i].cmd);

		expect(ioctl(fds[commands[i].owner], commands[i].cmd,
			     page + 4096 - size + 1), EFAULT, "one byte short");
	}
	expect(ioctl(fds[2], LG_RUN, page), EINVAL, "LG_RUN with an argument");
	expect(ioctl(fds[2], LG_RUN, 1), EINVAL, "LG_RUN with 1");
	munmap(page, 4096);
}

/* Where the module only writes, it must not write to what may not be. */
static void check_read_only(const int *fds)
{
	uint8_t *page = mmap(NULL, 4096, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect(ioctl(fds[0], LG_GET_INFO, page), EFAULT, "read-only info");
	expect(ioctl(fds[1], LG_GET_STATS, page), EFAULT, "read-only stats");
	expect(ioctl(fds[2], LGDEV_GET_REGS, page), EFAULT, "read-only regs");
	munmap(page, 4096);
}

static bool is_command(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < COMMANDS; i++)
		if (commands[i].cmd == cmd)
			return true;
	return cmd == LG_RUN;
}

/* All numbers, with all directions and sizes near the right ones. */
static void check_numbers(const int *fds)
{
	static uint8_t buffer[1 << 14];
	unsigned int nr, dir, i, f;

	for (nr = 0; nr < 256; nr++)
		for (dir = 0; dir < 4; dir++)
			for (i = 0; i < COMMANDS * 3; i++) {
				unsigned int size =
					_IOC_SIZE(commands[i / 3].cmd) +
					(i % 3 - 1) * 8;
				unsigned int cmd = _IOC(dir, LG_IOC, nr, size);

				for (f = 0; f < 3 && !is_command(cmd); f++)
					expect(ioctl(fds[f], cmd, buffer),
					       ENOTTY, "no such number");
			}
}

/* Each command belongs to one kind of file. */
static void check_wrong_file(const int *fds)
{
	char buffer[1024] = { 0 };
	unsigned int i, f;

	for (i = 0; i < COMMANDS; i++)
		for (f = 0; f < 3; f++)
			if (f != commands[i].owner)
				expect(ioctl(fds[f], commands[i].cmd, buffer),
				       ENOTTY, "wrong file");
	expect(ioctl(fds[0], LG_RUN, 0), ENOTTY, "LG_RUN of the device");
	expect(ioctl(fds[1], LG_RUN, 0), ENOTTY, "LG_RUN of the guest");
	for (f = 0; f < 3; f++) {
		expect(ioctl(fds[f], 0x5401, buffer), ENOTTY, "TCGETS");
		CHECK(read(fds[f], buffer, 16) < 0, "read worked");
		CHECK(write(fds[f], buffer, 16) < 0, "write worked");
		/* A one-page object, mapped shared, nothing else. */
		CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds[f], 4096) ==
		      MAP_FAILED, "mmap at offset 4096 worked");
		CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, fds[f], 0) ==
		      MAP_FAILED, "mmap of two pages worked");
		if (f < 2)
			CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds[f],
				   0) == MAP_FAILED, "mmap worked");
	}
}

static void memory_case(int dev, const char *what, uint64_t hva, uint64_t size,
			uint64_t mmio_gpa, uint64_t mmio_size, int reserved)
{
	struct lg_memory m = {
		.hva = hva, .size = size, .mmio_gpa = mmio_gpa,
		.mmio_size = mmio_size,
	};
	int guest = new_guest(dev);

	if (reserved)
		m.reserved[reserved - 1] = 1;
	expect(ioctl(guest, LG_SET_MEMORY, &m), EINVAL, what);
	close(guest);
}

static void check_memory(int dev)
{
	const uint64_t mib = 1 << 20, top = ~0ull & ~0xfffull;
	uint64_t p = (uintptr_t)pages(4 * mib);
	struct lg_info info;
	unsigned int i;

	if (ioctl(dev, LG_GET_INFO, &info))
		error("LG_GET_INFO: %s", strerror(errno));
	memory_case(dev, "hva unaligned", p + 1, mib, 0, 0, 0);
	memory_case(dev, "size unaligned", p, mib + 1, 0, 0, 0);
	memory_case(dev, "size 0", p, 0, 0, 0, 0);
	memory_case(dev, "size too small", p, mib - 4096, 0, 0, 0);
	memory_case(dev, "size too big", p, 1ull << 40, 0, 0, 0);
	memory_case(dev, "a page too many", p, info.max_memory + 4096, 0, 0, 0);
	memory_case(dev, "size top", p, top, 0, 0, 0);
	memory_case(dev, "hva top", top, mib, 0, 0, 0);
	memory_case(dev, "into the kernel", lgdev_leg.user_end - mib, 2 * mib,
		    0, 0, 0);
	for (i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		memory_case(dev, "kernel's", kernels[i] & ~0xfffull, mib, 0, 0,
			    0);
	if (sizeof(long) == 4)
		memory_case(dev, "64 bits", p | 1ull << 32, mib, 0, 0, 0);
	if (!lgdev_leg.mmio_size)
		memory_case(dev, "mmio", p, mib, 2 * mib, 4096, 0);
	memory_case(dev, "mmio of no size", p, mib, 2 * mib, 0, 0);
	memory_case(dev, "mmio in memory", p, 2 * mib, mib, 4096, 0);
	memory_case(dev, "mmio unaligned", p, mib, 2 * mib + 1, 4096, 0);
	memory_case(dev, "mmio size unaligned", p, mib, 2 * mib, 4095, 0);
	memory_case(dev, "mmio wraps", p, mib, top, 8192, 0);
	memory_case(dev, "mmio size wraps", p, mib, 2 * mib, top, 0);
	memory_case(dev, "reserved", p, mib, 0, 0, 1);
	memory_case(dev, "reserved", p, mib, 0, 0, 4);
}

static void check_order(int dev)
{
	struct lg_vcpu_config vcpu = { 0 };
	struct lg_memory m = { .size = 1 << 20 };
	struct lg_irq irq = { .irq = 1 };
	int guest = new_guest(dev), fd;

	expect(ioctl(guest, LG_CREATE_VCPU, &vcpu), EINVAL,
	       "vCPU before memory");
	m.hva = (uintptr_t)pages(1 << 20);
	CHECK(!ioctl(guest, LG_SET_MEMORY, &m), "LG_SET_MEMORY: %m");
	expect(ioctl(guest, LG_SET_MEMORY, &m), EEXIST, "memory twice");
	expect(ioctl(guest, LG_IRQ, &irq), EINVAL, "an interrupt for no vCPU");
	vcpu.index = 1;
	expect(ioctl(guest, LG_CREATE_VCPU, &vcpu), EINVAL, "vCPU 1");
	vcpu.index = ~0u;
	expect(ioctl(guest, LG_CREATE_VCPU, &vcpu), EINVAL, "vCPU -1");
	vcpu.index = 0;
	vcpu.reserved[2] = 1;
	expect(ioctl(guest, LG_CREATE_VCPU, &vcpu), EINVAL, "vCPU reserved");
	vcpu.reserved[2] = 0;
	fd = ioctl(guest, LG_CREATE_VCPU, &vcpu);
	CHECK(fd >= 0, "LG_CREATE_VCPU: %m");
	expect(ioctl(guest, LG_CREATE_VCPU, &vcpu), EEXIST, "vCPU 0 twice");
	close(fd);
	expect(ioctl(guest, LG_CREATE_VCPU, &vcpu), EEXIST, "vCPU 0 again");
	close(guest);
}

/* As many as there may be, then no more; 0 if there is no end. */
static unsigned int doorbells(struct lgdev *g, struct lg_doorbell bell)
{
	unsigned int i, made = 0;

	for (i = 0; i < 4096; i++) {
		bell.gpa = lgdev_leg.bell_gpa + lgdev_leg.bell_step * i;
		if (!ioctl(g->guest, LG_DOORBELL, &bell))
			made++;
		else if (errno == ENOSPC)
			return made;
		else if (errno != EEXIST)
			failure("doorbell %u: %m", i);
	}
	return 0;
}

static unsigned int irqfds(struct lgdev *g)
{
	struct lg_irqfd irqfd = { .irq = 3 };
	unsigned int i, made = 0;
	int fd[100];

	for (i = 0; i < 100; i++) {
		fd[i] = eventfd(0, 0);
		irqfd.fd = fd[i];
		if (!ioctl(g->guest, LG_IRQFD, &irqfd))
			made++;
		else
			expect(-1, ENOSPC, "irqfd");
	}
	for (i = 0; i < 100; i++)
		close(fd[i]);
	return made;
}

static void bad_doorbell(struct lgdev *g, struct lg_doorbell bell, uint64_t gpa,
			 uint32_t len, const char *what)
{
	bell.gpa = gpa;
	bell.len = len;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, what);
}

/* At one place, for accesses of other lengths: they are others. */
static void doorbells_of_lengths(struct lgdev *g, struct lg_doorbell bell)
{
	bell.len = 4;
	CHECK(!ioctl(g->guest, LG_DOORBELL, &bell), "doorbell of 4: %m");
	bell.len = 2;
	bell.flags = LG_FD_DEASSIGN;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), ENOENT, "doorbell of 2");
	bell.flags = 0;
	CHECK(!ioctl(g->guest, LG_DOORBELL, &bell), "doorbell of 2, too: %m");
	bell.flags = LG_FD_DEASSIGN;
	CHECK(!ioctl(g->guest, LG_DOORBELL, &bell), "doorbell of 2 away: %m");
	bell.len = 4;
	CHECK(!ioctl(g->guest, LG_DOORBELL, &bell), "doorbell of 4 away: %m");
}

static void check_doorbells(struct lgdev *g, int fd)
{
	const uint64_t first = lgdev_leg.mmio_gpa, size = lgdev_leg.mmio_size;
	struct lg_doorbell bell = { .gpa = lgdev_leg.bell_gpa, .fd = -1,
				    .len = lgdev_leg.bell_len };
	unsigned int n;

	expect(ioctl(g->guest, LG_DOORBELL, &bell), EBADF, "doorbell fd -1");
	bell.fd = g->vcpu;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "no eventfd");
	bell.fd = fd;
	bell.flags = 2;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "doorbell flags");
	bell.flags = LG_FD_DEASSIGN;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), ENOENT, "no doorbell");
	bell.flags = 0;
	bell.reserved = 1;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "reserved");
	bell.reserved = 0;
	bad_doorbell(g, bell, lgdev_leg.bell_gpa, 3, "doorbell len 3");
	bad_doorbell(g, bell, lgdev_leg.bell_gpa, 8, "doorbell len 8");
	bad_doorbell(g, bell, lgdev_leg.bell_gpa, -1u, "doorbell len -1");
	if (size) {
		bad_doorbell(g, bell, first, 0, "doorbell len 0");
		bad_doorbell(g, bell, 0x1000, 4, "doorbell in memory");
		bad_doorbell(g, bell, first - 2, 4, "doorbell before");
		bad_doorbell(g, bell, first + size, 4, "doorbell behind");
		bad_doorbell(g, bell, first + size - 2, 4, "doorbell across");
		bad_doorbell(g, bell, first | 1ull << 32, 4, "64 bits");
		doorbells_of_lengths(g, bell);
	} else {
		bad_doorbell(g, bell, 4096, 0, "doorbell of port 4096");
		bad_doorbell(g, bell, 1ull << 32 | 6, 0, "64 bits");
		bad_doorbell(g, bell, -1ull, 0, "doorbell of port -1");
		bad_doorbell(g, bell, 6, 4, "doorbell of 4 bytes");
	}
	n = doorbells(g, bell);
	CHECK(n >= 32, "%u doorbells", n);
}

static void check_irqs(struct lgdev *g)
{
	struct lg_irq irq = { .irq = lgdev_leg.irqs };
	struct lg_irqfd irqfd = { .fd = -1, .irq = 1 };
	int fd = eventfd(0, 0), i;

	expect(ioctl(g->guest, LG_IRQ, &irq), EINVAL, "IRQ out of range");
	irq.irq = ~0u;
	expect(ioctl(g->guest, LG_IRQ, &irq), EINVAL, "IRQ -1");
	for (i = 0; i < 3; i++) {
		irq = (struct lg_irq){ .irq = 1 };
		irq.reserved[i] = 1;
		expect(ioctl(g->guest, LG_IRQ, &irq), EINVAL, "IRQ reserved");
	}
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EBADF, "irqfd -1");
	irqfd.fd = g->guest;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EINVAL, "no eventfd");
	irqfd.fd = fd;
	irqfd.irq = lgdev_leg.irqs;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EINVAL, "irqfd IRQ");
	irqfd.irq = 1;
	irqfd.flags = 2;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EINVAL, "irqfd flags");
	irqfd.flags = LG_FD_DEASSIGN;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), ENOENT, "no irqfd");
	irqfd.flags = 0;
	irqfd.reserved = 1;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EINVAL, "irqfd reserved");
	/* Each is one of an eventfd and an IRQ. */
	irqfd.reserved = 0;
	CHECK(!ioctl(g->guest, LG_IRQFD, &irqfd), "LG_IRQFD: %m");
	irqfd.flags = LG_FD_DEASSIGN;
	irqfd.irq = 2;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), ENOENT, "irqfd of another IRQ");
	irqfd.irq = 1;
	CHECK(!ioctl(g->guest, LG_IRQFD, &irqfd), "LG_IRQFD away: %m");
	check_doorbells(g, fd);
	i = irqfds(g);
	CHECK(i >= 32 && i < 100, "%d irqfds", i);
	close(fd);
}

#ifndef __x86_64__
static void check_registers(struct lgdev *g)
{
	struct lg_regs32 good, r;
	static const struct {
		uint16_t cs, ss;
	} bad[] = {
		{ 0x60, 0x68 }, { 0x50, 0x58 }, { 0x61, 0x7b }, { 0x73, 0x69 },
		{ 0, 0 }, { 0x62, 0x6a }, { 0x10, 0x18 },
	};
	unsigned int i;

	CHECK(!ioctl(g->vcpu, LG_GET_REGS, &good), "LG_GET_REGS: %m");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = good;
		r.cs = bad[i].cs;
		r.ss = bad[i].ss;
		expect(ioctl(g->vcpu, LG_SET_REGS, &r), EINVAL, "cs and ss");
	}
	for (i = 0; i < 4; i++) {
		r = good;
		r.reserved[i] = 1;
		expect(ioctl(g->vcpu, LG_SET_REGS, &r), EINVAL, "reserved");
	}
	/* Of the flags only the harmless ones stick. */
	r = good;
	r.eflags = ~0u;
	if (!ioctl(g->vcpu, LG_SET_REGS, &r)) {
		ioctl(g->vcpu, LG_GET_REGS, &r);
		CHECK((r.eflags & 0x23200) == 0x200, "eflags became %#x",
		      r.eflags);
	}
	r = good;
	r.eflags = 0;
	CHECK(!ioctl(g->vcpu, LG_SET_REGS, &r), "LG_SET_REGS: %m");
	ioctl(g->vcpu, LG_GET_REGS, &r);
	CHECK((r.eflags & 0x23202) == 0x202, "eflags became %#x", r.eflags);
	CHECK(!ioctl(g->vcpu, LG_SET_REGS, &good), "LG_SET_REGS: %m");
}

/* Bad segments are let in and kill the guest at worst. */
static void check_segment_values(void)
{
	unsigned int sel;

	for (sel = 0; sel < 0x120; sel++) {
		struct lg_regs32 r;
		struct lgdev g;

		lgdev_create(&g, 1 << 20, LG_PAGING_AUTO);
		memset(g.mem + 0x2000, 0x90, 64);
		memcpy(g.mem + 0x2010, "\xe6\x80", 2);
		ioctl(g.vcpu, LG_GET_REGS, &r);
		r.eip = 0x2000;
		r.ds = sel;
		r.gs = sel * 241 & 0xffff;
		if (!ioctl(g.vcpu, LG_SET_REGS, &r)) {
			CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
			CHECK(g.run->exit_reason == LG_EXIT_IO ||
			      g.run->exit_reason == LG_EXIT_KILLED,
			      "ds %#x: exit %u", sel, g.run->exit_reason);
		}
		lgdev_destroy(&g);
	}
}

#endif

/* What somebody without the memory may not, and may. */
static int foreign(int guest, int vcpu)
{
	struct lg_irq irq = { .irq = 5 };
	struct lg_stats stats;
	lgdev_regs_t regs;

	if (ioctl(vcpu, LG_RUN, 0) != -1 || errno != EIO)
		return 10;
#ifdef __x86_64__
	struct lg_xen_start start = { 0 };

	if (ioctl(vcpu, LG_XEN_START, &start) != -1 || errno != EIO)
		return 11;
#endif
	if (ioctl(guest, LG_IRQ, &irq) || ioctl(guest, LG_GET_STATS, &stats) ||
	    ioctl(vcpu, LGDEV_GET_REGS, &regs) ||
	    ioctl(vcpu, LGDEV_SET_REGS, &regs))
		return 12;
	return 0;
}

static void expect_child(int pid, const char *what)
{
	int status = -1;

	CHECK(waitpid(pid, &status, 0) == pid && !status, "%s: status %#x",
	      what, status);
}

/* Another program, started with our files. */
static void check_exec(struct lgdev *g, const char *self)
{
	char guest[16], vcpu[16];
	int pid;

	snprintf(guest, sizeof(guest), "%d", g->guest);
	snprintf(vcpu, sizeof(vcpu), "%d", g->vcpu);
	pid = fork();
	if (!pid) {
		fcntl(g->guest, F_SETFD, 0);
		fcntl(g->vcpu, F_SETFD, 0);
		execl(self, self, guest, vcpu, NULL);
		_exit(99);
	}
	expect_child(pid, "after exec");
}

/* Who made the guest, and had its memory, is gone. */
static void check_orphan(void)
{
	int pipes[2], pid = -1;
	char status = 99;

	if (pipe(pipes))
		error("pipe");
	if (!fork()) {
		struct lgdev g;

		lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
		pid = fork();
		if (pid)
			_exit(0);
		close(pipes[0]);
		while (getppid() != 1)
			usleep(1000);
		status = foreign(g.guest, g.vcpu);
		if (write(pipes[1], &status, 1) != 1)
			_exit(1);
		_exit(0);
	}
	close(pipes[1]);
	CHECK(read(pipes[0], &status, 1) == 1 && !status,
	      "a guest whose maker is gone: %d", status);
	close(pipes[0]);
	while (wait(NULL) > 0)
		;
}

/* Another process has the files, but not the memory. */
static void check_fork(struct lgdev *g, int dev)
{
	int pid = fork();

	if (!pid) {
		struct lg_memory m = { .size = 1 << 20 };
		int guest = new_guest(dev);

		/* Ours, made here: fine. */
		m.hva = (uintptr_t)pages(1 << 20);
		if (ioctl(guest, LG_SET_MEMORY, &m))
			_exit(3);
		_exit(foreign(g->guest, g->vcpu));
	}
	expect_child(pid, "in another process");
}

static void check_fork_memory(int dev)
{
	int guest = new_guest(dev), pid = fork();

	if (!pid) {
		struct lg_memory m = { .size = 1 << 20 };

		m.hva = (uintptr_t)pages(1 << 20);
		_exit(ioctl(guest, LG_SET_MEMORY, &m) != -1 || errno != EIO);
	}
	expect_child(pid, "memory from another process");
	close(guest);
}

static void randomly(int dev, unsigned int rounds)
{
	static uint32_t buffer[256];
	unsigned int i, j, n;
	int fds[8], ret;

	srand(7);
	for (i = 0; i < 8; i++)
		fds[i] = dup(dev);
	for (n = 0; n < rounds; n++) {
		for (j = 0; j < 64; j++)
			switch (rand() % 6) {
			case 0:
				buffer[j] = rand();
				break;
			case 1:
				buffer[j] = rand() & 0xfffff000;
				break;
			case 2:
				buffer[j] = 1;
				break;
			default:
				buffer[j] = 0;
			}
		ret = ioctl(fds[rand() % 8], commands[rand() % COMMANDS].cmd,
			    buffer);
		if (ret <= 2)
			continue;
		j = rand() % 8;
		close(fds[j]);
		fds[j] = ret;
		if (rand() % 16 == 0) {
			close(fds[j]);
			fds[j] = dup(dev);
		}
	}
	for (i = 0; i < 8; i++)
		close(fds[i]);
}

int main(int argc, char **argv)
{
	int fds[3];
	struct lgdev g;

	if (argc == 3)
		return foreign(atoi(argv[1]), atoi(argv[2]));
	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	fds[0] = lgdev_open();
	fds[1] = g.guest;
	fds[2] = g.vcpu;
	check_create(fds[0]);
	check_pointers(fds);
	check_read_only(fds);
	check_wrong_file(fds);
	check_numbers(fds);
	check_memory(fds[0]);
	check_order(fds[0]);
	check_irqs(&g);
#ifndef __x86_64__
	check_registers(&g);
	check_segment_values();
#endif
	check_fork(&g, fds[0]);
	check_fork_memory(fds[0]);
	check_exec(&g, argv[0]);
	check_orphan();
	randomly(fds[0], 200000);
	/* The guest of the first line saw none of it. */
	g.quiet = true;
	CHECK(lgdev_run(&g) == LG_EXIT_SHUTDOWN, "the guest ended with %u: %s",
	      g.run->exit_reason, g.run->reason);
	finish();
}
