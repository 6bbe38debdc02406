// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that sleep in system calls, and how they are woken from these for
 * good.
 */
#include "thread.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "report.h"

#define THREAD_SIGNAL		SIGUSR1	/* ends LG_RUN and writes */
#define STOP_RETRY_NS		20000000
#define STOP_RETRIES		100

static void thread_signalled(int sig)
{
	(void)sig;	/* it has done its work by coming */
}

void thread_init(void)
{
	struct sigaction action = { .sa_handler = thread_signalled };

	sigaction(THREAD_SIGNAL, &action, NULL);
}

int thread_start(struct thread *thread, void *(*run)(void *arg), void *arg,
		 const char *what)
{
	int err;

	err = pthread_create(&thread->id, NULL, run, arg);
	if (err)
		return complain(STATUS_HOST, "no thread for %s: %s", what,
				strerror(err));
	thread->running = true;
	return 0;
}

/*
 * One signal may come just before the thread goes to sleep in a write to
 * a reader that is gone for good: keep at it.
 */
bool thread_stop(struct thread *thread)
{
	struct timespec until;

	for (int i = 0; thread->running && i < STOP_RETRIES; i++) {
		pthread_kill(thread->id, THREAD_SIGNAL);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += STOP_RETRY_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		thread->running = pthread_clockjoin_np(thread->id, NULL,
						       CLOCK_MONOTONIC, &until);
	}
	return !thread->running;
}
