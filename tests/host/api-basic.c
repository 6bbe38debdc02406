// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/lguest used as its header says: each ioctl does what it promises.
 *
 * Source: include/lguest/api.h.  The guests here are a few bytes of machine
 * code, so that nothing else can be to blame.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

/* What the legs' guests are made of: instructions, and where the window is. */
#ifdef __x86_64__
#define WINDOW_FIRST	0xffff808000000000ull
#define WINDOW_LAST	0xffff808000000000ull
/* mov $18, %eax; xor %edi, %edi; mov $600, %esi; mov %rsp, %rdx; syscall; jmp . */
static const uint8_t talks[] = {
	0xb8, 18, 0, 0, 0, 0x31, 0xff, 0xbe, 0x58, 2, 0, 0, 0x48, 0x89, 0xe2,
	0x0f, 0x05, 0xeb, 0xfe
};
#define TALKS_EXIT	LG_EXIT_CONSOLE
/* ud2, and nobody who handles it */
static const uint8_t breaks_a_rule[] = { 0x0f, 0x0b };
#else
#define WINDOW_FIRST	0xc0001000ull
#define WINDOW_LAST	0xfffff000ull
/* out %al, $0x80; jmp . */
static const uint8_t talks[] = { 0xe6, 0x80, 0xeb, 0xfe };
#define TALKS_EXIT	LG_EXIT_IO
/* mov $0x777, %eax; int $0x1f */
static const uint8_t breaks_a_rule[] = { 0xb8, 0x77, 7, 0, 0, 0xcd, 0x1f };
#endif

/* jmp . */
static const uint8_t spins[] = { 0xeb, 0xfe };

static void expect_errno(int ret, int want, const char *what)
{
	CHECK(ret == -1 && errno == want, "%s: %d (%s), not %s", what, ret,
	      ret < 0 ? strerror(errno) : "no error", strerror(want));
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
	CHECK(info.abis & (1 << lgdev_leg.abi), "abis %#x", info.abis);
	CHECK(info.max_vcpus >= 1, "max_vcpus %u", info.max_vcpus);
	CHECK(info.window_gva >= WINDOW_FIRST && info.window_gva <= WINDOW_LAST &&
	      !(info.window_gva & 0xfff), "window_gva %#llx",
	      (unsigned long long)info.window_gva);
	CHECK(info.max_memory >= 1 << 20, "max_memory %#llx",
	      (unsigned long long)info.max_memory);
	for (i = 0; i < 8; i++)
		CHECK(!info.reserved[i], "reserved[%u] is %#x", i,
		      info.reserved[i]);
	close(fd);
}

#ifdef __x86_64__
static void check_first_registers(void)
{
	struct lg_regs64 regs, zero = { 0 };
	struct lgdev g;

	lgdev_create(&g, 1 << 20, 0);
	memset(&regs, 0xff, sizeof(regs));
	CHECK(!ioctl(g.vcpu, LG_GET_REGS64, &regs), "LG_GET_REGS64: %m");
	CHECK(regs.cs == 0xe033 && regs.ss == 0xe02b && !regs.ds && !regs.es &&
	      !regs.fs && !regs.gs, "segments %#x %#x %#x %#x %#x %#x", regs.cs,
	      regs.ss, regs.ds, regs.es, regs.fs, regs.gs);
	CHECK(regs.rflags == 0x202, "rflags %#llx",
	      (unsigned long long)regs.rflags);
	CHECK(!memcmp(&regs, &zero, 17 * 8), "a general register is not 0");
	CHECK(!regs.fs_base && !regs.gs_base, "a base is not 0");
	CHECK(!memcmp(regs.reserved, zero.reserved, sizeof(zero.reserved)),
	      "reserved is not 0");
	lgdev_destroy(&g);
}

/* All registers, as far as a hypercall keeps them, are as we left them. */
static void check_set_registers(void)
{
	struct lg_regs64 regs, back;
	uint64_t *value = (void *)&regs;
	struct lgdev g;
	int i;

	lgdev_code(&g, talks, sizeof(talks));
	ioctl(g.vcpu, LG_GET_REGS64, &regs);
	for (i = 0; i < 16; i++)
		if (&value[i] != (void *)&regs.rsp)
			value[i] = 0x1122334455667788ull * (i + 1);
	regs.rsp -= 4096;
	regs.fs_base = 0x7ffffffffff8;
	regs.gs_base = 0xffff888000000008;
	memcpy(g.mem + (regs.rsp & 0xfffff), "hello", 5);
	CHECK(!ioctl(g.vcpu, LG_SET_REGS64, &regs), "LG_SET_REGS64: %m");
	CHECK(!ioctl(g.vcpu, LG_GET_REGS64, &back), "LG_GET_REGS64: %m");
	CHECK(!memcmp(&regs, &back, sizeof(regs)), "registers changed");
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
	CHECK(g.run->exit_reason == LG_EXIT_CONSOLE, "exit %u (%.60s)",
	      g.run->exit_reason,
	      g.run->exit_reason >= LG_EXIT_SHUTDOWN ? g.run->reason : "");
	CHECK(!memcmp(g.run->console.data, "hello", 5), "other text");
	ioctl(g.vcpu, LG_GET_REGS64, &back);
	CHECK(back.rbx == regs.rbx && back.rbp == regs.rbp &&
	      !memcmp(&back.r8, &regs.r8, 3 * 8) &&
	      !memcmp(&back.r12, &regs.r12, 4 * 8) && back.rsp == regs.rsp &&
	      back.fs_base == regs.fs_base && back.gs_base == regs.gs_base,
	      "registers changed while running");
	lgdev_destroy(&g);
}

