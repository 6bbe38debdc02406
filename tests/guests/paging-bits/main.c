// SPDX-License-Identifier: GPL-2.0
/*
 * Accessed, dirty, writable, user: all the bits of an entry.
 *
 * Claim: the host sets Accessed on the first read and Dirty with the first
 * write, never earlier, and again after the guest cleared them and told; it
 * never writes anything else into an entry, and nothing into one that led to
 * a fault.  A page is writable if both levels say so, also for ring 1, and
 * for ring 3 if both say user, whether it was touched or its neighbour.
 *
 * Source: Intel SDM vol. 3, 4.6 and 4.8; docs/abi/lg32.md, page tables.
 *
 * A failure shows the entry.
 */
#include "tg.h"

const char tg_title[] = "bits of entries";

static u32 page;

static void tg_user_code user_read(void)
{
	asm volatile("movl (%eax), %ecx; int $0x80");
}

static void tg_user_code user_write(void)
{
	asm volatile("movl %eax, (%eax); int $0x80");
}

static void flags_are(u32 gva, u32 want, const char *what)
{
	u32 pte = tg_pte_get(tg_root, gva);

	TG_CHECK(pte == (page | want), "%s: entry %#x, not %#x", what, pte,
		 page | want);
}

static void check_accessed_dirty(u32 gva, u32 base)
{
	tg_set_pte(tg_root, gva, page | base);
	flags_are(gva, base, "fresh");
	tg_try_read(gva, NULL);
	flags_are(gva, base | TG_A, "read");
	tg_try_read(gva, NULL);
	flags_are(gva, base | TG_A, "read again");
	tg_try_write(gva, 1);
	flags_are(gva, base | TG_A | TG_D, "written");
	/* Dirty cleared and told: the next write sets it again. */
	tg_set_pte(tg_root, gva, page | base | TG_A);
	tg_try_read(gva, NULL);
	flags_are(gva, base | TG_A, "cleaned and read");
	tg_try_write(gva, 2);
	flags_are(gva, base | TG_A | TG_D, "cleaned and written");
	/* Both, at once. */
	tg_set_pte(tg_root, gva, page | base);
	tg_try_write(gva, 3);
	flags_are(gva, base | TG_A | TG_D, "written first");
	/* Accessed cleared, told by a flush. */
	tg_pte_put(tg_root, gva, page | base | TG_D);
	tg_flush_all();
	flags_are(gva, base | TG_D, "old");
	tg_try_read(gva, NULL);
	flags_are(gva, base | TG_D | TG_A, "read after aging");
	tg_set_pte(tg_root, gva, 0);
}

/* The directory entry gets Accessed, nothing else. */
static void check_directory(void)
{
	u64 dir;

	tg_pte_put(tg_root, TG_UTEST, page | TG_P);
	dir = tg_dir_get(tg_root, TG_UTEST) & ~(TG_A | TG_D);
	tg_dir_put(tg_root, TG_UTEST, dir);
	tg_flush_all();
	tg_try_read(TG_UTEST, NULL);
	TG_EQ(tg_dir_get(tg_root, TG_UTEST) & ~TG_A, dir, "directory entry");
	tg_set_pte(tg_root, TG_UTEST, 0);
}

/* Bits for software (9 to 11), cache bits and global are left alone. */
static void check_other_bits(void)
{
	static const u32 bits[] = { 0x200, 0x400, 0x800, 0xe00, 0x100, 0x18 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		tg_set_pte(tg_root, TG_UTEST, page | TG_P | TG_W | bits[i]);
		TG_EQ(tg_try_write(TG_UTEST, 1), TG_NO_TRAP, "write");
		flags_are(TG_UTEST, TG_P | TG_W | TG_A | TG_D | bits[i],
			  "with other bits");
	}
	/* Not present: all other bits are the guest's. */
	tg_set_pte(tg_root, TG_UTEST, 0xfffffffe);
	TG_EQ(tg_try_read(TG_UTEST, NULL), 14, "swap entry");
	TG_EQ(tg_pte_get(tg_root, TG_UTEST), 0xfffffffe, "swap entry");
	tg_set_pte(tg_root, TG_UTEST, 0);
}

static u32 access_page(bool user, bool write)
{
	if (!user)
		return write ? tg_try_write(TG_UTEST, 1) :
			       tg_try_read(TG_UTEST, NULL);
	return tg_user_call(write ? user_write : user_read, TG_UTEST, NULL);
}

