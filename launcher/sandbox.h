/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_SANDBOX_H
#define LAUNCHER_SANDBOX_H

#include <linux/filter.h>
#include <stdbool.h>

/* Made by gen/filters.c when the launcher is built. */
extern const struct sock_fprog sandbox_filter;
extern const struct sock_fprog cage_filter;

/* In sandbox_filter, for the process that it will be of; no process has this number. */
#define SANDBOX_OUR_PID		0x7ffffffe

/* Does this kernel have such filters? */
bool sandbox_is_possible(void);

/* Do without: what follows does nothing, and succeeds. */
void sandbox_disable(void);

/* From now on this process makes only the calls of @filter.  0 or -errno. */
int sandbox_load(const struct sock_fprog *filter);

/*
 * Give up every right that running and rebooting a guest does not need.
 * 0 or an exit status, the reason said.
 */
int sandbox_enter(void);

#endif
