// SPDX-License-Identifier: GPL-2.0
/*
 * Two-level page tables, first part: runs at physical addresses, before
 * there are any (compiled position-independent).  Makes the boot root: the
 * first TG_BOOT_MAP bytes at 0 and again at TG_KERNEL.
 */
/* Else the compiler takes linked addresses of our variables out of a table. */
#pragma GCC visibility push(hidden)
#include "tg.h"

static u32 root[1024] __attribute__((aligned(4096)));
static u32 table[TG_BOOT_MAP / TG_PAGE] __attribute__((aligned(4096)));

void tg_boot(void);
void tg_boot(void)
{
	u32 i;

	tg_early();
	tg_hcall(LG32_INIT, (u32)&tg_data, 0, 0, 0);
	for (i = 0; i < ARRAY_SIZE(table); i++)
		table[i] = i * TG_PAGE | TG_P | TG_W;
	for (i = 0; i < ARRAY_SIZE(table) / 1024; i++) {
		root[i] = (u32)&table[1024 * i] | TG_TABLE;
		root[(TG_KERNEL >> 22) + i] = root[i];
	}
	tg_boot_root = (u32)root;
	tg_hcall(LG32_NEW_PGTABLE, tg_boot_root, 0, 0, 0);
}
