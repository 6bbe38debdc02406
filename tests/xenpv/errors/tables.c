// SPDX-License-Identifier: GPL-2.0
/* mmu_update, update_va_mapping: entries good and bad in tables of each level. */
#include "errors.h"

static u64 l1, l2, l3;			/* a branch of our own: page numbers */
static u64 data;		/* a page to be mapped */

static u64 at(u64 table, u32 index)
{
	return mfn_of(table) * TG_PAGE + index * 8;
}

static u64 to(u64 gfn, u64 flags)
{
	return tg_pte(mfn_of(gfn), flags);
}

/*
 * Both ways: who wants to know how many were done gets the long one, on all machines;
 * who does not, the short one, where there is one and the table was written to before.
 */
static void update(const char *name, u64 ptr, u64 val)
{
	struct mmu_update u = { ptr, val };
	u32 done;
	long rc = tg_hcall(mmu_update, &u, 1, &done, DOMID_SELF), short_rc;

	answer(name, rc);
	short_rc = tg_hcall(mmu_update, &u, 1, 0, DOMID_SELF);
	if (short_rc != rc)
		tg_failure("%s: %ld, but %ld by the short way", name, rc, short_rc);
}

static void ask_lists(void)
{
	struct mmu_update u[2] = {
		{ pte_at((u64)tg_va(data)), to(data, TG_RW) },
		{ NO_MFN * TG_PAGE, 0 },
	};
	u32 done = 77;

	ASK("mmu_update/none", mmu_update, u, 0, 0, DOMID_SELF);
	ASK("mmu_update/none-at-nowhere", mmu_update, TG_NOWHERE, 0, 0, DOMID_SELF);
	ASK("mmu_update/one", mmu_update, u, 1, 0, DOMID_SELF);
	ASK("mmu_update/nowhere", mmu_update, TG_NOWHERE, 1, 0, DOMID_SELF);
	ASK("mmu_update/non-canonical", mmu_update, NON_CANONICAL, 1, 0, DOMID_SELF);
	ASK("mmu_update/in-the-hole", mmu_update, HOLE, 1, 0, DOMID_SELF);
	ASK("mmu_update/null", mmu_update, 0, 1, 0, DOMID_SELF);
	ASK("mmu_update/endless", mmu_update, TG_NOWHERE, 1u << 30, 0, DOMID_SELF);
	ASK("mmu_update/count-of-64-bits", mmu_update, u, 1ul << 32 | 1, 0, DOMID_SELF);
	ASK("mmu_update/second-fails", mmu_update, u, 2, &done, DOMID_SELF);
	answer("mmu_update/second-fails-done", done);
	ASK("mmu_update/one-with-done", mmu_update, u, 1, &done, DOMID_SELF);
	answer("mmu_update/one-done", done);
	ASK("mmu_update/none-with-done", mmu_update, u, 0, &done, DOMID_SELF);
	answer("mmu_update/none-done", done);
	ASK("mmu_update/done-nowhere", mmu_update, u, 1, TG_NOWHERE, DOMID_SELF);
	ASK("mmu_update/done-in-the-hole", mmu_update, u, 1, HOLE, DOMID_SELF);
	ASK("mmu_update/none-of-nobody", mmu_update, u, 0, 0, DOMID_NOBODY);
}

static void ask_domains(void)
{
	struct mmu_update u = { pte_at((u64)tg_va(data)), to(data, TG_RW) };

	ASK("mmu_update/domain-0", mmu_update, &u, 1, 0, 0);
	ASK("mmu_update/domain-nobody", mmu_update, &u, 1, 0, DOMID_NOBODY);
	ASK("mmu_update/domain-io", mmu_update, &u, 1, 0, DOMID_IO);
	ASK("mmu_update/domain-xen", mmu_update, &u, 1, 0, DOMID_XEN);
	ASK("mmu_update/domain-cow", mmu_update, &u, 1, 0, DOMID_COW);
	ASK("mmu_update/domain-invalid", mmu_update, &u, 1, 0, DOMID_INVALID);
	ASK("mmu_update/domain-idle", mmu_update, &u, 1, 0, DOMID_IDLE);
	ASK("mmu_update/tables-of-self", mmu_update, &u, 1, 0,
	    DOMID_SELF | (DOMID_SELF + 1u) << 16);
	ASK("mmu_update/tables-of-0", mmu_update, &u, 1, 0, DOMID_SELF | 1u << 16);
	ASK("mmu_update/tables-of-nobody", mmu_update, &u, 1, 0,
	    DOMID_SELF | (DOMID_NOBODY + 1u) << 16);
	ASK("mmu_update/tables-of-xen", mmu_update, &u, 1, 0,
	    DOMID_SELF | (DOMID_XEN + 1u) << 16);
	u.val = 0;
	ASK("mmu_update/nothing-of-domain-0", mmu_update, &u, 0, 0, 0);
	ASK("mmu_update/nothing-of-xen", mmu_update, &u, 0, 0, DOMID_XEN);
	ASK("mmu_update/nothing-of-tables-of-0", mmu_update, &u, 0, 0,
	    DOMID_SELF | 1u << 16);
}

