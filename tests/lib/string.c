// SPDX-License-Identifier: GPL-2.0
/* Memory and strings, and finding a case by its name. */
#include <tg.h>

void *memset(void *d, int c, size_t n)
{
	u8 *p = d;

	while (n--)
		*p++ = c;
	return d;
}

void *memcpy(void *d, const void *s, size_t n)
{
	const u8 *from = s;
	u8 *to = d;

	while (n--)
		*to++ = *from++;
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

bool tg_streq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

void tg_run_case(const struct tg_case *cases, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (tg_streq(cases[i].name, tg_arg)) {
			cases[i].run();
			return;
		}
	}
	tg_error("no case \"%s\" here", tg_arg);
}
