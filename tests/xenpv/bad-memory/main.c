// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the guest goes bad while it runs.
 *
 * Claim: arguments of hypercalls that lie there are -EFAULT, and entries of a table
 * that does -EINVAL, though the host knew the page; `new`: a guest that needs such a
 * page for the first time is killed with a reason. The host lives.
 *
 * Source: madvise(2), MADV_HWPOISON: the host does what it does about an error of
 * memory that it is told of. An error that shows only when the page is read cannot
 * be shown here: it would take a machine check in the middle of our copy.
 */
#include "tg.h"

#include <errno.h>
#include <xen/features.h>
#include <xen/version.h>

const char tg_title[] = "bad memory";

/* The page is in use, so the host may say that it could not get rid of it. */
static void spoil(u64 gfn)
{
	long rc = tg_ask(TG_ASK_SPOIL, gfn);

	if (rc == -EINVAL || rc == -EPERM)
		tg_skip("no MADV_HWPOISON on this host");
	else if (rc && rc != -EBUSY)
		tg_error("MADV_HWPOISON: %ld", rc);
}

static void check_arguments(void)
{
	u64 gfn = tg_page_alloc();
	struct xen_feature_info *info = tg_va(gfn);

	TG_EQ(tg_hcall(xen_version, XENVER_get_features, info, 0, 0), 0,
	      "a call with an argument in a page");
	spoil(gfn);
	TG_EQ(tg_hcall(xen_version, XENVER_get_features, info, 0, 0), -EFAULT,
	      "the same, and the page is bad");
}

/* By the long way, which wants to know how many were done. */
static void check_table(void)
{
	struct mmu_update update = { 0 };
	u32 done;

	tg_map(tg_root, TG_KTEST, tg_pte(tg_page_alloc(), TG_RW));
	update.ptr = tg_entry_at(tg_root, TG_KTEST, 1);
	TG_EQ(tg_hcall(mmu_update, &update, 1, &done, DOMID_SELF), 0, "mmu_update");
	spoil(update.ptr / TG_PAGE);
	TG_EQ(tg_hcall(mmu_update, &update, 1, &done, DOMID_SELF), -EINVAL,
	      "mmu_update of a table that is bad");
}

static void touch_new(void)
{
	u64 gfn = tg_start_info->nr_pages - 1;

	spoil(gfn);
	(void)*(volatile u64 *)tg_va(gfn);
	tg_failure("a bad page was there");
}

void test_main(void)
{
	if (tg_streq(tg_arg, "new")) {
		touch_new();
		return;
	}
	check_arguments();
	check_table();
}
