// SPDX-License-Identifier: GPL-2.0
/* mmuext_op: pinning, roots, flushes, the LDT, whole pages. */
#include "errors.h"

static void ext(const char *name, u32 cmd, u64 arg1, u64 arg2)
{
	answer(name, tg_mmuext(cmd, arg1, arg2));
}

static void ask_lists(void)
{
	struct mmuext_op op[2] = {
		{ .cmd = MMUEXT_TLB_FLUSH_LOCAL }, { .cmd = 99 },
	};
	u32 done = 77;

	ASK("mmuext/none", mmuext_op, op, 0, 0, DOMID_SELF);
	ASK("mmuext/none-at-nowhere", mmuext_op, TG_NOWHERE, 0, 0, DOMID_SELF);
	ASK("mmuext/one", mmuext_op, op, 1, 0, DOMID_SELF);
	ASK("mmuext/nowhere", mmuext_op, TG_NOWHERE, 1, 0, DOMID_SELF);
	ASK("mmuext/non-canonical", mmuext_op, NON_CANONICAL, 1, 0, DOMID_SELF);
	ASK("mmuext/in-the-hole", mmuext_op, HOLE, 1, 0, DOMID_SELF);
	ASK("mmuext/endless", mmuext_op, TG_NOWHERE, 1u << 30, 0, DOMID_SELF);
	ASK("mmuext/second-fails", mmuext_op, op, 2, &done, DOMID_SELF);
	answer("mmuext/second-fails-done", done);
	ASK("mmuext/done-nowhere", mmuext_op, op, 1, TG_NOWHERE, DOMID_SELF);
	ASK("mmuext/domain-0", mmuext_op, op, 1, 0, 0);
	ASK("mmuext/domain-nobody", mmuext_op, op, 1, 0, DOMID_NOBODY);
	ASK("mmuext/domain-io", mmuext_op, op, 1, 0, DOMID_IO);
	ASK("mmuext/domain-xen", mmuext_op, op, 1, 0, DOMID_XEN);
	ASK("mmuext/domain-self-and-more", mmuext_op, op, 1, 0,
	    DOMID_SELF | 1u << 16);
	ASK("mmuext/none-of-nobody", mmuext_op, op, 0, 0, DOMID_NOBODY);
	ext("mmuext/unknown", 99, 0, 0);
	ext("mmuext/unknown-14", 14, 0, 0);
}

static void ask_pins(void)
{
	u64 table = mfn_of(page_ro()), data = mfn_of(page_rw());

	ext("mmuext/pin-l1", MMUEXT_PIN_L1_TABLE, table, 0);
	ext("mmuext/pin-l1-twice", MMUEXT_PIN_L1_TABLE, table, 0);
	ext("mmuext/pin-l1-as-l2", MMUEXT_PIN_L2_TABLE, table, 0);
	ext("mmuext/load-pinned-l1", MMUEXT_NEW_BASEPTR, table, 0);
	ext("mmuext/load-pinned-l1-for-users", MMUEXT_NEW_USER_BASEPTR, table, 0);
	ext("mmuext/clear-pinned", MMUEXT_CLEAR_PAGE, table, 0);
	ext("mmuext/copy-to-pinned", MMUEXT_COPY_PAGE, table, data);
	ext("mmuext/copy-from-pinned", MMUEXT_COPY_PAGE, data, table);
	ext("mmuext/unpin-l1", MMUEXT_UNPIN_TABLE, table, 0);
	ext("mmuext/unpin-twice", MMUEXT_UNPIN_TABLE, table, 0);
	ext("mmuext/pin-l2", MMUEXT_PIN_L2_TABLE, table, 0);
	ext("mmuext/unpin-l2", MMUEXT_UNPIN_TABLE, table, 0);
	ext("mmuext/pin-l3", MMUEXT_PIN_L3_TABLE, table, 0);
	ext("mmuext/unpin-l3-again", MMUEXT_UNPIN_TABLE, table, 0);
	ext("mmuext/pin-l4", MMUEXT_PIN_L4_TABLE, table, 0);
	ext("mmuext/pin-l4-twice", MMUEXT_PIN_L4_TABLE, table, 0);
	ext("mmuext/unpin-l4", MMUEXT_UNPIN_TABLE, table, 0);
	ext("mmuext/pin-l1-writable", MMUEXT_PIN_L1_TABLE, data, 0);
	ext("mmuext/pin-l4-writable", MMUEXT_PIN_L4_TABLE, data, 0);
	ext("mmuext/pin-no-frame", MMUEXT_PIN_L1_TABLE, NO_MFN, 0);
	ext("mmuext/pin-frame-0", MMUEXT_PIN_L1_TABLE, 0, 0);
	ext("mmuext/pin-huge", MMUEXT_PIN_L4_TABLE, -1ul, 0);
	ext("mmuext/unpin-data", MMUEXT_UNPIN_TABLE, mfn_of(page_rw()), 0);
	ext("mmuext/unpin-no-frame", MMUEXT_UNPIN_TABLE, NO_MFN, 0);
	ext("mmuext/unpin-huge", MMUEXT_UNPIN_TABLE, -1ul, 0);
}

