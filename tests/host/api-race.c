// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that use the same files at once: run, interrupts, statistics,
 * registers, eventfds made and closed, the run page scribbled over, files
 * closed and guests ending under their users.  Nothing but the usual errno
 * values comes back.
 *
 * Source: reliability classes 14 and 21.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define ROUNDS	60

/* Of a doorbell: where nothing else is. */
#ifdef __x86_64__
#define BELL_GPA	6
#define BELL_LEN	0
#else
#include "tg-port.h"
#define BELL_GPA	TG_MMIO_GPA
#define BELL_LEN	4
#endif

static struct lgdev shared;
static atomic_int stop;

static void *run(void *arg)
{
	(void)arg;
	while (!stop)
		ioctl(shared.vcpu, LG_RUN, 0);
	return NULL;
}

static void *interrupts(void *arg)
{
	unsigned int n = 0;

	(void)arg;
	while (!stop) {
		struct lg_irq irq = { .irq = n++ % 32 };

		ioctl(shared.guest, LG_IRQ, &irq);
	}
	return NULL;
}

static void *look(void *arg)
{
	struct lg_stats stats;
	lgdev_regs_t regs;

	(void)arg;
	while (!stop) {
		ioctl(shared.guest, LG_GET_STATS, &stats);
		if (!ioctl(shared.vcpu, LGDEV_GET_REGS, &regs))
			ioctl(shared.vcpu, LGDEV_SET_REGS, &regs);
	}
	return NULL;
}

static void *eventfds(void *arg)
{
	uint64_t one = 1;

	(void)arg;
	while (!stop) {
		int fd = eventfd(0, EFD_NONBLOCK);
		struct lg_irqfd irqfd = { .fd = fd, .irq = 6 };
		struct lg_doorbell bell = {
			.gpa = BELL_GPA, .fd = fd, .len = BELL_LEN
		};

		ioctl(shared.guest, LG_IRQFD, &irqfd);
		ioctl(shared.guest, LG_DOORBELL, &bell);
		if (write(fd, &one, 8) != 8)
			failure("write to an eventfd: %m");
		irqfd.flags = LG_FD_DEASSIGN;
		bell.flags = LG_FD_DEASSIGN;
		if (rand() % 4)
			ioctl(shared.guest, LG_IRQFD, &irqfd);
		ioctl(shared.guest, LG_DOORBELL, &bell);
		close(fd);
	}
	return NULL;
}

static void *scribble(void *arg)
{
	unsigned int n = 1;
	volatile uint32_t *word = (void *)shared.run;

	(void)arg;
	while (!stop) {
		n = n * 1103515245 + 12345;
		word[n >> 16 & 1023] = n;
	}
	return NULL;
}

static void one_round(int round)
{
	static void *(*const all[])(void *) = {
		run, run, interrupts, look, eventfds, scribble
	};
	static const char *const kinds[] = { "hcall", "port", "timer", "trap" };
	pthread_t threads[6];
	struct lgdev g;
	int i;

	stop = 0;
	lgdev_start(&shared, lgdev_guest_path("forever-2level"),
		    kinds[round % 4]);
	for (i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, all[i], NULL);
	usleep(20000);
	g = shared;
	/* Every other time the files go while they are in use. */
	if (round & 1) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, g.vcpu);
		usleep(2000);
		dup2(null, g.guest);
		close(null);
		usleep(2000);
	}
	stop = 1;
	/* Get the runner out of the guest. */
	g.run->immediate_exit = 1;
	for (i = 0; i < 6; i++) {
		while (pthread_tryjoin_np(threads[i], NULL)) {
			pthread_kill(threads[i], SIGUSR1);
			usleep(500);
		}
	}
	lgdev_destroy(&shared);
}

static void nothing(int sig)
{
	(void)sig;
}

int main(void)
{
	struct sigaction act = { .sa_handler = nothing };
	struct lgdev g;
	int i;

	sigaction(SIGUSR1, &act, NULL);
	for (i = 0; i < ROUNDS; i++)
		one_round(i);
	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	g.quiet = true;
	CHECK(lgdev_run(&g) == LG_EXIT_SHUTDOWN, "the last guest: exit %u, %s",
	      g.run->exit_reason, g.run->reason);
	finish();
}
