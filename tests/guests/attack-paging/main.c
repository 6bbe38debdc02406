// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables no guest should have.  Each case says in tests/cases what must
 * come of it: a kill, or nothing that the guest could not see on hardware.
 *
 * Claim: an entry that leads outside of memory, a superpage, an index or an
 * address beyond what the guest may use kills the guest; tables that point
 * at themselves are ordinary memory; nothing the guest puts into its tables
 * for the switcher's range ever has an effect.
 *
 * Source: docs/abi/lg32.md, page tables; reliability classes 2, 3, 15;
 * SET_PGD's index check was off by one in historic lguest (index equal to
 * the table size was taken: host memory used as an entry).
 *
 * A failure shows as "still alive" or the value read.
 */
#include "tg.h"

const char tg_title[] = "bad page tables";

static void alive(const char *what)
{
	tg_failure("still alive: %s", what);
}

static u32 outside(void)
{
	return (tg_memory + 0xfff) & ~0xfffu;
}

static void leaf_outside(void)
{
	tg_pte_put(tg_root, TG_UTEST, outside() | TG_P | TG_W);
	*(volatile u32 *)TG_UTEST = 1;
	alive("leaf outside of memory");
}

/* One that may come along with its neighbour, as it would if it were good. */
static void leaf_beside(void)
{
	tg_pte_put(tg_root, TG_UTEST, tg_page_alloc() | TG_P | TG_W);
	tg_pte_put(tg_root, TG_UTEST + TG_PAGE,
		   outside() | TG_P | TG_W | TG_A | TG_D);
	*(volatile u32 *)TG_UTEST = 1;
	*(volatile u32 *)(TG_UTEST + TG_PAGE) = 1;
	alive("leaf outside of memory beside a good one");
}

static void leaf_top(void)
{
	tg_pte_put(tg_root, TG_UTEST, 0xfffff000 | TG_P | TG_W);
	*(volatile u32 *)TG_UTEST = 1;
	alive("leaf at the top");
}

static void leaf_set_pte(void)
{
	tg_set_pte(tg_root, TG_UTEST, outside() | TG_P | TG_W | TG_A | TG_D);
	*(volatile u32 *)TG_UTEST = 1;
	alive("SET_PTE of a leaf outside of memory");
}

/* PAE: frames beyond 32 bits, too. */
static void leaf_high(void)
{
	tg_pte_put(tg_root, TG_UTEST, 0x100000000ull | TG_P | TG_W);
	*(volatile u32 *)TG_UTEST = 1;
	if (!tg_env.pae)
		return;		/* no such bits: frame 0 */
	alive("leaf above 4 GiB");
}

/* Reserved bits: ignored, refused or a fault; never a frame of the host. */
static void leaf_reserved(void)
{
	u32 page = tg_page_alloc(), bit;

	for (bit = 52; bit < 64; bit++) {
		*(volatile u32 *)tg_va(page) = 0;
		tg_set_pte(tg_root, TG_UTEST, page | TG_P | TG_W | 1ull << bit);
		if (tg_try_write(TG_UTEST, bit) != TG_NO_TRAP)
			continue;
		TG_EQ(*(volatile u32 *)tg_va(page), bit, "our page");
	}
}

static void dir_outside(void)
{
	tg_dir_put(tg_root, TG_UTEST, outside() | TG_TABLE);
	*(volatile u32 *)TG_UTEST = 1;
	alive("table outside of memory");
}

static void dir_top(void)
{
	tg_dir_put(tg_root, TG_UTEST, 0xfffff000 | TG_TABLE);
	*(volatile u32 *)TG_UTEST = 1;
	alive("table at the top");
}

static void dir_mmio(void)
{
	tg_dir_put(tg_root, TG_UTEST, TG_MMIO_GPA | TG_TABLE);
	*(volatile u32 *)TG_UTEST = 1;
	alive("table in the MMIO range");
}

static void superpage(void)
{
	tg_dir_put(tg_root, TG_UTEST, TG_PS | TG_TABLE);
	*(volatile u32 *)TG_UTEST = 1;
	alive("superpage");
}

