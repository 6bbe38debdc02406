// SPDX-License-Identifier: GPL-2.0
/* xorshift64 (Marsaglia, 2003): the same numbers for the same seed. */
#include "tg.h"

static u64 state = 1;

void tg_rand_seed(u64 seed)
{
	state = seed ? seed : 1;
}

u64 tg_rand(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}
