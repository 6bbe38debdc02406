// SPDX-License-Identifier: GPL-2.0
/*
 * Run one bare test guest on /dev/lguest and say what came of it:
 *
 *	run-guest [-m MIB] [-p auto|2level|pae] [-n TIMES] [-s]
 *		  [-t SECONDS] FILE [ARG]
 *
 * The guest's own text comes first, the verdict line last: SUCCESS, SKIP,
 * ERROR or FAILURE as the guest gave it, CRASHED or KILLED with the reason
 * otherwise.  A guest that never ends never gets one; with -t it is looked at
 * after that time: registers, statistics.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

struct options {
	size_t memory;
	uint32_t paging;
	unsigned int times;
	bool stats;
	unsigned int seconds;
	const char *file;
	const char *arg;
};

static uint32_t paging_by_name(const char *name)
{
	if (!strcmp(name, "auto"))
		return LG_PAGING_AUTO;
	if (!strcmp(name, "2level"))
		return LG_PAGING_2LEVEL;
	if (!strcmp(name, "pae"))
		return LG_PAGING_PAE;
	error("unknown paging %s", name);
}

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "m:p:n:st:")) != -1) {
		switch (c) {
		case 'm':
			o->memory = strtoul(optarg, NULL, 0) << 20;
			break;
		case 'p':
			o->paging = paging_by_name(optarg);
			break;
		case 'n':
			o->times = strtoul(optarg, NULL, 0);
			break;
		case 's':
			o->stats = true;
			break;
		case 't':
			o->seconds = strtoul(optarg, NULL, 0);
			break;
		default:
			error("usage: run-guest [-m MIB] [-p PAGING] [-n TIMES] [-s] [-t SECONDS] FILE [ARG]");
		}
	}
	if (optind >= argc)
		error("which guest?");
	o->file = argv[optind];
	o->arg = optind + 1 < argc ? argv[optind + 1] : NULL;
}

static void print_stats(struct lgdev *g)
{
	struct lg_stats stats;
	unsigned int i;

	if (ioctl(g->guest, LG_GET_STATS, &stats))
		error("LG_GET_STATS: %s", strerror(errno));
	for (i = 0; i < LG_STAT_COUNT; i++)
		if (stats.count[i])
			note("stat %u: %llu", i,
			     (unsigned long long)stats.count[i]);
}

static volatile sig_atomic_t too_long;

static void alarmed(int sig)
{
	(void)sig;
	too_long = 1;
}

static bool is_verdict(const char *text)
{
	return !strncmp(text, "FAILURE", 7) || !strncmp(text, "ERROR", 5) ||
	       !strncmp(text, "SKIP", 4);
}

/* The verdict line; the exit status agrees with it. */
static int verdict(struct lgdev *g, int exit_reason)
{
	const char *why = lgdev_verdict(g);

	switch (exit_reason) {
	case LG_EXIT_SHUTDOWN:
		if (!strcmp(why, "SUCCESS")) {
			printf("SUCCESS\n");
			return 0;
		}
		printf("FAILURE: power-off without a verdict: %s\n", why);
		return 1;
	case LG_EXIT_RESTART:
		printf("RESTART %s\n", why);
		return 1;
	case LG_EXIT_CRASH:
		if (!is_verdict(why)) {
			printf("CRASHED %s\n", why);
			return 1;
		}
		printf("%s\n", why);
		return !strncmp(why, "SKIP", 4) ? 77 : 1;
	case LG_EXIT_KILLED:
		printf("KILLED %s\n", why);
		return 1;
	case LG_EXIT_MMIO:
		printf("FAILURE: memory access at %#llx, size %u\n",
		       (unsigned long long)g->run->mmio.gpa,
		       g->run->mmio.size);
		return 1;
	default:
		printf("FAILURE: LG_RUN returned %d (%s), exit reason %u\n",
		       exit_reason, strerror(-exit_reason),
		       g->run->exit_reason);
		return 1;
	}
}

static int run_once(const struct options *o)
{
	struct lgdev g;
	int reason, again, status;

	lgdev_start_sized(&g, o->memory, o->paging, o->file, o->arg);
	alarm(o->seconds);
	do
		reason = lgdev_run(&g);
	while (reason == -EINTR && !too_long);
	if (too_long)
		lgdev_print_state(&g);
	if (o->stats || too_long)
		print_stats(&g);
	/* The end is final: the same answer for ever. */
	if (reason == LG_EXIT_KILLED || reason == LG_EXIT_CRASH) {
		again = lgdev_run(&g);
		if (again != reason) {
			printf("FAILURE: after exit %d, exit %d\n", reason,
			       again);
			return 1;
		}
	}
	status = verdict(&g, reason);
	lgdev_destroy(&g);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {
		.memory = LGDEV_MEMORY,
		.times = 1,
	};
	struct sigaction act = { .sa_handler = alarmed };
	unsigned int i;
	int status = 0;

	parse(&o, argc, argv);
	sigaction(SIGALRM, &act, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < o.times && !status; i++)
		status = run_once(&o);
	return status;
}
