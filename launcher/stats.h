/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_STATS_H
#define LAUNCHER_STATS_H

#include "types.h"

struct options;

/* Open where statistics go.  0 or an exit status, the reason said. */
int stats_open(const struct options *options);

/* @abi gives hypercalls their names. */
void stats_print(int guest_fd, u32 abi);
void stats_close(void);

#endif
