/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_VIRTIO_QUEUE_H
#define LAUNCHER_DEV_VIRTIO_QUEUE_H

#include <sys/uio.h>

#include "types.h"

struct mem;

#define VIRTQ_MAX	256	/* entries of any queue of ours */

/**
 * struct virtq - one split ring, the guest's side of it not trusted
 * @desc_gpa: descriptor table, as the driver set it
 * @avail_gpa: available ring
 * @used_gpa: used ring
 * @size: entries, a power of two
 * @ready: enabled: the pointers below are valid
 * @mem: guest memory
 * @desc: the table
 * @avail: the ring
 * @used: the ring
 * @next_avail: index of the next entry to take
 * @next_used: index of the next entry to give
 */
struct virtq {
	u64 desc_gpa;
	u64 avail_gpa;
	u64 used_gpa;
	u16 size;
	bool ready;
	const struct mem *mem;
	const struct vring_desc *desc;
	const volatile struct vring_avail *avail;
	volatile struct vring_used *used;
	u16 next_avail;
	u16 next_used;
};

/**
 * struct chain - one request: host addresses, all checked to be guest memory
 * @iov: first what the device reads, then what it writes
 * @head: to give it back
 * @out: how many to read
 * @in: how many to write
 * @out_bytes: their lengths together
 * @in_bytes: the same
 */
struct chain {
	struct iovec iov[VIRTQ_MAX];
	u16 head;
	unsigned int out;
	unsigned int in;
	size_t out_bytes;
	size_t in_bytes;
};

void virtq_reset(struct virtq *q, u16 size);

/* Find the rings in @mem.  NULL, or what is wrong with them. */
const char *virtq_enable(struct virtq *q, const struct mem *mem);

/*
 * Take the next request: 1 if there is one, 0 if not, -EPROTO with @why if
 * the driver broke the ring.
 */
int virtq_pop(struct virtq *q, struct chain *chain, const char **why);

/* Give a request back, @written bytes of it filled. */
void virtq_push(struct virtq *q, u16 head, u32 written);

/* Does the driver want an interrupt for what was given back? */
bool virtq_wants_irq(const struct virtq *q);

#endif
