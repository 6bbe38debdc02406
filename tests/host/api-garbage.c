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
#include "tg-port.h"
#include "verdict.h"

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
	struct lg_guest_config config = { .abi = LG_ABI_LG32 };
	int guest = ioctl(dev, LG_CREATE_GUEST, &config);

	if (guest < 0)
		error("LG_CREATE_GUEST: %s", strerror(errno));
	return guest;
}

static void check_create(int dev)
{
	struct lg_guest_config good = { .abi = LG_ABI_LG32 }, c;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		if (i == LG_ABI_LG32)
			continue;
		c = good;
		c.abi = i;
		expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL, "abi");
	}
	c = good;
	c.abi = 0x80000001;
	expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL, "big abi");
	c = good;
	c.paging = LG_PAGING_PAE + 1;
	expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL, "paging");
	for (i = 0; i < 6; i++) {
		c = good;
		c.reserved[i] = 1;
		expect(ioctl(dev, LG_CREATE_GUEST, &c), EINVAL, "reserved");
	}
}

static void check_pointers(int dev, int guest)
{
	static const unsigned int cmds[] = {
		LG_SET_MEMORY, LG_CREATE_VCPU, LG_IRQ, LG_IRQFD, LG_DOORBELL,
		LG_GET_STATS
	};
	static void *const bad[] = {
		NULL, (void *)8, (void *)0xc0100000, (void *)0xfffffffc,
		(void *)0xffffffff, (void *)0xbffffffc
	};
	unsigned int i, j;

	for (j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
		expect(ioctl(dev, LG_GET_INFO, bad[j]), EFAULT, "GET_INFO");
		expect(ioctl(dev, LG_CREATE_GUEST, bad[j]), EFAULT,
		       "CREATE_GUEST");
		for (i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++)
			expect(ioctl(guest, cmds[i], bad[j]), EFAULT,
			       "bad pointer");
	}
}

/* Each command belongs to one kind of file. */
static void check_wrong_file(int dev, int guest, int vcpu)
{
	static const unsigned int cmds[] = {
		LG_GET_INFO, LG_CREATE_GUEST, LG_SET_MEMORY, LG_CREATE_VCPU,
		LG_IRQ, LG_IRQFD, LG_DOORBELL, LG_GET_STATS, LG_RUN,
		LG_GET_REGS, LG_SET_REGS
	};
	int fds[3] = { dev, guest, vcpu };
	char buffer[1024] = { 0 };
	unsigned int i, f;

	for (i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		for (f = 0; f < 3; f++) {
			unsigned int owner = i < 2 ? 0 : i < 8 ? 1 : 2;

			if (f != owner)
				expect(ioctl(fds[f], cmds[i], buffer), ENOTTY,
				       "wrong file");
		}
	}
	for (f = 0; f < 3; f++) {
		/* The right number with another size or direction. */
		expect(ioctl(fds[f], _IOW(LG_IOC, 0, char), buffer), ENOTTY,
		       "wrong size");
		expect(ioctl(fds[f], _IO(LG_IOC, 0xff), buffer), ENOTTY,
		       "unknown number");
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

	memory_case(dev, "hva unaligned", p + 1, mib, 0, 0, 0);
	memory_case(dev, "size unaligned", p, mib + 1, 0, 0, 0);
	memory_case(dev, "size 0", p, 0, 0, 0, 0);
	memory_case(dev, "size too small", p, mib - 4096, 0, 0, 0);
	memory_case(dev, "size too big", p, 1ull << 40, 0, 0, 0);
	memory_case(dev, "size top", p, top, 0, 0, 0);
	memory_case(dev, "hva kernel", 0xc0000000, mib, 0, 0, 0);
	memory_case(dev, "hva top", top, mib, 0, 0, 0);
	memory_case(dev, "hva 64 bits", p | 1ull << 32, mib, 0, 0, 0);
	memory_case(dev, "hva into the kernel", 0xbff00000, 2 * mib, 0, 0, 0);
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
	int guest = new_guest(dev), fd;

	expect(ioctl(guest, LG_CREATE_VCPU, &vcpu), EINVAL,
	       "vCPU before memory");
	m.hva = (uintptr_t)pages(1 << 20);
	CHECK(!ioctl(guest, LG_SET_MEMORY, &m), "LG_SET_MEMORY: %m");
	expect(ioctl(guest, LG_SET_MEMORY, &m), EEXIST, "memory twice");
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
	close(guest);
}

static void check_irqs(struct lgdev *g)
{
	struct lg_irq irq = { .irq = 32 };
	struct lg_irqfd irqfd = { .fd = -1, .irq = 1 };
	struct lg_doorbell bell = { .gpa = TG_MMIO_GPA, .fd = -1, .len = 4 };
	int fd = eventfd(0, 0), i, made = 0;

	expect(ioctl(g->guest, LG_IRQ, &irq), EINVAL, "IRQ 32");
	irq.irq = ~0u;
	expect(ioctl(g->guest, LG_IRQ, &irq), EINVAL, "IRQ -1");
	irq.irq = 1;
	irq.reserved[0] = 1;
	expect(ioctl(g->guest, LG_IRQ, &irq), EINVAL, "IRQ reserved");
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EBADF, "irqfd -1");
	irqfd.fd = g->guest;
	CHECK(ioctl(g->guest, LG_IRQFD, &irqfd) < 0, "irqfd of no eventfd");
	irqfd.fd = fd;
	irqfd.irq = 32;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EINVAL, "irqfd IRQ 32");
	irqfd.irq = 1;
	irqfd.flags = 2;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EINVAL, "irqfd flags");
	irqfd.flags = 0;
	irqfd.reserved = 1;
	expect(ioctl(g->guest, LG_IRQFD, &irqfd), EINVAL, "irqfd reserved");

	expect(ioctl(g->guest, LG_DOORBELL, &bell), EBADF, "doorbell fd -1");
	bell.fd = fd;
	bell.len = 3;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "doorbell len 3");
	bell.len = 8;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "doorbell len 8");
	bell.len = 4;
	bell.gpa = 0x1000;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "doorbell in memory");
	bell.gpa = TG_MMIO_GPA + TG_MMIO_BYTES;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "doorbell behind");
	bell.gpa = TG_MMIO_GPA + TG_MMIO_BYTES - 2;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "doorbell across");
	bell.gpa = TG_MMIO_GPA | 1ull << 32;
	expect(ioctl(g->guest, LG_DOORBELL, &bell), EINVAL, "doorbell 64 bits");
	/* There is an end to how many. */
	for (i = 0; i < 16384; i++) {
		bell.gpa = TG_MMIO_GPA + 4 * i;
		if (!ioctl(g->guest, LG_DOORBELL, &bell))
			made++;
		else if (errno != EEXIST)
			break;
	}
	CHECK(made >= 32, "only %d doorbells", made);
	CHECK(i < 16384 && errno == ENOSPC, "%d doorbells: %m", made);
	close(fd);
}

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