static void ask_kinds(void)
{
	u64 ptr = pte_at((u64)tg_va(data)), val = to(data, TG_RW);

	update("mmu_update/kind-machphys", mfn_of(data) * TG_PAGE | 1, data);
	update("mmu_update/kind-machphys-foreign", NO_MFN * TG_PAGE | 1, data);
	update("mmu_update/kind-machphys-of-0", 1, 0);
	update("mmu_update/kind-preserve-ad", ptr | 2, val);
	update("mmu_update/kind-no-translate", ptr | 3, val);
	update("mmu_update/kind-4", ptr | 4, val);
	update("mmu_update/kind-5", ptr | 5, val);
	update("mmu_update/kind-7", ptr | 7, val);
	update("mmu_update/table-no-frame", NO_MFN * TG_PAGE, 0);
	update("mmu_update/table-frame-0", 0, 0);
	update("mmu_update/table-is-data", at(page_rw(), 3), to(data, TG_RW));
	update("mmu_update/table-is-data-odd", at(page_rw(), 3), 0x123456789abcdef1);
	update("mmu_update/table-is-read-only-data", at(page_ro(), 3), to(data, TG_RW));
}

/* In a table of the last level that is in use. */
static void ask_last_level(void)
{
	u64 spare = page_rw(), ptr = pte_at((u64)tg_va(spare)), pinned = page_ro();

	update("mmu_update/l1-nothing", ptr, 0);
	update("mmu_update/l1-garbage-not-present", ptr, 0x0123456789abcdee);
	update("mmu_update/l1-read-only", ptr, to(spare, TG_RO));
	update("mmu_update/l1-writable", ptr, to(spare, TG_RW));
	update("mmu_update/l1-of-kernel", ptr, to(spare, TG_P | TG_W));
	update("mmu_update/l1-global", ptr, to(spare, TG_RW | TG_G));
	update("mmu_update/l1-no-execute", ptr, to(spare, TG_RW | TG_NX));
	update("mmu_update/l1-pat", ptr, to(spare, TG_RW | TG_PS));
	update("mmu_update/l1-write-through", ptr, to(spare, TG_RW | 0x8));
	update("mmu_update/l1-uncached", ptr, to(spare, TG_RW | 0x10));
	update("mmu_update/l1-write-combining", ptr, to(spare, TG_RW | 0x88));
	update("mmu_update/l1-of-software", ptr, to(spare, TG_RW | 0xe00));
	update("mmu_update/l1-bit-52", ptr, to(spare, TG_RW | 1ul << 52));
	update("mmu_update/l1-bit-58", ptr, to(spare, TG_RW | 1ul << 58));
	update("mmu_update/l1-bit-59", ptr, to(spare, TG_RW | 1ul << 59));
	update("mmu_update/l1-bit-62", ptr, to(spare, TG_RW | 1ul << 62));
	update("mmu_update/l1-no-frame", ptr, tg_pte(NO_MFN, TG_RO));
	update("mmu_update/l1-last-frame", ptr, TG_FRAME | TG_RO);
	update("mmu_update/l1-frame-0", ptr, TG_RO);
	update("mmu_update/l1-table-read-only", ptr, to(l1, TG_RO));
	update("mmu_update/l1-live-table-read-only", ptr,
	       (ptr & TG_FRAME) | TG_RO);
	update("mmu_update/l1-live-table-writable", ptr,
	       (ptr & TG_FRAME) | TG_RW);
	update("mmu_update/l1-root-writable", ptr,
	       tg_pte(mfn_here((void *)tg_start_info->pt_base), TG_RW));
	update("mmu_update/l1-root-not-accessed", ptr,
	       tg_pte(mfn_here((void *)tg_start_info->pt_base), TG_P | TG_W | TG_U));
	answer("mmuext/pin-to-map", tg_mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(pinned), 0));
	update("mmu_update/l1-pinned-writable", ptr, to(pinned, TG_RW));
	update("mmu_update/l1-pinned-clean", ptr, to(pinned, TG_RW & ~TG_D));
	update("mmu_update/l1-pinned-read-only", ptr, to(pinned, TG_RO));
	update("mmu_update/l1-pinned-known-writable", ptr, to(pinned, TG_RW));
	answer("mmuext/unpin-to-map", tg_mmuext(MMUEXT_UNPIN_TABLE, mfn_of(pinned), 0));
	update("mmu_update/l1-shared-info", ptr, tg_start_info->shared_info | TG_RW);
	update("mmu_update/l1-again", ptr, to(spare, TG_RW));
}

