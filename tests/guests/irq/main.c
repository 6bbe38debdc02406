// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual interrupts.
 *
 * Claim: IRQ n comes through vector 32 + n, once per request, only with
 * irq_enabled set and its bit in blocked_interrupts clear; one that has to
 * wait for irq_enabled sets irq_pending, and irq_pending is zero again when
 * nothing waits any more (historic lguest never cleared it: a bit search
 * result of 32 was kept in a bool); of several the lowest comes first; time
 * is refreshed with each.  One that waits only for its mask sets no
 * irq_pending.
 *
 * Source: docs/abi/lg32.md, interrupts; facts, defects found in 4.1.18.
 *
 * A failure names the field or the order.
 */
#include "tg.h"

const char tg_title[] = "virtual interrupts";

#define data ((volatile struct lg32_data *)&tg_data)

static u32 order[64], in_order;

static void note_order(u32 irq, struct tg_regs *regs)
{
	TG_EQ(data->irq_enabled, 0, "irq_enabled in a handler");
	TG_EQ(regs->eflags & LG32_IF, LG32_IF, "IF in the frame");
	TG_CHECK(regs->eip != (u32)tg_iret, "interrupted at the iret");
	order[in_order++ % ARRAY_SIZE(order)] = irq;
}

static void request(u32 irq)
{
	tg_outl(TG_PORT_IRQ, irq);
}

/* Any exit gives the host an occasion. */
static void visit_host(void)
{
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
}

static void reset(void)
{
	tg_irq_disable();
	memset((void *)tg_irq_count, 0, sizeof(tg_irq_count));
	in_order = 0;
}

static void check_each(void)
{
	u32 n;

	for (n = 0; n < LG32_IRQS; n++) {
		reset();
		data->blocked_interrupts = ~(1u << n);
		request(n);
		visit_host();
		TG_EQ(tg_irq_count[n], 0, "interrupts while disabled");
		TG_EQ(data->irq_pending, LG32_IF, "irq_pending");
		tg_irq_enable();
		TG_EQ(tg_irq_count[n], 1, "interrupts once enabled");
		TG_EQ(in_order, 1, "interrupts in all");
		TG_EQ(data->irq_pending, 0, "irq_pending afterwards");
		TG_EQ(data->irq_enabled, LG32_IF, "irq_enabled afterwards");
		visit_host();
		TG_EQ(in_order, 1, "interrupts after another exit");
	}
	reset();
}

/* Asked for while enabled: there at once, that is, with the exit it took. */
static void check_enabled(void)
{
	data->blocked_interrupts = 0;
	tg_irq_enable();
	request(4);
	TG_EQ(tg_irq_count[4], 1, "interrupts");
	request(4);
	TG_EQ(tg_irq_count[4], 2, "interrupts");
	TG_EQ(data->irq_pending, 0, "irq_pending");
	reset();
}

static void check_mask(void)
{
	data->blocked_interrupts = ~0u;
	request(7);
	visit_host();
	TG_EQ(data->irq_pending, 0, "irq_pending for a masked one");
	tg_irq_enable();
	visit_host();
	TG_EQ(in_order, 0, "interrupts while masked");
	tg_irq_unmask(7);
	visit_host();
	TG_EQ(tg_irq_count[7], 1, "interrupts once unmasked");
	reset();
}

static void check_order(void)
{
	static const u32 lines[] = { 31, 9, 17, 1, 30, 2 };
	u32 i;

	data->blocked_interrupts = 0;
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		request(lines[i]);
	/* Twice the same, while pending, is once. */
	request(9);
	tg_irq_enable();
	while (in_order < ARRAY_SIZE(lines))
		visit_host();
	visit_host();
	TG_EQ(in_order, ARRAY_SIZE(lines), "interrupts in all");
	for (i = 1; i < ARRAY_SIZE(lines); i++)
		TG_CHECK(order[i] > order[i - 1], "IRQ %u before %u",
			 order[i - 1], order[i]);
	TG_EQ(data->irq_pending, 0, "irq_pending");
	reset();
}

/* The regression itself, as it hurt: enabling costs no exit. */
static void check_no_exits(void)
{
	u32 i, before, after;

	data->blocked_interrupts = ~(1u << 3);
	request(3);
	visit_host();
	tg_irq_enable();
	tg_irq_disable();
	before = tg_stat(LG_STAT_HCALL_FIRST + LG32_SEND_INTERRUPTS);
	for (i = 0; i < 100; i++) {
		tg_irq_enable();
		tg_irq_disable();
	}
	after = tg_stat(LG_STAT_HCALL_FIRST + LG32_SEND_INTERRUPTS);
	TG_EQ(after - before, 0, "SEND_INTERRUPTS without a reason");
	reset();
}

/* HALT ends with an interrupt that is not blocked, enabled or not. */
static void check_halt(void)
{
	u32 enabled;

	for (enabled = 0; enabled <= LG32_IF; enabled += LG32_IF) {
		data->blocked_interrupts = ~(1u << 6 | 1);
		data->irq_enabled = enabled;
		tg_outl(TG_PORT_IRQ_LATER, 6);
		/* Enabled, it may come before HALT: the timer ends that. */
		tg_hcall(LG32_SET_CLOCKEVENT, 2000000000, 0, 0, 0);
		tg_hcall(LG32_HALT, 0, 0, 0, 0);
		TG_EQ(tg_irq_count[6], 1, "interrupts after HALT");
		tg_hcall(LG32_SET_CLOCKEVENT, 0, 0, 0, 0);
		reset();
	}
	/* A blocked one does not wake; the timer, later, does. */
	data->blocked_interrupts = ~1u;
	tg_hcall(LG32_SET_CLOCKEVENT, 60000000, 0, 0, 0);
	request(5);
	tg_hcall(LG32_HALT, 0, 0, 0, 0);
	TG_EQ(tg_irq_count[0], 1, "timer interrupts after HALT");
	TG_EQ(tg_irq_count[5], 0, "blocked interrupts after HALT");
	/* Already pending: no sleep at all. */
	reset();
	data->blocked_interrupts = 0;
	tg_irq_enable();
	visit_host();
	TG_EQ(tg_irq_count[5], 1, "unblocked interrupts");
	reset();
	request(2);
	tg_hcall(LG32_HALT, 0, 0, 0, 0);
	TG_EQ(tg_irq_count[2], 1, "interrupts pending before HALT");
	reset();
}

/* No handler: that is the guest's own fault, tested in attack-irq. */
void test_main(void)
{
	if (!tg_needs_device())
		return;
	tg_irq_hook = note_order;
	check_each();
	check_enabled();
	check_mask();
	check_order();
	check_no_exits();
	check_halt();
}
