// SPDX-License-Identifier: GPL-2.0
/*
 * Wall clock and TSC frequency.
 *
 * Claim: `time` is the host's wall clock, written at INIT and with every
 * delivered interrupt, never backwards; tsc_khz is zero or what the TSC
 * really does.
 *
 * Source: docs/abi/lg32.md, struct lguest_data.
 *
 * A failure shows both clocks.
 */
#include "tg.h"

const char tg_title[] = "clocks";

#define data ((volatile struct lg32_data *)&tg_data)

static u64 now(void)
{
	return data->time_sec * 1000000000ull + data->time_nsec;
}

static void check_time(void)
{
	u64 before = now();
	u32 i, host;

	for (i = 0; i < 20; i++) {
		tg_sleep(2000000);
		TG_CHECK(now() >= before + 2000000, "time moved too little");
		before = now();
	}
	host = tg_inl(TG_PORT_CLOCK);
	TG_CHECK(host - data->time_sec <= 5, "time %u, host's %u",
		 data->time_sec, host);
}

/* Within a quarter: a loaded machine may stop us between two readings. */
static void check_tsc(void)
{
	u32 khz = data->tsc_khz, best = ~0u, i;

	if (!khz)
		return;
	for (i = 0; i < 5; i++) {
		u32 us = tg_inl(TG_PORT_USEC);
		u64 tsc = tg_rdtsc();
		u32 measured;

		tg_sleep(30000000);
		us = tg_inl(TG_PORT_USEC) - us;
		tsc = tg_rdtsc() - tsc;
		measured = (u32)(tsc >> 4) / (us >> 4) * 1000;
		measured = measured > khz ? measured - khz : khz - measured;
		best = measured < best ? measured : best;
	}
	TG_CHECK(best < khz / 4, "tsc_khz is %u, off by %u", khz, best);
}

void test_main(void)
{
	if (!tg_needs_device())
		return;
	tg_irq_unmask(0);
	check_time();
	check_tsc();
}
