// SPDX-License-Identifier: GPL-2.0
/*
 * A page fault while the ring holds the call that prevents it.
 *
 * Claim: the ring is emptied before a fault is looked at.  A table is loaded
 * through the ring, then an address read that only the new table maps: the
 * guest never sees a fault, whatever the host has to do in between
 * (tests/host/ring-signals interrupts it all the time).
 *
 * Source: docs/abi/lg32.md, the ring.
 */
#include "tg.h"

const char tg_title[] = "faults behind the ring";

#define ROUNDS	3000

void test_main(void)
{
	u32 bare = tg_root_new(), full = tg_root_new(), page = tg_page_alloc();
	u32 i, value, vector;

	tg_pte_put(full, TG_UTEST, page | TG_P | TG_W | TG_U);
	*(volatile u32 *)tg_va(page) = 0x12345678;
	for (i = 0; i < ROUNDS; i++) {
		tg_load_root(bare);
		tg_ring_put(LG32_NEW_PGTABLE, full, 0, 0, 0);
		vector = tg_try_read(TG_UTEST, &value);
		TG_CHECK(vector == TG_NO_TRAP, "round %u: trap %u, error %#x, cr2 %#x",
			 i, vector, tg_fault.error, tg_fault.cr2);
		if (vector == TG_NO_TRAP)
			TG_EQ(value, 0x12345678, "what was read");
	}
}
