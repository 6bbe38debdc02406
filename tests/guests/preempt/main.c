// SPDX-License-Identifier: GPL-2.0
/*
 * Registers while the host interrupts.
 *
 * Claim: a guest that is stopped by host interrupts, its own timer or page
 * faults at any instruction goes on with every register, flag and segment as
 * it was, in ring 1 and in ring 3.
 *
 * Source: docs/design.md, items 3, 4 and 6.
 *
 * A failure names the register.
 */
#include "tg.h"

const char tg_title[] = "registers under interrupts";

#define TICKS	200

static void rearm(u32 irq, struct tg_regs *regs)
{
	(void)irq;
	(void)regs;
	tg_hcall(LG32_SET_CLOCKEVENT, 50000 + tg_rand() % 400000, 0, 0, 0);
}

/*
 * Ring 3: mix registers in a way that shows any that was disturbed, and look at
 * the segments all the time.
 */
static void tg_user_code user_mix(void)
{
	asm volatile("1:\tmovl $200000, %ecx\n"
		     "2:\taddl %ebx, %esi\n\t"
		     "subl %ebx, %edi\n\t"
		     "xorl %esi, %edx\n\t"
		     "xorl %esi, %edx\n\t"
		     "leal (%esi,%edi), %ebp\n\t"
		     "cmpl %ebp, %eax\n\t"
		     "jne 3f\n\t"
		     "movl %ds, %ebp\n\t"
		     "cmpl $0x33, %ebp\n\t"
		     "jne 3f\n\t"
		     "movl %es, %ebp\n\t"
		     "cmpl $0x3b, %ebp\n\t"
		     "jne 3f\n\t"
		     "movl %fs, %ebp\n\t"
		     "cmpl $0x43, %ebp\n\t"
		     "jne 3f\n\t"
		     "movl %gs, %ebp\n\t"
		     "cmpl $0x3b, %ebp\n\t"
		     "jne 3f\n\t"
		     "decl %ecx\n\t"
		     "jnz 2b\n\t"
		     "int $0x80\n\t"
		     "jmp 1b\n"
		     "3:\tud2");
}

static void check_ring3(void)
{
	struct tg_user u;
	u32 i;

	tg_user_start(&u, user_mix);
	/* Selectors that nobody else has, the host least of all. */
	for (i = 6; i <= 8; i++)
		tg_gdt_set(i, TG_DESC_DATA3);
	u.ds = 0x33;
	u.es = 0x3b;
	u.fs = 0x43;
	u.gs = 0x3b;
	u.esi = 0x1000;
	u.edi = 0x2000;
	u.eax = 0x3000;
	u.ebx = 0x13579bd;
	u.edx = 0xfeedface;
	do {
		TG_EQ(tg_user_run(&u), 0x80, "trap of the mixer");
		TG_EQ(u.edx, 0xfeedface, "edx");
		TG_EQ(u.ebx, 0x13579bd, "ebx");
		TG_EQ(u.esp, TG_USER_STACK, "esp");
		TG_EQ(u.esi + u.edi, 0x3000, "esi and edi");
	} while (tg_irq_count[0] < TICKS && u.edx == 0xfeedface);
}

static bool mix_ring1(void)
{
	u32 ok;

	asm volatile("pushl %%ebp\n\t"
		     "movl $100000, %%ecx\n\t"
		     "movl $0x1000, %%esi\n\t"
		     "movl $0x2000, %%edi\n\t"
		     "movl $0x13579bd, %%ebx\n\t"
		     "movl $0xfeedface, %%edx\n"
		     "1:\taddl %%ebx, %%esi\n\t"
		     "subl %%ebx, %%edi\n\t"
		     "leal (%%esi,%%edi), %%ebp\n\t"
		     "stc\n\t"
		     "jnc 2f\n\t"
		     "std\n\t"
		     "pushfl\n\t"
		     "popl %%eax\n\t"
		     "cld\n\t"
		     "andl $0x401, %%eax\n\t"
		     "cmpl $0x401, %%eax\n\t"
		     "jne 2f\n\t"
		     "cmpl $0x3000, %%ebp\n\t"
		     "jne 2f\n\t"
		     "cmpl $0xfeedface, %%edx\n\t"
		     "jne 2f\n\t"
		     "decl %%ecx\n\t"
		     "jnz 1b\n\t"
		     "movl $1, %%eax\n\t"
		     "jmp 3f\n"
		     "2:\tcld\n\t"
		     "xorl %%eax, %%eax\n"
		     "3:\tpopl %%ebp"
		     : "=a"(ok) : : "ebx", "ecx", "edx", "esi", "edi", "cc",
		     "memory");
	return ok;
}

static void check_ring1(void)
{
	tg_irq_enable();
	while (tg_irq_count[0] < 2 * TICKS)
		TG_CHECK(mix_ring1(), "a register changed in ring 1");
	tg_irq_disable();
}

void test_main(void)
{
	tg_user_map(tg_root);
	tg_irq_hook = rearm;
	tg_irq_unmask(0);
	tg_hcall(LG32_SET_CLOCKEVENT, 100000, 0, 0, 0);
	check_ring3();
	check_ring1();
}
