// SPDX-License-Identifier: GPL-2.0
/*
 * The MSRs that a 64-bit host lends to guests, read as numbers:
 *
 *	msrs [cpu]
 *
 * Claim: after a guest has run on a processor, a program there finds in each
 * the value of before, also in those that no system call notices.
 *
 * "cpu": so does a guest on a processor that went away while it slept there, and
 * came back.  No program has run on it since, the guest is the first: it must
 * find its own values in place, or its system calls enter the host's kernel.
 *
 * Source: docs/design-amd64.md, section 2; SDM volume 4, chapter 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define ONLINE	"/sys/devices/system/cpu/cpu1/online"
#define ROUNDS	5

static const uint32_t msrs[] = {
	0x174,		/* SYSENTER_CS */
	0xc0000081,	/* STAR */
	0xc0000082,	/* LSTAR */
	0xc0000083,	/* CSTAR */
	0xc0000084,	/* SFMASK */
};

#define MSRS	(sizeof(msrs) / sizeof(msrs[0]))

/* A thread that is gone says itself why. */
static void stay(pid_t tid, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(tid, sizeof(cpus), &cpus) && errno != ESRCH)
		error("cannot stay on CPU %d: %s", cpu, strerror(errno));
}

static void read_msrs(uint64_t value[MSRS])
{
	int fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	unsigned int i;

	if (fd < 0)
		skip("no /dev/cpu/0/msr: %s", strerror(errno));
	for (i = 0; i < MSRS; i++)
		if (pread(fd, &value[i], 8, msrs[i]) != 8)
			error("MSR %#x: %s", msrs[i], strerror(errno));
	close(fd);
}

static void values_stay(void)
{
	uint64_t before[MSRS], after[MSRS];
	struct lgdev g;
	unsigned int i;
	int ret;

	stay(0, 0);
	read_msrs(before);
	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	g.quiet = true;
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR);
	read_msrs(after);
	CHECK(ret == LG_EXIT_SHUTDOWN, "the guest: exit %d", ret);
	lgdev_destroy(&g);
	for (i = 0; i < MSRS; i++)
		CHECK(before[i] == after[i],
		      "MSR %#x is %#" PRIx64 " after a guest, not %#" PRIx64,
		      msrs[i], after[i], before[i]);
}

static atomic_int tid, stop, ended;

static void *sleeper(void *arg)
{
	struct lgdev g;
	int ret;

	(void)arg;
	stay(0, 1);
	lgdev_start(&g, lgdev_guest_path("forever-2level"), "sleep");
	g.quiet = true;
	tid = syscall(SYS_gettid);
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR && !stop);
	CHECK(ret == -EINTR, "the sleeper: exit %d: %.100s", ret,
	      g.run->reason);
	lgdev_destroy(&g);
	ended = 1;
	return NULL;
}

static void put(const char *text)
{
	int fd = open(ONLINE, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		error("CPU 1, %s: %s", text, strerror(errno));
	close(fd);
}

static void nothing(int sig)
{
	(void)sig;
}

static void cpu_comes_back(void)
{
	struct sigaction act = { .sa_handler = nothing };
	pthread_t thread;
	int i;

	if (access(ONLINE, W_OK))
		skip("only one processor, or it must stay");
	stay(0, 0);
	sigaction(SIGUSR1, &act, NULL);
	pthread_create(&thread, NULL, sleeper, NULL);
	while (!tid && !ended)
		usleep(1000);
	for (i = 0; i < ROUNDS && !ended; i++) {
		usleep(50000);
		put("0");
		put("1");
		/* It is in LG_RUN all the while: no program is on its way. */
		stay(tid, 1);
	}
	usleep(50000);
	stop = 1;
	while (!ended) {
		pthread_kill(thread, SIGUSR1);
		usleep(1000);
	}
	pthread_join(thread, NULL);
}

/*
 * The C library's restartable sequences make LG_RUN end whenever its thread loses
 * the CPU; then a program is on its way after all.
 */
static void without_rseq(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
	execv("/proc/self/exe", argv);
	error("cannot start anew: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "cpu")) {
		without_rseq(argv);
		cpu_comes_back();
	} else {
		values_stay();
	}
	finish();
}
