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

bool tg_user_trap(struct tg_regs *regs);
bool tg_user_trap(struct tg_regs *regs)
{
	(void)regs;
	return false;
}

/* Ring 3 needs user pages, and linear memory has none. */
void tg_user_map(u32 root)
{
	(void)root;
	tg_error("no ring 3 without page tables");
	tg_exit();
}
