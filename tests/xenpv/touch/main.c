// SPDX-License-Identifier: GPL-2.0
/*
 * Touches each page of its RAM, for programs that look at what that costs the
 * host (tests/host/stats).
 */
#include "tg.h"

const char tg_title[] = "all of the memory";

void test_main(void)
{
	u64 gfn;

	for (gfn = 0; gfn < tg_start_info->nr_pages; gfn++)
		(void)*(volatile u64 *)tg_va(gfn);
}
