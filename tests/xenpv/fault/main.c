// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults at programs' addresses, of programs and of the kernel that copies, and
 * the stores to page tables that make for them.
 *
 * Claim: the first fault at a page and the later ones, which need no exit, tell the
 * guest's kernel the same: error code, CR2, registers; a page that is mapped since
 * is there, however it was mapped, and one that became writable can be written
 * to after at most one fault, whether or not the kernel has flushed; a kernel stack
 * that is not there yet loses nothing. XCHG and AND of an entry of a table that
 * the kernel has mapped read-only do what they say, to registers and flags too.
 *
 * Source: SDM volume 3, sections 4.7 and 4.10.4.3; docs/design-amd64.md.
 *
 * A failure names the address.
 */
#include <lguest/api.h>
#include "tg.h"

const char tg_title[] = "page faults at programs' addresses";

#define PAGES	64
#define READ	4
#define WRITE	6
#define JUMP	0x14
#define PRESENT	1

static u64 frame[PAGES];
static u64 base = TG_UTEST;

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
	return base + n * TG_PAGE;
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

/* The kernel makes an access, on this stack: the trap, with registers as they were. */
#define KERNEL_ACCESS(insn, at, sp) ({ \
	u64 a_ = 1, b_ = 2, c_ = 3, d_ = 4; \
	register u64 r11_ asm("r11") = 5; \
	u32 vector_ = tg_try("movq %[stack], %%rsp\n\tstc\n\t" insn, \
			     : "+a"(a_), "+b"(b_), "+c"(c_), "+d"(d_), \
			       "+r"(r11_) \
			     : [stack] "r"(sp), "S"(at) : "memory", "cc"); \
	TG_CHECK(a_ == 1 && b_ == 2 && c_ == 3 && d_ == 4 && r11_ == 5, \
		 "%#lx: registers %lu %lu %lu %lu %lu", (u64)(at), a_, b_, c_, \
		 d_, r11_); \
	vector_; \
})

static u32 kernel_run(bool write, u64 at, u64 sp)
{
	return write ? KERNEL_ACCESS("movq $0, (%%rsi)", at, sp) :
		       KERNEL_ACCESS("testq $0, (%%rsi)", at, sp);
}

static const u64 gs_mark[2] = { 0x6b65726e656c, 0x75736572 };	/* kernel's, user's */

/* GS is the kernel's own, and that of programs waits in its MSR. */
static void check_gs(void)
{
	u32 low, high;
	u64 mark;

	asm volatile("movq %%gs:0, %0" : "=r"(mark));
	TG_EQ(mark, gs_mark[0], "what GS leads to");
	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000102));
	TG_EQ((u64)high << 32 | low, (u64)&gs_mark[1], "the other GS base");
}

static void expect_kernel_fault_on(u64 sp, bool write, u32 n, u64 error)
{
	u8 mask = tg_info()->evtchn_upcall_mask;

	TG_CHECK(kernel_run(write, gva(n), sp) == 14, "%#lx: trap %u, not 14",
		 gva(n), tg_fault.vector);
	TG_CHECK(tg_fault.error == error && tg_fault.cr2 == gva(n),
		 "%#lx: error %#lx, not %#lx, cr2 %#lx", gva(n), tg_fault.error,
		 error, tg_fault.cr2);
	TG_EQ(tg_fault.cs, (FLAT_KERNEL_CS64 & ~3) | (u64)mask << 32, "cs");
	TG_EQ(tg_fault.ss, FLAT_KERNEL_SS64, "ss");
	TG_EQ(tg_fault.rsp, sp, "rsp");
	TG_EQ(tg_fault.frame + sizeof(struct tg_regs), sp & ~15ul, "frame's end");
	TG_EQ(tg_fault.rflags & 0x3201, mask ? 1 : 0x201, "flags");
	TG_EQ(tg_fault.mask, 1, "mask in the handler");
	check_gs();
}

static u64 kernel_stack;

static void expect_kernel_fault(bool write, u32 n, u64 error)
{
	expect_kernel_fault_on(kernel_stack + n % 16, write, n, error);
}

