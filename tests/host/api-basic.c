// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/lguest used as its header says: each ioctl does what it promises.
 *
 * Source: include/lguest/api.h.  The guests here are a few bytes of machine
 * code, so that nothing else can be to blame.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lgdev.h"
#include "tg-port.h"
#include "verdict.h"

#define CODE	0x2000

static void expect_errno(int ret, int want, const char *what)
{
	CHECK(ret == -1 && errno == want, "%s: %d (%s), not %s", what, ret,
	      ret < 0 ? strerror(errno) : "no error", strerror(want));
}

/* A guest whose first instructions are these. */
static void with_code(struct lgdev *g, const void *code, size_t size)
{
	struct lg_regs32 regs;

	lgdev_create(g, 1 << 20, LG_PAGING_AUTO);
	memcpy(g->mem + CODE, code, size);
	CHECK(!ioctl(g->vcpu, LG_GET_REGS, &regs), "LG_GET_REGS: %m");
	regs.eip = CODE;
	regs.esp = 0x8000;
	CHECK(!ioctl(g->vcpu, LG_SET_REGS, &regs), "LG_SET_REGS: %m");
}

static void check_info(void)
{
	struct lg_info info;
	int fd = lgdev_open();
	unsigned int i;

	memset(&info, 0xff, sizeof(info));
	CHECK(!ioctl(fd, LG_GET_INFO, &info), "LG_GET_INFO: %m");
	CHECK(info.api_version == LG_API_VERSION, "api_version %u",
	      info.api_version);
	CHECK(info.abis & (1 << LG_ABI_LG32), "abis %#x", info.abis);
	CHECK(info.max_vcpus >= 1, "max_vcpus %u", info.max_vcpus);
	CHECK(info.window_gva > 0xc0000000 && info.window_gva < 0x100000000ull &&
	      !(info.window_gva & 0xfff), "window_gva %#llx",
	      (unsigned long long)info.window_gva);
	CHECK(info.max_memory >= 1 << 20, "max_memory %#llx",
	      (unsigned long long)info.max_memory);
	for (i = 0; i < 8; i++)
		CHECK(!info.reserved[i], "reserved[%u] is %#x", i,
		      info.reserved[i]);
	close(fd);
}

static void check_first_registers(void)
{
	struct lg_regs32 regs, zero = { 0 };
	struct lgdev g;

	lgdev_create(&g, 1 << 20, LG_PAGING_AUTO);
	memset(&regs, 0xff, sizeof(regs));
	CHECK(!ioctl(g.vcpu, LG_GET_REGS, &regs), "LG_GET_REGS: %m");
	CHECK(regs.cs == 0x61 && regs.ss == 0x69 && regs.ds == 0x69 &&
	      regs.es == 0x69 && !regs.fs && !regs.gs,
	      "segments %#x %#x %#x %#x %#x %#x", regs.cs, regs.ss, regs.ds,
	      regs.es, regs.fs, regs.gs);
	CHECK(regs.eflags == 0x202, "eflags %#x", regs.eflags);
	CHECK(!memcmp(&regs, &zero, 8 * 4), "a general register is not 0");
	CHECK(!memcmp(regs.reserved, zero.reserved, sizeof(zero.reserved)),
	      "reserved is not 0");
	lgdev_destroy(&g);
}

