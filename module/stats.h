/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of a vCPU: whoever holds its lock counts, anybody reads at any
 * time. A 32-bit CPU cannot count to 64 bits in one go, and half of a carry must
 * not be seen: so it counts 32 bits, and carries once in four billion times.
 */
#ifndef LG_STATS_H
#define LG_STATS_H

#include <linux/seqlock.h>
#include <linux/types.h>
#include "../include/lguest/api.h"

struct lg_counters {
	seqcount_t carrying;
	u32 low[LG_STAT_COUNT];
	u32 high[LG_STAT_COUNT];
};

void lg_counters_init(struct lg_counters *c);
void lg_counter_carry(struct lg_counters *c, unsigned int stat, u64 value);
u64 lg_counter_read(const struct lg_counters *c, unsigned int stat);

static inline void lg_counter_inc(struct lg_counters *c, unsigned int stat)
{
	u32 next = c->low[stat] + 1;

	if (likely(next))
		WRITE_ONCE(c->low[stat], next);
	else
		lg_counter_carry(c, stat, (u64)(c->high[stat] + 1) << 32);
}

/* For what is counted elsewhere: only ever up. */
static inline void lg_counter_set(struct lg_counters *c, unsigned int stat,
				  u64 value)
{
	if (likely(value >> 32 == c->high[stat]))
		WRITE_ONCE(c->low[stat], (u32)value);
	else
		lg_counter_carry(c, stat, value);
}

#endif
