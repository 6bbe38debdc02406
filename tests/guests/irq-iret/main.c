// SPDX-License-Identifier: GPL-2.0
/*
 * The one iret where no interrupt may be injected.
 *
 * Claim: between the store to irq_enabled and the iret that ends a handler,
 * an interrupt would nest on a stack that is about to go, and at the iret
 * itself one would be lost in the middle of two states: the host never
 * injects at the address in noirq_iret (it may act as if the iret had
 * happened).  The interrupt comes, once, and ring 3 does not notice.
 *
 * Source: docs/abi/lg32.md, interrupts, noirq_iret.
 *
 * The way to have an exit exactly there: the frame lies across two pages and
 * the second is not in the shadow, so the iret itself faults in the host.  A
 * failure shows where the interrupt hit or that ring 3 saw a difference.
 */
#include "tg.h"

const char tg_title[] = "the iret window";

#define data ((volatile struct lg32_data *)&tg_data)
#define IRQ	9

static u32 bad_eip, from_user, from_kernel;

static void tg_user_code user_loop(void)
{
	asm volatile("1:\tint $0x80\n\t"
		     "decl %ecx\n\t"
		     "jnz 1b\n\t"
		     "ud2");
}

/* Long enough for a tick of the host to come by. */
static void tg_user_code user_wait(void)
{
	asm volatile("movl $1000, %ecx\n"
		     "1:\tdecl %ecx\n\t"
		     "jnz 1b\n\t"
		     "int $0x80\n\t"
		     "ud2");
}

static void note(u32 irq, struct tg_regs *regs)
{
	(void)irq;
	if (regs->eip == (u32)tg_iret)
		bad_eip++;
	if ((regs->cs & 3) == 3)
		from_user++;
	else
		from_kernel++;
}

/* A system call asks for an interrupt and returns with it pending. */
static bool system_call(struct tg_regs *regs)
{
	if (regs->vector != 0x80)
		return false;
	tg_outl(TG_PORT_IRQ, IRQ);
	/* Out of the shadow with the page of the frame's end. */
	tg_set_pte(tg_root, TG_UTEST + TG_PAGE,
		   tg_pte_get(tg_root, TG_UTEST + TG_PAGE) & ~(TG_A | TG_D));
	return true;
}

static void run(u32 esp, u32 times)
{
	struct tg_user u;

	tg_hcall(LG32_SET_STACK, LG32_KERNEL_DS, esp, 2, 0);
	tg_user_start(&u, user_loop);
	u.ecx = times;
	u.ebx = 0x1234567;
	TG_EQ(tg_user_run(&u), 6, "end of the loop");
	TG_EQ(u.ecx, 0, "ecx in ring 3");
	TG_EQ(u.ebx, 0x1234567, "ebx in ring 3");
	TG_EQ(u.esp, TG_USER_STACK, "esp in ring 3");
	TG_EQ(u.cs, TG_USER_CS, "cs in ring 3");
	/* The last one may still wait for an exit with interrupts on. */
	tg_irq_enable();
	tg_irq_disable();
}

/* The same by chance, many times: a thread of the host sends. */
static void run_random(void)
{
	u32 i, before;

	tg_trap_hook = NULL;
	tg_hcall(LG32_SET_STACK, LG32_KERNEL_DS, TG_TRAP_ESP, 2, 0);
	for (i = 0; i < 40; i++) {
		before = tg_irq_count[IRQ];
		tg_outl(TG_PORT_IRQ_LATER, IRQ);
		while (tg_irq_count[IRQ] == before)
			TG_EQ(tg_user_call(user_wait, 0, NULL), 0x80, "vector");
	}
}

void test_main(void)
{
	u32 before = 0, offset, n;

	if (!tg_needs_device())
		return;
	tg_user_map(tg_root);
	tg_set_pte(tg_root, TG_UTEST, tg_page_alloc() | TG_P | TG_W);
	tg_set_pte(tg_root, TG_UTEST + TG_PAGE, tg_page_alloc() | TG_P | TG_W);
	data->blocked_interrupts = ~(1u << IRQ);
	tg_irq_hook = note;
	tg_trap_hook = system_call;
	for (offset = 4; offset <= 20; offset += 4) {
		run(TG_UTEST + TG_PAGE + offset, 20);
		n = tg_irq_count[IRQ] - before;
		tg_printf("# frame %u bytes in: %u interrupts\n", offset, n);
		TG_CHECK(n >= 1 && n <= 20, "%u interrupts", n);
		before = tg_irq_count[IRQ];
	}
	run_random();
	TG_EQ(bad_eip, 0, "interrupts at the iret");
	tg_printf("# interrupts: %u in ring 3, %u in ring 1\n", from_user,
		  from_kernel);
}
