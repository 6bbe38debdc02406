/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_VIRTIO_CONSOLE_H
#define LAUNCHER_DEV_VIRTIO_CONSOLE_H

#include "types.h"

struct backend;
struct mem;
struct pci;
struct virtio_console;

/* 0 or an exit status, the reason said. */
int virtio_console_init(struct virtio_console **out, struct backend *backend,
			struct pci *bus, const struct mem *mem, int guest_fd);
void virtio_console_exit(struct virtio_console *console);

#endif
