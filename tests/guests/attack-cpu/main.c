// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that reach for more than ring 1 has.
 *
 * Claim: SYSENTER, SYSCALL, SYSEXIT, task switches (by gate, by NT, by far
 * call), iret to ring 0 or to virtual 8086 mode, I/O strings, unknown
 * control registers, far jumps to the switcher: each is a fault the guest
 * sees or a kill; afterwards host and guest are as before.
 *
 * Source: reliability classes 6, 7, 8, 9, 20; XSA-44 (NT), 244, 260.
 *
 * A failure is an instruction that was carried out.
 */
#include "tg.h"

const char tg_title[] = "privilege grabs";

#define FAULTS(what, text, ...) \
	do { \
		u32 v_ = tg_try(text, __VA_ARGS__); \
		TG_CHECK(v_ == 6 || v_ == 10 || v_ == 11 || v_ == 13 || \
			 v_ == 12, "%s: trap %u", what, v_); \
	} while (0)

static void sysenter(void)
{
	FAULTS("sysenter", "movl %%esp, %%ebp\n\tsysenter", : : : "memory");
	FAULTS("syscall", "syscall", : : : "ecx", "memory");
	FAULTS("sysexit", "sysexit", : : "c"(0), "d"(0) : "memory");
	FAULTS("sysret", "sysret", : : "c"(0) : "memory");
}

/* NT: an iret would be a task switch through the TSS's back link. */
static void nested_task(void)
{
	u32 vector;

	vector = tg_try("pushfl\n\torl $0x4000, (%%esp)\n\tpopfl\n\t"
			"pushfl\n\tpushl %%cs\n\tpushl $1f\n\tiret\n1:",
			: : : "cc", "memory");
	asm volatile("pushl $2\n\tpopfl" : : : "cc");
	TG_CHECK(vector != TG_NO_TRAP, "iret with NT went through");
	/* NT set while a hypercall and a trap pass. */
	asm volatile("pushfl\n\torl $0x4000, (%%esp)\n\tpopfl\n\t"
		     "int $0x1f\n\tpushl $2\n\tpopfl"
		     : : "a"(LG32_FLUSH_ASYNC) : "cc", "memory");
}

static void iret_frames(void)
{
	static const u32 cs[] = { 0, 3, 0x50, 0x51, 0x60, 0x58, 0x80, 0xf8,
				  0xffff, 0x67 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cs); i++)
		tg_try("pushl %1\n\tpushl %2\n\tpushfl\n\tpushl %0\n\t"
		       "pushl $0\n\tiret", : : "r"(cs[i]),
		       "r"(LG32_KERNEL_DS), "r"(0x1000) : "memory");
}

/*
 * Virtual 8086 mode, IOPL 3, IF 0: the bits are not ours to set.  A CPU
 * faults; QEMU's emulation goes there from any ring, and then the frame of
 * the next trap is another one: a kill.
 */
static void iret_vm(void)
{
	FAULTS("iret with VM", "pushl $0x0\n\tpushl $0x0\n\tpushl $0x23002\n\t"
	       "pushl $0x60000\n\tpushl $0\n\tiret", : : : "memory");
}

static void far_transfers(void)
{
	FAULTS("far jump to the switcher", "ljmp $0x50, $0xffc00000", :);
	FAULTS("far call to the switcher", "lcall $0x50, $0xffc00000", :);
	FAULTS("far jump to the TSS", "ljmp $0x80, $0", :);
	FAULTS("far call to the TSS", "lcall $0x80, $0", :);
	FAULTS("far jump to the #DF TSS", "ljmp $0xf8, $0", :);
	FAULTS("far return to ring 0", "pushl $0x50\n\tpushl $0xffc00000\n\tlret",
	       : : : "memory");
	FAULTS("ss of ring 0", "movl %0, %%ss", : : "r"(0x58));
	FAULTS("ss of ring 3", "movl %0, %%ss", : : "r"(TG_USER_DS));
	/* These two may be emulated, to no effect. */
	tg_try("ltr %w0", : : "r"(0xffff));
	tg_try("lldt %w0", : : "r"(0x68));
}

