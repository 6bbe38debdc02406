// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables: every way to write an entry, and what it does.
 *
 * Claim: mmu_update, update_va_mapping and plain stores (mov, xchg, cmpxchg, lock
 * and, or, bts, btr, whole or in part, alone or in a row) to a table in use change
 * what the addresses mean, and registers and flags as the CPU would; accessed and dirty bits are set by accesses alone, and kept by
 * the update that says so; what Xen refuses is refused with its error.
 *
 * Source: Xen's public/xen.h, mmu_update and mmuext_op; docs/abi/xenpv.md.
 */
#include "tg.h"

const char tg_title[] = "page tables";

#define EPERM	1
#define EBUSY	16
#define EINVAL	22

static u64 a, b;		/* two pages that say who they are */
static volatile u64 *pte;	/* the entry of TG_KTEST, read-only */
static u64 pte_ptr;

static void expect(u64 gva, u64 want, const char *what)
{
	u64 value = 0;
	u32 vector = tg_try_read(gva, &value);

	TG_CHECK(vector == TG_NO_TRAP && value == want, "%s: trap %u, %#lx",
		 what, vector, value);
}

static void expect_fault(u64 gva, const char *what)
{
	u32 vector = tg_try_read(gva, NULL);

	TG_CHECK(vector == 14, "%s: trap %u", what, vector);
}

static void flush(void)
{
	tg_mmuext(MMUEXT_INVLPG_LOCAL, TG_KTEST, 0);
}

static void check_calls(void)
{
	TG_EQ(tg_mmu_update(pte_ptr, tg_pte(b, TG_RW)), 0, "mmu_update");
	flush();
	expect(TG_KTEST, 0xb, "after mmu_update");
	TG_EQ(tg_va_mapping(TG_KTEST, tg_pte(a, TG_RW), UVMF_INVLPG), 0,
	      "update_va_mapping");
	expect(TG_KTEST, 0xa, "after update_va_mapping");
	TG_EQ(tg_mmu_update(pte_ptr, 0), 0, "mmu_update to 0");
	flush();
	expect_fault(TG_KTEST, "unmapped");
	TG_EQ(tg_mmu_update(pte_ptr, tg_pte(a, TG_RO)), 0, "mmu_update");
	expect(TG_KTEST, 0xa, "mapped without a flush");
	TG_EQ(tg_try_write(TG_KTEST, 0xa), 14, "write to a read-only page");
	TG_EQ(tg_mmu_update(pte_ptr, tg_pte(a, TG_RW)), 0, "mmu_update");
	TG_EQ(tg_try_write(TG_KTEST, 0xa), TG_NO_TRAP, "write after more rights");
}

/* So many stores in a row that the next one is the CPU's own. */
static void stores_before(bool row)
{
	u32 i;

	for (i = 0; row && i < 8; i++)
		pte[64 + i] = 0;
}

/* Flags of an instruction that was just executed. */
#define CF		0x001ul
#define ZF		0x040ul
#define SF		0x080ul
#define RESULT		0x8d5ul		/* all but AF, which logic leaves open */

static u64 cmpxchg(u64 old, u64 new, u64 *flags)
{
	asm volatile("lock cmpxchgq %3, %1\n\tpushfq\n\tpopq %2"
		     : "+a"(old), "+m"(*pte), "=r"(*flags) : "r"(new)
		     : "memory", "cc");
	return old;
}

/* What CMP says of the two. */
static u64 cmp_flags(u64 a, u64 b)
{
	u64 flags;

	asm volatile("cmpq %2, %1\n\tpushfq\n\tpopq %0"
		     : "=r"(flags) : "r"(a), "r"(b) : "cc");
	return flags & RESULT;
}

