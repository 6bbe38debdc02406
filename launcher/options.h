/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_OPTIONS_H
#define LAUNCHER_OPTIONS_H

#include "types.h"

#define OPTIONS_DEVICES_MAX	16	/* of each kind */

/**
 * struct options - the command line of `lguest run`
 * @kernel: file
 * @initrd: file, or NULL
 * @cmdline: what followed "--", joined; allocated
 * @memory: bytes; 0 for what the machine has by default
 * @paging: LG_PAGING_x
 * @console: backends, in order
 * @consoles: how many; at least one
 * @block: disks, in order
 * @blocks: how many
 * @force: do not insist on an lguest kernel
 * @no_reboot: a reboot ends us
 * @no_rng: no random numbers for the guest
 * @no_sandbox: keep our rights
 * @stats: print statistics at the end
 * @stats_path: as JSON into this file instead, or NULL
 */
struct options {
	const char *kernel;
	const char *initrd;
	char *cmdline;
	u64 memory;
	u32 paging;
	const char *console[OPTIONS_DEVICES_MAX];
	unsigned int consoles;
	const char *block[OPTIONS_DEVICES_MAX];
	unsigned int blocks;
	bool force;
	bool no_reboot;
	bool no_rng;
	bool no_sandbox;
	bool stats;
	const char *stats_path;
};

/* Dies of a wrong command line; "--help" prints and exits. */
void options_parse(struct options *options, int argc, char **argv);

#endif
