// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel's part that begins amid a gigabyte.
 *
 * Claim: it is the same in all tables as any other: one SET_PTE counts for each,
 * whichever of them it names, and whichever is loaded.
 *
 * Source: docs/abi/lg32.md, page tables; the shadow shares whole gigabytes only
 * (module/mmu32/shadow.h), so this one each of its roots has for itself.
 *
 * A failure names the step.
 */
#include "tg.h"

const char tg_title[] = "a kernel's part that begins amid a gigabyte";

#define EARLY	0xB0000000u

/* There are no page tables yet: a physical address. */
void tg_early(void)
{
	volatile u32 *at = (u32 *)((u32)&tg_data.kernel_address - TG_KERNEL);

	*at = EARLY;
}

static void reads(u32 gva, u32 want, const char *what)
{
	u32 value = 0, vector = tg_try_read(gva, &value);

	TG_CHECK(vector == TG_NO_TRAP && value == want,
		 "%s: trap %u, value %u", what, vector, value);
}

/* A last-level table that hangs in both roots. */
void test_main(void)
{
	u32 page[2] = { tg_page_alloc(), tg_page_alloc() };
	u32 other = tg_root_new();

	*(u32 *)tg_va(page[0]) = 1;
	*(u32 *)tg_va(page[1]) = 2;
	tg_set_pte(tg_root, EARLY, page[0] | TG_P);
	tg_dir_put(other, EARLY, tg_dir_get(tg_root, EARLY));
	reads(EARLY, 1, "first table");
	tg_load_root(other);
	reads(EARLY, 1, "second table");
	tg_set_pte(tg_root, EARLY, page[1] | TG_P);
	reads(EARLY, 2, "second table, changed by the first");
	tg_set_pte(other, EARLY, 0);
	tg_load_root(tg_root);
	TG_EQ(tg_try_read(EARLY, NULL), 14, "first table, changed by the second");
}
