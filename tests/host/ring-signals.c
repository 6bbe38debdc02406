// SPDX-License-Identifier: GPL-2.0
/*
 * Signals for the launcher while its guest uses the ring.
 *
 * Claim: a signal makes LG_RUN return, and is nothing that a guest could see;
 * least of all by the order of its calls and faults.
 *
 *	ring-signals GUEST
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "lgdev.h"
#include "verdict.h"

#define USEC	200

static volatile sig_atomic_t signals;

static void count(int sig)
{
	(void)sig;
	signals++;
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = count };
	struct itimerval often = {
		.it_interval = { .tv_usec = USEC },
		.it_value = { .tv_usec = USEC },
	};
	unsigned int interrupted = 0;
	struct lgdev g;
	int ret;

	if (argc < 2)
		error("usage: ring-signals GUEST");
	sigaction(SIGALRM, &act, NULL);
	lgdev_start(&g, lgdev_guest_path(argv[1]), "");
	setitimer(ITIMER_REAL, &often, NULL);
	while ((ret = lgdev_run(&g)) == -EINTR)
		interrupted++;
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	note("%d signals, %u runs interrupted", signals, interrupted);
	CHECK(ret == LG_EXIT_SHUTDOWN, "exit %d: %.100s", ret, g.run->reason);
	CHECK(interrupted, "no run was interrupted");
	lgdev_destroy(&g);
	finish();
}
