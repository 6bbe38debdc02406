// SPDX-License-Identifier: GPL-2.0
/*
 * SIGKILL at random moments: 200 processes that run a guest die within the
 * first milliseconds of it, in every kind of guest that never ends.  The host
 * stays reachable, nothing of the guests is left: the last one works, and
 * the module's use count is what it was.
 *
 * Source: reliability class 21.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define ROUNDS	200

static const char *const kinds[] = {
	"spin", "fault", "trap", "halt", "hcall", "ring", "port", "flush",
	"timer", "roots"
};

static int module_users(void)
{
	char name[64];
	int size, users;
	FILE *f = fopen("/proc/modules", "r");

	if (!f)
		return -1;
	while (fscanf(f, "%63s %d %d %*[^\n]", name, &size, &users) == 3) {
		if (!strcmp(name, "lg")) {
			fclose(f);
			return users;
		}
	}
	fclose(f);
	return -1;
}

static pid_t start(const char *kind, const char *env)
{
	char name[32];
	struct lgdev g;
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(name, sizeof(name), "forever-%s", env);
	lgdev_start(&g, lgdev_guest_path(name), kind);
	g.quiet = true;
	lgdev_run(&g);
	/* It must not come back. */
	_exit(1);
}

int main(void)
{
	int users = module_users(), status, i;
	struct lgdev g;
	pid_t pid;

	srand(11);
	for (i = 0; i < ROUNDS; i++) {
		const char *kind = kinds[i % 10];

		pid = start(kind, i / 10 % 2 ? "linear" : "2level");
		usleep(rand() % (i % 4 ? 30000 : 3000));
		kill(pid, SIGKILL);
		if (waitpid(pid, &status, 0) != pid)
			error("waitpid: %s", strerror(errno));
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "%s: status %#x", kind, status);
	}
	CHECK(module_users() == users, "module used %d times, was %d",
	      module_users(), users);
	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	g.quiet = true;
	CHECK(lgdev_run(&g) == LG_EXIT_SHUTDOWN, "the last guest: exit %u, %s",
	      g.run->exit_reason, g.run->reason);
	finish();
}
