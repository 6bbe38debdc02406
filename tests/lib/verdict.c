// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict: SUCCESS, SKIP, ERROR (the test could not be made) or FAILURE
 * (the host is wrong). The worst one wins; tg_leave() tells whoever runs the guest.
 */
#include <tg.h>

enum verdict { SUCCESS, SKIP, ERROR, FAILURE };

/* Printing all of them would bury the first. */
#define MOST_LINES	12

static const char *const names[] = { "SUCCESS", "SKIP", "ERROR", "FAILURE" };
static enum verdict worst;
static u32 lines;
static char reason[TG_REASON_BYTES] __attribute__((aligned(256))) = "SUCCESS";

static void set_reason(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tg_vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
}

static void give(enum verdict v, const char *fmt, va_list ap)
{
	char text[TG_REASON_BYTES];

	tg_vsnprintf(text, sizeof(text), fmt, ap);
	if (lines++ < MOST_LINES)
		tg_printf("# %s: %s\n", names[v], text);
	if (v <= worst)
		return;
	worst = v;
	set_reason("%s: %s", names[v], text);
}

void tg_failure(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	give(FAILURE, fmt, ap);
	va_end(ap);
}

void tg_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	give(ERROR, fmt, ap);
	va_end(ap);
}

void tg_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	give(SKIP, fmt, ap);
	va_end(ap);
}

bool tg_all_is_well(void)
{
	return worst == SUCCESS;
}

void tg_exit(void)
{
	tg_leave(reason, worst == SUCCESS);
}
