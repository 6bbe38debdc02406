// SPDX-License-Identifier: GPL-2.0
/*
 * Two-level page tables, second part: entries got and put by address.  Tables
 * live below TG_BOOT_MAP, so all of them are reached through the kernel map.
 */
#include "tg.h"

const struct tg_env tg_env = {
	.name = "2level",
	.offset = TG_KERNEL,
	.paged = true,
};

u32 tg_top_entries(void)
{
	return 1024;
}

u32 tg_top_shift(void)
{
	return 22;
}

u64 tg_top_get(u32 root, u32 index)
{
	volatile u32 *top = tg_va(root);

	return top[index];
}

void tg_top_put(u32 root, u32 index, u64 entry)
{
	volatile u32 *top = tg_va(root);

	top[index] = entry;
}

u64 tg_dir_get(u32 root, u32 gva)
{
	return tg_top_get(root, gva >> 22);
}

void tg_dir_put(u32 root, u32 gva, u64 entry)
{
	tg_top_put(root, gva >> 22, entry);
}

u32 tg_pte_gpa(u32 root, u32 gva)
{
	u32 dir = tg_dir_get(root, gva);

	if (!(dir & TG_P))
		return 0;
	return (dir & -TG_PAGE) + (gva >> 12 & 1023) * 4;
}

u64 tg_pte_get(u32 root, u32 gva)
{
	u32 gpa = tg_pte_gpa(root, gva);

	return gpa ? *(volatile u32 *)tg_va(gpa) : 0;
}

void tg_pte_put(u32 root, u32 gva, u64 pte)
{
	if (!(tg_dir_get(root, gva) & TG_P))
		tg_dir_put(root, gva, tg_page_alloc() | TG_TABLE);
	*(volatile u32 *)tg_va(tg_pte_gpa(root, gva)) = pte;
}

u32 tg_root_new(void)
{
	u32 i, root = tg_page_alloc();

	for (i = TG_KERNEL >> 22; i < 1024; i++)
		tg_top_put(root, i, tg_top_get(tg_root, i));
	return root;
}

/* From the boot root to one with the kernel half only. */
void tg_paging_init(void)
{
	u32 i, root = tg_page_alloc();

	for (i = TG_KERNEL >> 22; i < 1024; i++)
		tg_top_put(root, i, tg_top_get(tg_boot_root, i));
	tg_pte_put(root, TG_KTEST, 0);
	tg_root = root;
	tg_load_root(root);
}