static void expect_kernel_none(bool write, u32 n)
{
	TG_CHECK(kernel_run(write, gva(n), kernel_stack) == TG_NO_TRAP,
		 "%#lx: trap %u, error %#lx", gva(n), tg_fault.vector,
		 tg_fault.error);
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

/* The same, of tables that have no shadow until the first read. */
static void check_fresh(void)
{
	u32 n;

	base += 1ul << 30;
	map_all(TG_P | TG_U | TG_W | TG_A);
	expect_none(user_read, 0);
	for (n = 0; n < PAGES; n++)
		expect_none(user_write, n);
	base = TG_UTEST;
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

static volatile u64 *entry_of(u32 n)
{
	u64 at = tg_entry_at(tg_root, gva(n), 1);

	return (volatile u64 *)tg_va(at / TG_PAGE) + at % TG_PAGE / 8;
}

/* As Linux takes an entry: with one of the registers that need no exit, or R8. */
#define XCHG(reg) ({ \
	register u64 value_ asm(#reg) = 0; \
	asm volatile("xchgq %0, (%1)" : "+r"(value_) : "S"(entry) : "memory"); \
	value_; \
})

static void check_taken(u32 n)
{
	volatile u64 *entry = entry_of(n);
	u64 was = *entry, got;

	if (n % 5 == 0)
		got = XCHG(rax);
	else if (n % 5 == 1)
		got = XCHG(rbx);
	else if (n % 5 == 2)
		got = XCHG(rcx);
	else if (n % 5 == 3)
		got = XCHG(rdx);
	else
		got = XCHG(r8);
	TG_CHECK(got == was && !*entry, "%#lx: taken %#lx of %#lx, left %#lx",
		 gva(n), got, was, *entry);
	expect_fault(user_read, n, READ);
}

/* As Linux takes the right to write, with the flags of AND. */
static void check_protected(u32 n)
{
	volatile u64 *entry = entry_of(n);
	u64 was = *entry, flags;

	asm volatile("pushfq; orl $0x801, (%%rsp); popfq\n\t"
		     "lock andb $0xfd, (%1)\n\t"
		     "pushfq; popq %0" : "=r"(flags) : "D"(entry) : "memory", "cc");
	TG_CHECK(*entry == (was & ~TG_W), "%#lx: %#lx protected is %#lx", gva(n),
		 was, *entry);
	/* OF, SF, ZF, CF: a byte with a bit, and not the highest one */
	TG_CHECK(!(flags & 0x8c1), "%#lx: flags %#lx", gva(n), flags);
	expect_fault(user_write, n, WRITE | PRESENT);
}

static void check_stores(void)
{
	u32 n;

	map_all(TG_RW);
	for (n = 0; n < PAGES; n++)
		check_protected(n);
	for (n = 0; n < PAGES; n++)
		check_taken(n);
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

/* As the program would have it, but for the bit that tells who it was. */
static void check_kernel(void)
{
	u32 n;

	map_all(0);
	for (n = 0; n < PAGES; n++) {
		if (n == PAGES / 2)
			tg_events_on();
		expect_kernel_fault(false, n, READ & ~4);
		expect_kernel_fault(true, n, WRITE & ~4);
		expect_fault(user_read, n, READ);
	}
	tg_events_off();
	map_all(TG_P | TG_U);
	for (n = 0; n < PAGES; n++) {
		expect_kernel_fault(true, n, (WRITE & ~4) | PRESENT);
		expect_kernel_none(false, n);
		expect_kernel_fault(true, n, (WRITE & ~4) | PRESENT);
	}
	map_all(TG_P | TG_U | TG_W | TG_A);
	for (n = 0; n < PAGES; n++)
		expect_kernel_none(true, n);
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
		tg_map(tg_root, TG_KTEST, tg_pte(frame[2 * n], TG_P | TG_U | TG_W));
		expect_kernel_fault_on(TG_KTEST + TG_PAGE, false, n, READ & ~4);
	}
	TG_EQ(tg_hcall(stack_switch, TG_USER_SS, TG_TRAP_SP, 0, 0), 0,
	      "stack_switch back");
}

/*
 * Read-only pages that a program has not touched: the host may mark those around one
 * that it touches, but they are there, and what is not present is left alone.
 */
static void check_marked(void)
{
	u64 before;
	u32 n;

	map_all(TG_P | TG_U);
	for (n = 0; n < PAGES; n += 3)
		tg_user_map(gva(n), 0x5a000);
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT_FILLED);
	for (n = 0; n < PAGES; n++) {
		if (n % 3 == 0)
			expect_fault(user_read, n, READ);
		else
			expect_none(user_read, n);
	}
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT_FILLED) - before;
	for (n = 0; n < PAGES; n++)
		TG_EQ(tg_pte_get(tg_root, gva(n)), n % 3 ?
		      tg_pte(frame[n], TG_P | TG_U | TG_A) : 0x5a000, "entry");
	if (tg_box)
		TG_CHECK(before <= PAGES / 8, "%lu faults for %u pages not accessed",
			 before, PAGES);
	for (n = 0; n < PAGES; n++)
		expect_fault(user_write, n, n % 3 ? WRITE | PRESENT : WRITE);
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
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT);
	for (n = 0; n < PAGES; n++)
		expect_kernel_fault(true, n, WRITE & ~4);
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT) - before;
	TG_CHECK(before <= PAGES / 8, "%lu exits for %u faults of the kernel",
		 before, PAGES);
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT);
	check_stores();
	before = tg_ask(TG_ASK_STAT, LG_STAT_FAULT) - before;
	TG_CHECK(before <= PAGES / 2, "%lu exits for %u stores", before,
		 2 * PAGES);
}

void test_main(void)
{
	u32 n;

	tg_user_init();
	for (n = 0; n < PAGES; n++)
		frame[n] = tg_page_alloc();
	map_all(TG_RW);
	tg_hcall(set_segment_base, SEGBASE_GS_KERNEL, (u64)&gs_mark[0], 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER, (u64)&gs_mark[1], 0, 0);
	kernel_stack = (u64)tg_va(tg_page_alloc()) + TG_PAGE - 16;
	for (n = 0; n < 2; n++) {
		check_absent();
		check_read_only();
		check_marked();
		check_clean();
		check_fresh();
		check_native();
		check_native_write();
		check_stores();
		check_kernel();
		check_no_stack();
	}
	check_exits();
}