/* In a branch of our own, hung into the root from below. */
static void ask_upper_levels(void)
{
	u64 root = mfn_here((void *)tg_start_info->pt_base) * TG_PAGE;
	u64 writable = page_rw();

	answer("mmuext/pin-l3-empty", tg_mmuext(MMUEXT_PIN_L3_TABLE, mfn_of(l3), 0));
	update("mmu_update/l3-data-writable", at(l3, 0), to(writable, TG_RW));
	update("mmu_update/l3-no-frame", at(l3, 0), tg_pte(NO_MFN, TG_RW));
	update("mmu_update/l3-large", at(l3, 0), to(l2, TG_RW | TG_PS));
	update("mmu_update/l3-itself", at(l3, 0), to(l3, TG_RO));
	update("mmu_update/l3-nothing", at(l3, 0), 0);
	update("mmu_update/l3-an-empty-l2", at(l3, 0), to(l2, TG_RW));
	update("mmu_update/l3-the-same", at(l3, 0), to(l2, TG_RW));
	update("mmu_update/l3-read-only", at(l3, 0), to(l2, TG_RO));
	update("mmu_update/l2-data-writable", at(l2, 0), to(writable, TG_RW));
	update("mmu_update/l2-no-frame", at(l2, 0), tg_pte(NO_MFN, TG_RW));
	update("mmu_update/l2-large", at(l2, 0), to(l1, TG_RW | TG_PS));
	update("mmu_update/l2-an-l3", at(l2, 0), to(l3, TG_RW));
	update("mmu_update/l2-itself", at(l2, 0), to(l2, TG_RW));
	update("mmu_update/l2-itself-read-only", at(l2, 0), to(l2, TG_RO));
	update("mmu_update/l2-an-empty-l1", at(l2, 0), to(l1, TG_RW));
	update("mmu_update/l2-global", at(l2, 0), to(l1, TG_RW | TG_G));
	update("mmu_update/l2-no-execute", at(l2, 0), to(l1, TG_RW | TG_NX));
	update("mmu_update/l2-bit-52", at(l2, 0), to(l1, TG_RW | 1ul << 52));
	update("mmu_update/l2-bit-62", at(l2, 0), to(l1, TG_RW | 1ul << 62));
	update("mmu_update/l3-bit-52", at(l3, 0), to(l2, TG_RW | 1ul << 52));
	update("mmu_update/l3-bit-62", at(l3, 0), to(l2, TG_RW | 1ul << 62));
	update("mmu_update/l1-own-data", at(l1, 0), to(data, TG_RW));
	update("mmu_update/l1-own-table", at(l1, 1), to(l1, TG_RW));
	update("mmu_update/l4-an-l3", root + 8 * 5, to(l3, TG_RW));
	update("mmu_update/l4-the-same", root + 8 * 5, to(l3, TG_RW));
	update("mmu_update/l4-bit-52", root + 8 * 5, to(l3, TG_RW | 1ul << 52));
	update("mmu_update/l4-bit-62", root + 8 * 5, to(l3, TG_RW | 1ul << 62));
	update("mmu_update/l4-an-l2", root + 8 * 6, to(l2, TG_RW));
	update("mmu_update/l4-data", root + 8 * 6, to(writable, TG_RW));
	update("mmu_update/l4-no-frame", root + 8 * 6, tg_pte(NO_MFN, TG_RW));
	update("mmu_update/l4-large", root + 8 * 6, to(l3, TG_RW | TG_PS));
	update("mmu_update/l4-itself", root + 8 * 6, root | TG_RW);
	update("mmu_update/l4-itself-read-only", root + 8 * 6, root | TG_RO);
	update("mmu_update/l4-itself-no-more", root + 8 * 6, 0);
	update("mmu_update/l4-hole-first", root + 8 * 256, 0);
	update("mmu_update/l4-hole-second", root + 8 * 257, to(l3, TG_RW));
	update("mmu_update/l4-hole-last", root + 8 * 271, 0);
	update("mmu_update/l4-behind-the-hole", root + 8 * 272, to(l3, TG_RW));
	update("mmu_update/l4-behind-the-hole-nothing", root + 8 * 272, 0);
	update("mmu_update/l4-nothing", root + 8 * 5, 0);
	update("mmu_update/l3-l2-no-more", at(l3, 0), 0);
	answer("mmuext/unpin-l3", tg_mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l3), 0));
}