/* A page that will not do as a table of the level: what it holds is wrong. */
static u64 page_of(u64 entry)
{
	u64 gfn = page_rw();

	((u64 *)tg_va(gfn))[3] = entry;
	if (tg_va_mapping((u64)tg_va(gfn), tg_pte(mfn_of(gfn), TG_RO), UVMF_INVLPG))
		tg_error("page %#lx cannot be made read-only", gfn);
	return mfn_of(gfn);
}

static void ask_contents(void)
{
	u64 no_frame = tg_pte(NO_MFN, TG_RW), data = tg_pte(mfn_of(page_rw()), TG_RW);
	u64 l1 = page_of(data);

	ext("mmuext/pin-l1-of-no-frame", MMUEXT_PIN_L1_TABLE, page_of(no_frame), 0);
	ext("mmuext/pin-l2-of-no-frame", MMUEXT_PIN_L2_TABLE, page_of(no_frame), 0);
	ext("mmuext/pin-l4-of-no-frame", MMUEXT_PIN_L4_TABLE, page_of(no_frame), 0);
	ext("mmuext/pin-l2-of-data", MMUEXT_PIN_L2_TABLE, page_of(data), 0);
	ext("mmuext/pin-l4-of-data", MMUEXT_PIN_L4_TABLE, page_of(data), 0);
	ext("mmuext/pin-l1-of-data", MMUEXT_PIN_L1_TABLE, l1, 0);
	ext("mmuext/unpin-l1-of-data", MMUEXT_UNPIN_TABLE, l1, 0);
}

static void ask_roots(void)
{
	u64 root = mfn_here((void *)tg_start_info->pt_base);
	u64 user = mfn_of(page_ro()), data = mfn_of(page_rw());

	ext("mmuext/load-the-same", MMUEXT_NEW_BASEPTR, root, 0);
	ext("mmuext/load-no-frame", MMUEXT_NEW_BASEPTR, NO_MFN, 0);
	ext("mmuext/load-huge", MMUEXT_NEW_BASEPTR, -1ul, 0);
	if (may_ask("mmuext/load-data"))
		ext("mmuext/load-data", MMUEXT_NEW_BASEPTR, data, 0);
	ext("mmuext/load-for-users", MMUEXT_NEW_USER_BASEPTR, user, 0);
	ext("mmuext/load-for-users-the-same", MMUEXT_NEW_USER_BASEPTR, user, 0);
	ext("mmuext/load-for-users-the-kernels", MMUEXT_NEW_USER_BASEPTR, root, 0);
	ext("mmuext/load-for-users-data", MMUEXT_NEW_USER_BASEPTR, data, 0);
	ext("mmuext/load-for-users-no-frame", MMUEXT_NEW_USER_BASEPTR, NO_MFN, 0);
	ext("mmuext/load-for-users-0", MMUEXT_NEW_USER_BASEPTR, 0, 0);
	ext("mmuext/load-for-users-0-again", MMUEXT_NEW_USER_BASEPTR, 0, 0);
}

