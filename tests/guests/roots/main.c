// SPDX-License-Identifier: GPL-2.0
/*
 * Many page tables.
 *
 * Claim: any number of tables can be used in turn; each keeps its own user
 * half; changes to one whose shadow was dropped meanwhile, or that was freed
 * and reused, are seen; recent tables cost no rebuilding; and there are never
 * more shadow tables than the guest's memory is worth.
 *
 * Source: docs/design.md, shadow roots; historic lguest had four.
 *
 * A failure names the table.
 */
#include "tg.h"

const char tg_title[] = "many page tables";

#define ROOTS	60
#define PAGES	4
#define TABLES	300
#define TABLE_BYTES	(1u << 22)	/* as far apart as two-level tables are */

static u32 root[ROOTS];
static u32 page[ROOTS][PAGES];

static u32 gva(u32 n)
{
	return TG_UTEST + n * 0x00401000;
}

static void make(u32 r)
{
	u32 p;

	root[r] = tg_root_new();
	for (p = 0; p < PAGES; p++) {
		page[r][p] = tg_page_alloc();
		*(u32 *)tg_va(page[r][p]) = r * PAGES + p;
		tg_pte_put(root[r], gva(p), page[r][p] | TG_P | TG_W);
	}
}

static void check(u32 r)
{
	u32 p, value, vector;

	tg_load_root(root[r]);
	for (p = 0; p < PAGES; p++) {
		vector = tg_try_read(gva(p), &value);
		TG_CHECK(vector == TG_NO_TRAP && value == r * PAGES + p,
			 "table %u page %u: trap %u, value %u", r, p, vector,
			 value);
	}
}

static void check_changed(u32 r)
{
	u32 value, vector;

	tg_load_root(root[r]);
	vector = tg_try_read(gva(0), &value);
	TG_CHECK(vector == TG_NO_TRAP && value == r * PAGES + 1,
		 "table %u, changed page: trap %u, value %u", r, vector, value);
	TG_EQ(tg_try_read(gva(1), NULL), 14, "unmapped page");
}

/* Two tables in turn: after the first round, no fault any more. */
static void check_cached(void)
{
	u32 i, before, after;

	if (!tg_has_device())
		return;
	check(0);
	check(1);
	check(2);
	before = tg_stat(LG_STAT_FAULT);
	for (i = 0; i < 50; i++)
		check(i % 3);
	after = tg_stat(LG_STAT_FAULT);
	TG_CHECK(after - before < 25, "%u faults in recent tables",
		 after - before);
}

/* All that one fault may bring along included. */
static void check_limit(void)
{
	u32 most = tg_memory / TG_PAGE / 64 + 48 + 4, pages;

	if (tg_inl(TG_PORT_MAGIC) != TG_MAGIC)
		return;
	pages = tg_stat(LG_STAT_SHADOW_PAGES);
	TG_CHECK(pages <= most, "%u shadow tables, not %u", pages, most);
}

/* More tables in the one in use than there may be shadows: it starts anew. */
static void check_one(void)
{
	u32 table, gpa = tg_page_alloc(), value, i;
	u32 first = TG_UTEST + (64u << 20);

	tg_load_root(tg_root);
	*(u32 *)tg_va(gpa) = 77;
	tg_pte_put(tg_root, first, gpa | TG_P);
	table = tg_dir_get(tg_root, first);
	for (i = 0; i < TABLES; i++)
		tg_dir_put(tg_root, first + i * TABLE_BYTES, table);
	for (i = 0; i < TABLES; i++) {
		TG_EQ(tg_try_read(first + i * TABLE_BYTES, &value),
		      TG_NO_TRAP, "read by one of many tables");
		TG_EQ(value, 77, "what it leads to");
	}
	check_limit();
}

void test_main(void)
{
	u32 i;

	for (i = 0; i < ROOTS; i++)
		make(i);
	for (i = 0; i < 3 * ROOTS; i++)
		check(i % ROOTS);
	for (i = 0; i < 4 * ROOTS; i++)
		check(tg_rand() % ROOTS);
	check_limit();
	check_one();
	check_cached();
	/* Change all of them, most of them not in the shadow now. */
	for (i = 0; i < ROOTS; i++) {
		tg_set_pte(root[i], gva(0), page[i][1] | TG_P | TG_W);
		tg_set_pte(root[i], gva(1), 0);
	}
	for (i = 0; i < 2 * ROOTS; i++)
		check_changed(tg_rand() % ROOTS);
	/* Freed, and used again as another table. */
	tg_load_root(tg_root);
	for (i = 0; i < ROOTS; i++) {
		u32 t, old = root[i];

		make(i);
		for (t = 0; t < tg_top_entries(); t++) {
			tg_top_put(old, t, tg_top_get(root[i], t));
			tg_hcall(LG32_SET_PGD, old, t, 0, 0);
		}
		root[i] = old;
	}
	for (i = 0; i < ROOTS; i++)
		check(i);
	tg_load_root(tg_root);
}
