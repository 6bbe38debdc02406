/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_VIRTIO_RNG_H
#define LAUNCHER_DEV_VIRTIO_RNG_H

struct mem;
struct pci;
struct virtio_rng;

/* 0 or an exit status, the reason said. */
int virtio_rng_init(struct virtio_rng **out, struct pci *bus,
		    const struct mem *mem, int guest_fd);
void virtio_rng_exit(struct virtio_rng *rng);

#endif