static void check_set_registers(void)
{
	/* out %al, $0x80; out %eax, $0x81; jmp . */
	static const uint8_t code[] = { 0xe6, 0x80, 0xe7, 0x81, 0xeb, 0xfe };
	struct lg_regs32 regs, back;
	struct lgdev g;

	with_code(&g, code, sizeof(code));
	ioctl(g.vcpu, LG_GET_REGS, &regs);
	regs.eax = 0x11223344;
	regs.ebx = 2;
	regs.ecx = 3;
	regs.edx = 4;
	regs.esi = 5;
	regs.edi = 6;
	regs.ebp = 7;
	regs.esp = 8;
	CHECK(!ioctl(g.vcpu, LG_SET_REGS, &regs), "LG_SET_REGS: %m");
	CHECK(!ioctl(g.vcpu, LG_GET_REGS, &back), "LG_GET_REGS: %m");
	CHECK(!memcmp(&regs, &back, sizeof(regs)), "registers changed");
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
	CHECK(g.run->exit_reason == LG_EXIT_IO, "exit %u (%.60s)",
	      g.run->exit_reason,
	      g.run->exit_reason >= LG_EXIT_SHUTDOWN ? g.run->reason : "");
	CHECK(g.run->io.port == 0x80 && g.run->io.size == 1 &&
	      g.run->io.is_write == 1 && (g.run->io.data & 0xff) == 0x44,
	      "port %#x size %u write %u data %#x", g.run->io.port,
	      g.run->io.size, g.run->io.is_write, g.run->io.data);
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
	CHECK(g.run->io.port == 0x81 && g.run->io.size == 4 &&
	      g.run->io.data == 0x11223344, "port %#x size %u data %#x",
	      g.run->io.port, g.run->io.size, g.run->io.data);
	ioctl(g.vcpu, LG_GET_REGS, &back);
	CHECK(back.esp == 8 && back.ebp == 7 && back.edi == 6 && back.esi == 5 &&
	      back.edx == 4 && back.ecx == 3 && back.ebx == 2,
	      "registers changed while running");
	lgdev_destroy(&g);
}

/* Input: the value comes back in, also when LG_RUN is interrupted first. */
static void check_input(void)
{
	/* in $0x80, %eax; out %eax, $0x81; jmp . */
	static const uint8_t code[] = { 0xe5, 0x80, 0xe7, 0x81, 0xeb, 0xfe };
	struct lgdev g;

	with_code(&g, code, sizeof(code));
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
	CHECK(g.run->exit_reason == LG_EXIT_IO && !g.run->io.is_write &&
	      g.run->io.size == 4, "exit %u", g.run->exit_reason);
	g.run->io.data = 0xcafebabe;
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
	CHECK(g.run->io.is_write && g.run->io.data == 0xcafebabe,
	      "data %#x", g.run->io.data);
	g.run->immediate_exit = 1;
	expect_errno(ioctl(g.vcpu, LG_RUN, 0), EINTR, "immediate_exit");
	expect_errno(ioctl(g.vcpu, LG_RUN, 0), EINTR, "immediate_exit again");
	g.run->immediate_exit = 0;
	lgdev_destroy(&g);
}

