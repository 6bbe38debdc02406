// SPDX-License-Identifier: GPL-2.0
/*
 * Is what we answer what Xen answers?
 *
 * Claim: each hypercall, with good arguments and bad ones of every kind, has the
 * result that it has in an unprivileged domain on a running Xen, or the one that
 * answers.h says and gives a reason for.
 *
 * Source: answers.h, which holds what Xen 4.17 answered. `make xen-errors` runs
 * this guest there, with the argument `print`, and compares again.
 *
 * A failure names the row and both numbers.
 */
#include "errors.h"

const char tg_title[] = "errors";

/* XEN: the same. OURS: another, for a reason. UNASKED: nothing, for we could not go on. */
#define XEN(name, result)			{ name, result, false },
#define OURS(name, xen, result, reason)		{ name, result, false },
#define UNASKED(name, xen, reason)		{ name, 0, true },

static const struct row {
	const char *name;
	long result;
	bool unasked;
} rows[] = {
#include "answers.h"
};

static bool printing;
static u32 next;

/* In the order of the list, so that none is forgotten. */
static const struct row *row_of(const char *name)
{
	if (next >= ARRAY_SIZE(rows) || !tg_streq(rows[next].name, name)) {
		tg_failure("answers.h has not `%s` here", name);
		tg_exit();
	}
	return &rows[next];
}

void answer(const char *name, long got)
{
	const struct row *row;

	if (printing) {
		tg_printf("= %s %ld\n", name, got);
		return;
	}
	row = row_of(name);
	next++;
	if (got != row->result)
		tg_failure("%s: %ld, not %ld", name, got, row->result);
}

/* There is a box only where we are at home. */
bool may_ask(const char *name)
{
	if (printing)
		return !tg_box;
	if (!row_of(name)->unasked)
		return true;
	next++;
	return false;
}

u64 mfn_of(u64 gfn)
{
	const u64 *list = (const u64 *)tg_start_info->mfn_list;

	return list ? list[gfn] : gfn;
}

u64 mfn_here(const volatile void *p)
{
	return mfn_of(tg_gfn(p));
}

u64 page_rw(void)
{
	return tg_page_alloc();
}

u64 page_ro(void)
{
	u64 gfn = tg_page_alloc();

	if (tg_va_mapping((u64)tg_va(gfn), tg_pte(mfn_of(gfn), TG_RO), UVMF_INVLPG))
		tg_error("page %#lx cannot be made read-only", gfn);
	return gfn;
}

static u64 *table_here(u64 entry)
{
	const u64 *m2p = (const u64 *)MACH2PHYS_VIRT_START;

	return tg_va(m2p[(entry & TG_FRAME) / TG_PAGE]);
}

u64 pte_at(u64 gva)
{
	u64 *table = (u64 *)tg_start_info->pt_base;
	u32 level;

	for (level = 4; level > 1; level--)
		table = table_here(table[gva >> (3 + 9 * level) & 511]);
	return mfn_here(table) * TG_PAGE + (gva >> 12 & 511) * 8;
}

/* Any reason will do to shut down: on Xen there was no answer. */
static void end_oddly(void)
{
	struct sched_shutdown s = { 77 };

	answer("sched/shutdown-77", tg_hcall(sched_op, SCHEDOP_shutdown, &s, 0, 0));
}

void test_main(void)
{
	if (tg_streq(tg_arg, "end"))
		end_oddly();
	printing = tg_streq(tg_arg, "print");
	ask_tables();
	ask_mmuext();
	ask_cpu();
	ask_events();
	ask_time();
	ask_domain();
	ask_others();
	ask_last();
	if (!printing && next != ARRAY_SIZE(rows))
		tg_failure("nobody asked for `%s`", rows[next].name);
}
