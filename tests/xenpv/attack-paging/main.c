// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables that Xen would not have.
 *
 * Claim: tables that lead to themselves, in all levels, are mapped writable
 * elsewhere, name pages that are not the guest's, are used at another level,
 * have large pages or reserved bits, are written while pinned or in use, or lie
 * among the pages that are no RAM: the guest gets an error, a fault or what it
 * built, in its own memory; or it is killed. It never sees anything else.
 *
 * Source: XSA-148, 173, 182, 212, 213, 240, 241, 242, 250, 280, 401, 402.
 *
 * Afterwards another guest must run: tests/host/survive.
 */
#include "tg.h"

const char tg_title[] = "bad page tables";

static void flush(void)
{
	tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
}

/* Whatever is there: only our own pages may be. */
static void touch(u64 gva)
{
	u64 value;

	tg_try_read(gva, &value);
	tg_try_write(gva + 8, value);
	tg_try("jmpq *%0", : : "r"(gva + 0x800));
}

/* Root, third, second and first level: entries to themselves and upwards. */
static void recursive(void)
{
	u64 root = tg_root_new(), gva, value = 0;
	u32 slot;

	for (slot = 272; slot < 300; slot++)
		tg_entry_put(root, slot, tg_pte(root, TG_RW));
	tg_entry_put(root, 0, tg_pte(root, TG_RO));
	tg_mmuext(MMUEXT_NEW_BASEPTR, root, 0);
	/* The root through itself, once to four times. */
	for (slot = 272; slot < 276; slot++) {
		gva = 0xffff000000000000ul | (u64)slot << 39;
		touch(gva);
		touch(gva | (u64)slot << 30);
		touch(gva | (u64)slot << 30 | (u64)slot << 21);
		gva |= (u64)slot << 30 | (u64)slot << 21 | (u64)slot << 12;
		if (tg_try_read(gva + 511 * 8, &value) == TG_NO_TRAP)
			TG_EQ(value, tg_entry_get(root, 511),
			      "entry of the root through itself");
		/* Its hypervisor entries are not to be seen through it. */
		if (tg_try_read(gva + 257 * 8, &value) == TG_NO_TRAP)
			TG_CHECK(!value || value == tg_pte(1, TG_RW),
				 "entry 257 of the root is %#lx", value);
		tg_try_write(gva + 257 * 8, tg_pte(1, TG_RW));
		tg_try_write(gva + 5 * 8, tg_pte(root, TG_RW));
		flush();
		touch(5ul << 39);
	}
	tg_mmuext(MMUEXT_NEW_BASEPTR, tg_root, 0);
}

/* Tables of the kernel map, writable through another address. */
static void alias(void)
{
	u64 l1, at, value;
	volatile u64 *entry;
	u32 i;

	tg_map(tg_root, TG_KTEST, tg_pte(tg_page_alloc(), TG_RW));
	at = tg_entry_at(tg_root, TG_KTEST, 1);
	l1 = at / TG_PAGE;
	tg_table_release(l1);
	entry = (u64 *)((u8 *)tg_va(l1) + at % TG_PAGE);
	for (i = 0; i < 1000; i++) {
		*entry = tg_pte(tg_rand() % 5000, tg_rand() & 0xfff);
		if (i % 3)
			tg_try_read(TG_KTEST, &value);
		if (i % 5 == 0)
			flush();
		if (i % 7 == 0)
			tg_try_write(TG_KTEST, *entry);
	}
	*entry = 0;
}

/* Pages that are not ours, in every level and with every bit. */
static void foreign(void)
{
	u64 table = tg_page_alloc(), pages = tg_start_info->nr_pages;
	u64 *entry = tg_va(table);
	u64 l2 = tg_entry_at(tg_root, TG_KTEST, 2), gva, value;
	u32 i, found = 0;

	for (i = 0; i < 512; i++)
		entry[i] = (pages + TG_EXTRA_PAGES + i * i * i) * TG_PAGE |
			   TG_RW | (tg_rand() & 0xff00000000000e00ul);
	entry[1] = -1ul;
	entry[2] = ~TG_NX;
	entry[3] = 0x000ffffffffff000ul | TG_RW;
	tg_table_protect(table);
	if (tg_mmu_update(l2, tg_pte(table, TG_RW)))
		return;
	for (gva = TG_KTEST & ~0x1ffffful, i = 0; i < 512; i++)
		if (tg_try_read(gva + i * TG_PAGE, &value) == TG_NO_TRAP)
			found++;
	TG_EQ(found, 0, "pages that are not ours and could be read");
	/* The same one level up. */
	tg_mmu_update(l2, 0);
	tg_mmu_update(tg_entry_at(tg_root, TG_KTEST, 3) ^ 8,
		      tg_pte(table, TG_RW));
}

