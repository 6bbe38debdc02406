/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_STATS_H
#define LAUNCHER_STATS_H

struct options;

/* Open where statistics go.  0 or an exit status, the reason said. */
int stats_open(const struct options *options);
void stats_print(int guest_fd);
void stats_close(void);

#endif
