// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Xen's console: a page with a ring of bytes for each direction, and an event
 * channel that either side rings when it has moved an index.
 *
 * Output is copied by a thread that waits for the guest's doorbell; input
 * comes from the main thread, whenever there is any and the ring has room.
 * The guest can write anything anywhere in the page at any time.  So we keep
 * our own two indices and only ever publish them, and of the guest's two
 * believe what makes sense: a distance that no ring can have stops the
 * console, once and for all.
 */
#include "dev/xen/console.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <xen/io/console.h>

#include "backend/backend.h"
#include "dev/irq.h"
#include "dev/xen/store.h"
#include "loop.h"
#include "mem.h"
#include "report.h"
#include "thread.h"

#define IN_BYTES	sizeof(((struct xencons_interface *)0)->in)
#define OUT_BYTES	sizeof(((struct xencons_interface *)0)->out)

/**
 * struct xen_console - one console
 * @ring: shared with the guest
 * @backend: the far end
 * @store: where its size is told, or NULL
 * @irq: the port
 * @doorbell: eventfd that the module signals when the guest rings
 * @thread: waits for it
 * @stopping: @thread is to end
 * @broken: an index made no sense; said once
 * @room: main thread: signalled when the guest rings after
 * @sent: input was sent
 * @in_prod: main thread: our index
 * @lock: output is one thing after the other; guards the rest
 * @out_cons: our index
 * @text_cr: the last of xen_console_text() was a carriage return
 */
struct xen_console {
	struct xencons_interface *ring;
	struct backend *backend;
	struct xen_store *store;
	struct irq irq;
	int doorbell;
	struct thread thread;
	atomic_bool stopping;
	atomic_bool broken;
	struct watch room;
	atomic_bool sent;
	u32 in_prod;
	pthread_mutex_t lock;
	u32 out_cons;
	bool text_cr;
};

