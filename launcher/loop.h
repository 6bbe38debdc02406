/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_LOOP_H
#define LAUNCHER_LOOP_H

#include "types.h"

/**
 * struct watch - something the main thread waits for
 * @ready: called when @fd can be read
 * @arg: for @ready
 * @fd: file descriptor
 * @paused: on the list, but not waited for
 */
struct watch {
	void (*ready)(void *arg);
	void *arg;
	int fd;
	bool paused;
};

int loop_init(void);

/* The caller keeps the struct until loop_remove(). */
int loop_add(struct watch *watch);
void loop_remove(struct watch *watch);
void loop_pause(struct watch *watch, bool pause);

/* Wait and call until loop_stop(). */
void loop_run(void);

/* Any thread: come to an end.  Long writes ask loop_stopping(). */
void loop_stop(void);
bool loop_stopping(void);

/* Main thread: the same, and there shall be no other loop_run(). */
void loop_end(void);
bool loop_ended(void);

/* Before another loop_run(). */
void loop_rearm(void);

#endif
