// SPDX-License-Identifier: GPL-2.0
/* xorshift32 (Marsaglia, 2003): the same numbers for the same seed. */
#include "tg.h"

static u32 state = 1;

void tg_rand_seed(u32 seed)
{
	state = seed ? seed : 1;
}

u32 tg_rand(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}