/* Another process has the files, but not the memory. */
static void check_fork(struct lgdev *g, int dev)
{
	int status;

	if (!fork()) {
		struct lg_memory m = { .size = 1 << 20 };
		int guest = new_guest(dev);

		/* Ours, made here: fine. */
		m.hva = (uintptr_t)pages(1 << 20);
		if (ioctl(guest, LG_SET_MEMORY, &m))
			_exit(3);
		if (ioctl(g->vcpu, LG_RUN, 0) != -1 || errno != EIO)
			_exit(4);
		_exit(0);
	}
	wait(&status);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status),
	      "in another process: status %#x", status);
}

static void check_fork_memory(int dev)
{
	int status, guest = new_guest(dev);

	if (!fork()) {
		struct lg_memory m = { .size = 1 << 20 };

		m.hva = (uintptr_t)pages(1 << 20);
		_exit(ioctl(guest, LG_SET_MEMORY, &m) != -1 || errno != EIO);
	}
	wait(&status);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status),
	      "memory from another process: status %#x", status);
	close(guest);
}

static void randomly(int dev, unsigned int rounds)
{
	static const unsigned int cmds[] = {
		LG_GET_INFO, LG_CREATE_GUEST, LG_SET_MEMORY, LG_CREATE_VCPU,
		LG_IRQ, LG_IRQFD, LG_DOORBELL, LG_GET_STATS, LG_GET_REGS,
		LG_SET_REGS
	};
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
		ret = ioctl(fds[rand() % 8], cmds[rand() % 10], buffer);
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

int main(void)
{
	struct lgdev g;
	int dev = lgdev_open();

	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	check_create(dev);
	check_pointers(dev, g.guest);
	check_wrong_file(dev, g.guest, g.vcpu);
	check_memory(dev);
	check_order(dev);
	check_irqs(&g);
	check_registers(&g);
	check_segment_values();
	check_fork(&g, dev);
	check_fork_memory(dev);
	randomly(dev, 200000);
	/* The guest of the first line saw none of it. */
	g.quiet = true;
	CHECK(lgdev_run(&g) == LG_EXIT_SHUTDOWN, "the guest ended with %u: %s",
	      g.run->exit_reason, g.run->reason);
	finish();
}
