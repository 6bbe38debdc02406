// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults of programs.
 *
 * Claim: the first fault at a page and the later ones, which need no exit, tell the
 * guest's kernel the same: error code, CR2, registers; a page that is mapped since
 * is there, however it was mapped, and one that became writable can be written
 * to after at most one fault, whether or not the kernel has flushed; a kernel stack
 * that is not there yet loses nothing.
 *
 * Source: SDM volume 3, sections 4.7 and 4.10.4.3; docs/design-amd64.md.
 *
 * A failure names the address.
 */
#include <lguest/api.h>
#include "tg.h"

const char tg_title[] = "page faults of programs";

#define PAGES	64
#define READ	4
#define WRITE	6
#define JUMP	0x14
#define PRESENT	1

static u64 frame[PAGES];

static void tg_user_code user_read(void)
{
	asm volatile("movq (%rdi), %rax\n\tud2");
}

static void tg_user_code user_write(void)
{
	asm volatile("movq %rsi, (%rdi)\n\tud2");
}

static void tg_user_code user_jump(void)
{
	asm volatile("jmpq *%rdi");
}

static u64 gva(u32 n)
{
	return TG_UTEST + n * TG_PAGE;
}

/* A program makes one access: the trap, which is #UD if nothing is wrong. */
static u32 run(struct tg_user *u, const void *fn, u64 at)
{
	u64 *reg = (u64 *)u;
	u32 i;

	tg_user_start(u, fn);
	for (i = 0; i < 15; i++)
		reg[i] = 0x0101010101010101ul * (i + 1);
	u->rdi = at;
	u->rflags |= 0x401;
	return tg_user_run(u);
}

static void expect_fault(const void *fn, u32 n, u64 error)
{
	struct tg_user u, was;
	u64 *reg = (u64 *)&u;
	u32 i;

	TG_CHECK(run(&u, fn, gva(n)) == 14, "%#lx: trap %u, not 14", gva(n),
		 tg_fault.vector);
	TG_CHECK(tg_fault.error == error && tg_fault.cr2 == gva(n),
		 "%#lx: error %#lx, not %#lx, cr2 %#lx", gva(n), tg_fault.error,
		 error, tg_fault.cr2);
	tg_user_start(&was, fn);
	was.rdi = gva(n);
	for (i = 0; i < 15; i++)
		TG_CHECK(reg[i] == (&reg[i] == &u.rdi ? gva(n) :
				    0x0101010101010101ul * (i + 1)),
			 "%#lx: register %u is %#lx", gva(n), i, reg[i]);
	TG_EQ(u.rip, fn == (void *)user_jump ? gva(n) : was.rip, "rip");
	TG_EQ(u.rsp, was.rsp, "rsp");
	TG_EQ(u.cs, was.cs, "cs");
	TG_EQ(u.ss, was.ss, "ss");
	TG_EQ(u.rflags & 0x601, 0x601, "flags");
}

static void expect_none(const void *fn, u32 n)
{
	struct tg_user u;

	TG_CHECK(run(&u, fn, gva(n)) == 6, "%#lx: trap %u, error %#lx", gva(n),
		 tg_fault.vector, tg_fault.error);
}

/* By calls, as is right. */
static void map_all(u64 flags)
{
	u32 n;

	for (n = 0; n < PAGES; n++)
		tg_user_map(gva(n), flags ? tg_pte(frame[n], flags) : 0);
}

/* By a store to the table, which the host has to do for us. */
static void map_natively(u32 n, u64 pte)
{
	u64 at = tg_entry_at(tg_root, gva(n), 1);

	((volatile u64 *)tg_va(at / TG_PAGE))[at % TG_PAGE / 8] = pte;
}

static void check_absent(void)
{
	u32 n;

	map_all(0);
	for (n = 0; n < PAGES; n++) {
		expect_fault(user_read, n, READ);
		expect_fault(user_write, n, WRITE);
		expect_fault(user_jump, n, JUMP);
	}
	map_all(TG_RW | TG_NX);
	for (n = 0; n < PAGES; n++) {
		expect_none(user_read, n);
		expect_none(user_write, n);
		expect_fault(user_jump, n, JUMP | PRESENT);
	}
}

