// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest's debug exceptions leave behind in DR6.
 *
 * Claim: after a guest that single-steps, the next debug exception of the host
 * is taken for what it is.  A watchpoint of this program is hit by the kernel
 * itself (read() into it); with a stale single-step bit the kernel would warn,
 * and a signal would come that nobody asked for.
 *
 * Source: reliability classes 10 and 31; SDM volume 3, 17.2.3: the processor
 * never clears these bits.
 *
 * A failure is a warning in the kernel's log, a signal, or a hit not counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define ROUNDS	20
#define READS	10

static volatile unsigned int watched __attribute__((aligned(4)));
static volatile sig_atomic_t traps;

static void trapped(int sig)
{
	(void)sig;
	traps++;
}

static int watch(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&watched,
		.bp_len = HW_BREAKPOINT_LEN_4,
		.exclude_hv = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		skip("no watchpoint: %s", strerror(errno));
	return fd;
}

/* Written by the kernel, then by us. */
static void touch(int zero)
{
	int i;

	for (i = 0; i < READS; i++) {
		if (read(zero, (void *)&watched, 4) != 4)
			error("read: %s", strerror(errno));
		watched = i;
	}
}

static unsigned long long hits(int perf)
{
	unsigned long long count;

	if (read(perf, &count, sizeof(count)) != sizeof(count))
		error("read of the counter: %s", strerror(errno));
	return count;
}

/* One with each way to leave something behind: TF in both rings, ICEBP. */
static void run_guest(unsigned int round)
{
	struct lgdev g;
	int ret;

	lgdev_start(&g, lgdev_guest_path(round & 1 ? "attack-debug-2level" :
					 "attack-debug-linear"), "leave");
	g.quiet = true;
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR);
	CHECK(ret == LG_EXIT_SHUTDOWN, "the guest: exit %d: %.100s", ret,
	      g.run->reason);
	lgdev_destroy(&g);
}

int main(void)
{
	int perf, zero = open("/dev/zero", O_RDONLY);
	unsigned long long before, after, usual;
	cpu_set_t cpu;
	unsigned int i;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	signal(SIGTRAP, trapped);
	perf = watch();
	touch(zero);
	/* The kernel writes one by one, or byte after byte. */
	before = usual = hits(perf);
	CHECK(usual >= 2 * READS, "%llu hits for %u writes", usual, 2 * READS);
	for (i = 0; i < ROUNDS; i++) {
		run_guest(i);
		touch(zero);
		after = hits(perf);
		CHECK(after - before == usual, "round %u: %llu hits, not %llu", i,
		      after - before, usual);
		before = after;
	}
	CHECK(!traps, "%d signals that nobody asked for", traps);
	finish();
}