static void superpage_set(void)
{
	tg_dir_put(tg_root, TG_UTEST, TG_PS | TG_TABLE);
	tg_hcall_set_pte(tg_root, TG_UTEST, TG_P | TG_W | TG_A | TG_D);
	*(volatile u32 *)TG_UTEST = 1;
	alive("superpage and SET_PTE");
}

static void root_outside(void)
{
	tg_load_root(outside());
	alive("root outside of memory");
}

/* A root in memory, but at its end: it must not be read beyond. */
static void root_at_end(void)
{
	tg_load_root(tg_memory - 16);
	*(volatile u32 *)TG_UTEST = 1;
	alive("root at the end of memory");
}

static void root_mmio(void)
{
	tg_load_root(TG_MMIO_GPA);
	alive("root in the MMIO range");
}

static void root_empty(void)
{
	tg_load_root(tg_page_alloc());
	alive("a root without a kernel");
}

static void pgd_index(void)
{
	tg_hcall(LG32_SET_PGD, tg_root, tg_top_entries(), 0, 0);
	alive("SET_PGD index of the table size");
}

static void pgd_index_max(void)
{
	tg_hcall(LG32_SET_PGD, tg_root, ~0u, 0, 0);
	alive("SET_PGD index -1");
}

static void pgd_index_sign(void)
{
	tg_hcall(LG32_SET_PGD, tg_root, 0x80000000, 0, 0);
	alive("SET_PGD index of the sign");
}

/* The same for a table that is not known: the index comes first. */
static void pgd_index_unknown(void)
{
	tg_hcall(LG32_SET_PGD, outside(), tg_top_entries(), 0, 0);
	alive("SET_PGD index of an unknown table");
}

static void pmd_index(void)
{
	tg_hcall(LG32_SET_PMD, tg_root, 512, 0, 0);
	alive("SET_PMD");
}

static void pte_window(void)
{
	tg_hcall_set_pte(tg_root, -tg_data.reserve_mem,
			 tg_page_alloc() | TG_P | TG_W | TG_A | TG_D);
	alive("SET_PTE of the switcher");
}

static void pte_window_top(void)
{
	tg_hcall_set_pte(tg_root, 0xfffff000,
			 tg_page_alloc() | TG_P | TG_W | TG_A | TG_D);
	alive("SET_PTE of the last page");
}

/* All entries of the root are the root: 1024 ways to see it. */
static void recursive(void)
{
	u32 i, value, slot, root = tg_root_new();

	if (tg_env.pae) {
		tg_skip("PDPT entries cannot be leaves");
		return;
	}
	for (i = 64; i < TG_KERNEL >> 22; i++)
		tg_top_put(root, i, root | TG_TABLE);
	tg_load_root(root);
	for (i = 64; i < TG_KERNEL >> 22; i += 7) {
		slot = (i << 22) + (65 << 12) + 66 * 4;
		TG_EQ(tg_try_read(slot, &value), TG_NO_TRAP, "trap");
		TG_EQ(value & ~(TG_A | TG_D), (root | TG_TABLE) & ~(TG_A | TG_D),
		      "root through itself");
	}
	/* A page mapped by writing the entry through the map of itself. */
	slot = (64u << 22) + (64 << 12) + 32 * 4;
	tg_try_write(slot, root | TG_TABLE);
	tg_hcall(LG32_SET_PGD, root, 32, 0, 0);
	TG_EQ(tg_try_read((32u << 22) + (65 << 12), NULL), TG_NO_TRAP, "trap");
	/* And taken away. */
	tg_try_write(slot, 0);
	tg_hcall(LG32_SET_PGD, root, 32, 0, 0);
	TG_EQ(tg_try_read((32u << 22) + (65 << 12), NULL), 14, "trap");
	tg_load_root(tg_root);
}

