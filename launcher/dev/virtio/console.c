// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-console: one port, with emergency write for early messages.
 *
 * Output is written by the vCPU thread itself: the driver waits for its buffer
 * in a loop, so handing it to another thread would only add a world of
 * waiting.  Input comes from the main thread, whenever backend and driver are
 * both ready for it.
 */
#include "dev/virtio/console.h"

#include <linux/virtio_console.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "dev/virtio/virtio.h"
#include "loop.h"
#include "report.h"

#define CONSOLE_RX	0
#define CONSOLE_TX	1
/* The driver gives every entry of a receive queue a page. */
#define CONSOLE_QUEUE_SIZE	16
#define CONSOLE_CLASS	0x0780	/* communication, other */

/**
 * struct virtio_console - one console
 * @virtio: towards the guest
 * @backend: the far end
 * @rx: main thread: the driver gave us room for input
 * @size: columns << 16 | rows; any thread
 */
struct virtio_console {
	struct virtio virtio;
	struct backend *backend;
	struct watch rx;
	atomic_uint size;
};

static struct virtio_console *to_console(struct virtio *dev)
{
	return container_of(dev, struct virtio_console, virtio);
}

/*
 * Backend, main thread: take what fits into the driver's buffers.  Each must take
 * something: else a driver that never stops giving empty ones, on another CPU,
 * would keep us here, deaf to Ctrl-A x and signals.
 */
static size_t console_input(void *owner, const u8 *buf, size_t len)
{
	struct virtio_console *console = owner;
	struct virtio *dev = &console->virtio;
	struct virtio_queue *queue = &dev->queue[CONSOLE_RX];
	struct chain chain;
	size_t done = 0;

	pthread_mutex_lock(&queue->lock);
	while (done < len && virtio_pop(dev, CONSOLE_RX, &chain)) {
		size_t n = chain_write(&chain, 0, buf + done, len - done);

		if (!n) {
			virtio_fail(dev, "a buffer for input without room");
			break;
		}
		virtio_push(dev, CONSOLE_RX, chain.head, (u32)n);
		done += n;
	}
	if (done)
		virtio_interrupt(dev, CONSOLE_RX);
	pthread_mutex_unlock(&queue->lock);
	return done;
}

/* Main thread: the doorbell of the receive queue. */
static void console_rx_ready(void *arg)
{
	struct virtio_console *console = arg;
	u64 count;

	if (read(console->rx.fd, &count, sizeof(count)) != sizeof(count))
		return;
	console->backend->ops->resume(console->backend);
}

static void console_transmit(struct virtio_console *console)
{
	struct virtio *dev = &console->virtio;
	struct backend *backend = console->backend;
	struct chain chain;
	bool any = false;

	while (!loop_stopping() && virtio_pop(dev, CONSOLE_TX, &chain)) {
		for (unsigned int i = 0; i < chain.out; i++)
			backend->ops->write(backend, chain.iov[i].iov_base,
					    chain.iov[i].iov_len);
		virtio_push(dev, CONSOLE_TX, chain.head, 0);
		any = true;
	}
	if (any)
		virtio_interrupt(dev, CONSOLE_TX);
}

/*
 * Receive buffers are announced by doorbell, except those that were there
 * before the driver was ready: pass these on.
 */
static void console_kick(struct virtio *dev, unsigned int index)
{
	u64 one = 1;
	ssize_t n;

	if (index == CONSOLE_TX) {
		console_transmit(to_console(dev));
		return;
	}
	n = write(dev->queue[CONSOLE_RX].doorbell, &one, sizeof(one));
	(void)n;
}

static void console_resized(void *owner)
{
	struct virtio_console *console = owner;
	u16 cols, rows;

	console->backend->ops->size(console->backend, &cols, &rows);
	atomic_store(&console->size, (u32)cols << 16 | rows);
	virtio_config_changed(&console->virtio);
}

static u32 console_config_read(struct virtio *dev, u32 offset, u8 size)
{
	u32 now = atomic_load(&to_console(dev)->size);
	struct virtio_console_config config = {
		.cols = (u16)(now >> 16),
		.rows = (u16)now,
		.max_nr_ports = 1,
	};
	u32 val = 0;

	memcpy(&val, (u8 *)&config + offset, size);
	return val;
}

static void console_config_write(struct virtio *dev, u32 offset, u8 size,
				 u32 val)
{
	struct backend *backend = to_console(dev)->backend;
	u8 byte = (u8)val;

	(void)size;
	if (offset == offsetof(struct virtio_console_config, emerg_wr))
		backend->ops->write(backend, &byte, 1);
}

static const struct virtio_ops console_ops = {
	.name = "virtio-console",
	.id = VIRTIO_ID_CONSOLE,
	.pci_class = CONSOLE_CLASS,
	.queues = 2,
	.queue_size = CONSOLE_QUEUE_SIZE,
	.features = 1u << VIRTIO_CONSOLE_F_SIZE |
		    1u << VIRTIO_CONSOLE_F_EMERG_WRITE,
	.config_bytes = sizeof(struct virtio_console_config),
	.config_read = console_config_read,
	.config_write = console_config_write,
	.kick = console_kick,
	/* Linux reads the size only when told that it changed. */
	.driver_ready = virtio_config_changed,
};

int virtio_console_init(struct virtio_console **out, struct backend *backend,
			struct pci *bus, const struct mem *mem, int guest_fd)
{
	struct virtio_console *console = calloc(1, sizeof(*console));
	int status;

	if (!console)
		return complain(STATUS_HOST, "out of memory");
	console->backend = backend;
	status = virtio_init(&console->virtio, &console_ops, bus, mem,
			     guest_fd);
	if (status)
		goto err_free;
	status = virtio_doorbell(&console->virtio, CONSOLE_RX);
	if (status)
		goto err_virtio;
	console->rx = (struct watch){
		.ready = console_rx_ready,
		.arg = console,
		.fd = console->virtio.queue[CONSOLE_RX].doorbell,
	};
	if (loop_add(&console->rx)) {
		status = complain(STATUS_HOST, "cannot watch a console");
		goto err_virtio;
	}
	backend->owner = console;
	backend->input = console_input;
	backend->resized = console_resized;
	console_resized(console);
	*out = console;
	return 0;

err_virtio:
	virtio_exit(&console->virtio);
err_free:
	free(console);
	return status;
}

void virtio_console_exit(struct virtio_console *console)
{
	console->backend->input = NULL;
	console->backend->resized = NULL;
	loop_remove(&console->rx);
	virtio_exit(&console->virtio);
	free(console);
}
