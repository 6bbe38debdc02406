// SPDX-License-Identifier: GPL-2.0
/*
 * A program that returns to nowhere just when an interrupt is due.
 *
 * Claim: the guest's one iret is done for it, so that an interrupt may hit where
 * it returns, without a look at where that is; the interrupt's handler, which
 * runs next, returns there by an iret of its own, and the fault is that one's: the
 * guest kernel's, as without the interrupt. What is in the frame any program can
 * choose (sigreturn, ptrace, TLS that goes away), so it must not kill the guest.
 *
 * Source: docs/abi/lg32.md, interrupts, noirq_iret; SDM volume 2, IRET.
 *
 * The exit at the iret comes about as in irq-iret; a CPU looks at CS before it
 * needs the second page, so for bad code there may be none. A failure shows as a
 * kill, or names the frame that went through.
 */
#include "tg.h"

const char tg_title[] = "bad frames in the iret window";

#define data	((volatile struct lg32_data *)&tg_data)
#define IRQ	9
#define ABSENT	17	/* a descriptor that is not present */

static u32 frame_cs, frame_ss, frame_flags, faults, bad_irqs, flags_seen;

static void tg_user_code user_call(void)
{
	asm volatile("int $0x80\n\tud2");
}

static void note(u32 irq, struct tg_regs *regs)
{
	u32 flags;

	(void)irq;
	bad_irqs += regs->eip == (u32)tg_iret;
	asm volatile("pushfl\n\tpopl %0" : "=r"(flags));
	flags_seen |= flags | regs->eflags;
}

/*
 * The system call returns with an interrupt pending and a bad frame.  The fault
 * of the iret comes back here: let ring 3 be over, as a kernel would.
 */
static bool system_call(struct tg_regs *regs)
{
	if (regs->eip == (u32)tg_iret && (regs->cs & 3) == 1) {
		faults++;
		regs->cs = TG_USER_CS;	/* for the runtime: it was ring 3's */
		return false;
	}
	if (regs->vector != 0x80)
		return false;
	tg_outl(TG_PORT_IRQ, IRQ);
	regs->cs = frame_cs;
	regs->ss = frame_ss;
	regs->eflags |= frame_flags;
	tg_set_pte(tg_root, TG_UTEST + TG_PAGE,
		   tg_pte_get(tg_root, TG_UTEST + TG_PAGE) & ~(TG_A | TG_D));
	return true;
}

static void try(u32 cs, u32 ss)
{
	u32 before = faults, irqs = tg_irq_count[IRQ], vector;

	frame_cs = cs;
	frame_ss = ss;
	vector = tg_user_call(user_call, 0, NULL);
	TG_CHECK(faults == before + 1, "frame %#x, %#x: trap %u", cs, ss, vector);
	TG_CHECK(vector >= 10 && vector <= 13, "frame %#x, %#x: trap %u", cs,
		 ss, vector);
	/* If the interrupt has waited, this is when it comes. */
	tg_irq_enable();
	tg_irq_disable();
	TG_EQ(tg_irq_count[IRQ], irqs + 1, "interrupts");
}

static void bad_stack(void)
{
	try(TG_USER_CS, 3);			/* null */
	try(TG_USER_CS, 0xffff);
	try(TG_USER_CS, TG_USER_CS);		/* code */
	try(TG_USER_CS, ABSENT * 8 | 3);
	try(TG_USER_CS, 0x5b);			/* the switcher's */
	try(TG_USER_CS, LG32_KERNEL_DS | 3);	/* of ring 1 */
}

static void bad_code(void)
{
	try(3, TG_USER_DS);
	try(0xffff, TG_USER_DS);
	try(TG_USER_DS, TG_USER_DS);		/* data */
	try(ABSENT * 8 | 3, TG_USER_DS);
	try(0x53, TG_USER_DS);			/* the switcher's */
	try(LG32_KERNEL_CS | 3, TG_USER_DS);	/* of ring 1 */
}

#define IOPL_3	0x3000

/* A CPU takes no IOPL from ring 1: neither does who returns in its place. */
static void privilege(void)
{
	u32 irqs = tg_irq_count[IRQ];

	frame_cs = TG_USER_CS;
	frame_ss = TG_USER_DS;
	frame_flags = IOPL_3;
	TG_EQ(tg_user_call(user_call, 0, NULL), 6, "trap of who returned");
	TG_EQ(tg_irq_count[IRQ], irqs + 1, "interrupts");
	TG_EQ(flags_seen & IOPL_3, 0, "IOPL in the interrupt's handler");
}

/* Why no guest may have vm86(): ring 1 it was, and ring 1 it is. QEMU goes there. */
static void virtual_8086(void)
{
	u32 flags = 0, cs = 0;

	asm volatile("pushl $0x20202\n\tpushl %2\n\tpushl $1f\n\tiret\n"
		     "1:\tpushfl\n\tpopl %0\n\tmovl %%cs, %1"
		     : "=&r"(flags), "=&r"(cs) : "i"(LG32_KERNEL_CS)
		     : "cc", "memory");
	TG_EQ(cs, LG32_KERNEL_CS, "code segment after iret with VM");
	TG_EQ(flags & 0x20000, 0, "VM after iret");
}

static const struct tg_case cases[] = {
	{ "stack", bad_stack },
	{ "code", bad_code },
	{ "privilege", privilege },
	{ "vm", virtual_8086 },
};

void test_main(void)
{
	if (!tg_needs_device())
		return;
	tg_user_map(tg_root);
	tg_set_pte(tg_root, TG_UTEST, tg_page_alloc() | TG_P | TG_W);
	tg_set_pte(tg_root, TG_UTEST + TG_PAGE, tg_page_alloc() | TG_P | TG_W);
	tg_gdt_set(ABSENT, TG_DESC_DATA3 & ~(1ull << 47));
	tg_hcall(LG32_SET_STACK, LG32_KERNEL_DS, TG_UTEST + TG_PAGE + 8, 2, 0);
	data->blocked_interrupts = ~(1u << IRQ);
	tg_irq_hook = note;
	tg_trap_hook = system_call;
	tg_run_case(cases, ARRAY_SIZE(cases));
	TG_EQ(bad_irqs, 0, "interrupts at the iret");
}
