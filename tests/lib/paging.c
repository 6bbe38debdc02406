// SPDX-License-Identifier: GPL-2.0
/* Page-table hypercalls: the same for both formats. */
#include "tg.h"

void tg_hcall_set_pte(u32 root, u32 gva, u64 pte)
{
	tg_hcall(LG32_SET_PTE, root, gva, pte, pte >> 32);
}

void tg_set_pte(u32 root, u32 gva, u64 pte)
{
	tg_pte_put(root, gva, pte);
	tg_hcall_set_pte(root, gva, pte);
}
