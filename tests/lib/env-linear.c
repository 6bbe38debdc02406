// SPDX-License-Identifier: GPL-2.0
/*
 * The linear environment: no page tables, the memory mode a guest boots in.
 * tg_boot() is called by start.S at physical addresses, which are the linked
 * ones here.
 */
#include "tg.h"

const struct tg_env tg_env = {
	.name = "linear",
};

void tg_boot(void);
void tg_boot(void)
{
	tg_early();
	tg_hcall(LG32_INIT, (u32)&tg_data, 0, 0, 0);
}

void tg_paging_init(void)
{
}

/* What needs page tables, and ring 3 does, has no place here. */
static void no_paging(void)
{
	tg_error("no page tables in this environment");
	tg_exit();
}

void tg_pte_put(u32 root, u32 gva, u64 pte)
{
	(void)root;
	(void)gva;
	(void)pte;
	no_paging();
}
