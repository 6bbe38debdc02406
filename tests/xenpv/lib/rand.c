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

/* A seed, or how many: the next number of a command line; 0: there is none. */
u64 tg_number(const char **p)
{
	u64 n = 0;

	while (**p == ' ')
		++*p;
	while (**p >= '0' && **p <= '9')
		n = n * 10 + *(*p)++ - '0';
	return n;
}