static void mapping(const char *name, u64 gva, u64 pte, u64 flags)
{
	answer(name, tg_va_mapping(gva, pte, flags));
}

static void ask_flags(u64 gva, u64 pte)
{
	static u64 mask = 1;
	u64 m = (u64)&mask;

	mapping("va_mapping/no-flush", gva, pte, UVMF_NONE);
	mapping("va_mapping/flush", gva, pte, UVMF_TLB_FLUSH | UVMF_LOCAL);
	mapping("va_mapping/flush-all", gva, pte, UVMF_TLB_FLUSH | UVMF_ALL);
	mapping("va_mapping/flush-some", gva, pte, UVMF_TLB_FLUSH | m);
	mapping("va_mapping/flush-nowhere", gva, pte, UVMF_TLB_FLUSH | TG_NOWHERE);
	mapping("va_mapping/flush-in-the-hole", gva, pte, UVMF_TLB_FLUSH | HOLE);
	mapping("va_mapping/invlpg", gva, pte, UVMF_INVLPG | UVMF_LOCAL);
	mapping("va_mapping/invlpg-all", gva, pte, UVMF_INVLPG | UVMF_ALL);
	mapping("va_mapping/invlpg-some", gva, pte, UVMF_INVLPG | m);
	mapping("va_mapping/invlpg-nowhere", gva, pte, UVMF_INVLPG | TG_NOWHERE);
	mapping("va_mapping/flush-kind-3", gva, pte, 3);
}

static void ask_va_mapping(void)
{
	u64 spare = page_rw(), gva = (u64)tg_va(spare), pte = to(spare, TG_RW);
	u64 table = page_ro();

	ask_flags(gva, pte);
	mapping("va_mapping/nothing", gva, 0, UVMF_INVLPG);
	mapping("va_mapping/no-frame", gva, tg_pte(NO_MFN, TG_RW), UVMF_INVLPG);
	mapping("va_mapping/no-frame-and-nowhere", gva, tg_pte(NO_MFN, TG_RW),
		UVMF_INVLPG | TG_NOWHERE);
	mapping("va_mapping/table-writable", gva, (pte_at(gva) & TG_FRAME) | TG_RW,
		UVMF_INVLPG);
	mapping("va_mapping/bit-62", gva, pte | 1ul << 62, UVMF_INVLPG);
	mapping("va_mapping/within-the-page", gva + 123, pte, UVMF_INVLPG);
	mapping("va_mapping/no-table", TG_NOWHERE, pte, UVMF_INVLPG);
	mapping("va_mapping/no-table-at-all", 0x123456789000, pte, UVMF_INVLPG);
	mapping("va_mapping/non-canonical", NON_CANONICAL, pte, UVMF_INVLPG);
	mapping("va_mapping/in-the-hole", HOLE, pte, UVMF_INVLPG);
	mapping("va_mapping/m2p", MACH2PHYS_VIRT_START, pte, UVMF_INVLPG);
	ASK("va_mapping/self", update_va_mapping_otherdomain, gva, pte, UVMF_INVLPG,
	    DOMID_SELF);
	ASK("va_mapping/domain-0", update_va_mapping_otherdomain, gva, pte,
	    UVMF_INVLPG, 0);
	ASK("va_mapping/domain-nobody", update_va_mapping_otherdomain, gva, pte,
	    UVMF_INVLPG, DOMID_NOBODY);
	ASK("va_mapping/domain-io", update_va_mapping_otherdomain, gva, pte,
	    UVMF_INVLPG, DOMID_IO);
	ASK("va_mapping/domain-xen", update_va_mapping_otherdomain, gva, pte,
	    UVMF_INVLPG, DOMID_XEN);
	answer("mmuext/pin-for-mapping", tg_mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0));
	mapping("va_mapping/pinned-writable", gva, to(table, TG_RW), UVMF_INVLPG);
	mapping("va_mapping/pinned-read-only", gva, to(table, TG_RO), UVMF_INVLPG);
	mapping("va_mapping/again", gva, pte, UVMF_INVLPG);
}

void ask_tables(void)
{
	l1 = page_ro();
	l2 = page_ro();
	l3 = page_ro();
	data = page_rw();
	ask_lists();
	ask_domains();
	ask_kinds();
	ask_last_level();
	ask_upper_levels();
	ask_va_mapping();
}