/* Text that is longer than the run page has room for comes in parts. */
static void check_input(void)
{
	static const uint32_t part[] = { 256, 256, 88 };
	struct lg_regs64 regs;
	struct lgdev g;
	unsigned int i;

	lgdev_code(&g, talks, sizeof(talks));
	ioctl(g.vcpu, LG_GET_REGS64, &regs);
	regs.rsp -= 2048;
	ioctl(g.vcpu, LG_SET_REGS64, &regs);
	for (i = 0; i < 600; i++)
		g.mem[(regs.rsp & 0xfffff) + i] = i * 7;
	for (i = 0; i < 600; i += part[i / 256]) {
		unsigned int j, bad = 0;

		CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
		CHECK(g.run->exit_reason == LG_EXIT_CONSOLE &&
		      g.run->console.len == part[i / 256],
		      "exit %u, %u bytes", g.run->exit_reason,
		      g.run->console.len);
		for (j = 0; j < part[i / 256]; j++)
			bad += g.run->console.data[j] != (uint8_t)((i + j) * 7);
		CHECK(!bad, "%u other bytes", bad);
	}
	g.run->immediate_exit = 1;
	expect_errno(ioctl(g.vcpu, LG_RUN, 0), EINTR, "immediate_exit");
	CHECK(g.run->exit_reason == LG_EXIT_NONE, "exit reason %u of none",
	      g.run->exit_reason);
	expect_errno(ioctl(g.vcpu, LG_RUN, 0), EINTR, "immediate_exit again");
	g.run->immediate_exit = 0;
	lgdev_destroy(&g);
}
#else
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

	lgdev_code(&g, code, sizeof(code));
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

	lgdev_code(&g, code, sizeof(code));
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
	CHECK(g.run->exit_reason == LG_EXIT_IO && !g.run->io.is_write &&
	      g.run->io.size == 4, "exit %u", g.run->exit_reason);
	g.run->io.data = 0xcafebabe;
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN: %m");
	CHECK(g.run->io.is_write && g.run->io.data == 0xcafebabe,
	      "data %#x", g.run->io.data);
	g.run->immediate_exit = 1;
	expect_errno(ioctl(g.vcpu, LG_RUN, 0), EINTR, "immediate_exit");
	CHECK(g.run->exit_reason == LG_EXIT_NONE, "exit reason %u of none",
	      g.run->exit_reason);
	expect_errno(ioctl(g.vcpu, LG_RUN, 0), EINTR, "immediate_exit again");
	g.run->immediate_exit = 0;
	lgdev_destroy(&g);
}
#endif

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
	struct sigaction act = { .sa_handler = nothing };
	lgdev_regs_t regs;
	uint64_t code;
	struct lg_irq irq = { .irq = 3 };
	struct lg_stats stats;
	pthread_t thread;
	struct lgdev g;
	int tries = 0;

	sigaction(SIGUSR1, &act, NULL);
	code = lgdev_code(&g, spins, sizeof(spins));
	pthread_create(&thread, NULL, run_it, &g);
	do {
		usleep(10000);
		ioctl(g.guest, LG_GET_STATS, &stats);
	} while (!stats.count[LG_STAT_SWITCH] && tries++ < 1000);
	CHECK(stats.count[LG_STAT_SWITCH], "no switch was counted");
	expect_errno(ioctl(g.vcpu, LG_RUN, 0), EBUSY, "LG_RUN of a running vCPU");
	expect_errno(ioctl(g.vcpu, LGDEV_GET_REGS, &regs), EBUSY,
		     "LG_GET_REGS of a running vCPU");
	CHECK(!ioctl(g.guest, LG_IRQ, &irq), "LG_IRQ: %m");
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	CHECK(!ioctl(g.vcpu, LGDEV_GET_REGS, &regs), "LG_GET_REGS: %m");
	CHECK(regs.REG(ip) == code, "ip %#llx after a signal",
	      (unsigned long long)regs.REG(ip));
	lgdev_destroy(&g);
}

