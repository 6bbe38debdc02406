// SPDX-License-Identifier: GPL-2.0
/*
 * Many page tables.
 *
 * Claim: any number of roots can be used in turn; each keeps its own low half;
 * changes to one whose shadow was dropped meanwhile, or that was unpinned, written
 * as plain memory and pinned again, are seen; recent roots cost no rebuilding; and
 * there are never more shadow tables than the guest's memory is worth.
 *
 * Source: docs/design.md, shadows.
 *
 * A failure names the root.
 */
#include "tg.h"
#include <lguest/api.h>

const char tg_title[] = "many page tables";

#define ROOTS	60
#define PAGES	4
#define TABLES	250

static u64 root[ROOTS];
static u64 page[ROOTS][PAGES];

static u64 gva(u32 n)
{
	return TG_UTEST + n * 0x00401000ul;
}

static void make(u32 r)
{
	u32 p;

	root[r] = tg_root_new();
	for (p = 0; p < PAGES; p++) {
		page[r][p] = tg_page_alloc();
		*(u64 *)tg_va(page[r][p]) = r * PAGES + p;
		tg_map(root[r], gva(p), tg_pte(page[r][p], TG_RW));
	}
}

static void load(u64 gfn)
{
	TG_EQ(tg_mmuext(MMUEXT_NEW_BASEPTR, gfn, 0), 0, "NEW_BASEPTR");
}

static void check(u32 r)
{
	u64 value;
	u32 p, vector;

	load(root[r]);
	for (p = 0; p < PAGES; p++) {
		vector = tg_try_read(gva(p), &value);
		TG_CHECK(vector == TG_NO_TRAP && value == r * PAGES + p,
			 "root %u page %u: trap %u, value %lu", r, p, vector,
			 value);
	}
}

static void check_changed(u32 r)
{
	u64 value;
	u32 vector;

	load(root[r]);
	vector = tg_try_read(gva(0), &value);
	TG_CHECK(vector == TG_NO_TRAP && value == r * PAGES + 1,
		 "root %u, changed page: trap %u, value %lu", r, vector, value);
	TG_EQ(tg_try_read(gva(1), NULL), 14, "unmapped page");
}

/* What a new root leads to is there before it is touched: no fault at all. */
static void check_new(void)
{
	u64 before, after;
	u32 i;

	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT);
	for (i = 0; i < ROOTS; i++)
		check(i);
	after = tg_ask(TG_ASK_STAT, LG_STAT_FAULT);
	TG_CHECK(after - before < ROOTS, "%lu faults in %u new roots",
		 after - before, ROOTS);
}

/* All that a root may bring along included. */
static void check_limit(void)
{
	u64 most = (tg_start_info->nr_pages + TG_EXTRA_PAGES) / 64 + 64 + 20;
	u64 pages = tg_ask(TG_ASK_STAT, LG_STAT_SHADOW_PAGES);

	TG_CHECK(pages <= most, "%lu shadow tables, not %lu", pages, most);
}

/* More tables in the one in use than there may be shadows: the first go for the last. */
static void check_one(void)
{
	u64 first = 1ul << 38, gfn = tg_page_alloc(), value;
	u32 i;

	load(tg_root);
	*(u64 *)tg_va(gfn) = 77;
	for (i = 0; i < TABLES; i++) {
		tg_map(tg_root, first + i * (512 * TG_PAGE), tg_pte(gfn, TG_RW));
		tg_try_read(first + i * (512 * TG_PAGE), &value);
	}
	check_limit();
	for (i = 0; i < TABLES; i++) {
		TG_EQ(tg_try_read(first + i * (512 * TG_PAGE), &value), TG_NO_TRAP,
		      "read by one of many tables");
		TG_EQ(value, 77, "what it leads to");
	}
}

/* Three roots in turn: after the first round, hardly a fault. */
static void check_cached(void)
{
	u64 before, after;
	u32 i;

	check(0);
	check(1);
	check(2);
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT);
	for (i = 0; i < 50; i++)
		check(i % 3);
	after = tg_ask(TG_ASK_STAT, LG_STAT_FAULT);
	TG_CHECK(after - before < 50, "%lu faults in recent roots",
		 after - before);
}

/* Taken out of use, changed as any page is, and pinned again. */
static void rewrite(u32 r)
{
	u64 at = tg_entry_at(root[r], gva(0), 1), l1 = at / TG_PAGE;
	u64 l2 = tg_entry_at(root[r], gva(0), 2);

	load(tg_root);
	TG_EQ(tg_mmuext(MMUEXT_UNPIN_TABLE, root[r], 0), 0, "UNPIN_TABLE");
	TG_EQ(tg_mmu_update(l2, 0), 0, "unhooking of a table");
	tg_table_release(l1);
	((u64 *)tg_va(l1))[at % TG_PAGE / 8] = tg_pte(page[r][2], TG_RW);
	tg_table_protect(l1);
	TG_EQ(tg_mmu_update(l2, tg_pte(l1, TG_RW)), 0, "hooking it in");
	TG_EQ(tg_mmuext(MMUEXT_PIN_L4_TABLE, root[r], 0), 0, "PIN_L4_TABLE");
}

static void check_rewritten(u32 r)
{
	u64 value;

	load(root[r]);
	TG_EQ(tg_try_read(gva(0), &value), TG_NO_TRAP, "rewritten page");
	TG_EQ(value, r * PAGES + 2, "what is in it");
}

void test_main(void)
{
	u32 i;

	for (i = 0; i < ROOTS; i++)
		make(i);
	check_new();
	for (i = 0; i < 3 * ROOTS; i++)
		check(i % ROOTS);
	for (i = 0; i < 4 * ROOTS; i++)
		check(tg_rand() % ROOTS);
	check_limit();
	check_one();
	check_cached();
	/* Change all of them, most of them not in the shadow now. */
	for (i = 0; i < ROOTS; i++) {
		tg_mmu_update(tg_entry_at(root[i], gva(0), 1),
			      tg_pte(page[i][1], TG_RW));
		tg_mmu_update(tg_entry_at(root[i], gva(1), 1), 0);
	}
	tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	for (i = 0; i < 2 * ROOTS; i++)
		check_changed(tg_rand() % ROOTS);
	for (i = 0; i < ROOTS; i++)
		rewrite(i);
	for (i = 0; i < ROOTS; i++)
		check_rewritten(i);
	load(tg_root);
}
