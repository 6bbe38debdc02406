// SPDX-License-Identifier: GPL-2.0
/*
 * PAE page tables, second part: entries got and put by address.  All roots
 * share the one PMD page of the kernel half.
 */
#include "tg.h"

const struct tg_env tg_env = {
	.name = "pae",
	.offset = TG_KERNEL,
	.paged = true,
	.pae = true,
};

u32 tg_top_entries(void)
{
	return 4;
}

u32 tg_top_shift(void)
{
	return 30;
}

u64 tg_top_get(u32 root, u32 index)
{
	volatile u64 *top = tg_va(root);

	return top[index];
}

void tg_top_put(u32 root, u32 index, u64 entry)
{
	volatile u64 *top = tg_va(root);

	top[index] = entry;
}

static volatile u64 *dir_entry(u32 root, u32 gva)
{
	u32 top = tg_top_get(root, gva >> 30);

	if (!(top & TG_P))
		return NULL;
	return (volatile u64 *)tg_va(top & -TG_PAGE) + (gva >> 21 & 511);
}

u64 tg_dir_get(u32 root, u32 gva)
{
	volatile u64 *dir = dir_entry(root, gva);

	return dir ? *dir : 0;
}

void tg_dir_put(u32 root, u32 gva, u64 entry)
{
	if (!dir_entry(root, gva))
		tg_top_put(root, gva >> 30, tg_page_alloc() | TG_P);
	*dir_entry(root, gva) = entry;
}

u32 tg_pte_gpa(u32 root, u32 gva)
{
	u32 dir = tg_dir_get(root, gva);

	if (!(dir & TG_P))
		return 0;
	return (dir & -TG_PAGE) + (gva >> 12 & 511) * 8;
}

u64 tg_pte_get(u32 root, u32 gva)
{
	u32 gpa = tg_pte_gpa(root, gva);

	return gpa ? *(volatile u64 *)tg_va(gpa) : 0;
}

void tg_pte_put(u32 root, u32 gva, u64 pte)
{
	if (!(tg_dir_get(root, gva) & TG_P))
		tg_dir_put(root, gva, tg_page_alloc() | TG_TABLE);
	*(volatile u64 *)tg_va(tg_pte_gpa(root, gva)) = pte;
}

u32 tg_root_new(void)
{
	u32 root = tg_page_alloc();

	tg_top_put(root, 3, tg_top_get(tg_root, 3));
	return root;
}

/* From the boot root to one with the kernel half only. */
void tg_paging_init(void)
{
	u32 root = tg_page_alloc();

	tg_top_put(root, 3, tg_top_get(tg_boot_root, 3));
	tg_pte_put(root, TG_KTEST, 0);
	tg_root = root;
	tg_load_root(root);
}
