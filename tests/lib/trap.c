// SPDX-License-Identifier: GPL-2.0
/*
 * What the runtime does with traps and virtual interrupts.  An expected trap
 * is recorded in tg_fault and execution goes on where the test said; any
 * other is a FAILURE that ends the guest.
 */
#include "tg.h"

volatile struct tg_fault tg_fault;
u32 tg_try_esp;
bool (*tg_trap_hook)(struct tg_regs *regs);
void (*tg_irq_hook)(u32 irq, struct tg_regs *regs);
volatile u32 tg_irq_count[LG32_IRQS];

struct ex_entry {
	u32 from, to;
};

extern const struct ex_entry tg_ex_start[], tg_ex_end[];
extern u32 tg_catch_esp, tg_user_esp;
extern const char tg_catch_return[];
void tg_trap(struct tg_regs *regs);
bool tg_user_trap(struct tg_regs *regs);

static void record_fault(const struct tg_regs *regs)
{
	tg_fault.vector = regs->vector;
	tg_fault.error = regs->error;
	tg_fault.cr2 = ((volatile struct lg32_data *)&tg_data)->cr2;
	tg_fault.eip = regs->eip;
	tg_fault.cs = regs->cs;
	tg_fault.eflags = regs->eflags;
	tg_fault.esp = (u32)&regs->esp;
}

/* Go on behind the innermost tg_try(), or out of tg_catch(). */
static bool fix_up(struct tg_regs *regs)
{
	const struct ex_entry *e;
	/* int3 and the like leave eip behind the instruction. */
	u32 behind = regs->vector == 1 || regs->vector == 3 ||
		     regs->vector == 4 || regs->vector == LG32_SYSCALL_VECTOR;

	for (e = tg_ex_start; e < tg_ex_end; e++) {
		if (regs->eip >= e->from && regs->eip < e->to + behind) {
			regs->eip = e->to;
			return true;
		}
	}
	if (!tg_catch_esp)
		return false;
	regs->eip = (u32)tg_catch_return;
	regs->cs = LG32_KERNEL_CS;
	return true;
}

static void irq(u32 n, struct tg_regs *regs)
{
	tg_irq_count[n]++;
	if (tg_irq_hook)
		tg_irq_hook(n, regs);
}

static void unexpected(const struct tg_regs *regs)
{
	tg_failure("unexpected trap %u, error %#x, at %#x:%#x, cr2 %#x",
		   regs->vector, regs->error, regs->cs, regs->eip,
		   tg_data.cr2);
	tg_printf("# eax %08x ebx %08x ecx %08x edx %08x eflags %08x\n",
		  regs->eax, regs->ebx, regs->ecx, regs->edx, regs->eflags);
	tg_exit();
}

/* Called by entry.S for everything, with struct tg_regs on the stack. */
void tg_trap(struct tg_regs *regs)
{
	u32 n = regs->vector - LG32_IRQ_VECTOR;

	if (tg_trap_hook && n >= LG32_IRQS && tg_trap_hook(regs))
		return;
	if (n < LG32_IRQS) {
		irq(n, regs);
		return;
	}
	record_fault(regs);
	if ((regs->cs & 3) > 1 && tg_user_esp)
		tg_user_trap(regs);
	if (!fix_up(regs))
		unexpected(regs);
}

u32 tg_try_read(u32 gva, u32 *value)
{
	u32 v = 0;
	u32 vector = tg_try("movl (%1), %0", : "+r"(v) : "r"(gva) : "memory");

	if (value)
		*value = v;
	return vector;
}

u32 tg_try_write(u32 gva, u32 value)
{
	return tg_try("movl %0, (%1)", : : "r"(value), "r"(gva) : "memory");
}

void tg_irq_enable(void)
{
	volatile struct lg32_data *data = &tg_data;

	data->irq_enabled = LG32_IF;
	barrier();
	if (data->irq_pending)
		tg_hcall(LG32_SEND_INTERRUPTS, 0, 0, 0, 0);
}

void tg_irq_disable(void)
{
	((volatile struct lg32_data *)&tg_data)->irq_enabled = 0;
	barrier();
}

void tg_irq_unmask(u32 n)
{
	((volatile struct lg32_data *)&tg_data)->blocked_interrupts &= ~(1u << n);
}

void tg_irq_mask(u32 n)
{
	((volatile struct lg32_data *)&tg_data)->blocked_interrupts |= 1u << n;
}

void tg_sleep(u32 ns)
{
	tg_irq_disable();
	tg_hcall(LG32_SET_CLOCKEVENT, ns, 0, 0, 0);
	tg_hcall(LG32_HALT, 0, 0, 0, 0);
	tg_irq_disable();
}