static void check_read_only(void)
{
	u32 n;

	map_all(TG_RO);
	for (n = 0; n < PAGES; n++)
		expect_fault(user_write, n, WRITE | PRESENT);
	map_all(TG_P | TG_U);
	for (n = 0; n < PAGES; n++) {
		expect_fault(user_write, n, WRITE | PRESENT);
		expect_none(user_read, n);
		TG_CHECK(tg_pte_get(tg_root, gva(n)) & TG_A,
			 "%#lx: read, and not accessed", gva(n));
		expect_fault(user_write, n, WRITE | PRESENT);
	}
}

/* Not dirty yet: the host must see the write, and the kernel must not. */
static void check_clean(void)
{
	u32 n;

	map_all(TG_P | TG_U | TG_W | TG_A);
	for (n = 0; n < PAGES; n++) {
		expect_none(user_read, n);
		expect_none(user_write, n);
		TG_CHECK(tg_pte_get(tg_root, gva(n)) & TG_D,
			 "%#lx: written, and not dirty", gva(n));
	}
}

/* One at a time, and then so many that the host lets us write ourselves. */
static void check_native(void)
{
	u32 n;

	map_all(0);
	for (n = 0; n < PAGES; n++) {
		expect_fault(user_read, n, READ);
		map_natively(n, tg_pte(frame[n], TG_RO));
		expect_none(user_read, n);
	}
	map_all(0);
	for (n = 0; n < PAGES; n++)
		expect_fault(user_read, n, READ);
	for (n = 0; n < PAGES; n++)
		map_natively(n, tg_pte(frame[n], TG_RO));
	for (n = 0; n < PAGES; n++)
		expect_none(user_read, n);
}

/* What was remembered of the page may cost a fault, which drops it. */
static void expect_at_last(const void *fn, u32 n)
{
	struct tg_user u;

	if (run(&u, fn, gva(n)) != 6)
		expect_none(fn, n);
}

static void check_native_write(void)
{
	u32 n;

	map_all(TG_RO);
	for (n = 0; n < PAGES; n++)
		expect_fault(user_write, n, WRITE | PRESENT);
	for (n = 0; n < PAGES; n++)
		map_natively(n, tg_pte(frame[n], TG_RW));
	for (n = 0; n < PAGES; n++)
		expect_at_last(user_write, n);
}

/* Pages that no shadow knows, so that the first push faults. */
static void check_no_stack(void)
{
	u32 n;

	map_all(0);
	for (n = 0; n < PAGES; n++)
		expect_fault(user_read, n, READ);
	for (n = 0; n < 8; n++) {
		tg_map(tg_root, TG_KTEST, tg_pte(frame[2 * n], TG_P | TG_U | TG_W));
		tg_map(tg_root, TG_KTEST + TG_PAGE,
		       tg_pte(frame[2 * n + 1], TG_P | TG_U | TG_W));
		TG_EQ(tg_hcall(stack_switch, TG_USER_SS, TG_KTEST + 2 * TG_PAGE,
			       0, 0), 0, "stack_switch");
		expect_fault(user_read, n, READ);
		expect_fault(user_write, PAGES - 1 - n, WRITE);
	}
	TG_EQ(tg_hcall(stack_switch, TG_USER_SS, TG_TRAP_SP, 0, 0), 0,
	      "stack_switch back");
}

/* With what the short way needs, hardly one in eight is an exit. */
static void check_exits(void)
{
	u64 before;
	u32 n;

	if (!tg_box || tg_try("rdfsbase %%rax", : : : "rax") != TG_NO_TRAP)
		return;
	map_all(0);
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT);
	for (n = 0; n < PAGES; n++)
		expect_fault(user_read, n, READ);
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT) - before;
	TG_CHECK(before <= PAGES / 8, "%lu exits for %u faults", before, PAGES);
}

void test_main(void)
{
	u32 n;

	tg_user_init();
	for (n = 0; n < PAGES; n++)
		frame[n] = tg_page_alloc();
	map_all(TG_RW);
	for (n = 0; n < 2; n++) {
		check_absent();
		check_read_only();
		check_clean();
		check_native();
		check_native_write();
		check_no_stack();
	}
	check_exits();
}
