// SPDX-License-Identifier: GPL-2.0
/*
 * Looking for an LDT.
 *
 * Claim: the ABI has none, so SLDT reads 0 and no selector with the table bit
 * set can be loaded, whatever the host does for its own processes meanwhile
 * (tests/host/ldt-race makes an LDT under the running guest).
 *
 * Source: historic defect 10 (no LDT); reliability class 11 (XSA-298).
 *
 * A failure is a guest that found a table: the CPU would look for it at a host
 * address, but in the guest's page tables.
 */
#include "tg.h"

const char tg_title[] = "no LDT";

#define WATCH_USEC	300000
#define LOOKS		20000

static u32 sldt(void)
{
	u32 selector = 0;

	asm volatile("sldt %w0" : "+r"(selector));
	return selector & 0xffff;
}

static bool try_load(u32 selector)
{
	u32 vector = tg_try("movw %w0, %%es\n\tmovw %%ds, %w0\n\tmovw %w0, %%es",
			    : : "a"(selector) : "memory");

	return vector == 13;
}

static void look(u32 round)
{
	u32 i, selector;

	for (i = 0; i < LOOKS; i++) {
		selector = sldt();
		if (selector) {
			tg_failure("SLDT is %#x in round %u", selector, round);
			tg_exit();
		}
	}
	for (i = 0; i < 8; i++)
		TG_CHECK(try_load(i << 3 | 4 | (round & 3)),
			 "LDT entry %u could be loaded", i);
}

static void once(void)
{
	look(0);
}

static void watch(void)
{
	u32 round, start = tg_inl(TG_PORT_USEC);

	if (!tg_needs_device())
		return;
	for (round = 0; tg_inl(TG_PORT_USEC) - start < WATCH_USEC; round++)
		look(round);
}

static const struct tg_case cases[] = {
	{ "once", once },
	{ "watch", watch },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