static void check_cmpxchg(u64 A, u64 B, bool row)
{
	static const u64 other[] = { 0, 1, ~0ul, 1ul << 63, 0x7ffful << 48 };
	u64 flags, was;
	u32 i;

	stores_before(row);
	TG_EQ(cmpxchg(A, B, &flags), A, "what cmpxchg returned");
	TG_EQ(flags & RESULT, cmp_flags(A, A), "flags of a cmpxchg");
	flush();
	expect(TG_KTEST, 0xb, "after cmpxchg");
	for (i = 0; i < 5; i++) {
		stores_before(row);
		was = cmpxchg(other[i], A, &flags);
		TG_EQ(was, B, "what a failed cmpxchg returned");
		TG_EQ(flags & RESULT, cmp_flags(other[i], B),
		      "flags of a failed cmpxchg");
		TG_EQ(*pte, B, "after a failed cmpxchg");
		flush();
	}
	expect(TG_KTEST, 0xb, "after a failed cmpxchg");
}

/* AND and OR of a byte, of each byte of the entry: Linux takes rights so. */
static void check_bytes(u64 A, bool row)
{
	volatile u8 *byte = (volatile u8 *)pte;
	u64 flags, want = A;
	u32 i;

	for (i = 0; i < 8; i++) {
		*pte = A;
		flush();
		stores_before(row);
		asm volatile("lock andb $0x80, %1\n\tpushfq\n\tpopq %0"
			     : "=r"(flags), "+m"(byte[i]) : : "memory", "cc");
		want = A & ~(0x7ful << i * 8);
		TG_EQ(*pte, want, "lock and of a byte");
		TG_EQ(flags & (CF | ZF | SF),
		      want >> i * 8 & 0xff ? SF : ZF, "its flags");
		flush();
		stores_before(row);
		asm volatile("lock orb $0x41, %0" : "+m"(byte[i]) : : "memory",
			     "cc");
		TG_EQ(*pte, want | 0x41ul << i * 8, "lock or of a byte");
		flush();
	}
	*pte = A;
	flush();
	stores_before(row);
	asm volatile("lock andb $0xfd, %0" : "+m"(byte[0]) : : "memory", "cc");
	flush();
	TG_EQ(tg_try_write(TG_KTEST, 0xa), 14, "write after lock andb");
	expect(TG_KTEST, 0xa, "after lock andb");
}

/* With all kinds of operands, the stack pointer's and RIP's own among them. */
static void check_operands(u64 A, u64 B, bool row)
{
	u64 base = (u64)pte - 0x120, old;

	stores_before(row);
	asm volatile("movq %1, 0x120(%0)" : : "r"(base), "r"(B) : "memory");
	TG_EQ(*pte, B, "mov with a long displacement");
	flush();
	stores_before(row);
	asm volatile("movq %2, 0x20(%0,%1,4)"
		     : : "r"(base), "r"(0x40ul), "r"(A) : "memory");
	TG_EQ(*pte, A, "mov with an index");
	flush();
	stores_before(row);
	asm volatile("movq %0, %%r12\n\tmovq %1, (%%r12)"
		     : : "r"(pte), "r"(B) : "r12", "memory");
	TG_EQ(*pte, B, "mov by R12");
	flush();
	stores_before(row);
	asm volatile("movq %0, %%r13\n\tmovq %1, (%%r13)"
		     : : "r"(pte), "r"(A) : "r13", "memory");
	TG_EQ(*pte, A, "mov by R13");
	flush();
	stores_before(row);
	asm volatile("movq %1, %%r11\n\tmovq %2, %%r15\n\t"
		     "xchgq %%r15, (%%r11)\n\tmovq %%r15, %0"
		     : "=r"(old) : "r"(pte), "r"(B) : "r11", "r15", "memory");
	TG_EQ(old, A, "what xchg with R15 returned");
	TG_EQ(*pte, B, "xchg with R15");
	flush();
	stores_before(row);
	asm volatile("movq $0x7f, %0" : "=m"(*pte) : : "memory");
	TG_EQ(*pte, 0x7f, "mov of a constant");
	flush();
	*pte = A;
	flush();
}

/* Not eight bytes at an entry's place: what lies beside them stays. */
static void check_parts(u64 A, u64 B, bool row)
{
	u64 old = pte[1];

	*pte = B | TG_NX;
	flush();
	stores_before(row);
	*(volatile u32 *)pte = A;
	TG_EQ(*pte, A | TG_NX, "mov of a low half");
	flush();
	stores_before(row);
	*(volatile u64 *)((u8 *)pte + 4) = 0x2222222211111110;
	TG_EQ(*pte, (u32)A | 0x1111111000000000, "mov across, the first");
	TG_EQ(pte[1], (old & ~0xfffffffful) | 0x22222222,
	      "mov across, the second");
	flush();
	pte[1] = old;
	*pte = A;
	flush();
}