/* A leaf table that is its own page: entry 0 maps the table. */
static void self_leaf(void)
{
	u32 table, value;

	tg_pte_put(tg_root, TG_UTEST, 0);
	table = tg_dir_get(tg_root, TG_UTEST) & -TG_PAGE;
	tg_set_pte(tg_root, TG_UTEST, table | TG_P | TG_W);
	TG_EQ(tg_try_read(TG_UTEST, &value), TG_NO_TRAP, "trap");
	TG_EQ(value & ~(TG_A | TG_D), table | TG_P | TG_W, "entry in itself");
	/* Rewrite the next entry through the mapping, silently upgraded. */
	if (!tg_env.pae) {
		tg_try_write(TG_UTEST + 4, table | TG_P);
		TG_EQ(tg_try_read(TG_UTEST + TG_PAGE, &value), TG_NO_TRAP,
		      "trap");
	}
	tg_set_pte(tg_root, TG_UTEST, 0);
	TG_EQ(tg_try_read(TG_UTEST, NULL), 14, "trap");
}

/*
 * The guest's entries for the switcher's range say "our page": what is read
 * there must not be it, and a write must not get there.
 */
static void window_entries(void)
{
	u32 window = -tg_data.reserve_mem, gva, value;
	u32 page = tg_page_alloc();

	*(u32 *)tg_va(page) = 0xc0ffee11;
	for (gva = window; gva >= window && gva < window + 16 * TG_PAGE;
	     gva += TG_PAGE)
		tg_pte_put(tg_root, gva, page | TG_P | TG_W);
	tg_flush_all();
	for (gva = window; gva >= window && gva < window + 16 * TG_PAGE;
	     gva += TG_PAGE) {
		if (tg_try_read(gva, &value) == TG_NO_TRAP)
			TG_CHECK(value != 0xc0ffee11, "our page at %#x", gva);
		tg_try_write(gva, 0x12345678);
	}
	TG_EQ(*(u32 *)tg_va(page), 0xc0ffee11, "our page");
}

/* A huge sparse table: the host's memory for shadows is bounded. */
static void sparse(void)
{
	u32 i, n = 0, gva, table, pmd = 0, page = tg_page_alloc();

	/* One leaf table used by every directory entry. */
	tg_pte_put(tg_root, TG_UTEST, page | TG_P | TG_W);
	table = tg_dir_get(tg_root, TG_UTEST) & -TG_PAGE;
	if (tg_env.pae) {
		pmd = tg_top_get(tg_root, 0) & -TG_PAGE;
		for (i = 1; i < 3; i++)
			tg_top_put(tg_root, i, pmd | TG_P);
	}
	for (i = 32; i < (tg_env.pae ? 512u : TG_KERNEL >> 22); i++)
		tg_dir_put(tg_root, i << (tg_env.pae ? 21 : 22),
			   table | TG_TABLE);
	tg_flush_all();
	for (gva = 0x08000000; gva < TG_KERNEL; gva += 0x200000) {
		u32 at = gva + (TG_UTEST & 0x3ff000);

		n += tg_try_read(at, NULL) == TG_NO_TRAP;
	}
	TG_CHECK(n > 500, "%u tables reached", n);
}

static const struct tg_case cases[] = {
	{ "leaf-outside", leaf_outside },
	{ "leaf-beside", leaf_beside },
	{ "leaf-top", leaf_top },
	{ "leaf-set-pte", leaf_set_pte },
	{ "leaf-high", leaf_high },
	{ "leaf-reserved", leaf_reserved },
	{ "dir-outside", dir_outside },
	{ "dir-top", dir_top },
	{ "dir-mmio", dir_mmio },
	{ "superpage", superpage },
	{ "superpage-set", superpage_set },
	{ "root-outside", root_outside },
	{ "root-at-end", root_at_end },
	{ "root-mmio", root_mmio },
	{ "root-empty", root_empty },
	{ "pgd-index", pgd_index },
	{ "pgd-index-max", pgd_index_max },
	{ "pgd-index-sign", pgd_index_sign },
	{ "pgd-index-unknown", pgd_index_unknown },
	{ "pmd-index", pmd_index },
	{ "pte-window", pte_window },
	{ "pte-window-top", pte_window_top },
	{ "recursive", recursive },
	{ "self-leaf", self_leaf },
	{ "window-entries", window_entries },
	{ "sparse", sparse },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
