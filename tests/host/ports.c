// SPDX-License-Identifier: GPL-2.0
/*
 * I/O ports that a program of the host may use while guests run.
 *
 * Claim: a guest's IN and OUT never reach hardware, also where the thread that
 * runs it, or another thread on the same CPU, has the right to (ioperm, iopl);
 * and that right is still there after guests.  The port is the scratch register
 * of a serial line, which remembers a byte and does nothing else.
 *
 * Source: XSA-171, XSA-329; reliability class 12.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define PORT		0x2ff
#define OURS		0x5a
#define THEIRS		0xa5
#define ROUNDS		400

#ifdef __x86_64__
/*
 * 1: mov $PORT, %edx; in (%dx), %al; mov %al, -8(%rsp); mov $THEIRS, %al;
 * out %al, (%dx); mov $18, %eax; xor %edi, %edi; mov $1, %esi;
 * lea -8(%rsp), %rdx; syscall; jmp 1b
 */
static const uint8_t code[] = {
	0xba, PORT & 0xff, PORT >> 8, 0, 0, 0xec, 0x88, 0x44, 0x24, 0xf8,
	0xb0, THEIRS, 0xee, 0xb8, 18, 0, 0, 0, 0x31, 0xff, 0xbe, 1, 0, 0, 0,
	0x48, 0x8d, 0x54, 0x24, 0xf8, 0x0f, 0x05, 0xeb, 0xde
};

/* What the guest read. */
static int one_run(struct lgdev *g)
{
	if (ioctl(g->vcpu, LG_RUN, 0))
		return errno == EINTR ? -1 : -2;
	return g->run->exit_reason == LG_EXIT_CONSOLE ?
	       g->run->console.data[0] : -2;
}
#else
/* 1: mov $PORT, %edx; in (%dx), %al; mov $THEIRS, %al; out %al, (%dx); jmp 1b */
static const uint8_t code[] = {
	0xba, PORT & 0xff, PORT >> 8, 0, 0, 0xec, 0xb0, THEIRS, 0xee, 0xeb, 0xf5
};

/* Whoever answers knows what was read: -2 if nobody was asked. */
static int one_run(struct lgdev *g)
{
	if (ioctl(g->vcpu, LG_RUN, 0))
		return errno == EINTR ? -1 : -2;
	if (g->run->exit_reason != LG_EXIT_IO || g->run->io.port != PORT)
		return -2;
	if (!g->run->io.is_write)
		g->run->io.data = 0xff;
	return 0xff;
}
#endif

static atomic_int stop, wrong, turns;

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		error("sched_setaffinity: %s", strerror(errno));
}

/* A driver in user space, on the guest's CPU. */
static void *driver(void *arg)
{
	(void)arg;
	pin();
	if (ioperm(PORT, 1, 1))
		error("ioperm: %s", strerror(errno));
	while (!stop) {
		outb(OURS, PORT);
		sched_yield();
		if (inb(PORT) != OURS)
			wrong++;
		turns++;
	}
	return NULL;
}

static void guest(const char *what)
{
	struct lgdev g;
	int i, got;

	lgdev_code(&g, code, sizeof(code));
	for (i = 0; i < ROUNDS; i++) {
		got = one_run(&g);
		CHECK(got == -1 || got == 0xff, "%s: the guest read %d", what,
		      got);
		sched_yield();
	}
	lgdev_destroy(&g);
	CHECK(!wrong, "%s: %d bytes were the guest's", what, wrong);
}

int main(void)
{
	pthread_t thread;

	pin();
	guest("nobody's port");
	pthread_create(&thread, NULL, driver, NULL);
	while (!turns)
		sched_yield();
	guest("another's port");
	if (ioperm(PORT, 1, 1))
		error("ioperm: %s", strerror(errno));
	guest("ours, by ioperm");
	outb(OURS, PORT);
	CHECK(inb(PORT) == OURS, "the port does not answer");
	if (iopl(3))
		note("no iopl: %s", strerror(errno));
	guest("ours, by iopl");
	CHECK(inb(PORT) == OURS, "the port does not answer after guests");
	stop = 1;
	pthread_join(thread, NULL);
	note("%d turns", turns);
	finish();
}
