// SPDX-License-Identifier: GPL-2.0
/*
 * Many 64-bit guests that throw dice (tests/xenpv/fuzz-*), one after another:
 *
 *	fuzz-xenpv [-s SEED] [-n RUNS] [-c CALLS] [-a EVERY] GUEST
 *
 * EVERY: the module audits its shadows at every so many faults and flushes.
 *
 * Claim: each gets to its end, is killed with a reason, or is stopped when its
 * time is up; the memory around its own keeps its pattern. The reason is none that
 * no guest can bring about.
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
#include "poison.h"
#include "verdict.h"

#define POISON_WORDS	(64u << 10)
#define SECONDS		5

static volatile sig_atomic_t too_long;

static void alarmed(int sig)
{
	(void)sig;
	too_long = 1;
}

/* They would be the host's mistakes: nothing that a guest does leads there. */
static const char *const our_fault[] = {
	"should not be there", "malformed", "in the switcher", "out of memory",
};

static void check_reason(const char *reason, unsigned int seed)
{
	if (!reason[0])
		failure("seed %u: killed without a reason", seed);
	for (unsigned int i = 0; i < sizeof(our_fault) / sizeof(our_fault[0]);
	     i++)
		if (strstr(reason, our_fault[i]))
			failure("seed %u: %.100s", seed, reason);
}

/* What it says on the console is noise. */
static int run(struct lgdev *g)
{
	struct itimerval limit = { .it_value = { .tv_sec = SECONDS } };
	int ret;

	too_long = 0;
	setitimer(ITIMER_REAL, &limit, NULL);
	do
		ret = ioctl(g->vcpu, LG_RUN, 0) ? -errno :
						  (int)g->run->exit_reason;
	while ((ret == LG_EXIT_CONSOLE || ret == -EINTR) && !too_long);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	return ret == LG_EXIT_CONSOLE ? -EINTR : ret;
}

static void audit(unsigned int every)
{
	FILE *file = fopen("/sys/module/lg/parameters/audit", "w");

	if (!file || fprintf(file, "%u\n", every) < 0 || fclose(file))
		error("audit=%u: %s", every, strerror(errno));
}

static void one(const char *guest, unsigned int seed, unsigned int calls,
		unsigned int *ends)
{
	uint32_t *before = poison_make(POISON_WORDS), *after;
	struct lgdev g;
	char arg[64];
	int ret;

	snprintf(arg, sizeof(arg), "%u %u", seed, calls);
	lgdev_create(&g, LGDEV_MEMORY, LG_PAGING_AUTO);
	after = poison_make(POISON_WORDS);
	lgdev_load(&g, lgdev_guest_path(guest), arg);
	ret = run(&g);
	if (ret < 0 && ret != -EINTR)
		failure("seed %u: LG_RUN: errno %d", seed, -ret);
	if (ret == LG_EXIT_KILLED && getenv("VERBOSE"))
		note("seed %u: %.100s", seed, g.run->reason);
	if (ret == LG_EXIT_KILLED)
		check_reason(g.run->reason, seed);
	ends[ret < 0 ? 0 : ret]++;
	lgdev_destroy(&g);
	poison_check(before, POISON_WORDS, "before");
	poison_check(after, POISON_WORDS, "behind");
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = alarmed };
	unsigned int seed = 1, runs = 20, calls = 1000, every = 0;
	unsigned int ends[8] = { 0 };
	int c;

	while ((c = getopt(argc, argv, "s:n:c:a:")) != -1) {
		unsigned int n = c == '?' ? 0 : strtoul(optarg, NULL, 0);

		if (c == 's')
			seed = n;
		else if (c == 'n')
			runs = n;
		else if (c == 'a')
			every = n;
		else
			calls = n;
	}
	if (optind >= argc)
		error("usage: fuzz-xenpv [-s SEED] [-n RUNS] [-c CALLS] [-a EVERY] GUEST");
	sigaction(SIGALRM, &act, NULL);
	if (every)
		audit(every);
	for (unsigned int i = 0; i < runs; i++)
		one(argv[optind], seed + i, calls, ends);
	if (every)
		audit(0);
	note("%u to the end, %u killed, %u crashed, %u restarted, %u stopped",
	     ends[LG_EXIT_SHUTDOWN], ends[LG_EXIT_KILLED], ends[LG_EXIT_CRASH],
	     ends[LG_EXIT_RESTART], ends[0]);
	finish();
}
