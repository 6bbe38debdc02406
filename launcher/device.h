/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEVICE_H
#define LAUNCHER_DEVICE_H

#include "types.h"

#define DEVICE_PATH	"/dev/lguest"

struct lg_info;

/*
 * Open /dev/lguest and see what it offers.  0 or an exit status, the reason
 * said and the way out with it.
 */
int device_open(int *fd, struct lg_info *info);

/* The one line for an errno of opening it, or NULL for an odd one. */
const char *device_hint(int err, int *status);

#endif
