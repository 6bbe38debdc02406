// SPDX-License-Identifier: GPL-2.0
/*
 * The rare half of counting, and reading: see stats.h.
 */
#include <linux/preempt.h>
#include "stats.h"

/**
 * lg_counters_init - all zero
 * @c: zeroed memory
 */
void lg_counters_init(struct lg_counters *c)
{
	seqcount_init(&c->carrying);
}

/**
 * lg_counter_carry - set both halves
 * @c: the vCPU's lock is held
 * @stat: LG_STAT_x
 * @value: what it is now
 */
void lg_counter_carry(struct lg_counters *c, unsigned int stat, u64 value)
{
	/* A reader that took our CPU would wait for us. */
	preempt_disable();
	write_seqcount_begin(&c->carrying);
	WRITE_ONCE(c->high[stat], value >> 32);
	WRITE_ONCE(c->low[stat], (u32)value);
	write_seqcount_end(&c->carrying);
	preempt_enable();
}

/**
 * lg_counter_read - what has been counted so far
 * @c: somebody may be counting
 * @stat: LG_STAT_x
 */
u64 lg_counter_read(const struct lg_counters *c, unsigned int stat)
{
	unsigned int seq;
	u64 value;

	do {
		seq = read_seqcount_begin(&c->carrying);
		value = (u64)READ_ONCE(c->high[stat]) << 32 |
			READ_ONCE(c->low[stat]);
	} while (read_seqcount_retry(&c->carrying, seq));
	return value;
}
