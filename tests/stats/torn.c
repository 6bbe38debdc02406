// SPDX-License-Identifier: GPL-2.0
/*
 * Counting from 32 to 64 bits while somebody reads.
 *
 * Claim: a reader that comes at any moment of counting, or in whose reading
 * somebody counts at any moment, sees what was before or what is after, and
 * waits if neither can be had.  Half a carry would be off by four billion.
 */
#include <stdio.h>
#include <string.h>

#include "../../module/stats.h"

#define STAT	3
#define BEFORE	0x7fffffffful

static struct lg_counters counters;
static enum { NOBODY, A_READER, A_WRITER } comes;
static unsigned int moment;	/* accesses until then */
static unsigned int failures, looks, waits;

static void start(void)
{
	memset(&counters, 0, sizeof(counters));
	lg_counters_init(&counters);
	lg_counter_set(&counters, STAT, BEFORE);
}

static void check(u64 got, u64 least, const char *who)
{
	looks++;
	if (got >= least && got <= BEFORE + 1)
		return;
	printf("FAILURE: %s sees %#llx\n", who, (unsigned long long)got);
	failures++;
}

/* Once, at the moment. */
void between(void)
{
	if (comes == NOBODY || moment--)
		return;
	if (comes == A_WRITER) {
		comes = NOBODY;
		lg_counter_inc(&counters, STAT);
		return;
	}
	comes = NOBODY;
	if (counters.carrying.n % 2)
		waits++;
	else
		check(lg_counter_read(&counters, STAT), BEFORE, "a reader");
}

int main(void)
{
	unsigned int when;

	for (when = 0; when < 10; when++) {
		start();
		comes = A_READER;
		moment = when;
		lg_counter_inc(&counters, STAT);
		comes = NOBODY;
		check(lg_counter_read(&counters, STAT), BEFORE + 1,
		      "who comes later");
		start();
		comes = A_WRITER;
		moment = when;
		check(lg_counter_read(&counters, STAT), BEFORE,
		      "who was disturbed");
		comes = NOBODY;
	}
	if (lg_counter_read(&counters, STAT + 1)) {
		printf("FAILURE: its neighbour was counted\n");
		failures++;
	}
	printf("# looked %u times, would have waited %u times\n", looks, waits);
	return failures || looks < 20 || !waits;
}
