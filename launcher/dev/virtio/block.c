// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-blk on a disk of the host.  A thread of its own waits for the
 * doorbell and does one request after the other while holding the queue, so
 * that a reset of the device waits for the request in flight.
 */
#include "dev/virtio/block.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/disk.h"
#include "dev/virtio/virtio.h"
#include "report.h"

#define BLOCK_CLASS	0x0180	/* storage, other */
#define BLOCK_SEG_MAX	(VIRTQ_MAX - 2)

/**
 * struct virtio_block - one disk of the guest
 * @virtio: towards the guest
 * @disk: the far end
 * @ops: of this device: a read-only disk offers another feature
 * @thread: serves the queue
 * @running: @thread was started
 * @stopping: @thread is to end
 */
struct virtio_block {
	struct virtio virtio;
	struct disk *disk;
	struct virtio_ops ops;
	pthread_t thread;
	bool running;
	atomic_bool stopping;
};

static struct virtio_block *to_block(struct virtio *dev)
{
	return container_of(dev, struct virtio_block, virtio);
}

/*
 * The buffers of a request without its first @skip_out bytes to read or its
 * last byte to write: the data alone.
 */
static unsigned int block_data(const struct chain *chain, bool write,
			       size_t skip_out, struct iovec *data)
{
	const struct iovec *iov = chain->iov + (write ? 0 : chain->out);
	unsigned int count = write ? chain->out : chain->in;
	size_t skip = write ? skip_out : 0;
	size_t left = write ? chain->out_bytes - skip_out : chain->in_bytes - 1;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < count && left; i++) {
		size_t len = iov[i].iov_len;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		len -= skip;
		if (len > left)
			len = left;
		data[kept].iov_base = (u8 *)iov[i].iov_base + skip;
		data[kept++].iov_len = len;
		left -= len;
		skip = 0;
	}
	return kept;
}

/* Returns the status byte; *@written counts bytes given to the guest. */
static u8 block_transfer(struct virtio_block *block, const struct chain *chain,
			 bool write, u64 sector, u32 *written)
{
	struct disk *disk = block->disk;
	struct iovec data[VIRTQ_MAX];
	size_t header = sizeof(struct virtio_blk_outhdr);
	size_t bytes = write ? chain->out_bytes - header : chain->in_bytes - 1;
	unsigned int count;

	if (bytes % DISK_SECTOR || sector > disk->sectors ||
	    bytes / DISK_SECTOR > disk->sectors - sector ||
	    (write && disk->read_only))
		return VIRTIO_BLK_S_IOERR;
	count = block_data(chain, write, header, data);
	if (!disk_transfer(disk, write, sector, data, count, bytes))
		return VIRTIO_BLK_S_IOERR;
	if (!write)
		*written = (u32)bytes;
	return VIRTIO_BLK_S_OK;
}

static u8 block_get_id(struct virtio_block *block, const struct chain *chain,
		       u32 *written)
{
	char id[VIRTIO_BLK_ID_BYTES + 1] = { 0 };
	size_t room = chain->in_bytes - 1;

	snprintf(id, sizeof(id), "lguest-%u", block->virtio.irq.line);
	if (room > VIRTIO_BLK_ID_BYTES)
		room = VIRTIO_BLK_ID_BYTES;
	*written = (u32)chain_write(chain, 0, id, room);
	return VIRTIO_BLK_S_OK;
}

