// SPDX-License-Identifier: GPL-2.0
/*
 * PAE page tables, first part: as boot-2level.c, with eight-byte entries and
 * a level more.
 */
/* Else the compiler takes linked addresses of our variables out of a table. */
#pragma GCC visibility push(hidden)
#include "tg.h"

static u64 root[4] __attribute__((aligned(4096)));
static u64 low[512] __attribute__((aligned(4096)));
static u64 high[512] __attribute__((aligned(4096)));
static u64 table[TG_BOOT_MAP / TG_PAGE] __attribute__((aligned(4096)));

void tg_boot(void);
void tg_boot(void)
{
	u32 i;

	tg_early();
	tg_hcall(LG32_INIT, (u32)&tg_data, 0, 0, 0);
	for (i = 0; i < ARRAY_SIZE(table); i++)
		table[i] = i * TG_PAGE | TG_P | TG_W;
	for (i = 0; i < ARRAY_SIZE(table) / 512; i++) {
		low[i] = (u32)&table[512 * i] | TG_TABLE;
		high[i] = low[i];
	}
	root[0] = (u32)low | TG_P;
	root[TG_KERNEL >> 30] = (u32)high | TG_P;
	tg_boot_root = (u32)root;
	tg_hcall(LG32_NEW_PGTABLE, tg_boot_root, 0, 0, 0);
}
