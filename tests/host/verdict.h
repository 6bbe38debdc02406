/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a host program found: lines starting with "# " while it runs, one
 * verdict line at the end.  The worst verdict wins.
 */
#ifndef TESTS_HOST_VERDICT_H
#define TESTS_HOST_VERDICT_H

#include <stdbool.h>

void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void failure(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The test could not be made, or need not be: print it and exit. */
void __attribute__((noreturn, format(printf, 1, 2))) error(const char *fmt, ...);
void __attribute__((noreturn, format(printf, 1, 2))) skip(const char *fmt, ...);
/* Print the verdict and exit. */
void __attribute__((noreturn)) finish(void);

#define CHECK(cond, ...) \
	do { if (!(cond)) failure(__VA_ARGS__); } while (0)

#endif
