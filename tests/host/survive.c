// SPDX-License-Identifier: GPL-2.0
/*
 * Run guests that do something to themselves no one can foretell: each
 * may get by or be killed, but not see what it must not (a FAILURE of its own),
 * and afterwards another guest works.
 *
 *	survive [-c] GUEST CASE...
 *
 * With -c it may also say that it crashed: it hurts its own code or stack.
 *
 * Says how many stale entries the auditor found, if it was there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lgdev.h"
#include "verdict.h"

static void note_stale(struct lgdev *g)
{
	struct lg_stats stats;

	if (ioctl(g->guest, LG_GET_STATS, &stats))
		error("LG_GET_STATS: %s", strerror(errno));
	if (stats.count[LG_STAT_STALE])
		note("%llu stale entries",
		     (unsigned long long)stats.count[LG_STAT_STALE]);
}

static int run(const char *name, const char *arg, bool quiet)
{
	struct lgdev g;
	int ret;

	lgdev_start(&g, lgdev_guest_path(name), arg);
	g.quiet = quiet;
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR);
	if (ret == LG_EXIT_KILLED || ret == LG_EXIT_CRASH)
		note("%s", g.run->reason);
	note_stale(&g);
	lgdev_destroy(&g);
	return ret;
}

int main(int argc, char **argv)
{
	bool may_crash = argc > 1 && !strcmp(argv[1], "-c");
	int ret, i;

	argc -= may_crash;
	argv += may_crash;
	if (argc < 3)
		error("usage: survive [-c] GUEST CASE...");
	for (i = 2; i < argc; i++) {
		ret = run(argv[1], argv[i], false);
		CHECK(ret == LG_EXIT_SHUTDOWN || ret == LG_EXIT_KILLED ||
		      (may_crash && ret == LG_EXIT_CRASH),
		      "%s: exit %d", argv[i], ret);
	}
	ret = run("boot-2level", "", true);
	CHECK(ret == LG_EXIT_SHUTDOWN, "another guest: exit %d", ret);
	finish();
}
