/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_VIRTIO_BLOCK_H
#define LAUNCHER_DEV_VIRTIO_BLOCK_H

#include "types.h"

struct disk;
struct mem;
struct pci;
struct virtio_block;

/* 0 or an exit status, the reason said. */
int virtio_block_init(struct virtio_block **out, struct disk *disk,
		      struct pci *bus, const struct mem *mem, int guest_fd);
int virtio_block_start(struct virtio_block *block);
void virtio_block_exit(struct virtio_block *block);

#endif
