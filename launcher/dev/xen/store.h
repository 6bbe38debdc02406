/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_XEN_STORE_H
#define LAUNCHER_DEV_XEN_STORE_H

#include "types.h"

struct mem;
struct xen_store;

/* The guest's number, and so where its part of the tree is. */
#define STORE_HOME	"/local/domain/1"

/*
 * On the ring in page @gfn, by event-channel @port.  0 or an exit status, the
 * reason said.
 */
int xen_store_init(struct xen_store **out, const struct mem *mem, u64 gfn,
		   int guest_fd, u32 port);
void xen_store_exit(struct xen_store *store);

/*
 * Main thread: set a value, below STORE_HOME; the guest is told if it watches.
 * Left as it was if there is no room.
 */
void xen_store_set(struct xen_store *store, const char *name,
		   const char *value);

#endif
