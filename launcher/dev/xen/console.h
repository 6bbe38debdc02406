/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_XEN_CONSOLE_H
#define LAUNCHER_DEV_XEN_CONSOLE_H

#include "types.h"

struct backend;
struct mem;
struct xen_console;
struct xen_store;

/*
 * On the ring in page @gfn, by event-channel @port; its size goes to @store,
 * if there is one.  0 or an exit status, the reason said.
 */
int xen_console_init(struct xen_console **out, struct backend *backend,
		     struct xen_store *store, const struct mem *mem, u64 gfn,
		     int guest_fd, u32 port);
int xen_console_start(struct xen_console *console);

/* False if it could not be stopped: then nothing it uses may go. */
bool xen_console_stop(struct xen_console *console);
void xen_console_exit(struct xen_console *console);

/* vCPU thread: the guest will not run again: what is in the ring, out. */
void xen_console_flush(struct xen_console *console);

/* vCPU thread: text that came another way, with bare line feeds. */
void xen_console_text(struct xen_console *console, const u8 *text, size_t len);

#endif
