// SPDX-License-Identifier: GPL-2.0
/*
 * Run a guest that does something to itself no one can foretell: it may get
 * by or be killed, but not see what it must not (a FAILURE of its own), and
 * afterwards another guest works.
 *
 *	survive GUEST CASE
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lgdev.h"
#include "verdict.h"

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
	lgdev_destroy(&g);
	return ret;
}

int main(int argc, char **argv)
{
	int ret;

	if (argc < 3)
		error("usage: survive GUEST CASE");
	ret = run(argv[1], argv[2], false);
	CHECK(ret == LG_EXIT_SHUTDOWN || ret == LG_EXIT_KILLED, "exit %d", ret);
	ret = run("boot-2level", "", true);
	CHECK(ret == LG_EXIT_SHUTDOWN, "another guest: exit %d", ret);
	finish();
}
