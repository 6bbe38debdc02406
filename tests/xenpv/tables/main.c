// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables: what is written to them behind the host's back, and the rights of
 * upper levels.
 *
 * Claim: each way to flush shows all stores before it, to any number of tables; a
 * table that a call writes to, or replaces, is what was written; there are no large
 * pages; an upper level that takes a right away takes it from the kernel and from
 * calls.
 *
 * Source: Xen's public/xen.h; SDM volume 3, sections 4.6 and 4.10;
 * docs/design-amd64.md, section 5.
 *
 * A failure names the way.
 */
#include "tg.h"

#include <xen/version.h>

const char tg_title[] = "tables of page tables";

#define EFAULT	14
#define EINVAL	22
#define TABLES	80			/* more than may be written to at a time */
#define STORES	4			/* to one: the last is the CPU's own */

static u64 a, b;			/* two pages that say who they are */

static u64 gva(u32 table)
{
	return TG_KTEST + table * (512 * TG_PAGE);
}

static volatile u64 *entry_of(u64 at)
{
	return (volatile u64 *)tg_va(at / TG_PAGE) + at % TG_PAGE / 8;
}

static void expect(u64 at, u64 want, const char *what)
{
	u64 value = 0;
	u32 vector = tg_try_read(at, &value);

	TG_CHECK(vector == TG_NO_TRAP && value == want, "%s: trap %u, %#lx",
		 what, vector, value);
}

static void flush(void)
{
	tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
}

/* The kernel maps a page by stores to a table that it has mapped read-only. */
static void store(u32 table, u64 pte)
{
	volatile u64 *entry = entry_of(tg_entry_at(tg_root, gva(table), 1));
	u32 i;

	for (i = 1; i < STORES; i++)
		entry[i] = 0;
	entry[0] = pte;
}

/* ---- flushes ---- */

#define WAYS	12

/* Each of the ways to flush, for what was stored without our seeing it. */
static void flush_by(u32 way)
{
	static const u32 cmd[] = {
		MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_TLB_FLUSH_ALL,
		MMUEXT_TLB_FLUSH_MULTI, MMUEXT_INVLPG_LOCAL, MMUEXT_INVLPG_ALL,
		MMUEXT_INVLPG_MULTI, MMUEXT_NEW_BASEPTR,
	};
	static const u64 flags[] = {
		UVMF_TLB_FLUSH | UVMF_LOCAL, UVMF_TLB_FLUSH | UVMF_ALL,
		UVMF_INVLPG | UVMF_LOCAL, UVMF_INVLPG | UVMF_ALL,
	};
	static u64 mask = 1;
	struct mmuext_op both[] = {
		{ .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = tg_root },
		{ .cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = tg_user_root },
	};

	if (way == WAYS - 1)
		TG_EQ(tg_hcall(mmuext_op, both, 2, 0, DOMID_SELF), 0, "both roots");
	else if (way < ARRAY_SIZE(cmd))
		TG_EQ(tg_mmuext(cmd[way], cmd[way] == MMUEXT_NEW_BASEPTR ?
				tg_root : gva(0), (u64)&mask), 0, "mmuext_op");
	else
		TG_EQ(tg_va_mapping((u64)tg_va(a), tg_pte(a, TG_RW),
				    flags[way - ARRAY_SIZE(cmd)]), 0,
		      "update_va_mapping");
}

static void check_flushes(void)
{
	u64 value = 0;
	u32 way;

	for (way = 0; way < WAYS; way++) {
		tg_map(tg_root, gva(0), tg_pte(a, TG_RW));
		expect(gva(0), 0xa, "before the stores");
		store(0, tg_pte(b, TG_RW));
		flush_by(way);
		TG_CHECK(tg_try_read(gva(0), &value) == TG_NO_TRAP &&
			 value == 0xb, "after flush %u: %#lx", way, value);
	}
}

static void check_many(void)
{
	u32 i;

	for (i = 0; i < TABLES; i++) {
		tg_map(tg_root, gva(i), tg_pte(a, TG_RW));
		expect(gva(i), 0xa, "one of many");
	}
	for (i = 0; i < TABLES; i++)
		store(i, tg_pte(b, TG_RW));
	flush();
	for (i = 0; i < TABLES; i++)
		expect(gva(i), 0xb, "one of many, changed");
}

/* ---- calls that write ---- */

