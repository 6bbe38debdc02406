// SPDX-License-Identifier: GPL-2.0
/*
 * Many guests that throw dice (tests/guests/fuzz-hypercall), one after another:
 *
 *	fuzz-guest [-s SEED] [-n RUNS] [-c STEPS] GUEST
 *
 * Claim: each gets to its end, is killed with a reason, or spins until it is
 * told to stop; the memory around its own keeps its pattern, and another guest
 * that stood still meanwhile goes on as if nothing had been.
 *
 * A failure names the seed: the same one throws the same dice.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "lgdev.h"
#include "tg-port.h"
#include "poison.h"
#include "verdict.h"

#define UART_LSR	0x3fd
#define POISON_WORDS	(64u << 10)
#define SECONDS		3

static volatile sig_atomic_t too_long;

static void alarmed(int sig)
{
	(void)sig;
	too_long = 1;
}

/* The test device gives noise, but for what printing needs. */
static void answer(struct lgdev *g)
{
	struct lg_run *run = g->run;

	if (run->exit_reason == LG_EXIT_IO)
		run->io.data = run->io.port == UART_LSR ? 0x60 : rand();
	else
		run->mmio.data = rand();
}

static int run(struct lgdev *g)
{
	struct itimerval limit = { .it_value = { .tv_sec = SECONDS } };
	int ret;

	too_long = 0;
	setitimer(ITIMER_REAL, &limit, NULL);
	do {
		ret = ioctl(g->vcpu, LG_RUN, 0) ? -errno :
						  (int)g->run->exit_reason;
		if (ret == LG_EXIT_IO || ret == LG_EXIT_MMIO)
			answer(g);
		else if (ret != -EINTR)
			break;
	} while (!too_long);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	return ret;
}

static void one(const char *guest, unsigned int seed, unsigned int steps,
		unsigned int *ends)
{
	uint32_t *before = poison_make(POISON_WORDS), *after;
	char arg[64];
	struct lgdev g;
	int ret;

	srand(seed);
	snprintf(arg, sizeof(arg), "%u %u", seed, steps);
	lgdev_create(&g, LGDEV_MEMORY, LG_PAGING_AUTO);
	after = poison_make(POISON_WORDS);
	lgdev_load(&g, lgdev_guest_path(guest), arg);
	ret = run(&g);
	if (ret < 0 && ret != -EINTR)
		failure("seed %u: LG_RUN: %s", seed, strerror(-ret));
	if (ret == LG_EXIT_KILLED && getenv("VERBOSE"))
		note("seed %u: %.100s", seed, g.run->reason);
	if (ret == LG_EXIT_KILLED && !g.run->reason[0])
		failure("seed %u: killed without a reason", seed);
	ends[ret < 0 ? 0 : ret]++;
	lgdev_destroy(&g);
	poison_check(before, POISON_WORDS, "before");
	poison_check(after, POISON_WORDS, "behind");
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = alarmed };
	unsigned int seed = 1, runs = 40, steps = 400, i, ends[8] = { 0 };
	struct lgdev bystander;
	int c, ret;

	while ((c = getopt(argc, argv, "s:n:c:")) != -1) {
		unsigned int n = c == '?' ? 0 : strtoul(optarg, NULL, 0);

		if (c == 's')
			seed = n;
		else if (c == 'n')
			runs = n;
		else
			steps = n;
	}
	if (optind >= argc)
		error("usage: fuzz-guest [-s SEED] [-n RUNS] [-c STEPS] GUEST");
	sigaction(SIGALRM, &act, NULL);
	lgdev_start(&bystander, lgdev_guest_path("fpu-2level"), "");
	bystander.quiet = true;
	do
		ret = ioctl(bystander.vcpu, LG_RUN, 0) ? -errno : 0;
	while (ret == -EINTR);
	CHECK(!ret && bystander.run->exit_reason == LG_EXIT_IO,
	      "the bystander: %d", ret);
	for (i = 0; i < runs; i++)
		one(argv[optind], seed + i, steps, ends);
	note("%u to the end, %u killed, %u crashed, %u restarted, %u stopped",
	     ends[LG_EXIT_SHUTDOWN], ends[LG_EXIT_KILLED], ends[LG_EXIT_CRASH],
	     ends[LG_EXIT_RESTART], ends[0]);
	bystander.run->io.data = 0x60;
	do
		ret = lgdev_run(&bystander);
	while (ret == -EINTR);
	CHECK(ret == LG_EXIT_SHUTDOWN, "the bystander: exit %d: %.100s", ret,
	      bystander.run->reason);
	finish();
}
