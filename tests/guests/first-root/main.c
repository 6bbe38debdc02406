// SPDX-License-Identifier: GPL-2.0
/*
 * The first page table of a guest.
 *
 * Claim: once it is loaded, addresses mean what it says, also those that were
 * touched while they were memory's own, and lie where all tables are the same.
 *
 * Source: docs/abi/lg32.md, linear mode.
 *
 * Memory must reach into the kernel's part.  A failure names what is still there.
 */
#include "tg.h"

const char tg_title[] = "the first page table";

#define LOW	0x40000000u	/* whole gigabytes are shared by all tables */

void tg_early(void)
{
	tg_data.kernel_address = LOW;
}

/* The image as it is, and nothing else. */
static u32 make_root(void)
{
	u32 *root = tg_va(tg_page_alloc()), *table = NULL, gpa;

	for (gpa = 0; gpa < TG_BOOT_MAP; gpa += TG_PAGE) {
		u32 index = gpa >> 12 & 1023;

		if (!index) {
			table = tg_va(tg_page_alloc());
			root[gpa >> 22] = tg_gpa(table) | TG_TABLE;
		}
		table[index] = gpa | TG_P | TG_W;
	}
	return tg_gpa(root);
}

void test_main(void)
{
	if (tg_memory <= LOW) {
		tg_error("too little memory");
		return;
	}
	TG_EQ(tg_try_write(LOW, 77), TG_NO_TRAP, "write to memory");
	tg_load_root(make_root());
	TG_EQ(tg_try_read(LOW, NULL), 14, "trap of what was memory");
	TG_EQ(tg_fault.cr2, LOW, "address of the trap");
}
