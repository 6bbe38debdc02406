/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_THREAD_H
#define LAUNCHER_THREAD_H

#include <pthread.h>

#include "types.h"

/**
 * struct thread - a thread that can be got out of anything but a broken disk
 * @id: of pthread_create()
 * @running: it was started and has not been waited for
 */
struct thread {
	pthread_t id;
	bool running;
};

/*
 * Once, before the first thread and before a terminal is raw: from here on the
 * signal that wakes threads ends nobody, whoever sends it.
 */
void thread_init(void);

/* @what it is for, if there is none.  0 or an exit status, the reason said. */
int thread_start(struct thread *thread, void *(*run)(void *arg), void *arg,
		 const char *what);

/*
 * Wait for its end, interrupting every system call it sleeps in: the caller
 * has told it to come to an end.  False if it does not: then nothing it uses
 * may go.
 */
bool thread_stop(struct thread *thread);

#endif
