// SPDX-License-Identifier: GPL-2.0
/* Verdicts of host programs: see verdict.h. */
#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Printing all of them would bury the first. */
#define MOST_LINES	20

static unsigned int failures;
static char first[256];

static void line(const char *before, const char *fmt, va_list ap)
{
	printf("%s", before);
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("# ", fmt, ap);
	va_end(ap);
}

void failure(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!failures)
		vsnprintf(first, sizeof(first), fmt, ap);
	va_end(ap);
	if (failures++ >= MOST_LINES)
		return;
	va_start(ap, fmt);
	line("# FAILURE: ", fmt, ap);
	va_end(ap);
}

void error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("ERROR: ", fmt, ap);
	va_end(ap);
	exit(2);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("SKIP: ", fmt, ap);
	va_end(ap);
	exit(77);
}

void finish(void)
{
	if (failures) {
		printf("FAILURE: %s (%u in all)\n", first, failures);
		exit(1);
	}
	printf("SUCCESS\n");
	exit(0);
}
