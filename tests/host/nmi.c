// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs that hit a guest, or the switch to or from it, reach the host: its own
 * count rises by at least as many as the module saw, and on the CPU that runs
 * the guest about as much as on the others.  Guests that spin, make hypercalls
 * and fault have them hit different places.
 *
 * Source: docs/design.md, item 8.  Historic lguest lost them.
 *
 * Run it under a storm of NMIs (`nmi =` of the case), sent to all CPUs alike.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define SECONDS	2

/* What the host has counted on CPUs 0 and 1; the second is 0 if there is none. */
static void read_nmis(unsigned long nmis[2])
{
	FILE *f = fopen("/proc/interrupts", "r");
	char line[512];
	bool found = false;

	nmis[0] = nmis[1] = 0;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " NMI: %lu %lu", &nmis[0], &nmis[1]) > 0)
			found = true;
	if (!found)
		error("no NMI line in /proc/interrupts");
	fclose(f);
}

static volatile sig_atomic_t late;

static void on_alarm(int sig)
{
	(void)sig;
	late = 1;
}

/* Of a guest that spins, nearly all hit the guest: each run must add up. */
static unsigned long long run(const char *how)
{
	unsigned long before[2], after[2];
	unsigned long long hits;
	struct lgdev g;
	int ret;

	lgdev_start(&g, lgdev_guest_path("forever-2level"), how);
	g.quiet = true;
	late = 0;
	read_nmis(before);
	alarm(SECONDS);
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR && !late);
	read_nmis(after);
	CHECK(ret == -EINTR, "%s: %d", how, ret);
	hits = lgdev_stat(&g, LG_STAT_NMI);
	note("%s: %llu NMIs in %llu switches", how, hits,
	     (unsigned long long)lgdev_stat(&g, LG_STAT_SWITCH));
	CHECK(after[0] - before[0] >= hits,
	      "%s: %llu NMIs hit a guest, the host counted %lu", how, hits,
	      after[0] - before[0]);
	lgdev_destroy(&g);
	return hits;
}

int main(void)
{
	static const char *const how[] = { "spin", "hcall", "fault" };
	struct sigaction act = { .sa_handler = on_alarm };
	unsigned long before[2], after[2], here, there;
	unsigned long long hits = 0;
	unsigned int i;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		error("cannot stay on CPU 0: %s", strerror(errno));
	sigaction(SIGALRM, &act, NULL);
	read_nmis(before);
	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++)
		hits += run(how[i]);
	read_nmis(after);
	here = after[0] - before[0];
	there = after[1] - before[1];
	note("the host counted %lu here, %lu on the next CPU", here, there);
	CHECK(hits > 10, "%llu NMIs hit a guest", hits);
	CHECK(2 * here >= there, "%lu NMIs here, %lu on the next CPU", here,
	      there);
	finish();
}
