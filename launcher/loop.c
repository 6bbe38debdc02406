// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the main thread does while the guest runs: wait for any of a few file
 * descriptors, and call whoever asked for it.  Only loop_stop() and
 * loop_stopping() may be called from other threads.
 */
#include "loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "report.h"

static int loop_epoll = -1;
static int loop_wake = -1;
static atomic_bool loop_stops;
static bool loop_ends;

/* Enough for each watch to have its turn, as epoll gives them. */
#define LOOP_LAST_TURNS	16

int loop_init(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	loop_epoll = epoll_create1(EPOLL_CLOEXEC);
	loop_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop_epoll < 0 || loop_wake < 0 ||
	    epoll_ctl(loop_epoll, EPOLL_CTL_ADD, loop_wake, &event))
		return complain(STATUS_HOST, "cannot set up epoll: %s",
				strerror(errno));
	return 0;
}

int loop_add(struct watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	watch->paused = false;
	return epoll_ctl(loop_epoll, EPOLL_CTL_ADD, watch->fd, &event) ?
	       -errno : 0;
}

void loop_remove(struct watch *watch)
{
	epoll_ctl(loop_epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

void loop_pause(struct watch *watch, bool pause)
{
	struct epoll_event event = { .data.ptr = watch };

	if (watch->paused == pause)
		return;
	watch->paused = pause;
	/* A hung-up descriptor reports even without EPOLLIN: take it out. */
	if (pause)
		epoll_ctl(loop_epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	event.events = EPOLLIN;
	if (!pause)
		epoll_ctl(loop_epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

/* One at a time: what one handler removes, no later one may meet. */
static void loop_turn(int timeout)
{
	struct epoll_event event;
	struct watch *watch;

	if (epoll_wait(loop_epoll, &event, 1, timeout) != 1)
		return;
	watch = event.data.ptr;
	if (watch)
		watch->ready(watch->arg);
}

/*
 * What came before the end is heard all the same: a guest that reboots as soon
 * as it runs may have ended each time before we look, and is to be ended, too.
 */
void loop_run(void)
{
	while (!loop_stopping())
		loop_turn(-1);
	for (int i = 0; i < LOOP_LAST_TURNS; i++)
		loop_turn(0);
}

void loop_stop(void)
{
	u64 one = 1;
	ssize_t n;

	atomic_store(&loop_stops, true);
	n = write(loop_wake, &one, sizeof(one));
	(void)n;	/* full is awake enough */
}

void loop_end(void)
{
	loop_ends = true;
	loop_stop();
}

bool loop_ended(void)
{
	return loop_ends;
}

bool loop_stopping(void)
{
	return atomic_load(&loop_stops);
}

void loop_rearm(void)
{
	u64 count;
	ssize_t n;

	n = read(loop_wake, &count, sizeof(count));
	(void)n;
	atomic_store(&loop_stops, false);
}
