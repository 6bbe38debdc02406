// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walking the split rings of virtio 1.0.  The driver can write any number
 * anywhere at any time, also between two looks of ours: each value is read
 * once, checked, and the copy used.  The worst it can get is a device that
 * needs a reset.
 */
#include "dev/virtio/queue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <string.h>

#include "mem.h"

#define VIRTQ_MAX_BYTES		UINT32_MAX	/* of one request */

void virtq_reset(struct virtq *q, u16 size)
{
	memset(q, 0, sizeof(*q));
	q->size = size;
}

const char *virtq_enable(struct virtq *q, const struct mem *mem)
{
	u64 n = q->size;

	if ((q->desc_gpa & 15) || (q->avail_gpa & 1) || (q->used_gpa & 3))
		return "a ring is not aligned";
	q->mem = mem;
	q->desc = mem_at(mem, q->desc_gpa, n * sizeof(struct vring_desc));
	q->avail = mem_at(mem, q->avail_gpa,
			  sizeof(struct vring_avail) + (n + 1) * sizeof(u16));
	q->used = mem_at(mem, q->used_gpa, sizeof(struct vring_used) +
			 n * sizeof(struct vring_used_elem) + sizeof(u16));
	if (!q->desc || !q->avail || !q->used)
		return "a ring is not in memory";
	q->ready = true;
	return NULL;
}

/* Add one buffer to the request.  NULL, or what is wrong with it. */
static const char *chain_add(struct chain *chain, const struct mem *mem,
			     const struct vring_desc *desc)
{
	bool in = desc->flags & VRING_DESC_F_WRITE;
	size_t *bytes = in ? &chain->in_bytes : &chain->out_bytes;
	unsigned int n = chain->out + chain->in;
	void *at;

	if (!in && chain->in)
		return "a buffer to read after one to write";
	if (n == VIRTQ_MAX)
		return "a request of too many buffers";
	at = mem_at(mem, desc->addr, desc->len);
	if (!at)
		return "a buffer is not in memory";
	if (desc->len > VIRTQ_MAX_BYTES - *bytes)
		return "a request of too many bytes";
	*bytes += desc->len;
	chain->iov[n].iov_base = at;
	chain->iov[n].iov_len = desc->len;
	if (in)
		chain->in++;
	else
		chain->out++;
	return NULL;
}

/* Go on in the table that @desc names.  NULL, or what is wrong with it. */
static const char *chain_enter(const struct mem *mem,
			       const struct vring_desc *desc,
			       const u8 **table, u32 *count)
{
	*count = desc->len / sizeof(struct vring_desc);
	*table = mem_at(mem, desc->addr, desc->len);
	if (!*count || desc->len % sizeof(struct vring_desc))
		return "an indirect table of odd size";
	if (desc->flags & VRING_DESC_F_NEXT)
		return "an indirect table with a next descriptor";
	return *table ? NULL : "an indirect table is not in memory";
}

/*
 * Follow the chain that begins at @index.  It may go in circles: with as many
 * steps as its table has entries, it does.  An indirect table may lie at any
 * address, so entries are copied as bytes.
 */
static const char *chain_walk(struct chain *chain, const struct virtq *q,
			      u32 index)
{
	const u8 *table = (const u8 *)q->desc;
	u32 count = q->size, steps_left = count;
	const char *why;

	while (steps_left--) {
		struct vring_desc desc;

		if (index >= count)
			return "a descriptor index is out of range";
		memcpy(&desc, table + index * sizeof(desc), sizeof(desc));
		atomic_signal_fence(memory_order_seq_cst);
		if (desc.flags & VRING_DESC_F_INDIRECT) {
			if (table != (const u8 *)q->desc)
				return "an indirect table inside another";
			why = chain_enter(q->mem, &desc, &table, &count);
			if (why)
				return why;
			index = 0;
			steps_left = count;
			continue;
		}
		why = chain_add(chain, q->mem, &desc);
		if (why)
			return why;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return NULL;
		index = desc.next;
	}
	return "a request that goes in circles";
}

int virtq_pop(struct virtq *q, struct chain *chain, const char **why)
{
	u16 idx, waiting;

	if (!q->ready)
		return 0;
	idx = q->avail->idx;
	waiting = (u16)(idx - q->next_avail);
	if (!waiting)
		return 0;
	if (waiting > q->size) {
		*why = "the available index ran away";
		return -EPROTO;
	}
	/* The entry and what it names were written before the index. */
	atomic_thread_fence(memory_order_acquire);
	chain->head = q->avail->ring[q->next_avail & (q->size - 1)];
	chain->out = chain->in = 0;
	chain->out_bytes = chain->in_bytes = 0;
	*why = chain_walk(chain, q, chain->head);
	if (*why)
		return -EPROTO;
	q->next_avail++;
	return 1;
}

void virtq_push(struct virtq *q, u16 head, u32 written)
{
	volatile struct vring_used_elem *elem;

	elem = &q->used->ring[q->next_used & (q->size - 1)];
	elem->id = head;
	elem->len = written;
	atomic_thread_fence(memory_order_release);
	q->used->idx = ++q->next_used;
}

bool virtq_wants_irq(const struct virtq *q)
{
	/* The index we published must be seen before we look. */
	atomic_thread_fence(memory_order_seq_cst);
	return !(q->avail->flags & VRING_AVAIL_F_NO_INTERRUPT);
}