static void ask_flushes(void)
{
	static u64 mask = 1, none;
	u64 here = (u64)tg_va(page_rw());

	ext("mmuext/flush", MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	ext("mmuext/flush-all", MMUEXT_TLB_FLUSH_ALL, 0, 0);
	ext("mmuext/flush-some", MMUEXT_TLB_FLUSH_MULTI, 0, (u64)&mask);
	ext("mmuext/flush-none", MMUEXT_TLB_FLUSH_MULTI, 0, (u64)&none);
	ext("mmuext/flush-nowhere", MMUEXT_TLB_FLUSH_MULTI, 0, TG_NOWHERE);
	ext("mmuext/flush-null", MMUEXT_TLB_FLUSH_MULTI, 0, 0);
	ext("mmuext/flush-in-the-hole", MMUEXT_TLB_FLUSH_MULTI, 0, HOLE);
	ext("mmuext/invlpg", MMUEXT_INVLPG_LOCAL, here, 0);
	ext("mmuext/invlpg-non-canonical", MMUEXT_INVLPG_LOCAL, NON_CANONICAL, 0);
	ext("mmuext/invlpg-in-the-hole", MMUEXT_INVLPG_LOCAL, HOLE, 0);
	ext("mmuext/invlpg-all", MMUEXT_INVLPG_ALL, here, 0);
	ext("mmuext/invlpg-all-non-canonical", MMUEXT_INVLPG_ALL, NON_CANONICAL, 0);
	ext("mmuext/invlpg-some", MMUEXT_INVLPG_MULTI, here, (u64)&mask);
	ext("mmuext/invlpg-nowhere", MMUEXT_INVLPG_MULTI, here, TG_NOWHERE);
	ext("mmuext/flush-cache", MMUEXT_FLUSH_CACHE, 0, 0);
	ext("mmuext/flush-cache-global", MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0);
}

static void ask_ldt(void)
{
	u64 page = (u64)tg_va(page_ro());

	ext("mmuext/ldt", MMUEXT_SET_LDT, page, 512);
	ext("mmuext/ldt-the-same", MMUEXT_SET_LDT, page, 512);
	ext("mmuext/ldt-of-one", MMUEXT_SET_LDT, page, 1);
	ext("mmuext/ldt-none", MMUEXT_SET_LDT, 0, 0);
	ext("mmuext/ldt-none-at-an-odd-place", MMUEXT_SET_LDT, page + 1, 0);
	ext("mmuext/ldt-odd-place", MMUEXT_SET_LDT, page + 8, 1);
	ext("mmuext/ldt-8192", MMUEXT_SET_LDT, page, 8192);
	ext("mmuext/ldt-8193", MMUEXT_SET_LDT, page, 8193);
	ext("mmuext/ldt-nowhere", MMUEXT_SET_LDT, TG_NOWHERE, 1);
	ext("mmuext/ldt-non-canonical", MMUEXT_SET_LDT, NON_CANONICAL, 1);
	ext("mmuext/ldt-in-the-hole", MMUEXT_SET_LDT, HOLE, 1);
	ext("mmuext/ldt-over-the-edge", MMUEXT_SET_LDT,
	    NON_CANONICAL - TG_PAGE, 8192);
	ext("mmuext/ldt-over-the-end", MMUEXT_SET_LDT, -TG_PAGE, 8192);
	ext("mmuext/ldt-none-again", MMUEXT_SET_LDT, 0, 0);
}

static void ask_pages(void)
{
	u64 a = mfn_of(page_rw()), b = mfn_of(page_rw()), ro = mfn_of(page_ro());
	u64 root = mfn_here((void *)tg_start_info->pt_base);

	ext("mmuext/clear", MMUEXT_CLEAR_PAGE, a, 0);
	ext("mmuext/clear-read-only", MMUEXT_CLEAR_PAGE, ro, 0);
	ext("mmuext/clear-root", MMUEXT_CLEAR_PAGE, root, 0);
	ext("mmuext/clear-no-frame", MMUEXT_CLEAR_PAGE, NO_MFN, 0);
	ext("mmuext/copy", MMUEXT_COPY_PAGE, a, b);
	ext("mmuext/copy-to-itself", MMUEXT_COPY_PAGE, a, a);
	ext("mmuext/copy-from-root", MMUEXT_COPY_PAGE, a, root);
	ext("mmuext/copy-to-root", MMUEXT_COPY_PAGE, root, a);
	ext("mmuext/copy-from-no-frame", MMUEXT_COPY_PAGE, a, NO_MFN);
	ext("mmuext/copy-to-no-frame", MMUEXT_COPY_PAGE, NO_MFN, a);
	ext("mmuext/mark-super", MMUEXT_MARK_SUPER, a, 0);
	ext("mmuext/unmark-super", MMUEXT_UNMARK_SUPER, a, 0);
}

void ask_mmuext(void)
{
	ask_lists();
	ask_pins();
	ask_contents();
	ask_roots();
	ask_flushes();
	ask_ldt();
	ask_pages();
}
