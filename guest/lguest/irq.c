// SPDX-License-Identifier: GPL-2.0
/*
 * 32 interrupt lines, line n on vector 32 + n; a bitmap says which must wait.
 * The host forgets a line when it delivers it, so there is nothing to
 * acknowledge, and a line that comes again meanwhile stays pending there.
 */
#include <linux/irq.h>
#include <asm/desc.h>
#include <asm/hw_irq.h>
#include <asm/i8259.h>

#include "hcall.h"

static void lguest_irq_ack(struct irq_data *data)
{
}

static void lguest_irq_mask(struct irq_data *data)
{
	lguest_data.blocked_interrupts |= 1U << data->irq;
}

static void lguest_irq_unmask(struct irq_data *data)
{
	lguest_data.blocked_interrupts &= ~(1U << data->irq);
}

static struct irq_chip lguest_irq_chip = {
	.name		= "lguest",
	.irq_ack	= lguest_irq_ack,
	.irq_mask	= lguest_irq_mask,
	.irq_unmask	= lguest_irq_unmask,
};

void __init lguest_init_IRQ(void)
{
	unsigned int i;

	for (i = 0; i < LG32_IRQS; i++) {
		if (!irq_to_desc(i) && irq_alloc_desc_at(i, 0) < 0)
			panic("lguest: no descriptor for interrupt %u", i);
		irq_set_chip_and_handler_name(i, &lguest_irq_chip,
					      handle_edge_irq, "edge");
		__this_cpu_write(vector_irq[LG32_IRQ_VECTOR + i],
				 irq_to_desc(i));
	}
	idt_setup_apic_and_irq_gates();
}