static void *run_it(void *arg)
{
	struct lgdev *g = arg;

	ioctl(g->vcpu, LG_RUN, 0);
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

/* One thread runs it; the others get -EBUSY and may still send IRQs. */
static void check_busy(void)
{
	static const uint8_t code[] = { 0xeb, 0xfe };	/* jmp . */
	struct sigaction act = { .sa_handler = nothing };
	struct lg_regs32 regs;
	struct lg_irq irq = { .irq = 3 };
	struct lg_stats stats;
	pthread_t thread;
	struct lgdev g;
	int tries = 0;

	sigaction(SIGUSR1, &act, NULL);
	with_code(&g, code, sizeof(code));
	pthread_create(&thread, NULL, run_it, &g);
	do {
		usleep(10000);
		ioctl(g.guest, LG_GET_STATS, &stats);
	} while (!stats.count[LG_STAT_SWITCH] && tries++ < 1000);
	CHECK(stats.count[LG_STAT_SWITCH], "no switch was counted");
	expect_errno(ioctl(g.vcpu, LG_RUN, 0), EBUSY, "LG_RUN of a running vCPU");
	expect_errno(ioctl(g.vcpu, LG_GET_REGS, &regs), EBUSY,
		     "LG_GET_REGS of a running vCPU");
	CHECK(!ioctl(g.guest, LG_IRQ, &irq), "LG_IRQ: %m");
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	CHECK(!ioctl(g.vcpu, LG_GET_REGS, &regs), "LG_GET_REGS: %m");
	CHECK(regs.eip == CODE, "eip %#x after a signal", regs.eip);
	lgdev_destroy(&g);
}

/* What ends, stays ended. */
static void check_end(void)
{
	/* mov $0x777, %eax; int $0x1f */
	static const uint8_t code[] = { 0xb8, 0x77, 7, 0, 0, 0xcd, 0x1f };
	char reason[LG_REASON_BYTES];
	struct lgdev g;
	int i;

	with_code(&g, code, sizeof(code));
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
	CHECK(g.run->exit_reason == LG_EXIT_KILLED, "exit %u",
	      g.run->exit_reason);
	memcpy(reason, g.run->reason, sizeof(reason));
	CHECK(memchr(reason, 0, sizeof(reason)) && reason[0], "no reason");
	for (i = 0; i < 3; i++) {
		memset(g.run, 0, sizeof(*g.run));
		CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
		CHECK(g.run->exit_reason == LG_EXIT_KILLED &&
		      !strcmp(g.run->reason, reason), "exit %u: %.60s",
		      g.run->exit_reason, g.run->reason);
	}
	lgdev_destroy(&g);
}

static void check_events(void)
{
	struct lg_irqfd irqfd = { .irq = 4 };
	struct lg_doorbell bell = { .gpa = TG_MMIO_GPA, .len = 2 };
	uint64_t one = 1;
	struct lgdev g;
	int fd = eventfd(0, EFD_NONBLOCK);

	lgdev_create(&g, 1 << 20, LG_PAGING_AUTO);
	irqfd.fd = fd;
	bell.fd = fd;
	CHECK(!ioctl(g.guest, LG_IRQFD, &irqfd), "LG_IRQFD: %m");
	CHECK(write(fd, &one, 8) == 8, "write to the eventfd: %m");
	irqfd.flags = LG_FD_DEASSIGN;
	CHECK(!ioctl(g.guest, LG_IRQFD, &irqfd), "LG_IRQFD deassign: %m");
	expect_errno(ioctl(g.guest, LG_IRQFD, &irqfd), ENOENT,
		     "second deassign");
	CHECK(!ioctl(g.guest, LG_DOORBELL, &bell), "LG_DOORBELL: %m");
	expect_errno(ioctl(g.guest, LG_DOORBELL, &bell), EEXIST,
		     "the same doorbell");
	bell.flags = LG_FD_DEASSIGN;
	CHECK(!ioctl(g.guest, LG_DOORBELL, &bell), "LG_DOORBELL deassign: %m");
	expect_errno(ioctl(g.guest, LG_DOORBELL, &bell), ENOENT,
		     "second deassign of a doorbell");
	/* An assigned irqfd outlives neither the guest nor the eventfd. */
	irqfd.flags = 0;
	CHECK(!ioctl(g.guest, LG_IRQFD, &irqfd), "LG_IRQFD: %m");
	lgdev_destroy(&g);
	CHECK(write(fd, &one, 8) == 8, "write after the guest: %m");
	close(fd);
}

/* The guest lives as long as any of its files. */
static void check_close_order(void)
{
	static const uint8_t code[] = { 0xe6, 0x80, 0xeb, 0xfe };
	struct lgdev g;

	with_code(&g, code, sizeof(code));
	close(g.dev);
	close(g.guest);
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN without the guest file: %m");
	CHECK(g.run->exit_reason == LG_EXIT_IO, "exit %u", g.run->exit_reason);
	close(g.vcpu);
	/* The run page is still mapped. */
	g.run->exit_reason = 7;
	CHECK(g.run->exit_reason == 7, "run page after close");
	munmap(g.run, 4096);
	munmap(g.mem, g.mem_size);
}

int main(void)
{
	check_info();
	check_first_registers();
	check_set_registers();
	check_input();
	check_busy();
	check_end();
	check_events();
	check_close_order();
	finish();
}