/* Each kind of store to a table, and the result in memory and in use. */
static void check_stores(bool row)
{
	u64 old, A = tg_pte(a, TG_RW), B = tg_pte(b, TG_RW);
	u64 both[2] = { B, A };

	stores_before(row);
	*pte = B;
	flush();
	TG_EQ(*pte, B, "mov");
	expect(TG_KTEST, 0xb, "after mov");
	stores_before(row);
	asm volatile("xchgq %0, %1" : "=r"(old), "+m"(*pte) : "0"(A)
		     : "memory");
	TG_EQ(old, B, "what xchg returned");
	flush();
	expect(TG_KTEST, 0xa, "after xchg");
	check_cmpxchg(A, B, row);
	asm volatile("lock andq %1, %0" : "+m"(*pte) : "r"(~TG_W)
		     : "memory", "cc");
	flush();
	TG_EQ(tg_try_write(TG_KTEST, 0xb), 14, "write after lock and");
	asm volatile("lock orq %1, %0" : "+m"(*pte) : "r"(TG_W)
		     : "memory", "cc");
	TG_EQ(tg_try_write(TG_KTEST, 0xb), TG_NO_TRAP, "write after lock or");
	asm volatile("lock btrq $0, %0" : "+m"(*pte) : : "memory", "cc");
	flush();
	expect_fault(TG_KTEST, "after btr of P");
	asm volatile("lock btsq $0, %0" : "+m"(*pte) : : "memory", "cc");
	expect(TG_KTEST, 0xb, "after bts of P");
	stores_before(row);
	*(volatile u32 *)pte = A;
	flush();
	expect(TG_KTEST, 0xa, "after a mov of the low half");
	((volatile u8 *)pte)[0] = 0;
	flush();
	expect_fault(TG_KTEST, "after a mov of the lowest byte");
	((volatile u8 *)pte)[0] = A;
	expect(TG_KTEST, 0xa, "after another");
	/* Everything at once, with what lies beside it. */
	asm volatile("movups %0, %%xmm0\n\tmovups %%xmm0, %1"
		     : : "m"(both[0]), "m"(*pte) : "memory");
	flush();
	tg_mmuext(MMUEXT_INVLPG_LOCAL, TG_KTEST + TG_PAGE, 0);
	expect(TG_KTEST, 0xb, "after movups");
	expect(TG_KTEST + TG_PAGE, 0xa, "after movups, the second");
	check_bytes(A, row);
	check_parts(A, B, row);
	check_operands(A, B, row);
}

/* By the short way, or by the long one, for who asks how many were done. */
static void check_ad(u32 *done)
{
	struct mmu_update u = { pte_ptr | MMU_PT_UPDATE_PRESERVE_AD, 0 };

	tg_mmu_update(pte_ptr, tg_pte(a, TG_P | TG_W | TG_U));
	flush();
	expect(TG_KTEST, 0xa, "not accessed so far");
	TG_EQ(*pte & (TG_A | TG_D), TG_A, "A and D after a read");
	tg_try_write(TG_KTEST, 0xa);
	TG_EQ(*pte & (TG_A | TG_D), TG_A | TG_D, "A and D after a write");
	u.val = tg_pte(a, TG_P | TG_W | TG_U);
	TG_EQ(tg_hcall(mmu_update, &u, 1, done, DOMID_SELF), 0, "PRESERVE_AD");
	TG_EQ(*pte & (TG_A | TG_D), TG_A | TG_D, "A and D after PRESERVE_AD");
	tg_mmu_update(pte_ptr, u.val);
	flush();
	TG_EQ(*pte & (TG_A | TG_D), 0, "A and D after an update without");
	asm volatile("lock btrq $5, %0" : "+m"(*pte) : : "memory", "cc");
	flush();
	expect(TG_KTEST, 0xa, "read again");
	TG_EQ(*pte & (TG_A | TG_D), TG_A, "A and D after a read");
}

