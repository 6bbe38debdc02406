/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KTAP for the launcher's unit tests: a table of cases, each a function that
 * ends at its first failed check.
 */
#ifndef TESTS_LAUNCHER_KTAP_H
#define TESTS_LAUNCHER_KTAP_H

#include <stdbool.h>
#include <stdio.h>

struct ktap_case {
	const char *name;
	void (*run)(void);
};

static bool ktap_failed;

/* Ends the case; so a macro it must be. */
#define CHECK(cond) do {						\
	if (!(cond)) {							\
		printf("# %s:%d: not so: %s\n", __FILE__, __LINE__,	\
		       #cond);						\
		ktap_failed = true;					\
		return;							\
	}								\
} while (0)

static int ktap_run(const struct ktap_case *cases, unsigned int count)
{
	int status = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("KTAP version 1\n1..%u\n", count);
	for (unsigned int i = 0; i < count; i++) {
		ktap_failed = false;
		cases[i].run();
		printf("%sok %u %s\n", ktap_failed ? "not " : "", i + 1,
		       cases[i].name);
		status |= ktap_failed;
	}
	return status;
}

#endif
