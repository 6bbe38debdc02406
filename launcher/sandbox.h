/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_SANDBOX_H
#define LAUNCHER_SANDBOX_H

/*
 * Give up every right that running and rebooting a guest does not need.
 * 0 or an exit status, the reason said.
 */
int sandbox_enter(void);

#endif