static void large(void)
{
	u64 table = tg_page_alloc(), value;
	u64 *entry = tg_va(table);
	u64 l3 = tg_entry_at(tg_root, TG_KTEST, 3) & ~0xffful;

	entry[0] = TG_RW | TG_PS;
	entry[1] = 1ul << 30 | TG_RW | TG_PS;
	tg_table_protect(table);
	tg_mmu_update(l3, tg_pte(table, TG_RW));
	tg_mmu_update(l3 + 8, TG_RW | TG_PS);
	flush();
	/* 0xffffff8000000000 is entry 511 of the root, entry 0 of that. */
	if (tg_try_read(0xffffff8000000000, &value) == TG_NO_TRAP)
		TG_CHECK(value == *(volatile u64 *)tg_va(0),
			 "a large page of something else");
	tg_try_read(0xffffff8000000000 + (1ul << 21), &value);
	tg_try_read(0xffffff8000000000 + (1ul << 30), &value);
	touch(0xffffff8000000000 + (1ul << 30) + (1ul << 29));
}

/* Pinned and unpinned as everything, used all the same. */
static void levels(void)
{
	u64 gfn[8], root = tg_root_new(), i, n;
	long rc;

	for (i = 0; i < 8; i++)
		gfn[i] = tg_page_alloc();
	for (i = 0; i < 8; i++)
		for (n = 0; n < 512; n++)
			((u64 *)tg_va(gfn[i]))[n] =
				tg_pte(gfn[tg_rand() % 8], TG_RW);
	for (n = 0; n < 600; n++) {
		u64 g = gfn[tg_rand() % 8];

		switch (tg_rand() % 6) {
		case 0:
			tg_mmuext(MMUEXT_PIN_L1_TABLE + tg_rand() % 4, g, 0);
			break;
		case 1:
			tg_mmuext(MMUEXT_UNPIN_TABLE, g, 0);
			break;
		case 2:
			tg_entry_put(root, tg_rand() % 256, tg_pte(g, TG_RW));
			break;
		case 3:
			rc = tg_mmuext(MMUEXT_NEW_BASEPTR, root, 0);
			if (rc)
				tg_failure("NEW_BASEPTR: %ld", rc);
			break;
		case 4:
			tg_try_write((u64)tg_va(g) + tg_rand() % 512 * 8,
				     tg_pte(gfn[tg_rand() % 8],
					    tg_rand() & 0x80000000000001fful));
			break;
		default:
			touch((tg_rand() & 0x7ffffffff000) + 0x10);
		}
	}
	tg_mmuext(MMUEXT_NEW_BASEPTR, tg_root, 0);
}

/* A page of data as root: nothing of the kernel is in it. */
static void empty_root(void)
{
	u64 gfn = tg_page_alloc();

	tg_table_protect(gfn);
	tg_mmuext(MMUEXT_PIN_L4_TABLE, gfn, 0);
	tg_mmuext(MMUEXT_NEW_BASEPTR, gfn, 0);
	tg_failure("still alive on an empty root");
}

/* Its own code, stack and handlers as page tables. */
static void own_code(void)
{
	u64 gfn = tg_gfn(tg_title);

	tg_mmuext(MMUEXT_PIN_L1_TABLE, gfn, 0);
	tg_mmuext(MMUEXT_PIN_L2_TABLE, tg_gfn(tg_trap_stack), 0);
	tg_mmuext(MMUEXT_PIN_L4_TABLE, tg_gfn(&gfn), 0);
	tg_entry_put(tg_root, 3, tg_pte(tg_gfn(&gfn), TG_RW));
	touch(3ul << 39);
	tg_mmuext(MMUEXT_UNPIN_TABLE, gfn, 0);
}

/* shared_info, the grant frames and what lies behind them. */
static void special(void)
{
	u64 first = tg_start_info->nr_pages, i;

	for (i = 0; i < TG_EXTRA_PAGES; i++) {
		tg_mmuext(MMUEXT_PIN_L1_TABLE + i % 4, first + i, 0);
		tg_entry_put(tg_root, 8, tg_pte(first + i, TG_RW));
		touch(8ul << 39);
		tg_entry_put(tg_root, 8, 0);
		tg_mmuext(MMUEXT_UNPIN_TABLE, first + i, 0);
		if (i != TG_BOX_GFN && i)
			tg_mmuext(MMUEXT_CLEAR_PAGE, first + i, 0);
	}
	tg_mmuext(MMUEXT_NEW_BASEPTR, first, 0);
	tg_failure("still alive on shared_info");
}

/* The user root is the kernel's, or page 0, or changes while in use. */
static void user_root(void)
{
	tg_mmuext(MMUEXT_NEW_USER_BASEPTR, tg_root, 0);
	tg_user_call((void *)tg_va(0x100), 0, NULL);
	tg_mmuext(MMUEXT_NEW_USER_BASEPTR, -1ul, 0);
	tg_mmuext(MMUEXT_NEW_USER_BASEPTR, tg_page_alloc(), 0);
	tg_user_call((void *)TG_USER, 0, NULL);
	tg_mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0);
}

static const struct tg_case cases[] = {
	{ "recursive", recursive },
	{ "alias", alias },
	{ "foreign", foreign },
	{ "large", large },
	{ "levels", levels },
	{ "empty-root", empty_root },
	{ "own-code", own_code },
	{ "special", special },
	{ "user-root", user_root },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
