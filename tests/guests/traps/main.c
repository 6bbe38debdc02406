// SPDX-License-Identifier: GPL-2.0
/*
 * Traps given to the guest, from ring 1.
 *
 * Claim: each exception reaches its handler once, with the right address,
 * error code and cr2; the handler runs with TF and NT clear whatever they
 * were; stepping with TF works, also across a hypercall, and never steps the
 * host.
 *
 * Source: Intel SDM vol. 3, chapter 6; docs/abi/lg32.md, reflection; the
 * historic bug "TF not cleared on a trap".
 *
 * A failure names the vector that came instead.
 */
#include "tg.h"

const char tg_title[] = "traps in ring 1";

#define ABSENT		5		/* a GDT entry that is not present */

static u32 handler_flags;

static bool see_flags(struct tg_regs *regs)
{
	(void)regs;
	asm volatile("pushfl; popl %0" : "=r"(handler_flags));
	return false;
}

static void expect(u32 vector, u32 want, u32 error, const char *what)
{
	TG_CHECK(vector == want, "%s: trap %u, not %u", what, vector, want);
	TG_CHECK(vector != want || tg_fault.error == error,
		 "%s: error %#x, not %#x", what, tg_fault.error, error);
}

static void check_faults(void)
{
	static const u32 bounds[2] = { 1, 2 };
	u32 eip;

	expect(tg_try("xorl %%edx, %%edx\n\tdivl %%edx", : : "a"(1)
		      : "edx", "cc"), 0, 0, "divide");
	expect(tg_try("movl $1f, %0\n1:\tud2", : "=&r"(eip)), 6, 0, "ud2");
	TG_EQ(tg_fault.eip, eip, "eip of ud2");
	expect(tg_try("boundl %0, %1", : : "r"(5), "m"(bounds)), 5, 0, "bound");
	expect(tg_try("movl %0, %%fs", : : "r"(ABSENT * 8 | 1)), 11, ABSENT * 8,
	       "absent segment");
	expect(tg_try("movl %0, %%ss", : : "r"(ABSENT * 8 | 1)), 12, ABSENT * 8,
	       "absent stack segment");
	expect(tg_try("movl %0, %%ss", : : "r"(0)), 13, 0, "null stack segment");
	expect(tg_try("int $0x30", :), 13, 0x30 * 8 + 2, "int 0x30");
}

/* Traps that come behind the instruction. */
static void check_traps(void)
{
	u32 eip;

	expect(tg_try("movl $1f, %0\n\tint3\n1:", : "=&r"(eip)), 3, 0, "int3");
	TG_EQ(tg_fault.eip, eip, "eip after int3");
	expect(tg_try("movl $1f, %0\n\tmovl $0x7fffffff, %%eax\n\t"
		      "addl %%eax, %%eax\n\tinto\n1:", : "=&r"(eip)
		      : : "eax", "cc"), 4, 0, "into");
	TG_EQ(tg_fault.eip, eip, "eip after into");
	/* Some emulators have no int1. */
	if (tg_try("movl $1f, %0\n\t.byte 0xf1\n1:", : "=&r"(eip)) != 6) {
		expect(tg_fault.vector, 1, 0, "int1");
		TG_EQ(tg_fault.eip, eip, "eip after int1");
	}
}

static void check_page_fault(void)
{
	if (!tg_env.paged)
		return;
	expect(tg_try_read(0x90001234, NULL), 14, 0, "read of nothing");
	TG_EQ(tg_fault.cr2, 0x90001234, "cr2");
	expect(tg_try_write(0x90002345, 1), 14, 2, "write to nothing");
	TG_EQ(tg_fault.cr2, 0x90002345, "cr2");
	expect(tg_try_read(0, NULL), 14, 0, "read of null");
	TG_EQ(tg_fault.cr2, 0, "cr2");
}

static void check_handler_flags(void)
{
	tg_trap_hook = see_flags;
	/* TF, NT, RF-free, IOPL asked for, AC, ID */
	expect(tg_try("pushfl\n\torl $0x44000, (%%esp)\n\tpopfl\n\tud2",
		      : : : "cc", "memory"), 6, 0, "ud2 with NT and AC");
	TG_EQ(handler_flags & 0x34100, 0, "VM, RF, NT, IOPL-1, TF in handler");
	TG_EQ(tg_fault.eflags & 0x4000, 0x4000, "NT in the frame");
	tg_trap_hook = NULL;
	/* The frame we came back by had NT: get rid of it. */
	asm volatile("pushl $2\n\tpopfl" : : : "cc");
}

static u32 steps, in_host, last_eip;
extern const char step_first[], step_hcall[], step_last[];

static bool count_steps(struct tg_regs *regs)
{
	u32 flags;

	if (regs->vector != 1)
		return false;
	asm volatile("pushfl; popl %0" : "=r"(flags));
	TG_EQ(flags & 0x100, 0, "TF in the handler");
	steps++;
	last_eip = regs->eip;
	if (regs->eip < (u32)step_first || regs->eip > (u32)step_last)
		in_host++;
	return true;
}

/* Six instructions under TF, one of them a hypercall, one an I/O exit. */
static void check_step(void)
{
	tg_trap_hook = count_steps;
	asm volatile("pushfl\n\t"
		     "orl $0x100, (%%esp)\n\t"
		     "popfl\n"
		     "step_first:\n\t"
		     "nop\n\t"
		     "nop\n"
		     "step_hcall:\n\t"
		     "int $0x1f\n\t"
		     "nop\n\t"
		     "inb %%dx, %%al\n\t"
		     "nop\n\t"
		     "pushfl\n\t"
		     "andl $~0x100, (%%esp)\n\t"
		     "popfl\n"
		     "step_last:\n\t"
		     "nop"
		     : : "a"(LG32_FLUSH_ASYNC), "d"(0x3fd) : "cc", "memory");
	tg_trap_hook = NULL;
	TG_CHECK(steps >= 6 && steps <= 11, "%u steps", steps);
	TG_EQ(in_host, 0, "steps elsewhere");
}

/* #NM as the guest asked for it, and not otherwise. */
static void check_ts(void)
{
	tg_hcall(LG32_TS, 1, 0, 0, 0);
	expect(tg_try("fnop", :), 7, 0, "FPU with TS");
	expect(tg_try("fnop", :), 7, 0, "FPU with TS, again");
	tg_hcall(LG32_TS, 0, 0, 0, 0);
	expect(tg_try("fnop", :), TG_NO_TRAP, 0, "FPU without TS");
	tg_hcall(LG32_TS, 0x80000000, 0, 0, 0);
	expect(tg_try("fnop", :), 7, 0, "FPU with TS of a high bit");
	tg_hcall(LG32_TS, 0, 0, 0, 0);
}

/* An unmasked x87 exception pending is ours, not the host's. */
static void check_mf(void)
{
	static const u16 unmasked = 0x0340, normal = 0x037f;

	expect(tg_try("fninit\n\tfldcw %0\n\tfldz\n\tfld1\n\t"
		      "fdiv %%st(1), %%st\n\tint $0x1f\n\tfwait",
		      : : "m"(unmasked), "a"(LG32_FLUSH_ASYNC) : "memory"),
	       16, 0, "x87 exception");
	asm volatile("fnclex\n\tfninit\n\tfldcw %0" : : "m"(normal));
}

void test_main(void)
{
	tg_gdt_set(ABSENT, TG_DESC_DATA1 & ~((u64)0x80 << 40));
	check_faults();
	check_traps();
	check_page_fault();
	check_handler_flags();
	check_step();
	check_ts();
	check_mf();
}
