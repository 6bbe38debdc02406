// SPDX-License-Identifier: GPL-2.0
/*
 * Many guests at once: ten processes, each with a guest that checks its own
 * memory, tables, registers, interrupts or FPU state, on as many CPUs as
 * there are, moving between them; and beside them guests that never end.
 * Each of the ten must succeed.
 *
 * Source: docs/design.md; reliability classes 13 and 23.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

static const char *const guests[] = {
	"boot-2level", "boot-linear", "fpu-linear", "fpu-2level",
	"preempt-2level", "paging-random-2level", "paging-random-pae",
	"roots-2level", "irq-linear", "timer-2level"
};

#define COUNT	10

static pid_t start(const char *name, const char *arg)
{
	struct lgdev g;
	pid_t pid = fork();
	int reason;

	if (pid)
		return pid;
	lgdev_start(&g, lgdev_guest_path(name), arg);
	g.quiet = true;
	reason = lgdev_run(&g);
	if (reason == LG_EXIT_SHUTDOWN)
		_exit(0);
	failure("%s: exit %d: %.100s", name, reason,
		reason > 0 ? lgdev_verdict(&g) : strerror(-reason));
	_exit(1);
}

int main(void)
{
	pid_t busy[3], pid[COUNT];
	int i, status;

	busy[0] = start("forever-2level", "hcall");
	busy[1] = start("forever-linear", "spin");
	busy[2] = start("forever-2level", "flush");
	for (i = 0; i < COUNT; i++)
		pid[i] = start(guests[i], "");
	for (i = 0; i < COUNT; i++) {
		waitpid(pid[i], &status, 0);
		CHECK(!status, "%s: status %#x", guests[i], status);
	}
	for (i = 0; i < 3; i++) {
		kill(busy[i], SIGKILL);
		waitpid(busy[i], &status, 0);
		CHECK(WIFSIGNALED(status), "a guest without end ended: %#x",
		      status);
	}
	finish();
}
