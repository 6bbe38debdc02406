// SPDX-License-Identifier: GPL-2.0
/*
 * Direct traps and direct system calls.
 *
 * Claim: a trap gate (type 0xF) for the system call, or for a trap below 32
 * other than 7, 13, 14, is taken by the CPU itself, ring 3 to ring 1: the
 * number of world switches does not move.  The frame is on the SET_STACK
 * stack, also after another SET_STACK.  An interrupt gate is reflected and
 * clears irq_enabled; a trap gate leaves it, and the gate's DPL counts.
 *
 * Source: docs/abi/lg32.md, direct traps; docs/design.md, item 7.
 *
 * A failure shows the switches that were counted.
 */
#include "tg.h"

const char tg_title[] = "direct traps";

#define CALLS	2000

asm(".pushsection .text\n"
    "handler:\n\t"
    "incl handled\n\t"
    "movl %esp, handler_esp\n\t"
    "pushl tg_data\n\t"
    "popl handler_irq\n\t"
    "iret\n"
    ".popsection\n");
extern const char handler[];
u32 handled, handler_esp, handler_irq;

static char other[TG_PAGE] __attribute__((aligned(4096)));

static void tg_user_code user_loop(void)
{
	asm volatile("1:\tint $0x80\n\tdecl %eax\n\tjnz 1b\n\tud2");
}

static void tg_user_code user_int3_loop(void)
{
	asm volatile("1:\tint3\n\tdecl %eax\n\tjnz 1b\n\tud2");
}

static void check_direct(const void *loop, u32 top, const char *what)
{
	u32 before, after;

	handled = 0;
	before = tg_stat(LG_STAT_SWITCH);
	TG_EQ(tg_user_call(loop, CALLS, NULL), 6, "end of the loop");
	after = tg_stat(LG_STAT_SWITCH);
	TG_EQ(handled, CALLS, what);
	TG_EQ(handler_esp, top - 20, "esp in the handler");
	/* Host interrupts may come: far fewer than calls. */
	TG_CHECK(after - before < CALLS / 4, "%s: %u switches for %u calls",
		 what, after - before, CALLS);
}

/* A direct gate does not touch irq_enabled: ring 3 ran with it on. */
static void check_flag(void)
{
	TG_EQ(tg_user_call(user_loop, 1, NULL), 6, "end of the loop");
	TG_EQ(handler_irq, LG32_IF, "irq_enabled in a direct handler");
}

/* An interrupt gate is not direct: the host clears irq_enabled for it. */
static void check_interrupt_gate(void)
{
	tg_idt_set(0x80, TG_GATE_INTR, 3, handler);
	TG_EQ(tg_user_call(user_loop, 1, NULL), 6, "end of the loop");
	TG_EQ(handler_irq, 0, "irq_enabled in an interrupt gate's handler");
	tg_idt_set(0x80, TG_GATE_TRAP, 3, handler);
}

static void check_dpl(void)
{
	u32 dpl;

	for (dpl = 0; dpl < 3; dpl++) {
		tg_idt_set(0x80, TG_GATE_TRAP, dpl, handler);
		TG_EQ(tg_user_call(user_loop, 1, NULL), 13, "gate's DPL");
		TG_EQ(tg_fault.error, 0x80 * 8 + 2, "error code");
	}
}

/* Ring 1 may trap directly, too: on its own stack. */
static void check_ring1(void)
{
	handled = 0;
	tg_idt_set(3, TG_GATE_TRAP, 3, handler);
	asm volatile("int3\n\tint3\n\tint3" : : : "memory");
	TG_EQ(handled, 3, "int3 from ring 1");
	tg_idt_default(3);
}

/* Never direct, whatever the gate: they still arrive. */
static void check_never_direct(void)
{
	tg_idt_set(13, TG_GATE_TRAP, 0, (void *)tg_stubs[13]);
	tg_idt_set(14, TG_GATE_TRAP, 0, (void *)tg_stubs[14]);
	tg_idt_set(7, TG_GATE_TRAP, 0, (void *)tg_stubs[7]);
	TG_EQ(tg_try_read(0x90000000, NULL), 14, "page fault by trap gate");
	TG_EQ(tg_fault.cr2, 0x90000000, "cr2");
	TG_EQ(tg_try("int $0x40", :), 13, "#GP by trap gate");
	tg_hcall(LG32_TS, 1, 0, 0, 0);
	TG_EQ(tg_try("fnop", :), 7, "#NM by trap gate");
	tg_hcall(LG32_TS, 0, 0, 0, 0);
}