/* Through an address that the host has not seen in use: the table is mapped there. */
static void check_written_by_call(void)
{
	u64 at = tg_entry_at(tg_root, gva(0), 1), l1 = at / TG_PAGE;
	struct mmu_update none = { -8ul, 0 };

	tg_map(tg_root, gva(0), tg_pte(a, TG_RW));
	tg_table_release(l1);
	tg_map(tg_root, gva(1), tg_pte(l1, TG_P | TG_W | TG_U));
	expect(gva(0), 0xa, "before a call");
	/* It says that none was done: the lower half of the entry becomes 0. */
	TG_EQ(tg_hcall(mmu_update, &none, 1, gva(1) + at % TG_PAGE, DOMID_SELF),
	      -EINVAL, "mmu_update of nothing");
	TG_EQ(*entry_of(at) & TG_P, 0, "entry that a call wrote to");
	flush();
	TG_EQ(tg_try_read(gva(0), NULL), 14, "what it mapped");
	tg_map(tg_root, gva(1), 0);
	tg_table_protect(l1);
}

static void check_replaced(void)
{
	u64 l1 = tg_entry_at(tg_root, gva(0), 1) / TG_PAGE;

	tg_map(tg_root, gva(0), tg_pte(a, TG_RW));
	expect(gva(0), 0xa, "before it is cleared");
	TG_EQ(tg_mmuext(MMUEXT_CLEAR_PAGE, l1, 0), 0, "CLEAR_PAGE of a table");
	flush();
	TG_EQ(tg_try_read(gva(0), NULL), 14, "what a cleared table mapped");
}

/* A large page where a table would do: calls refuse it, a new table just has it. */
static void check_large(void)
{
	u64 at = 1ul << 38, l3, l1, table = tg_page_alloc();

	tg_map(tg_root, at, tg_pte(a, TG_RW));
	expect(at, 0xa, "by a table");
	l3 = tg_entry_at(tg_root, at, 3);
	l1 = tg_entry_at(tg_root, at, 1) / TG_PAGE;
	*(u64 *)tg_va(table) = tg_pte(l1, TG_RW | TG_PS);
	tg_table_protect(table);
	TG_EQ(tg_mmu_update(l3, tg_pte(table, TG_RW)), 0, "another table");
	flush();
	TG_EQ(tg_try_read(at, NULL), 14, "read of a large page");
}

/* ---- rights ---- */

static void check_writes(u64 l2, u64 table)
{
	u64 l1 = tg_entry_at(tg_root, gva(0), 1) / TG_PAGE;

	TG_EQ(tg_mmu_update(l2, table & ~TG_W), 0, "a read-only table");
	flush();
	expect(gva(0), 0xa, "read below a read-only table");
	TG_EQ(tg_try_write(gva(0), 0xa), 14, "write below a read-only table");
	TG_EQ(tg_hcall(xen_version, XENVER_extraversion, gva(0), 0, 0), -EFAULT,
	      "a call that writes there");
	/* Nor is it a store to a table, which the host would do. */
	tg_map(tg_root, gva(0), tg_pte(l1, TG_RO));
	TG_EQ(tg_try_write(gva(0) + 64, 0), 14, "store below a read-only table");
	tg_map(tg_root, gva(0), tg_pte(a, TG_RW));
	TG_EQ(tg_mmu_update(l2, table), 0, "a writable table");
	TG_EQ(tg_try_write(gva(0), 0xa), TG_NO_TRAP, "write below a writable one");
}

static void check_rights(void)
{
	u64 l2 = tg_entry_at(tg_root, gva(0), 2), table = *entry_of(l2);

	*(u8 *)tg_va(b) = 0xc3;				/* ret */
	tg_map(tg_root, gva(0), tg_pte(b, TG_RW));
	TG_EQ(tg_try("call *%0", : : "r"(gva(0)) : "memory"), TG_NO_TRAP,
	      "call of a page");
	TG_EQ(tg_mmu_update(l2, table | TG_NX), 0, "a table without code");
	flush();
	TG_EQ(tg_try("call *%0", : : "r"(gva(0)) : "memory"), 14,
	      "call below a table without code");
	TG_EQ(tg_fault.error, 0x11, "error code of it");
	TG_EQ(tg_mmu_update(l2, table), 0, "a table with code");
	TG_EQ(tg_try("call *%0", : : "r"(gva(0)) : "memory"), TG_NO_TRAP,
	      "call below a table with code");
	tg_map(tg_root, gva(0), tg_pte(a, TG_RW));
	check_writes(l2, table);
}

void test_main(void)
{
	a = tg_page_alloc();
	b = tg_page_alloc();
	tg_user_init();		/* for the short ways */
	*(u64 *)tg_va(a) = 0xa;
	*(u64 *)tg_va(b) = 0xb;
	tg_map(tg_root, gva(0), tg_pte(a, TG_RW));
	check_flushes();
	check_many();
	check_written_by_call();
	check_replaced();
	check_large();
	check_rights();
}
