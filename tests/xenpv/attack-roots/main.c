// SPDX-License-Identifier: GPL-2.0
/*
 * Roots that are none any more.
 *
 * Claim: a page that was loaded as a top-level table, and then pinned as a table of
 * another level, cannot be loaded again; not by the short way either, which knows the
 * roots that were loaded last. The guest goes on with the roots it had.
 *
 * Source: docs/design-amd64.md, section 6.
 */
#include "tg.h"

const char tg_title[] = "roots that are none any more";

#define EINVAL	22

static void tg_user_code user_ud2(void)
{
	asm volatile("ud2");
}

/* The only form of the call for which there is a short way. */
static long load_both(u64 kernel, u64 user)
{
	struct mmuext_op op[] = {
		{ .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = kernel },
		{ .cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = user },
	};

	return tg_hcall(mmuext_op, op, 2, 0, DOMID_SELF);
}

/* Not pinned, with the entries of another. */
static u64 root_like(u64 other)
{
	u64 gfn = tg_page_alloc();

	memcpy(tg_va(gfn), tg_va(other), TG_PAGE);
	memset(tg_va(gfn) + 256 * 8, 0, 16 * 8);
	tg_table_protect(gfn);
	return gfn;
}

static void check_user(void)
{
	TG_EQ(tg_user_call(user_ud2, 0, NULL), 6, "ud2 of a program");
}

static void check_user_root(u32 level)
{
	u64 gfn = root_like(tg_user_root);

	TG_EQ(load_both(tg_root, gfn), 0, "loading of another user root");
	check_user();
	TG_EQ(load_both(tg_root, tg_user_root), 0, "loading of the user root");
	TG_EQ(tg_mmuext(level, gfn, 0), 0, "pinning of a former user root");
	/* First where there is none to go back to. */
	TG_EQ(load_both(tg_root, 0), 0, "no user root");
	tg_hcall(xen_version, 0, 0, 0, 0);	/* an exit: the host knows, too */
	if (!load_both(tg_root, gfn)) {
		check_user();
		tg_failure("it is a user root");
	}
	TG_EQ(load_both(tg_root, tg_user_root), 0, "loading of the user root");
	TG_EQ(load_both(tg_root, gfn), -EINVAL, "loading of it");
	check_user();
}

static void check_kernel_root(u32 level)
{
	u64 gfn = root_like(tg_root);

	TG_EQ(load_both(gfn, tg_user_root), 0, "loading of another root");
	check_user();
	TG_EQ(load_both(tg_root, tg_user_root), 0, "loading of the root");
	TG_EQ(tg_mmuext(level, gfn, 0), 0, "pinning of a former root");
	TG_EQ(load_both(gfn, tg_user_root), -EINVAL, "loading of it");
	check_user();
}

void test_main(void)
{
	u32 level;

	tg_user_init();
	for (level = MMUEXT_PIN_L1_TABLE; level < MMUEXT_PIN_L4_TABLE; level++) {
		check_user_root(level);
		check_kernel_root(level);
	}
}
