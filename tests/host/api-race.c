// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that use the same files at once: run, interrupts, statistics,
 * registers, eventfds made and closed, the run page scribbled over, files
 * closed and guests ending under their users.  Nothing but the usual errno
 * values comes back.  Four that give the same new guest memory, a vCPU and a
 * start: each happens once.
 *
 * Source: reliability classes 14 and 21.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
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
			.gpa = lgdev_leg.bell_gpa, .fd = fd,
			.len = lgdev_leg.bell_len,
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

/* What may happen once happens once, however many ask at the same time. */
struct once {
	int guest;
	atomic_int vcpu;
	struct lg_memory memory;
	pthread_barrier_t start;
	atomic_int done[3];		/* memory, vCPU, start */
	atomic_int odd;
};

static void count(struct once *o, int what, int ret, int refusal)
{
	if (ret >= 0)
		o->done[what]++;
	else if (errno != refusal && errno != EBUSY)
		o->odd = errno;
}

static void *all_at_once(void *arg)
{
	struct once *o = arg;
	struct lg_vcpu_config config = { 0 };
	int ret;

	pthread_barrier_wait(&o->start);
	count(o, 0, ioctl(o->guest, LG_SET_MEMORY, &o->memory), EEXIST);
	ret = ioctl(o->guest, LG_CREATE_VCPU, &config);
	count(o, 1, ret, EEXIST);
	if (ret >= 0)
		o->vcpu = ret;
#ifdef __x86_64__
	struct lg_xen_start start = {
		.cr3_gfn = 1, .ram_pages = 192, .shared_info_gfn = 192,
	};

	while (o->vcpu < 0)
		sched_yield();
	count(o, 2, ioctl(o->vcpu, LG_XEN_START, &start), EINVAL);
#endif
	return NULL;
}

static void once(void)
{
	struct lg_guest_config config = { .abi = lgdev_leg.abi };
	struct once o = { .vcpu = -1, .memory.size = 1 << 20 };
	pthread_t threads[4];
	int dev = lgdev_open(), i;

	o.guest = ioctl(dev, LG_CREATE_GUEST, &config);
	o.memory.hva = (uintptr_t)mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrier_init(&o.start, NULL, 4);
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, all_at_once, &o);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(o.done[0] == 1, "memory was set %d times", o.done[0]);
	CHECK(o.done[1] == 1, "vCPU 0 was made %d times", o.done[1]);
	CHECK(o.done[2] == (lgdev_leg.abi == LG_ABI_XENPV),
	      "the vCPU was started %d times", o.done[2]);
	CHECK(!o.odd, "errno %d", o.odd);
	munmap((void *)(uintptr_t)o.memory.hva, 1 << 20);
	close(o.vcpu);
	close(o.guest);
	close(dev);
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
	for (i = 0; i < 2 * ROUNDS; i++)
		once();
	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	g.quiet = true;
	CHECK(lgdev_run(&g) == LG_EXIT_SHUTDOWN, "the last guest: exit %u, %s",
	      g.run->exit_reason, g.run->reason);
	finish();
}