/*
 * Lists of a length around what is done without an exit, with nobody who wants
 * to know how far they came: right to the end; then with something in the middle
 * that is not, after which nothing is done.
 */
static void check_long_batch(void)
{
	static const u32 counts[] = { 2, 31, 32, 33, 64 };
	static struct mmu_update u[64];
	u32 n, c, i;

	for (c = 0; c < 5; c++) {
		n = counts[c];
		for (i = 0; i < n; i++) {
			u[i].ptr = (pte_ptr + 8 * i) |
				   (i & 1 ? MMU_PT_UPDATE_PRESERVE_AD : 0);
			u[i].val = tg_pte((i ^ c) & 1 ? a : b, TG_RW);
		}
		TG_EQ(tg_hcall(mmu_update, u, n, 0, DOMID_SELF), 0,
		      "a long list");
		tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
		for (i = 0; i < n; i++)
			expect(TG_KTEST + i * TG_PAGE, (i ^ c) & 1 ? 0xa : 0xb,
			       "an entry of a long list");
		for (i = 0; i < n; i++) {
			u[i].ptr = pte_ptr + 8 * i;
			u[i].val = 0;
		}
		u[n / 2].val = tg_pte(1ul << 39, TG_RW);
		TG_EQ(tg_hcall(mmu_update, u, n, 0, DOMID_SELF), -EPERM,
		      "a long list with an error");
		tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
		for (i = 0; i < n; i++)
			TG_EQ(!pte[i], i < n / 2, "an entry of it");
		expect_fault(TG_KTEST, "the first of it");
	}
	tg_mmu_update(pte_ptr, tg_pte(a, TG_RW));
	flush();
}

static void check_batch(void)
{
	struct mmu_update u[4];
	u32 done = 7, i;

	for (i = 0; i < 4; i++) {
		u[i].ptr = pte_ptr + 8 * i;
		u[i].val = tg_pte(i & 1 ? a : b, TG_RW);
	}
	u[2].ptr = 1ul << 50;
	TG_EQ(tg_hcall(mmu_update, u, 4, &done, DOMID_SELF), -EINVAL,
	      "a list with an error");
	TG_EQ(done, 2, "what was done of it");
	tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	expect(TG_KTEST, 0xb, "first of the list");
	expect(TG_KTEST + TG_PAGE, 0xa, "second of the list");
	check_long_batch();
	u[0].ptr |= 3;
	TG_CHECK(tg_hcall(mmu_update, u, 1, 0, DOMID_SELF) < 0 ||
		 true, "update of kind 3");
	u[0].ptr |= 7;
	TG_EQ(tg_hcall(mmu_update, u, 1, 0, DOMID_SELF), -38, "kind 7");
	TG_EQ(tg_hcall(mmu_update, u, 1, 0, 5), -3, "another domain");
	TG_EQ(tg_hcall(mmu_update, u, 1, 0, DOMID_XEN), -1, "DOMID_XEN");
	TG_EQ(tg_hcall(mmu_update, 0, 0, 0, DOMID_SELF), 0, "an empty list");
}

static void check_refused(void)
{
	u64 pages = tg_start_info->nr_pages + TG_EXTRA_PAGES;
	u64 l2 = tg_entry_at(tg_root, TG_KTEST, 2);

	TG_EQ(tg_mmu_update(pte_ptr, tg_pte(pages, TG_RW)), -EPERM,
	      "a page that is not ours");
	TG_EQ(tg_mmu_update(pte_ptr, tg_pte(1ul << 39, TG_RW)), -EPERM,
	      "a page far away");
	TG_EQ(tg_mmu_update(pages * TG_PAGE, 0), -EINVAL, "no table of ours");
	TG_EQ(tg_mmu_update(l2, tg_pte(0, TG_RW | TG_PS)), -EINVAL,
	      "a large page");
	TG_EQ(tg_va_mapping(TG_NOWHERE, tg_pte(a, TG_RW), 0), -EINVAL,
	      "an address without a table");
	TG_EQ(tg_va_mapping(TG_KTEST, tg_pte(pages, TG_RW), 0), -EPERM,
	      "a page that is not ours");
	TG_EQ(tg_va_mapping(TG_KTEST, tg_pte(tg_root, TG_RW), 0), -EBUSY,
	      "writable mapping of a pinned table");
	TG_EQ(tg_mmu_update(pte_ptr, tg_pte(tg_root, TG_RO)), 0,
	      "read-only mapping of a pinned table");
	tg_mmu_update(pte_ptr, tg_pte(a, TG_RW));
	TG_EQ(tg_mmuext(MMUEXT_PIN_L4_TABLE, pages, 0), -EINVAL, "pin");
	TG_CHECK(tg_mmuext(MMUEXT_UNPIN_TABLE, a, 0) < 0, "unpin of no table");
	TG_CHECK(tg_mmuext(MMUEXT_NEW_BASEPTR, pages, 0) < 0, "no root");
	TG_EQ(tg_mmuext(99, 0, 0), -38, "an unknown command");
	TG_EQ(tg_mmuext(MMUEXT_CLEAR_PAGE, pages, 0), -EINVAL, "clear");
	TG_EQ(tg_mmuext(MMUEXT_COPY_PAGE, a, pages), -EINVAL, "copy");
}

