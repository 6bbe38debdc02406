// SPDX-License-Identifier: GPL-2.0
/*
 * The host's processors come and go, or the whole host sleeps, while guests run:
 *
 *	hotplug [cpu|suspend]
 *
 * Claim: guests move to the processors that are left and back, or sleep with
 * the host, and never notice; a processor that comes back is ready for guests.
 *
 * Source: reliability class 29.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define GUESTS	3
#define ROUNDS	5

#define ONLINE	"/sys/devices/system/cpu/cpu1/online"
#define ALARM	"/sys/class/rtc/rtc0/wakealarm"
#define STATE	"/sys/power/state"

static atomic_int stop;

static int put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

static void *keep_running(void *arg)
{
	static const char *const kinds[] = { "hcall", "timer", "flush" };
	struct lgdev g;
	int ret;

	lgdev_start(&g, lgdev_guest_path("forever-2level"),
		    kinds[(intptr_t)arg]);
	g.quiet = true;
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR && !stop);
	CHECK(ret == -EINTR, "guest %s: exit %d: %.100s",
	      kinds[(intptr_t)arg], ret, g.run->reason);
	lgdev_destroy(&g);
	return NULL;
}

static void boot_one(void)
{
	struct lgdev g;
	int ret;

	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	g.quiet = true;
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR);
	CHECK(ret == LG_EXIT_SHUTDOWN, "a new guest: exit %d: %.100s", ret,
	      g.run->reason);
	lgdev_destroy(&g);
}

static void cpu_rounds(void)
{
	int i, ret;

	if (access(ONLINE, W_OK))
		skip("only one processor, or it must stay");
	for (i = 0; i < ROUNDS; i++) {
		ret = put(ONLINE, "0");
		CHECK(!ret, "off: %s", strerror(-ret));
		boot_one();
		ret = put(ONLINE, "1");
		CHECK(!ret, "on: %s", strerror(-ret));
		usleep(50000);
	}
}

static void sleep_rounds(void)
{
	int i, ret;

	for (i = 0; i < 2; i++) {
		put(ALARM, "0");
		if (put(ALARM, "+2"))
			skip("no alarm to wake up by");
		ret = put(STATE, "mem");
		if (ret)
			skip("no sleep: %s", strerror(-ret));
		boot_one();
	}
}

static void nothing(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = nothing };
	pthread_t thread[GUESTS];
	intptr_t i;

	sigaction(SIGUSR1, &act, NULL);
	for (i = 0; i < GUESTS; i++)
		pthread_create(&thread[i], NULL, keep_running, (void *)i);
	usleep(300000);
	if (argc > 1 && !strcmp(argv[1], "suspend"))
		sleep_rounds();
	else
		cpu_rounds();
	stop = 1;
	for (i = 0; i < GUESTS; i++)
		while (pthread_tryjoin_np(thread[i], NULL)) {
			pthread_kill(thread[i], SIGUSR1);
			usleep(1000);
		}
	finish();
}