static void odd_instructions(void)
{
	u32 lo, hi;
	u8 buffer[64] = { 0 };

	/* Those may be emulated, fault or kill; never hurt the host. */
	tg_try("movl %%cr1, %0", : "=r"(lo));
	tg_try(".byte 0x0f, 0x22, 0xc8", :);		/* mov eax, cr1 */
	tg_try(".byte 0x0f, 0x22, 0xf8", : : "a"(0));	/* mov eax, cr7 */
	tg_try("rdpmc", : "=a"(lo), "=d"(hi) : "c"(0));
	tg_try("xsetbv", : : "a"(0), "d"(0), "c"(0));
	tg_try("xgetbv", : "=a"(lo), "=d"(hi) : "c"(0));
	tg_try("monitor", : : "a"(buffer), "c"(0), "d"(0));
	tg_try("mwait", : : "a"(0), "c"(0));
	tg_try("vmcall", : : "a"(1));
	tg_try("vmmcall", : : "a"(1));
	tg_try("stac\n\tclac", :);
	tg_try(".byte 0x0f, 0x01, 0xf8", :);		/* swapgs */
	tg_try("rsm", :);
	tg_try("getsec", : : "a"(0));
	tg_try("invpcid %1, %0", : : "r"(0), "m"(buffer));
	tg_try("rep insb", : : "D"(buffer), "c"(4), "d"(0x80) : "memory");
	tg_try("rep outsb", : : "S"(buffer), "c"(4), "d"(0x80) : "memory");
	tg_try(".byte 0xf0, 0x0f, 0x0b", :);		/* lock ud2 */
	tg_try(".byte 0x66, 0x67, 0x66, 0x67, 0x66, 0x67, 0x66, 0x67,"
	       "0x66, 0x67, 0x66, 0x67, 0x66, 0x67, 0x66, 0xfa", :);
}

/* All bits popf may be given, then an exit, a trap and an iret. */
static void all_flags(void)
{
	u32 i, flags, after;

	for (i = 0; i < 400; i++) {
		flags = (tg_rand() & 0x003e7ed5) & ~0x100u;
		asm volatile("pushl %1\n\tpopfl\n\tint $0x1f\n\tpushfl\n\t"
			     "pushl $2\n\tpopfl\n\tpopl %0"
			     : "=r"(after) : "r"(flags), "a"(LG32_FLUSH_ASYNC)
			     : "cc", "memory");
		TG_CHECK((after & 0x23200) == 0x200, "flags %#x became %#x",
			 flags, after);
	}
}

static bool end_step(struct tg_regs *regs)
{
	if (regs->vector != 1)
		return false;
	regs->eflags &= ~0x100u;
	return true;
}

/* Real segments of the stack: a pop of ss holds traps off for one insn. */
static void pop_ss(void)
{
	u32 ss = LG32_KERNEL_DS;

	asm volatile("movl %0, %%ss\n\tint $0x1f" : : "r"(ss),
		     "a"(LG32_FLUSH_ASYNC) : "memory");
	tg_try("movl %0, %%ss\n\tint3", : : "r"(ss) : "memory");
	tg_try("movl %0, %%ss\n\t.byte 0xf1", : : "r"(ss) : "memory");
	tg_try("movl %0, %%ss\n\tud2", : : "r"(ss) : "memory");
	/* The same single-stepped. */
	tg_trap_hook = end_step;
	tg_try("pushfl\n\torl $0x100, (%%esp)\n\tpopfl\n\tmovl %0, %%ss\n\t"
	       "int $0x1f\n\tnop", : : "r"(ss), "a"(LG32_FLUSH_ASYNC)
	       : "cc", "memory");
	tg_trap_hook = NULL;
	asm volatile("pushl $2\n\tpopfl" : : : "cc");
}

static const struct tg_case cases[] = {
	{ "sysenter", sysenter },
	{ "nested-task", nested_task },
	{ "iret-frames", iret_frames },
	{ "iret-vm", iret_vm },
	{ "far-transfers", far_transfers },
	{ "odd-instructions", odd_instructions },
	{ "all-flags", all_flags },
	{ "pop-ss", pop_ss },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
	/* Still a working guest. */
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	TG_EQ(tg_try("ud2", : : : "memory"), 6, "trap afterwards");
}
