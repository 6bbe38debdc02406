// SPDX-License-Identifier: GPL-2.0
/* Numbers on a guest's command line: a seed, or how many. */
#include <tg.h>

u64 tg_number(const char **p)
{
	u64 n = 0;

	while (**p == ' ')
		++*p;
	while (**p >= '0' && **p <= '9')
		n = n * 10 + *(*p)++ - '0';
	return n;
}
