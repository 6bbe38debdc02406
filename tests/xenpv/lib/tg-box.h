/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The box: a page of guest memory by which a 64-bit test guest and the program
 * that runs it (tests/host/lgdev-xenpv.c) talk. It lies TG_BOX_GFN pages behind
 * the guest's RAM, among the pages that are no RAM to a kernel. The guest writes
 * what it wants, then one zero byte to the console: that ends LG_RUN.
 */
#ifndef TESTS_XENPV_LIB_TG_BOX_H
#define TESTS_XENPV_LIB_TG_BOX_H

#include <stdint.h>

#define TG_EXTRA_PAGES	64		/* behind the RAM */
#define TG_BOX_GFN	40		/* of those */
#define TG_MAGIC	0x74677067

#define TG_CONSOLE_PORT	1		/* doorbell; raised again by the program */

#define TG_ASK_RAISE	1	/* arg: port, raised before going on */
#define TG_ASK_LATER	2	/* arg: port, raised from another thread, soon */
#define TG_ASK_STAT	3	/* arg: index of lg_stats.count */
#define TG_ASK_NSEC	4	/* the host's monotonic clock */
#define TG_ASK_CLOCK	5	/* seconds of the host's wall clock */
#define TG_ASK_UNMAP	6	/* 1: unmap, 2: replace the view of our memory */
#define TG_ASK_BELLS	7	/* how often our port has rung */
#define TG_ASK_STORM	8	/* arg: port, raised from another thread for ever */
#define TG_ASK_SPOIL	9	/* arg: page, whose memory goes bad; 0 or -errno */

struct tg_box {
	uint32_t magic;
	uint32_t op;
	uint64_t arg;
	uint64_t result;
	char verdict[128];
};

#endif
