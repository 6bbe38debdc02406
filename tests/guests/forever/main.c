// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that never end, each in its own way; for host programs, which kill
 * them and look at the machine (tests/host/kill-random, tests/host/many).
 *
 *	spin	with interrupts off, never leaving the guest
 *	fault	a page fault that is never mended
 *	trap	a trap after another
 *	halt	sleeping for ever, nothing to wake it
 *	hcall	one hypercall after another
 *	ring	the same through the ring, a full one each time
 *	port	one port access after another
 *	flush	every shadow dropped and built again
 *	timer	a timer of one nanosecond, again and again
 *	roots	one page table after another
 */
#include "tg.h"

const char tg_title[] = "for ever";

static void spin(void)
{
	asm volatile("cli\n1:\tjmp 1b");
}

static bool go_on(struct tg_regs *regs)
{
	regs->eip += regs->vector == 6 ? 2 : 0;
	return true;
}

static void fault(void)
{
	tg_trap_hook = go_on;
	/* A page that is not there, in either environment a #PF or #GP. */
	asm volatile("movl %0, %%fs\n\tmovl %%fs:0x90000000, %%eax"
		     : : "r"(tg_env.paged ? LG32_KERNEL_DS : 0x28) : "eax");
}

static void trap(void)
{
	tg_trap_hook = go_on;
	for (;;)
		asm volatile("ud2");
}

static void halt(void)
{
	for (;;)
		tg_hcall(LG32_HALT, 0, 0, 0, 0);
}

static void hcall(void)
{
	for (;;)
		tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
}

static void ring(void)
{
	for (;;) {
		while (tg_ring_put(LG32_TS, 0, 0, 0, 0))
			;
		tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	}
}

static void port(void)
{
	for (;;)
		tg_inb(0x80);
}

static void flush(void)
{
	volatile u32 *p;

	for (;;) {
		tg_hcall(LG32_FLUSH_TLB, 1, 0, 0, 0);
		for (p = tg_va(0); (u32)p < (u32)tg_va(0x200000); p += 1024)
			(void)*p;
	}
}

static void timer(void)
{
	tg_irq_unmask(0);
	tg_irq_enable();
	for (;;)
		tg_hcall(LG32_SET_CLOCKEVENT, 1, 0, 0, 0);
}

static void roots(void)
{
	u32 root[40], i;

	if (!tg_env.paged)
		halt();
	for (i = 0; i < ARRAY_SIZE(root); i++) {
		root[i] = tg_page_alloc();
		memcpy(tg_va(root[i]), tg_va(tg_root), TG_PAGE);
	}
	for (;;)
		tg_hcall(LG32_NEW_PGTABLE, root[tg_rand() % ARRAY_SIZE(root)],
			 0, 0, 0);
}

static const struct tg_case cases[] = {
	{ "spin", spin },
	{ "fault", fault },
	{ "trap", trap },
	{ "halt", halt },
	{ "hcall", hcall },
	{ "ring", ring },
	{ "port", port },
	{ "flush", flush },
	{ "timer", timer },
	{ "roots", roots },
};

void test_main(void)
{
	tg_printf("ready\n");
	tg_run_case(cases, ARRAY_SIZE(cases));
	tg_failure("came back");
}