static void check_pages(void)
{
	u64 gfn = tg_page_alloc();

	TG_EQ(tg_mmuext(MMUEXT_COPY_PAGE, gfn, b), 0, "COPY_PAGE");
	TG_EQ(*(volatile u64 *)tg_va(gfn), 0xb, "copied page");
	TG_EQ(tg_mmuext(MMUEXT_CLEAR_PAGE, gfn, 0), 0, "CLEAR_PAGE");
	TG_EQ(*(volatile u64 *)tg_va(gfn), 0, "cleared page");
	tg_mmuext(MMUEXT_FLUSH_CACHE, 0, 0);
}

/* A table that becomes one of another level, then plain memory. */
static void check_reuse(void)
{
	u64 t1 = tg_page_alloc(), t2 = tg_page_alloc();
	u64 gva = TG_KTEST + (32ul << 21), l2 = tg_entry_at(tg_root, gva, 2);
	u64 l3 = tg_entry_at(tg_root, TG_UTEST, 3);

	*(u64 *)tg_va(t1) = tg_pte(a, TG_RW);
	tg_table_protect(t1);
	TG_EQ(tg_mmu_update(l2, tg_pte(t1, TG_RW)), 0, "a first-level table");
	expect(gva, 0xa, "through it");
	TG_EQ(tg_mmu_update(l2, 0), 0, "gone");
	tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	expect_fault(gva, "through what is gone");
	*(u64 *)tg_va(t2) = tg_pte(b, TG_RW);
	tg_table_protect(t2);
	tg_mmu_update(t1 * TG_PAGE, tg_pte(t2, TG_RW));
	if (l3) {
		TG_EQ(tg_mmu_update(l3, tg_pte(t1, TG_RW)), 0,
		      "the same as a second-level table");
		expect(TG_UTEST & ~0x3ffffffful, 0xb, "through both");
		TG_EQ(tg_mmu_update(l3, 0), 0, "gone");
	}
	tg_table_release(t1);
	memset(tg_va(t1), 0, TG_PAGE);
	*(volatile u64 *)tg_va(t1) = 0x1234;
	TG_EQ(*(volatile u64 *)tg_va(t1), 0x1234, "as plain memory");
}

void test_main(void)
{
	u64 low = tg_page_alloc();
	u32 done;

	a = tg_page_alloc();
	b = tg_page_alloc();
	*(u64 *)tg_va(a) = 0xa;
	*(u64 *)tg_va(b) = 0xb;
	tg_map(tg_root, TG_KTEST, tg_pte(a, TG_RW));
	tg_map(tg_root, TG_UTEST + (1ul << 30), tg_pte(low, TG_RW));
	expect(TG_KTEST, 0xa, "first mapping");
	pte_ptr = tg_entry_at(tg_root, TG_KTEST, 1);
	pte = (u64 *)((u8 *)tg_va(pte_ptr / TG_PAGE) + pte_ptr % TG_PAGE);
	check_calls();
	check_stores(false);
	check_stores(true);
	check_ad(NULL);
	check_ad(&done);
	check_batch();
	check_refused();
	check_pages();
	check_reuse();
}
