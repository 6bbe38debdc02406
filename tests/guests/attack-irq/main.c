// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts the guest did not prepare for, and odd values in the data page.
 *
 * Claim: an interrupt without a handler waits for one; values in
 * irq_enabled other than 0 and 0x200, a noirq_iret that moves, a data page
 * full of garbage: all are the guest's own trouble.
 *
 * Source: docs/abi/lg32.md; the data page is shared and hostile.
 *
 * A failure is a host that misbehaves.
 */
#include "tg.h"

const char tg_title[] = "unexpected interrupts";

static void no_handler(void)
{
	tg_hcall(LG32_LOAD_IDT_ENTRY, LG32_IRQ_VECTOR + 3, 0, 0, 0);
	tg_irq_unmask(3);
	tg_irq_enable();
	tg_outl(TG_PORT_IRQ, 3);
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	TG_EQ(tg_irq_count[3], 0, "interrupts without a handler");
	tg_idt_default(LG32_IRQ_VECTOR + 3);
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	TG_EQ(tg_irq_count[3], 1, "interrupts with a handler again");
}

/* Everything but the ring, which would be a kill of its own. */
static void garbage(void)
{
	volatile u32 *w = (u32 *)&tg_data;
	u32 i, round;

	for (round = 0; round < 200; round++) {
		for (i = 0; i < sizeof(tg_data) / 4; i++)
			if (i < 6 || i >= 22)
				w[i] = tg_rand();
		tg_outl(TG_PORT_IRQ, tg_rand() % LG32_IRQS);
		tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	}
}

/* The fields INIT reads are read once: later changes mean nothing. */
static void fields_move(void)
{
	tg_data.noirq_iret = 0;
	tg_data.kernel_address = 0;
	tg_data.syscall_vec = 0xffffffff;
	tg_data.reserve_mem = 0;
	tg_irq_unmask(3);
	tg_irq_enable();
	tg_outl(TG_PORT_IRQ, 3);
	tg_hcall(LG32_FLUSH_TLB, 1, 0, 0, 0);
	TG_EQ(tg_irq_count[3], 1, "interrupts");
}

static const struct tg_case cases[] = {
	{ "no-handler", no_handler },
	{ "garbage", garbage },
	{ "fields-move", fields_move },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
