// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that pins all of its memory as page tables.
 *
 * Claim: what that takes of the host's memory is bounded by the guest's size, and is
 * given back when the pins are; a page fault that looks for a table among them gets
 * its answer.
 *
 * Source: docs/threat-model.md, P8.
 */
#include <lguest/api.h>
#include "tg.h"

const char tg_title[] = "all of memory pinned";

#define BATCH	128

static struct mmuext_op op[BATCH];

/* Of each page but those that are pinned otherwise. Returns how many it was done to. */
static u32 all_pages(u32 cmd)
{
	u64 gfn, pages = tg_start_info->nr_pages;
	u32 n, left = 0, done = 0, skipped = 0;

	for (gfn = 0; gfn < pages; gfn += n) {
		for (n = 0; n < BATCH && gfn + n < pages; n++) {
			op[n].cmd = cmd;
			op[n].arg1.mfn = gfn + n;
		}
		if (tg_hcall(mmuext_op, op, n, &left, DOMID_SELF)) {
			n = left + 1;
			skipped++;
		}
		done += n;
	}
	return done - skipped;
}

static u64 overhead(void)
{
	return tg_ask(TG_ASK_STAT, LG_STAT_OVERHEAD);
}

/* No table that the host knows, nor one that hangs anywhere. */
static void check_unknown(u64 gfn)
{
	tg_map(tg_root, TG_KTEST, tg_pte(gfn, TG_RO));
	TG_EQ(tg_try_write(TG_KTEST, 1), 14, "write to a page that is no table");
	TG_EQ(tg_fault.error & TG_W, TG_W, "error code");
}

void test_main(void)
{
	u64 bytes = tg_start_info->nr_pages * TG_PAGE, before, during, after;
	u64 gfn = tg_page_alloc();
	u32 pinned;

	tg_map(tg_root, TG_KTEST, 0);
	before = overhead();
	pinned = all_pages(MMUEXT_PIN_L1_TABLE);
	TG_CHECK(pinned > bytes / TG_PAGE * 9 / 10, "only %u pages were pinned",
		 pinned);
	during = overhead();
	TG_CHECK(during < bytes / 25 + (1 << 20), "pins took %lu KiB",
		 (during - before) >> 10);
	TG_EQ(tg_mmuext(MMUEXT_UNPIN_TABLE, gfn, 0), 0, "UNPIN_TABLE");
	check_unknown(gfn);
	TG_EQ(tg_mmuext(MMUEXT_PIN_L1_TABLE, gfn, 0), 0, "PIN_L1_TABLE");
	TG_EQ(all_pages(MMUEXT_UNPIN_TABLE), pinned + 1, "pages unpinned");
	after = overhead();
	TG_CHECK(after < before + (64 << 10), "%lu KiB were not given back",
		 (after - before) >> 10);
}