static u32 ring_get(const XENCONS_RING_IDX *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void ring_set(XENCONS_RING_IDX *index, u32 value)
{
	__atomic_store_n(index, value, __ATOMIC_SEQ_CST);
}

static void eventfd_signal(int fd)
{
	u64 one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	(void)n;	/* full is signalled enough */
}

static bool console_break(struct xen_console *console, const char *which)
{
	if (!atomic_exchange(&console->broken, true))
		note("console: the guest's ring is damaged (%s); it is left alone from here on",
		     which);
	return false;
}

/* What the guest has put there, to @buf; false if it is nothing. */
static bool console_take(struct xen_console *console, u8 *buf, u32 *len)
{
	struct xencons_interface *ring = console->ring;
	u32 at = console->out_cons, first;

	if (atomic_load(&console->broken))
		return false;
	*len = ring_get(&ring->out_prod) - at;
	if (*len > OUT_BYTES)
		return console_break(console, "output index");
	at = MASK_XENCONS_IDX(at, ring->out);
	first = OUT_BYTES - at;
	if (first > *len)
		first = *len;
	memcpy(buf, ring->out + at, first);
	memcpy(buf + first, ring->out, *len - first);
	console->out_cons += *len;
	ring_set(&ring->out_cons, console->out_cons);
	return *len > 0;
}

/* With the lock held.  Somebody may wait for the room: tell. */
static void console_drain(struct xen_console *console)
{
	u8 buf[OUT_BYTES];
	u32 len;

	while (!atomic_load(&console->stopping) &&
	       console_take(console, buf, &len)) {
		irq_raise(&console->irq);
		console->backend->ops->write(console->backend, buf, len);
	}
}

static u32 console_room(struct xen_console *console)
{
	u32 used = console->in_prod - ring_get(&console->ring->in_cons);

	if (atomic_load(&console->broken))
		return 0;
	if (used > IN_BYTES) {
		console_break(console, "input index");
		return 0;
	}
	return (u32)IN_BYTES - used;
}

/* Backend, main thread: take what fits. */
static size_t console_input(void *owner, const u8 *buf, size_t len)
{
	struct xen_console *console = owner;
	struct xencons_interface *ring = console->ring;
	size_t done = 0;

	/* Before looking: who makes room after that sees it. */
	atomic_store(&console->sent, true);
	for (u32 room = console_room(console); done < len && done < room;
	     done++)
		ring->in[MASK_XENCONS_IDX(console->in_prod++, ring->in)] =
			(char)buf[done];
	if (done) {
		ring_set(&ring->in_prod, console->in_prod);
		irq_raise(&console->irq);
	}
	return done;
}

/* Main thread: the guest has taken some. */
static void console_has_room(void *arg)
{
	struct xen_console *console = arg;
	u64 count;

	if (read(console->room.fd, &count, sizeof(count)) != sizeof(count))
		return;
	console->backend->ops->resume(console->backend);
}

static void *console_thread(void *arg)
{
	struct xen_console *console = arg;
	u64 count;

	while (!atomic_load(&console->stopping)) {
		if (read(console->doorbell, &count, sizeof(count)) < 0)
			continue;
		xen_console_flush(console);
		if (atomic_exchange(&console->sent, false))
			eventfd_signal(console->room.fd);
	}
	return NULL;
}

void xen_console_flush(struct xen_console *console)
{
	pthread_mutex_lock(&console->lock);
	console_drain(console);
	pthread_mutex_unlock(&console->lock);
}

/* What was put into the ring before goes before. */
void xen_console_text(struct xen_console *console, const u8 *text, size_t len)
{
	const struct backend_ops *ops = console->backend->ops;

	pthread_mutex_lock(&console->lock);
	console_drain(console);
	while (len) {
		const u8 *feed = memchr(text, '\n', len);
		size_t n = feed ? (size_t)(feed - text) : len;

		if (n) {
			ops->write(console->backend, text, n);
			console->text_cr = text[n - 1] == '\r';
		}
		if (feed) {
			if (!console->text_cr)
				ops->write(console->backend, "\r", 1);
			ops->write(console->backend, "\n", 1);
			console->text_cr = false;
			n++;
		}
		text += n;
		len -= n;
	}
	pthread_mutex_unlock(&console->lock);
}

/*
 * Main thread.  The ring has no word for it, and Xen none either: this name is
 * ours, for a guest that looks.
 */
static void console_resized(void *owner)
{
	struct xen_console *console = owner;
	char size[32];
	u16 cols, rows;

	console->backend->ops->size(console->backend, &cols, &rows);
	snprintf(size, sizeof(size), "%u %u", rows, cols);
	if (console->store && cols && rows)
		xen_store_set(console->store, "console/size", size);
}

int xen_console_init(struct xen_console **out, struct backend *backend,
		     struct xen_store *store, const struct mem *mem, u64 gfn,
		     int guest_fd, u32 port)
{
	struct xen_console *console = calloc(1, sizeof(*console));
	int err;

	if (!console)
		return complain(STATUS_HOST, "out of memory");
	console->ring = mem_at(mem, gfn * PAGE_BYTES, PAGE_BYTES);
	console->backend = backend;
	console->store = store;
	console->irq = (struct irq){ guest_fd, port };
	console->doorbell = eventfd(0, EFD_CLOEXEC);
	console->room = (struct watch){
		.ready = console_has_room,
		.arg = console,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	err = -errno;
	if (console->doorbell < 0 || console->room.fd < 0)
		goto err_fds;
	err = doorbell_set(guest_fd, port, 0, console->doorbell, true);
	if (err)
		goto err_fds;
	err = loop_add(&console->room);
	if (err)
		goto err_doorbell;
	pthread_mutex_init(&console->lock, NULL);
	backend->owner = console;
	backend->input = console_input;
	backend->resized = console_resized;
	console_resized(console);
	*out = console;
	return 0;

err_doorbell:
	doorbell_set(guest_fd, port, 0, console->doorbell, false);
err_fds:
	if (console->room.fd >= 0)
		close(console->room.fd);
	if (console->doorbell >= 0)
		close(console->doorbell);
	free(console);
	return complain(STATUS_HOST, "cannot set up the console: %s",
			strerror(-err));
}

int xen_console_start(struct xen_console *console)
{
	/* There may be input from before a reboot. */
	eventfd_signal(console->room.fd);
	return thread_start(&console->thread, console_thread, console,
			    "a console");
}

bool xen_console_stop(struct xen_console *console)
{
	atomic_store(&console->stopping, true);
	eventfd_signal(console->doorbell);
	return thread_stop(&console->thread);
}

void xen_console_exit(struct xen_console *console)
{
	console->backend->input = NULL;
	console->backend->resized = NULL;
	loop_remove(&console->room);
	doorbell_set(console->irq.guest_fd, console->irq.line, 0,
		     console->doorbell, false);
	close(console->room.fd);
	close(console->doorbell);
	pthread_mutex_destroy(&console->lock);
	free(console);
}