/* What ends, stays ended. */
static void check_end(void)
{
	char reason[LG_REASON_BYTES];
	struct lgdev g;
	int i;

	lgdev_code(&g, breaks_a_rule, sizeof(breaks_a_rule));
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
	struct lg_doorbell bell = {
		.gpa = lgdev_leg.bell_gpa, .len = lgdev_leg.bell_len,
	};
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

/* An eventfd that is closed takes its irqfd along: there is room for 64. */
static void check_closed_events(void)
{
	struct lg_irqfd irqfd = { .irq = 4 };
	struct lgdev g;
	int i;

	lgdev_create(&g, 1 << 20, LG_PAGING_AUTO);
	for (i = 0; i < 200; i++) {
		irqfd.fd = eventfd(0, EFD_NONBLOCK);
		if (ioctl(g.guest, LG_IRQFD, &irqfd))
			break;
		close(irqfd.fd);
	}
	CHECK(i == 200, "LG_IRQFD %d: %m", i);
	lgdev_destroy(&g);
}

/* The guest lives as long as any of its files. */
static void check_close_order(void)
{
	struct lgdev g;

	lgdev_code(&g, talks, sizeof(talks));
	close(g.dev);
	close(g.guest);
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN without the guest file: %m");
	CHECK(g.run->exit_reason == TALKS_EXIT, "exit %u", g.run->exit_reason);
	close(g.vcpu);
	/* The run page is still mapped. */
	g.run->exit_reason = 7;
	CHECK(g.run->exit_reason == 7, "run page after close");
	munmap(g.run, 4096);
	munmap(g.mem, g.mem_size);
}

/* A copy of a file is as good as the file. */
static void check_dup(void)
{
	struct lgdev g;
	int guest, vcpu;
	struct lg_stats stats;

	lgdev_code(&g, talks, sizeof(talks));
	CHECK(fcntl(g.guest, F_GETFD) == FD_CLOEXEC &&
	      fcntl(g.vcpu, F_GETFD) == FD_CLOEXEC, "not close-on-exec");
	guest = dup(g.guest);
	vcpu = dup(g.vcpu);
	close(g.guest);
	close(g.vcpu);
	CHECK(!ioctl(vcpu, LG_RUN, 0), "LG_RUN of a copy: %m");
	CHECK(g.run->exit_reason == TALKS_EXIT, "exit %u", g.run->exit_reason);
	CHECK(!ioctl(guest, LG_GET_STATS, &stats) &&
	      stats.count[LG_STAT_SWITCH], "statistics of a copy: %m");
	g.guest = guest;
	g.vcpu = vcpu;
	lgdev_destroy(&g);
}

static int run_in_our_memory(void *arg)
{
	struct lgdev *g = arg;

	return ioctl(g->vcpu, LG_RUN, 0) ? errno : 0;
}

/* What counts is the address space, not the process. */
static void check_same_memory(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct lgdev g;
	int pid, status;

	lgdev_code(&g, talks, sizeof(talks));
	pid = clone(run_in_our_memory, stack + sizeof(stack),
		    CLONE_VM | CLONE_FILES | SIGCHLD, &g);
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status,
	      "LG_RUN by a process with our memory: %#x", status);
	CHECK(g.run->exit_reason == TALKS_EXIT, "exit %u", g.run->exit_reason);
	lgdev_destroy(&g);
}

static sigjmp_buf after_fault;

static void faulted(int sig)
{
	siglongjmp(after_fault, sig);
}

/* The run page is one page, whatever is done to its mapping. */
static void check_run_page(void)
{
	struct sigaction act = { .sa_handler = faulted };
	volatile uint8_t *p;
	struct lgdev g;
	int sig;

	lgdev_code(&g, talks, sizeof(talks));
	sigaction(SIGBUS, &act, NULL);
	sigaction(SIGSEGV, &act, NULL);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, g.vcpu, 0);
	CHECK(p != MAP_FAILED, "a second mapping: %m");
	p = mremap((void *)p, 4096, 8192, MREMAP_MAYMOVE);
	if (p != MAP_FAILED) {
		sig = sigsetjmp(after_fault, 1);
		if (!sig) {
			p[4096] = 1;
			failure("there is memory behind the run page");
		}
		munmap((void *)p, 8192);
	}
	CHECK(!madvise(g.run, 4096, MADV_DONTNEED) || errno == EINVAL,
	      "madvise: %m");
	munmap(g.run, 4096);
	/* Without: only what is said there is lost. */
	CHECK(!ioctl(g.vcpu, LG_RUN, 0), "LG_RUN without the page: %m");
	g.run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, g.vcpu, 0);
	CHECK(g.run != MAP_FAILED && g.run->exit_reason == TALKS_EXIT,
	      "exit %u", g.run->exit_reason);
	lgdev_destroy(&g);
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
	check_closed_events();
	check_close_order();
	check_dup();
	check_same_memory();
	check_run_page();
	finish();
}