static u8 block_request(struct virtio_block *block, const struct chain *chain,
			u32 *written)
{
	struct virtio_blk_outhdr header;

	chain_read(chain, 0, &header, sizeof(header));
	switch (le32toh(header.type)) {
	case VIRTIO_BLK_T_IN:
		return block_transfer(block, chain, false,
				      le64toh(header.sector), written);
	case VIRTIO_BLK_T_OUT:
		return block_transfer(block, chain, true,
				      le64toh(header.sector), written);
	case VIRTIO_BLK_T_FLUSH:
		return disk_flush(block->disk) ? VIRTIO_BLK_S_OK :
		       VIRTIO_BLK_S_IOERR;
	case VIRTIO_BLK_T_GET_ID:
		return block_get_id(block, chain, written);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

/* The queue is locked by the caller. */
static void block_kick(struct virtio *dev, unsigned int index)
{
	struct virtio_block *block = to_block(dev);
	struct chain chain;

	while (!atomic_load(&block->stopping) &&
	       virtio_pop(dev, index, &chain)) {
		u32 written = 0;
		u8 status;

		if (chain.out_bytes < sizeof(struct virtio_blk_outhdr) ||
		    chain.in_bytes < 1) {
			virtio_fail(dev, "a request without header or status");
			return;
		}
		status = block_request(block, &chain, &written);
		chain_write(&chain, chain.in_bytes - 1, &status, 1);
		virtio_push(dev, index, chain.head, written + 1);
		virtio_interrupt(dev, index);
	}
}

static void *block_thread(void *arg)
{
	struct virtio_block *block = arg;
	int fd = block->virtio.queue[0].doorbell;
	u64 count;

	while (!atomic_load(&block->stopping)) {
		if (read(fd, &count, sizeof(count)) != sizeof(count))
			continue;
		virtio_run_queue(&block->virtio, 0);
	}
	return NULL;
}

static u32 block_config_read(struct virtio *dev, u32 offset, u8 size)
{
	struct virtio_blk_config config = {
		.capacity = htole64(to_block(dev)->disk->sectors),
		.seg_max = htole32(BLOCK_SEG_MAX),
		.blk_size = htole32(DISK_SECTOR),
	};
	u32 val = 0;

	memcpy(&val, (u8 *)&config + offset, size);
	return val;
}

static const struct virtio_ops block_ops = {
	.name = "virtio-blk",
	.id = VIRTIO_ID_BLOCK,
	.pci_class = BLOCK_CLASS,
	.queues = 1,
	.queue_size = VIRTQ_MAX,
	.features = 1u << VIRTIO_BLK_F_SEG_MAX | 1u << VIRTIO_BLK_F_BLK_SIZE |
		    1u << VIRTIO_BLK_F_FLUSH |
		    1u << VIRTIO_RING_F_INDIRECT_DESC,
	.config_bytes = offsetof(struct virtio_blk_config, physical_block_exp),
	.config_read = block_config_read,
	.kick = block_kick,
};

int virtio_block_init(struct virtio_block **out, struct disk *disk,
		      struct pci *bus, const struct mem *mem, int guest_fd)
{
	struct virtio_block *block = calloc(1, sizeof(*block));
	int status;

	if (!block)
		return complain(STATUS_HOST, "out of memory");
	block->disk = disk;
	block->ops = block_ops;
	if (disk->read_only)
		block->ops.features |= 1u << VIRTIO_BLK_F_RO;
	status = virtio_init(&block->virtio, &block->ops, bus, mem, guest_fd);
	if (status)
		goto err_free;
	status = virtio_doorbell(&block->virtio, 0);
	if (status)
		goto err_virtio;
	*out = block;
	return 0;

err_virtio:
	virtio_exit(&block->virtio);
err_free:
	free(block);
	return status;
}

int virtio_block_start(struct virtio_block *block)
{
	int err = pthread_create(&block->thread, NULL, block_thread, block);

	if (err)
		return complain(STATUS_HOST, "no thread for a disk: %s",
				strerror(err));
	block->running = true;
	return 0;
}

void virtio_block_exit(struct virtio_block *block)
{
	u64 one = 1;
	ssize_t n;

	if (block->running) {
		atomic_store(&block->stopping, true);
		n = write(block->virtio.queue[0].doorbell, &one, sizeof(one));
		(void)n;
		pthread_join(block->thread, NULL);
	}
	virtio_exit(&block->virtio);
	free(block);
}