/*
 * A handler whose page has to be filled in when it is entered: the host comes by
 * at its first instruction, which turns interrupts off.
 */
asm(".pushsection .text\n"
    ".balign 4096\n"
    "entry_handler:\n\t"
    "movl $0, %ss:tg_data\n\t"
    "incl handled\n\t"
    "pushl tg_irq_count + 4 * 7\n\t"
    "popl entry_irqs\n\t"
    "movl $0x200, %ss:tg_data\n\t"
    "iret\n"
    ".balign 4096\n"
    ".popsection\n");
extern const char entry_handler[];
u32 entry_irqs;
static u32 at_entry;

static void look_where(u32 irq, struct tg_regs *regs)
{
	(void)irq;
	at_entry += regs->eip == (u32)entry_handler;
}

/* An interrupt is pending all the while; it must wait for the second one. */
static void check_entry(void)
{
	u32 gva = (u32)entry_handler, round, before, waited = 0;
	u64 pte = tg_pte_get(tg_root, gva);

	tg_irq_hook = look_where;
	tg_irq_unmask(7);
	tg_idt_set(0x80, TG_GATE_TRAP, 3, entry_handler);
	for (round = 0; round < 20; round++) {
		handled = 0;
		tg_irq_disable();
		tg_outl(TG_PORT_IRQ, 7);
		before = tg_irq_count[7];
		tg_set_pte(tg_root, gva, pte & ~TG_A);
		TG_EQ(tg_user_call(user_loop, 1, NULL), 6, "end of the loop");
		TG_EQ(handled, 1, "system calls");
		waited += entry_irqs == before;
		tg_irq_enable();
		TG_EQ(tg_irq_count[7], before + 1, "interrupts");
		tg_irq_disable();
	}
	TG_EQ(at_entry, 0, "interrupts at the first instruction");
	TG_CHECK(waited, "no interrupt ever waited");
	tg_irq_mask(7);
	tg_irq_hook = NULL;
	tg_set_pte(tg_root, gva, pte);
}

/* The host's own interrupts come and go while we have gates for them. */
static void check_interrupts(void)
{
	u32 v, start = tg_inl(TG_PORT_USEC);
	volatile u32 spin;

	for (v = 32; v < 256; v++)
		if (v != LG32_SYSCALL_VECTOR)
			tg_idt_set(v, TG_GATE_TRAP, 3, handler);
	handled = 0;
	while (tg_inl(TG_PORT_USEC) - start < 50000)
		for (spin = 0; spin < 100000; spin++)
			;
	TG_EQ(handled, 0, "interrupts of the host that came to us");
	TG_EQ(tg_try("int $0x40", :), 13, "an interrupt's vector");
	for (v = 32; v < 256; v++)
		if (v != LG32_SYSCALL_VECTOR)
			tg_idt_default(v);
}

void test_main(void)
{
	u32 top = (u32)other + sizeof(other);

	if (!tg_needs_device())
		return;
	tg_user_map(tg_root);
	tg_idt_set(0x80, TG_GATE_TRAP, 3, handler);
	check_direct(user_loop, TG_TRAP_ESP, "system call");
	tg_hcall(LG32_SET_STACK, LG32_KERNEL_DS, top, 1, 0);
	check_direct(user_loop, top, "system call on another stack");
	check_flag();
	check_interrupt_gate();
	tg_idt_set(3, TG_GATE_TRAP, 3, handler);
	check_direct(user_int3_loop, top, "int3");
	check_ring1();
	check_dpl();
	check_entry();
	check_never_direct();
	check_interrupts();
	tg_idt_default(0x80);
	TG_EQ(tg_user_call(user_loop, 1, NULL), 0x80, "interrupt gate again");
}
