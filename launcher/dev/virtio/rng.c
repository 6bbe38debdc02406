// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-rng: the host's getrandom() for the guest.  The vCPU thread fills the
 * buffers itself, so a greedy guest spends its own time only.
 */
#include "dev/virtio/rng.h"

#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/random.h>

#include "dev/virtio/virtio.h"
#include "report.h"

#define RNG_QUEUE_SIZE	8
#define RNG_CLASS	0x00ff	/* of no class */
#define RNG_BYTES_MAX	256	/* a request; getrandom() gives that whole */

struct virtio_rng {
	struct virtio virtio;
};

static void rng_kick(struct virtio *dev, unsigned int index)
{
	u8 bytes[RNG_BYTES_MAX];
	struct chain chain;
	bool any = false;

	while (virtio_pop(dev, index, &chain)) {
		size_t len = chain.in_bytes;
		ssize_t n;

		if (len > sizeof(bytes))
			len = sizeof(bytes);
		/* Early in the host's own boot there may be none: say zero. */
		n = getrandom(bytes, len, GRND_NONBLOCK);
		if (n < 0)
			n = 0;
		virtio_push(dev, index, chain.head,
			    (u32)chain_write(&chain, 0, bytes, (size_t)n));
		any = true;
	}
	if (any)
		virtio_interrupt(dev, index);
}

static const struct virtio_ops rng_ops = {
	.name = "virtio-rng",
	.id = VIRTIO_ID_RNG,
	.pci_class = RNG_CLASS,
	.queues = 1,
	.queue_size = RNG_QUEUE_SIZE,
	.kick = rng_kick,
};

int virtio_rng_init(struct virtio_rng **out, struct pci *bus,
		    const struct mem *mem, int guest_fd)
{
	struct virtio_rng *rng = calloc(1, sizeof(*rng));
	int status;

	if (!rng)
		return complain(STATUS_HOST, "out of memory");
	status = virtio_init(&rng->virtio, &rng_ops, bus, mem, guest_fd);
	if (status) {
		free(rng);
		return status;
	}
	*out = rng;
	return 0;
}

void virtio_rng_exit(struct virtio_rng *rng)
{
	virtio_exit(&rng->virtio);
	free(rng);
}