static void check_right(u32 dir_flags, u32 pte_flags, bool user, bool write)
{
	u32 both = dir_flags & pte_flags;
	bool ok = (!write || both & TG_W) && (!user || both & TG_U);
	u32 vector, error = TG_P | (write ? TG_W : 0) | (user ? TG_U : 0);
	u32 dir = tg_dir_get(tg_root, TG_UTEST) & ~(TG_W | TG_U);

	tg_pte_put(tg_root, TG_UTEST, page | TG_P | pte_flags);
	tg_dir_put(tg_root, TG_UTEST, dir | dir_flags);
	tg_flush_all();
	vector = access_page(user, write);
	if (ok)
		TG_CHECK(vector == (user ? 0x80 : TG_NO_TRAP),
			 "dir %u pte %u ring %u %s: trap %u", dir_flags,
			 pte_flags, user ? 3 : 1, write ? "write" : "read",
			 vector);
	else
		TG_CHECK(vector == 14 && tg_fault.error == error,
			 "dir %u pte %u ring %u %s: trap %u, error %#x",
			 dir_flags, pte_flags, user ? 3 : 1,
			 write ? "write" : "read", vector, tg_fault.error);
	flags_are(TG_UTEST, TG_P | pte_flags | (ok ? TG_A : 0) |
		  (ok && write ? TG_D : 0), "after an access");
}

static void check_rights(void)
{
	u32 i;

	for (i = 0; i < 64; i++)
		check_right(i & 6, (i >> 2) & 6, i & 1, i >> 5);
}

/* First a read by one ring, then the other's turn: rights still count. */
static void check_rings_in_turn(void)
{
	tg_dir_put(tg_root, TG_UTEST, tg_dir_get(tg_root, TG_UTEST) | 6);
	tg_set_pte(tg_root, TG_UTEST, page | TG_P | TG_W);
	tg_flush_all();
	TG_EQ(access_page(false, true), TG_NO_TRAP, "ring 1 write");
	TG_EQ(access_page(true, false), 14, "ring 3 read of a kernel page");
	TG_EQ(tg_fault.error, TG_P | TG_U, "error code");
	tg_set_pte(tg_root, TG_UTEST, page | TG_P | TG_U);
	TG_EQ(access_page(true, false), 0x80, "ring 3 read");
	TG_EQ(access_page(false, true), 14, "ring 1 write to read-only");
	TG_EQ(access_page(true, true), 14, "ring 3 write to read-only");
	tg_set_pte(tg_root, TG_UTEST, page | TG_P | TG_U | TG_W);
	TG_EQ(access_page(true, true), 0x80, "ring 3 write");
}

/* Dirty since it was writable: that does not make it so now. */
static void check_dirty_read_only(void)
{
	tg_set_pte(tg_root, TG_UTEST, page | TG_P | TG_A | TG_D);
	TG_EQ(tg_try_read(TG_UTEST, NULL), TG_NO_TRAP, "read of what is dirty");
	TG_EQ(tg_try_write(TG_UTEST, 1), 14, "write to what was writable");
}

static void set_directory(u32 flags)
{
	u32 dir = tg_dir_get(tg_root, TG_UTEST) & ~(TG_W | TG_U);

	tg_dir_put(tg_root, TG_UTEST, dir | flags);
	tg_flush_all();
}

static void expect_kernels_to_read(u32 gva, const char *what)
{
	TG_EQ(tg_user_call(user_read, gva, NULL), 14, what);
	TG_EQ(tg_try_write(gva, 1), 14, what);
	TG_EQ(tg_try_read(gva, NULL), TG_NO_TRAP, what);
}

/*
 * Entries that allow everything, next to one that is touched or already known: the
 * host may take them along, with no more rights than the directory gives.
 */
static void check_neighbours(void)
{
	u32 all = page | TG_P | TG_W | TG_U | TG_A | TG_D, next = TG_UTEST + TG_PAGE;

	tg_pte_put(tg_root, TG_UTEST, 0);
	tg_pte_put(tg_root, next, 0);
	set_directory(0);
	tg_pte_put(tg_root, TG_UTEST, all);
	tg_pte_put(tg_root, next, all);
	TG_EQ(tg_try_read(TG_UTEST, NULL), TG_NO_TRAP, "read of the first");
	expect_kernels_to_read(next, "the next, which nobody has touched");
	set_directory(TG_W | TG_U);
	TG_EQ(tg_user_call(user_write, next, NULL), 0x80, "ring 3 write");
	set_directory(0);
	expect_kernels_to_read(next, "the next, which had more rights");
	set_directory(TG_W | TG_U);
}

void test_main(void)
{
	page = tg_page_alloc();
	tg_user_map(tg_root);
	check_accessed_dirty(TG_UTEST, TG_P | TG_W);
	check_accessed_dirty(TG_UTEST, TG_P | TG_W | TG_U);
	check_accessed_dirty(TG_KTEST, TG_P | TG_W);
	check_directory();
	check_other_bits();
	check_rights();
	check_rings_in_turn();
	check_dirty_read_only();
	check_neighbours();
}
