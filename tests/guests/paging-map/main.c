// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings made, changed and taken away.
 *
 * Claim: making a mapping, or giving it more rights, needs no call; taking
 * one away or taking rights is seen once SET_PTE, SET_PGD or FLUSH_TLB told,
 * in the current table, in another one, and for kernel addresses in all;
 * a table that is loaded again is what the guest made of it meanwhile.
 *
 * Source: docs/abi/lg32.md, page tables ("the shadow is a tagged TLB").
 *
 * A failure names the step.
 */
#include "tg.h"

const char tg_title[] = "mapping and unmapping";

static u32 page[4];	/* gpas; each page starts with its number + 1 */

static u32 read(u32 gva, const char *what)
{
	u32 value, vector = tg_try_read(gva, &value);

	TG_CHECK(vector == TG_NO_TRAP, "%s: read of %#x: trap %u", what, gva,
		 vector);
	return value;
}

static void no_read(u32 gva, const char *what)
{
	TG_CHECK(tg_try_read(gva, NULL) == 14 && tg_fault.error == 0 &&
		 tg_fault.cr2 == gva, "%s: %#x: trap %u, error %#x", what, gva,
		 tg_fault.vector, tg_fault.error);
}

static void no_write(u32 gva, const char *what)
{
	TG_CHECK(tg_try_write(gva, 1) == 14 && tg_fault.error == 3,
		 "%s: write to %#x: trap %u, error %#x", what, gva,
		 tg_fault.vector, tg_fault.error);
}

static void check_set_pte(u32 gva)
{
	no_read(gva, "before");
	tg_set_pte(tg_root, gva, page[0] | TG_P | TG_W);
	TG_EQ(read(gva, "mapped"), 1, "mapped page");
	tg_set_pte(tg_root, gva, page[1] | TG_P | TG_W);
	TG_EQ(read(gva, "remapped"), 2, "remapped page");
	TG_EQ(tg_try_write(gva + 8, 0x77), TG_NO_TRAP, "write");
	tg_set_pte(tg_root, gva, page[1] | TG_P);
	no_write(gva + 8, "read-only");
	TG_EQ(read(gva, "read-only"), 2, "read-only page");
	tg_set_pte(tg_root, gva, 0);
	no_read(gva, "unmapped");
	TG_EQ(*(u32 *)tg_va(page[1] + 8), 0x77, "word written");
}

/* More rights, or a mapping at all: without a word to the host. */
static void check_silent_upgrade(u32 gva)
{
	no_read(gva, "before");
	tg_pte_put(tg_root, gva, page[2] | TG_P);
	TG_EQ(read(gva, "silent map"), 3, "silently mapped page");
	no_write(gva, "silent map");
	tg_pte_put(tg_root, gva, page[2] | TG_P | TG_W);
	TG_EQ(tg_try_write(gva + 8, 5), TG_NO_TRAP, "write after silent upgrade");
	tg_set_pte(tg_root, gva, 0);
	no_read(gva, "unmapped");
}

/* Told by a flush instead of by the page. */
static void check_flush(u32 gva, void (*flush)(void), const char *what)
{
	tg_pte_put(tg_root, gva, page[0] | TG_P | TG_W);
	TG_EQ(read(gva, what), 1, what);
	TG_EQ(tg_try_write(gva + 8, 1), TG_NO_TRAP, what);
	tg_pte_put(tg_root, gva, page[0] | TG_P);
	flush();
	no_write(gva, what);
	tg_pte_put(tg_root, gva, page[3] | TG_P);
	flush();
	TG_EQ(read(gva, what), 4, what);
	tg_pte_put(tg_root, gva, 0);
	flush();
	no_read(gva, what);
}

static void invlpg_user(void)
{
	asm volatile("invlpg %0" : : "m"(*(u32 *)TG_UTEST) : "memory");
}

static void reload_cr3(void)
{
	asm volatile("movl %%cr3, %%eax\n\tmovl %%eax, %%cr3"
		     : : : "eax", "memory");
}

static void toggle_pge(void)
{
	asm volatile("movl %%cr4, %%eax\n\txorl $0x80, %%eax\n\t"
		     "movl %%eax, %%cr4\n\txorl $0x80, %%eax\n\t"
		     "movl %%eax, %%cr4" : : : "eax", "memory");
}

static void set_pgd(u32 gva)
{
	if (tg_env.pae)
		tg_hcall(LG32_SET_PMD, tg_top_get(tg_root, gva >> 30) & -TG_PAGE,
			 gva >> 21 & 511, 0, 0);
	else
		tg_hcall(LG32_SET_PGD, tg_root, gva >> 22, 0, 0);
}

