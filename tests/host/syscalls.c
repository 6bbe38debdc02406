// SPDX-License-Identifier: GPL-2.0
/*
 * System calls of other programs on the CPU where a guest runs: they reach the
 * host's kernel, and none of them the guest's or the switcher; their thread
 * pointers (FS and GS bases, selectors) stay theirs.
 *
 * A 64-bit host has to lend the SYSCALL instruction to the guest; whoever is
 * next on that CPU must find it in its place.
 *
 * Source: docs/design.md, MSRs; reliability class 20.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define SECONDS	4

static __thread unsigned int own;

static void stay(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		error("cannot stay on CPU 0: %s", strerror(errno));
}

/* Calls whose answers are known; exit status 0 if all were right. */
static void storm(void)
{
	time_t end = time(NULL) + SECONDS;
	pid_t pid = getpid();
	unsigned int n = 0;

	own = pid;
	while (time(NULL) < end) {
		if (syscall(SYS_getpid) != pid || own != (unsigned int)pid)
			_exit(1);
		if (syscall(SYS_close, -1) != -1 || errno != EBADF)
			_exit(2);
		if (!(n++ % 64))
			sched_yield();
	}
	_exit(n > 100 ? 0 : 3);
}

static void run(const char *how)
{
	struct lgdev g;

	lgdev_start(&g, lgdev_guest_path("forever-2level"), how);
	g.quiet = true;
	own = 1;
	lgdev_run(&g);
	_exit(1);
}

int main(void)
{
	static const char *const how[] = { "spin", "hcall", "roots", "sleep" };
	pid_t guest[4], caller[3];
	int i, status;

	stay();
	for (i = 0; i < 4; i++) {
		guest[i] = fork();
		if (!guest[i])
			run(how[i]);
	}
	for (i = 0; i < 3; i++) {
		caller[i] = fork();
		if (!caller[i])
			storm();
	}
	for (i = 0; i < 3; i++) {
		waitpid(caller[i], &status, 0);
		CHECK(!status, "a program beside the guests: status %#x",
		      status);
	}
	for (i = 0; i < 4; i++) {
		kill(guest[i], SIGKILL);
		waitpid(guest[i], &status, 0);
		CHECK(WIFSIGNALED(status), "guest %s ended: %#x", how[i],
		      status);
	}
	finish();
}
