// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Xen's console from the guest's side of the ring: output and input of any
 * length, and indices that make no sense.
 */
#include "dev/xen/console.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <xen/io/console.h>

#include "backend/backend.h"
#include "dev/irq.h"
#include "ktap.h"
#include "loop.h"
#include "mem.h"
#include "thread.h"

#define RING_GFN	3
#define PORT		2

/* --- the module ------------------------------------------------------------ */

static atomic_uint irqs;
static int doorbell = -1;

void irq_raise(const struct irq *irq)
{
	if (irq->line == PORT)
		atomic_fetch_add(&irqs, 1);
}

int doorbell_set(int guest_fd, u64 gpa, u32 len, int event_fd, bool on)
{
	(void)guest_fd;
	if (gpa != PORT || len)
		return -EINVAL;
	doorbell = on ? event_fd : -1;
	return 0;
}

static void ring_bell(void)
{
	u64 one = 1;
	ssize_t n = write(doorbell, &one, sizeof(one));

	(void)n;
}

/* --- the far end ----------------------------------------------------------- */

static u8 seen[1 << 16];
static atomic_uint seen_bytes;

static void end_write(struct backend *backend, const void *buf, size_t len)
{
	unsigned int at = atomic_load(&seen_bytes);

	(void)backend;
	memcpy(seen + at, buf, len);
	atomic_store(&seen_bytes, at + (unsigned int)len);
}

static void end_resume(struct backend *backend)
{
	(void)backend;
	loop_stop();
}

static void end_size(struct backend *backend, u16 *cols, u16 *rows)
{
	(void)backend;
	*cols = *rows = 0;
}

static const struct backend_ops end_ops = {
	.name = "end",
	.write = end_write,
	.size = end_size,
	.resume = end_resume,
};

/* --- cases ----------------------------------------------------------------- */

static struct mem mem;
static struct backend backend;
static struct xen_console *console;
static struct xencons_interface *ring;

static bool begin(void)
{
	memset(mem.base, 0, mem.size);
	ring = mem_at(&mem, RING_GFN * PAGE_BYTES, sizeof(*ring));
	backend = (struct backend){ .ops = &end_ops };
	atomic_store(&seen_bytes, 0);
	atomic_store(&irqs, 0);
	loop_rearm();
	return !xen_console_init(&console, &backend, NULL, &mem, RING_GFN, -1, PORT) &&
	       !xen_console_start(console);
}

static bool end(void)
{
	bool stopped = xen_console_stop(console);

	if (stopped)
		xen_console_exit(console);
	return stopped && doorbell == -1 && !backend.input;
}

static bool wait_for_bytes(unsigned int bytes)
{
	for (int i = 0; i < 5000 && atomic_load(&seen_bytes) < bytes; i++)
		poll(NULL, 0, 1);
	return atomic_load(&seen_bytes) == bytes;
}

/* As a driver does: what fits; how much that was. */
static u32 guest_write(const u8 *buf, u32 len)
{
	u32 prod = ring->out_prod, done = 0;

	while (done < len && prod - __atomic_load_n(&ring->out_cons,
						    __ATOMIC_ACQUIRE) <
			     sizeof(ring->out))
		ring->out[MASK_XENCONS_IDX(prod++, ring->out)] =
			(char)buf[done++];
	__atomic_store_n(&ring->out_prod, prod, __ATOMIC_RELEASE);
	ring_bell();
	return done;
}

static u32 guest_read(u8 *buf)
{
	u32 cons = ring->in_cons, done = 0;

	while (cons != __atomic_load_n(&ring->in_prod, __ATOMIC_ACQUIRE))
		buf[done++] = (u8)ring->in[MASK_XENCONS_IDX(cons++, ring->in)];
	__atomic_store_n(&ring->in_cons, cons, __ATOMIC_RELEASE);
	ring_bell();
	return done;
}

static void output(void)
{
	u8 text[5000];
	u32 sent = 0;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (u8)(i % 239);
	CHECK(begin());
	CHECK(guest_write((const u8 *)"hello", 5) == 5);
	CHECK(wait_for_bytes(5));
	CHECK(!memcmp(seen, "hello", 5));
	CHECK(ring->out_cons == 5);
	CHECK(atomic_load(&irqs) > 0);
	while (sent < sizeof(text)) {
		sent += guest_write(text + sent, sizeof(text) - sent);
		poll(NULL, 0, 1);
	}
	CHECK(wait_for_bytes(5 + sizeof(text)));
	CHECK(!memcmp(seen + 5, text, sizeof(text)));
	CHECK(end());
}