/* A whole subtree goes, and another comes. */
static void check_set_pgd(u32 gva)
{
	u32 old;

	tg_set_pte(tg_root, gva, page[0] | TG_P | TG_W);
	TG_EQ(read(gva, "before SET_PGD"), 1, "page before SET_PGD");
	old = tg_dir_get(tg_root, gva);
	tg_dir_put(tg_root, gva, 0);
	set_pgd(gva);
	no_read(gva, "directory entry gone");
	tg_pte_put(tg_root, gva, page[1] | TG_P | TG_W);
	set_pgd(gva);
	TG_EQ(read(gva, "another directory entry"), 2, "page after SET_PGD");
	/* Read-only by the directory. */
	tg_dir_put(tg_root, gva, tg_dir_get(tg_root, gva) & ~TG_W);
	set_pgd(gva);
	no_write(gva, "read-only directory");
	tg_dir_put(tg_root, gva, old);
	set_pgd(gva);
	TG_EQ(read(gva, "old directory entry"), 1, "page after all");
	tg_set_pte(tg_root, gva, 0);
}

/* The top entry as a whole: PAE has four. */
static void check_top(void)
{
	u32 index = TG_UTEST >> tg_top_shift();
	u64 old;

	tg_set_pte(tg_root, TG_UTEST, page[0] | TG_P);
	TG_EQ(read(TG_UTEST, "before"), 1, "page before");
	old = tg_top_get(tg_root, index);
	tg_top_put(tg_root, index, 0);
	tg_hcall(LG32_SET_PGD, tg_root, index, 0, 0);
	no_read(TG_UTEST, "top entry gone");
	tg_top_put(tg_root, index, old);
	tg_hcall(LG32_SET_PGD, tg_root, index, 0, 0);
	TG_EQ(read(TG_UTEST, "top entry back"), 1, "page after");
	tg_set_pte(tg_root, TG_UTEST, 0);
}

/* Changes to a table that is not loaded. */
static void check_other_root(void)
{
	u32 other = tg_root_new();

	tg_set_pte(tg_root, TG_UTEST, page[0] | TG_P | TG_W);
	tg_set_pte(other, TG_UTEST, page[1] | TG_P | TG_W);
	tg_load_root(other);
	TG_EQ(read(TG_UTEST, "other"), 2, "page in the other table");
	tg_set_pte(tg_root, TG_UTEST, page[2] | TG_P);
	tg_load_root(tg_root);
	TG_EQ(read(TG_UTEST, "first"), 3, "page changed from elsewhere");
	no_write(TG_UTEST, "protected from elsewhere");
	tg_set_pte(other, TG_UTEST, 0);
	tg_load_root(other);
	no_read(TG_UTEST, "unmapped from elsewhere");
	/* A table used for something else meanwhile, told by a full flush. */
	tg_load_root(tg_root);
	tg_pte_put(other, TG_UTEST, page[3] | TG_P);
	tg_flush_all();
	tg_load_root(other);
	TG_EQ(read(TG_UTEST, "after a full flush"), 4, "page");
	tg_load_root(tg_root);
	tg_set_pte(tg_root, TG_UTEST, 0);
}

/* Kernel addresses: one SET_PTE counts for every table. */
static void check_kernel(void)
{
	u32 other = tg_root_new();

	tg_set_pte(tg_root, TG_KTEST, page[0] | TG_P | TG_W);
	TG_EQ(read(TG_KTEST, "first"), 1, "kernel page");
	tg_load_root(other);
	TG_EQ(read(TG_KTEST, "other"), 1, "kernel page in another table");
	tg_set_pte(tg_root, TG_KTEST, page[1] | TG_P);
	TG_EQ(read(TG_KTEST, "other"), 2, "kernel page changed");
	no_write(TG_KTEST, "kernel page protected");
	tg_load_root(tg_root);
	TG_EQ(read(TG_KTEST, "first"), 2, "kernel page changed, first table");
	no_write(TG_KTEST, "kernel page protected, first table");
	tg_set_pte(tg_root, TG_KTEST, 0);
	no_read(TG_KTEST, "kernel page gone");
	tg_load_root(other);
	no_read(TG_KTEST, "kernel page gone, other table");
	tg_load_root(tg_root);
}

/* SET_PTE for a table the host has never seen: nothing happens. */
static void check_unknown_root(void)
{
	tg_hcall_set_pte(tg_page_alloc(), TG_UTEST, page[0] | TG_P);
	no_read(TG_UTEST, "SET_PTE of an unknown table");
}

void test_main(void)
{
	u32 i;

	for (i = 0; i < 4; i++) {
		page[i] = tg_page_alloc();
		*(u32 *)tg_va(page[i]) = i + 1;
	}
	check_set_pte(TG_UTEST);
	check_set_pte(TG_KTEST);
	check_silent_upgrade(TG_UTEST);
	check_silent_upgrade(TG_KTEST);
	check_flush(TG_UTEST, tg_flush_user, "FLUSH_TLB user");
	check_flush(TG_UTEST, tg_flush_all, "FLUSH_TLB all, user page");
	check_flush(TG_KTEST, tg_flush_all, "FLUSH_TLB all, kernel page");
	check_flush(TG_UTEST, invlpg_user, "invlpg");
	check_flush(TG_UTEST, reload_cr3, "cr3 reload");
	check_flush(TG_KTEST, toggle_pge, "cr4.PGE");
	check_set_pgd(TG_UTEST);
	check_set_pgd(TG_KTEST);
	check_set_pgd(TG_KTEST + (2 << 20));
	check_top();
	check_other_root();
	check_kernel();
	check_unknown_root();
}
