// SPDX-License-Identifier: GPL-2.0
/*
 * Limits on CPU time count while a guest runs: ITIMER_PROF fires and RLIMIT_CPU
 * kills, also under a guest that never leaves by itself.  Such timers expire in
 * work that the kernel does on the way to user mode: a run loop that looks at
 * signals alone never gets there.
 *
 * Source: docs/threat-model.md, P3.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define SECONDS	30	/* of real time, for a fraction of CPU time */

static volatile sig_atomic_t fired;

static void on_timer(int sig)
{
	(void)sig;
	fired = 1;
}

static void spin(void)
{
	struct lgdev g;

	lgdev_start(&g, lgdev_guest_path("forever-2level"), "spin");
	g.quiet = true;
	while (!fired && lgdev_run(&g) == -EINTR)
		;
}

static void with_timer(void)
{
	struct itimerval timer = { .it_value.tv_usec = 200000 };
	struct sigaction act = { .sa_handler = on_timer };

	sigaction(SIGPROF, &act, NULL);
	setitimer(ITIMER_PROF, &timer, NULL);
	spin();
	_exit(fired ? 0 : 9);
}

static void with_limit(void)
{
	struct rlimit limit = { .rlim_cur = 1, .rlim_max = 1 };

	setrlimit(RLIMIT_CPU, &limit);
	spin();
	_exit(9);
}

/* Exit status of a child that does this; -1 if it does not end. */
static int status_of(void (*child)(void))
{
	pid_t pid = fork();
	int i, status;

	if (!pid)
		child();
	for (i = 0; i < SECONDS * 10; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(100000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

int main(void)
{
	int status = status_of(with_timer);

	CHECK(!status, "ITIMER_PROF: status %#x", status);
	status = status_of(with_limit);
	CHECK(status >= 0 && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGKILL, "RLIMIT_CPU: status %#x", status);
	finish();
}