/* Without a bell: what is left when the guest ends, and text. */
static void last_words(void)
{
	CHECK(begin());
	memcpy(ring->out, "ring ", 5);
	ring->out_prod = 5;
	xen_console_text(console, (const u8 *)"a\nb\r\nc\r", 7);
	xen_console_text(console, (const u8 *)"\n\n", 2);
	memcpy(ring->out + 5, "end", 3);
	ring->out_prod = 8;
	xen_console_flush(console);
	CHECK(wait_for_bytes(19));
	CHECK(!memcmp(seen, "ring a\r\nb\r\nc\r\n\r\nend", 19));
	CHECK(end());
}

static void input(void)
{
	u8 keys[3000], got[4096];
	u32 have = 0;
	size_t sent = 0;

	for (size_t i = 0; i < sizeof(keys); i++)
		keys[i] = (u8)(i % 233);
	CHECK(begin());
	CHECK(backend.input(backend.owner, keys, 10) == 10);
	CHECK(atomic_load(&irqs) == 1);
	CHECK(guest_read(got) == 10 && !memcmp(got, keys, 10));
	/* More than fits: the guest's reading brings it on. */
	while (sent < sizeof(keys)) {
		sent += backend.input(backend.owner, keys + sent,
				      sizeof(keys) - sent);
		CHECK(ring->in_prod - ring->in_cons <= sizeof(ring->in));
		have += guest_read(got + have);
		loop_rearm();
		loop_run();
	}
	CHECK(have == sizeof(keys) && !memcmp(got, keys, sizeof(keys)));
	CHECK(end());
}

/* The far side has seen that an index is wild: it takes no input either. */
static bool wait_for_break(void)
{
	for (int i = 0; i < 5000; i++) {
		if (!backend.input(backend.owner, (const u8 *)"x", 1))
			return true;
		ring->in_cons = ring->in_prod;
		poll(NULL, 0, 1);
	}
	return false;
}

static void hostile_output(void)
{
	static const u32 wild[] = {
		0x80000000, 0xffffffff, 2049, 0xffff0000,
	};

	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		CHECK(begin());
		ring->out_prod = wild[i];
		ring_bell();
		CHECK(wait_for_break());
		CHECK(atomic_load(&seen_bytes) == 0);
		/* Too late to be good. */
		ring->out_prod = 5;
		ring_bell();
		poll(NULL, 0, 5);
		CHECK(atomic_load(&seen_bytes) == 0);
		CHECK(end());
	}
	/* Ours are ours, whatever it writes there. */
	CHECK(begin());
	ring->out_cons = 0x12345678;
	ring->out_prod = 3;
	ring_bell();
	CHECK(wait_for_bytes(3));
	CHECK(ring->out_cons == 3);
	CHECK(end());
	/* As much as there can be. */
	CHECK(begin());
	ring->out_prod = sizeof(ring->out);
	ring_bell();
	CHECK(wait_for_bytes(sizeof(ring->out)));
	CHECK(end());
}

static void hostile_input(void)
{
	static const u32 wild[] = { 1, 0x80000000, 0x7fffffff, 0xfffffbff };

	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		CHECK(begin());
		ring->in_cons = wild[i];
		CHECK(backend.input(backend.owner, (const u8 *)"x", 1) == 0);
		CHECK(ring->in_prod == 0);
		CHECK(end());
	}
	CHECK(begin());
	ring->in_prod = 0xdeadbeef;
	CHECK(backend.input(backend.owner, (const u8 *)"x", 1) == 1);
	CHECK(ring->in_prod == 1 && ring->in[0] == 'x');
	CHECK(end());
}

/* All of the page, changing under our hands. */
static void storm(void)
{
	u32 seed = 3;

	CHECK(begin());
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		((u32 *)ring)[(seed >> 8) % 1024] = seed;
		if (i % 3 == 0)
			__atomic_store_n(&ring->out_prod,
					 __atomic_load_n(&ring->out_cons,
							 __ATOMIC_RELAXED) +
					 seed % 3000, __ATOMIC_RELAXED);
		if (i % 16 == 0)
			ring_bell();
		if (i % 64 == 0)
			backend.input(backend.owner, (const u8 *)&seed, 4);
		if (atomic_load(&seen_bytes) > sizeof(seen) / 2)
			atomic_store(&seen_bytes, 0);
	}
	CHECK(end());
}

static const struct ktap_case cases[] = {
	{ "output", output },
	{ "last words and other words", last_words },
	{ "input", input },
	{ "wild indices of output", hostile_output },
	{ "wild indices of input", hostile_input },
	{ "a page that changes all the time", storm },
};

int main(void)
{
	int status = mem_init(&mem, 16 * PAGE_BYTES);

	thread_init();
	if (!status)
		status = loop_init();
	if (status)
		return status;
	status = ktap_run(cases, ARRAY_SIZE(cases));
	mem_exit(&mem);
	return status;
}
