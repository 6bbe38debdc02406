/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_VIRTIO_VIRTIO_H
#define LAUNCHER_DEV_VIRTIO_VIRTIO_H

#include <pthread.h>
#include <stdatomic.h>

#include "dev/irq.h"
#include "dev/pci.h"
#include "dev/virtio/queue.h"
#include "types.h"

#define VIRTIO_QUEUES_MAX	2

struct mem;
struct virtio;

/**
 * struct virtio_ops - one kind of device
 * @name: for messages
 * @id: VIRTIO_ID_x
 * @pci_class: class and subclass
 * @queues: how many
 * @queue_size: most entries each, a power of two up to VIRTQ_MAX
 * @features: offered, beyond VIRTIO_F_VERSION_1
 * @config_bytes: length of the device configuration
 * @config_read: @size bytes at @offset, both checked
 * @config_write: the same
 * @kick: the driver rang queue @index; called with its lock held, and only
 *	while the device is in use
 * @driver_ready: the driver has begun to use the device; or NULL
 */
struct virtio_ops {
	const char *name;
	u16 id;
	u16 pci_class;
	unsigned int queues;
	u16 queue_size;
	u64 features;
	u32 config_bytes;
	u32 (*config_read)(struct virtio *dev, u32 offset, u8 size);
	void (*config_write)(struct virtio *dev, u32 offset, u8 size, u32 val);
	void (*kick)(struct virtio *dev, unsigned int index);
	void (*driver_ready)(struct virtio *dev);
};

/**
 * struct virtio_queue - a ring and how it is rung
 * @lock: guards @ring
 * @ring: the ring
 * @doorbell: eventfd that the module signals, or -1: then the vCPU thread
 *	comes and does the work itself
 */
struct virtio_queue {
	pthread_mutex_t lock;
	struct virtq ring;
	int doorbell;
};

/**
 * struct virtio - what all devices are: virtio 1.0 over PCI
 * @pci: towards the bus
 * @ops: the kind of device
 * @mem: guest memory
 * @irq: its interrupt
 * @status: device status; needs-reset may come from any thread
 * @isr: why we interrupted, until read; any thread
 * @generation: of the device configuration; any thread
 * @queue: the rings
 * @complaints: lines said about this driver, which are limited
 * @feature_select: vCPU thread, as the rest
 * @driver_select: which half of @driver_features is seen
 * @driver_features: accepted by the driver
 * @queue_select: which queue is seen
 */
struct virtio {
	struct pci_dev pci;
	const struct virtio_ops *ops;
	const struct mem *mem;
	struct irq irq;
	atomic_uint status;
	atomic_uint isr;
	atomic_uint generation;
	struct virtio_queue queue[VIRTIO_QUEUES_MAX];
	atomic_uint complaints;
	u32 feature_select;
	u32 driver_select;
	u32 driver_features[2];
	u32 queue_select;
};

/* Put the device on the bus.  0 or an exit status, the reason said. */
int virtio_init(struct virtio *dev, const struct virtio_ops *ops,
		struct pci *bus, const struct mem *mem, int guest_fd);
void virtio_exit(struct virtio *dev);

/* Ring an eventfd, made here, for queue @index.  0 or an exit status. */
int virtio_doorbell(struct virtio *dev, unsigned int index);

/* For devices; the lock of the queue is held by the caller. */
int virtio_pop(struct virtio *dev, unsigned int index, struct chain *chain);
void virtio_push(struct virtio *dev, unsigned int index, u16 head,
		 u32 written);
void virtio_interrupt(struct virtio *dev, unsigned int index);

/* A doorbell was rung: take the lock and kick, if the device is in use. */
void virtio_run_queue(struct virtio *dev, unsigned int index);

/* The device configuration has changed. */
void virtio_config_changed(struct virtio *dev);

/* The driver broke the rules: the device stops until it is reset. */
void virtio_fail(struct virtio *dev, const char *why);

/* Copy out of or into the buffers of a request, as far as they reach. */
size_t chain_read(const struct chain *chain, size_t offset, void *buf,
		  size_t len);
size_t chain_write(const struct chain *chain, size_t offset, const void *buf,
		   size_t len);

#endif
