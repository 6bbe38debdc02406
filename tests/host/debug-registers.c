// SPDX-License-Identifier: GPL-2.0
/*
 * A debugger on the launcher: hardware breakpoints of the host stay the
 * host's.  A watchpoint on a variable of the launcher counts its accesses,
 * all of them and no other, while guests run; breakpoints and watchpoints at
 * addresses where the guest's code and stack are never disturb the guest.
 *
 * Source: reliability class 10; docs/design.md.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define WRITES	50
#define GUESTS	4

static volatile int watched;

static void child(void)
{
	static const char *const guests[] = {
		"boot-linear", "traps-2level", "preempt-2level", "user-2level"
	};
	struct lgdev g;
	unsigned int i;
	int n, ret;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (i = 0; i < GUESTS; i++) {
		lgdev_start(&g, lgdev_guest_path(guests[i]), "");
		g.quiet = true;
		for (n = 0; n < WRITES / 2; n++)
			watched = n;
		do
			ret = lgdev_run(&g);
		while (ret == -EINTR);
		for (n = 0; n < WRITES / 2; n++)
			watched = n;
		if (ret != LG_EXIT_SHUTDOWN)
			_exit(10 + i);
		lgdev_destroy(&g);
	}
	_exit(0);
}

static void set_dr(pid_t pid, int n, unsigned long value)
{
	if (ptrace(PTRACE_POKEUSER, pid,
		   offsetof(struct user, u_debugreg) + n * sizeof(long), value))
		error("debug register %d: %s", n, strerror(errno));
}

/* 1 to 3: where guests have data, the kernel's text and their stack. */
static void set_where_guests32(pid_t pid)
{
	set_dr(pid, 1, 0x101000);
	set_dr(pid, 2, 0x100000);
	set_dr(pid, 3, 0x104000);
	/* 0 and 3: write of 4 bytes; 1: read or write; 2: execute. */
	set_dr(pid, 7, 0x55 | 0xdu << 16 | 0xfu << 20 | 0x0u << 24 | 0xdu << 28);
}

/*
 * 1 to 3: code of the programs of "user", which is where we have no code; their
 * kernels are where a debugger may not set any.
 */
static void set_where_guests64(pid_t pid)
{
	set_dr(pid, 1, 0x400010);
	set_dr(pid, 2, 0x400020);
	set_dr(pid, 3, 0x400030);
	/* 0: write of 4 bytes; the others: execute. */
	set_dr(pid, 7, 0x55 | 0xdu << 16);
}

int main(void)
{
	int status, hits = 0, others = 0;
	pid_t pid = fork();

	if (!pid)
		child();
	waitpid(pid, &status, 0);
	/* 0: our variable, written. */
	set_dr(pid, 0, (unsigned long)&watched);
	if (sizeof(long) == 8)
		set_where_guests64(pid);
	else
		set_where_guests32(pid);
	ptrace(PTRACE_CONT, pid, 0, 0);
	for (;;) {
		int sig;

		if (waitpid(pid, &status, 0) != pid)
			error("waitpid: %s", strerror(errno));
		if (WIFEXITED(status) || WIFSIGNALED(status))
			break;
		sig = WSTOPSIG(status);
		if (sig == SIGTRAP) {
			hits++;
			sig = 0;
		} else {
			others++;
		}
		ptrace(PTRACE_CONT, pid, 0, sig);
	}
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status),
	      "the launcher under a debugger: status %#x", status);
	CHECK(hits == GUESTS * WRITES, "%d hits of the watchpoint, not %d", hits,
	      GUESTS * WRITES);
	CHECK(!others, "%d other signals", others);
	finish();
}
