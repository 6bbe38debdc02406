// SPDX-License-Identifier: GPL-2.0
/*
 * The null hypercall: into the host and back with nothing to do there.  The
 * guest reports the ticks that each of a few repetitions took:
 *
 *	time null_hypercall TIMES TICKS...
 */
#include "tg.h"

#define REPEAT	5
#define TIMES	5000

const char tg_title[] = "null hypercall";

void test_main(void)
{
	u32 took[REPEAT];
	u32 i, n;

	for (i = 0; i < REPEAT; i++) {
		u64 start = tg_rdtsc();

		for (n = 0; n < TIMES; n++)
			tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
		took[i] = tg_rdtsc() - start;
	}
	tg_printf("time null_hypercall %u", TIMES);
	for (i = 0; i < REPEAT; i++)
		tg_printf(" %u", took[i]);
	tg_printf("\n");
}
