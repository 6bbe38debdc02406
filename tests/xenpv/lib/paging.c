// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables, kept as Xen wants them: read-only in the kernel map before they
 * are in use, written by hypercalls. All of our memory is in the kernel map.
 */
#include "tg.h"

u64 tg_root, tg_user_root;

long tg_va_mapping(u64 gva, u64 pte, u64 flags)
{
	return tg_hcall(update_va_mapping, gva, pte, flags, 0);
}

long tg_mmu_update(u64 ptr, u64 val)
{
	struct mmu_update u = { ptr, val };

	return tg_hcall(mmu_update, &u, 1, 0, DOMID_SELF);
}

long tg_mmuext(u32 cmd, u64 arg1, u64 arg2)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.mfn = arg1;
	memcpy(&op.arg2, &arg2, sizeof(arg2));
	return tg_hcall(mmuext_op, &op, 1, 0, DOMID_SELF);
}

u64 tg_entry_get(u64 table_gfn, u32 index)
{
	return ((volatile u64 *)tg_va(table_gfn))[index];
}

long tg_entry_put(u64 table_gfn, u32 index, u64 entry)
{
	return tg_mmu_update(table_gfn * TG_PAGE + index * 8, entry);
}

static void set_writable(u64 gfn, bool writable)
{
	long rc = tg_va_mapping((u64)tg_va(gfn),
				tg_pte(gfn, writable ? TG_RW : TG_RO),
				UVMF_INVLPG);

	if (rc)
		tg_failure("kernel map of page %#lx: %ld", gfn, rc);
}

void tg_table_protect(u64 gfn)
{
	set_writable(gfn, false);
}

void tg_table_release(u64 gfn)
{
	set_writable(gfn, true);
}

u64 tg_table_alloc(void)
{
	u64 gfn = tg_page_alloc();

	tg_table_protect(gfn);
	return gfn;
}

static u32 index_of(u64 gva, u32 level)
{
	return gva >> (12 + 9 * (level - 1)) & 511;
}

u64 tg_entry_at(u64 root, u64 gva, u32 level)
{
	u64 table = root, entry;
	u32 l;

	for (l = 4; l > level; l--) {
		entry = tg_entry_get(table, index_of(gva, l));
		if (!(entry & TG_P))
			return 0;
		table = (entry & TG_FRAME) / TG_PAGE;
	}
	return table * TG_PAGE + index_of(gva, level) * 8;
}

u64 tg_pte_get(u64 root, u64 gva)
{
	u64 at = tg_entry_at(root, gva, 1);

	return at ? tg_entry_get(at / TG_PAGE, at % TG_PAGE / 8) : 0;
}

void tg_map(u64 root, u64 gva, u64 pte)
{
	u32 level;
	long rc;

	for (level = 3; level; level--)
		if (!tg_entry_at(root, gva, level)) {
			rc = tg_mmu_update(tg_entry_at(root, gva, level + 1),
					   tg_pte(tg_table_alloc(), TG_RW));
			if (rc)
				tg_failure("table for %#lx: %ld", gva, rc);
		}
	rc = tg_mmu_update(tg_entry_at(root, gva, 1), pte);
	if (rc)
		tg_failure("entry for %#lx: %ld", gva, rc);
	tg_mmuext(MMUEXT_INVLPG_LOCAL, gva, 0);
}

/* Entries 256 to 271 of a root are the hypervisor's. */
u64 tg_root_new(void)
{
	u64 gfn = tg_page_alloc();
	u64 *entry = tg_va(gfn);
	u32 i;
	long rc;

	for (i = 272; i < 512; i++)
		entry[i] = tg_entry_get(tg_root, i);
	tg_table_protect(gfn);
	rc = tg_mmuext(MMUEXT_PIN_L4_TABLE, gfn, 0);
	if (rc)
		tg_failure("pinning of a root: %ld", rc);
	return gfn;
}
