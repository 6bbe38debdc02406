// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What we have to say, and how.  stdout belongs to the guest, so every line of
 * ours goes to stderr: one line, whole, in one write, beginning with our name.
 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES	1024

static void say(const char *fmt, va_list ap)
{
	char line[LINE_BYTES] = "lguest: ";
	size_t used = 8;
	ssize_t n;
	int len;

	len = vsnprintf(line + used, sizeof(line) - used - 2, fmt, ap);
	if (len < 0)
		return;
	used += (size_t)len;
	if (used > sizeof(line) - 3)
		used = sizeof(line) - 3;
	/* The terminal may be raw, for the guest's sake. */
	if (isatty(STDERR_FILENO))
		line[used++] = '\r';
	line[used++] = '\n';
	n = write(STDERR_FILENO, line, used);
	(void)n;	/* nobody left to tell */
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

int complain(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return status;
}

void die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(status);
}

char *printable(char *text)
{
	for (char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '.';
	return text;
}
