// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cage: a child process for work on bytes that may come from anywhere, by
 * libraries that are good but not ours.  It can do nothing but compute, allocate
 * and die: its only way to us is memory that we share with it, and what we find
 * there is to be believed as little as the bytes were.  With --sandbox=off it
 * could do what we can; but damaged bytes are still the end of the child alone.
 */
#include "boot/cage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sandbox.h"

#define CAGE_SECONDS		300	/* of CPU time, under emulation */

/* How the child ends. */
enum {
	CAGE_OK,
	CAGE_DAMAGED,
	CAGE_SANDBOX,
};

/* From here on: memory and the exit, nothing else (gen/filters.c). */
static bool cage_close(pid_t parent)
{
	struct rlimit cpu = { CAGE_SECONDS, CAGE_SECONDS };
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have been too late for that. */
	return getppid() == parent && !sandbox_load(&cage_filter);
}

pid_t cage_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0 && !cage_close(parent))
		_exit(CAGE_SANDBOX);
	return pid;
}

void cage_exit(bool good)
{
	_exit(good ? CAGE_OK : CAGE_DAMAGED);
}

const char *cage_wait(pid_t pid)
{
	int ended;

	if (pid < 0)
		return strerror(errno);
	while (waitpid(pid, &ended, 0) < 0)
		if (errno != EINTR)
			return "lost the process that reads it";
	if (WIFSIGNALED(ended))
		return WTERMSIG(ended) == SIGXCPU ? "it takes for ever" :
		       "the process that reads it was killed (damaged data?)";
	switch (WEXITSTATUS(ended)) {
	case CAGE_OK:
		return NULL;
	case CAGE_SANDBOX:
		return "cannot give up rights; --sandbox=off does without that";
	default:
		return "damaged data";
	}
}
