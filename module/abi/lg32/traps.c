// SPDX-License-Identifier: GPL-2.0
/*
 * Giving the guest what a CPU would give it: traps it must handle itself, and
 * virtual interrupts when it is willing.
 *
 * The guest's interrupt flag is a word in the shared page, not the CPU's, which
 * stays on. Three places in the guest must not be interrupted though the word
 * says yes: the iret that follows setting it, the first instruction of a
 * direct system call, which clears it, and the one after an emulated STI.
 */
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <asm/trapnr.h>
#include <asm/processor-flags.h>
#include "lg32.h"

#define GATE_IS_INTERRUPT(gate)	(((gate) >> 40 & 0x1f) == 0x0e)

bool lg32_irq_enabled(struct lg_vcpu *vcpu)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	return a->data ? READ_ONCE(a->data->irq_enabled) & LG32_IF :
			 a->irq_enabled;
}

void lg32_set_irq_enabled(struct lg_vcpu *vcpu, bool on)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	a->irq_enabled = on;
	if (a->data)
		WRITE_ONCE(a->data->irq_enabled, on ? LG32_IF : 0);
}

static bool vector_has_error(unsigned int vector)
{
	return vector == X86_TRAP_DF || vector == X86_TRAP_AC ||
	       (vector >= X86_TRAP_TS && vector <= X86_TRAP_PF);
}

/* What a CPU pushes, lowest address first. */
struct trap_frame {
	u32 word[6];
	unsigned int words;
};

static void build_frame(struct lg_vcpu *vcpu, unsigned int vector,
			struct trap_frame *t)
{
	struct lg_frame *f = host_frame(vcpu);
	u32 flags = f->eflags & ~X86_EFLAGS_IF;

	if (lg32_irq_enabled(vcpu))
		flags |= X86_EFLAGS_IF;
	t->words = 0;
	if (vector_has_error(vector))
		t->word[t->words++] = f->errcode;
	t->word[t->words++] = f->eip;
	t->word[t->words++] = f->cs & 0xffff;
	t->word[t->words++] = flags;
	if (lg32_from_user(vcpu)) {
		t->word[t->words++] = f->esp;
		t->word[t->words++] = f->ss & 0xffff;
	}
}

/**
 * lg32_reflect - let the guest handle a trap, or enter a handler of its
 * @vcpu: not running
 * @vector: which; the run frame has the error code
 */
void lg32_reflect(struct lg_vcpu *vcpu, unsigned int vector)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	struct lg_frame *f = host_frame(vcpu);
	u32 ss = f->ss, esp = f->esp, size;
	u64 gate = a->idt[vector];
	struct trap_frame t;

	if (!gate) {
		lg_kill(vcpu, "unhandled trap %u at %#x (%#x)", vector, f->eip,
			vector == X86_TRAP_PF ? (u32)host_cr2(vcpu) : f->errcode);
		return;
	}
	if (lg32_from_user(vcpu)) {
		ss = a->ss1;
		esp = a->esp1;
	}
	if ((ss & 3) != GUEST_PL) {
		lg_kill(vcpu, "no kernel stack for trap %u", vector);
		return;
	}
	build_frame(vcpu, vector, &t);
	size = t.words * sizeof(t.word[0]);
	esp -= size;
	if (lg_shadow_write(vcpu, host_segment_base(vcpu, ss) + esp, t.word,
			    size)) {
		lg_kill(vcpu, "bad stack %#x for trap %u at %#x", esp, vector,
			f->eip);
		return;
	}
	f->ss = ss;
	f->esp = esp;
	f->cs = LG32_KERNEL_CS;
	f->eip = (gate & 0xffff) | (gate >> 32 & 0xffff0000);
	f->eflags &= ~(X86_EFLAGS_TF | X86_EFLAGS_VM | X86_EFLAGS_RF |
		       X86_EFLAGS_NT | X86_EFLAGS_AC);
	if (GATE_IS_INTERRUPT(gate))
		lg32_set_irq_enabled(vcpu, false);
	if (vector < 32)
		lg_count(vcpu, LG_STAT_REFLECTED);
}

/* ---- virtual interrupts ---- */

/**
 * lg32_write_time - the time in the shared page
 * @vcpu: after INIT
 *
 * It goes on steadily from the wall clock at INIT: where there is no TSC, the
 * guest tells all its time by it, and with a clock that is stepped back it
 * would wait until that caught up.
 */
void lg32_write_time(struct lg_vcpu *vcpu)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	struct timespec64 now = ns_to_timespec64(ktime_get_ns() + a->wall_ns);
	struct lg32_data *data = a->data;

	WRITE_ONCE(data->time_sec, now.tv_sec);
	WRITE_ONCE(data->time_nsec, now.tv_nsec);
}

static u32 deliverable(struct lg_vcpu *vcpu)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	if (!a->data)
		return 0;
	return READ_ONCE(vcpu->irqs) & ~READ_ONCE(a->data->blocked_interrupts);
}

/**
 * lg32_can_wake - a claim: an unblocked interrupt is pending
 * @vcpu: perhaps asleep
 */
bool lg32_can_wake(struct lg_vcpu *vcpu)
{
	return deliverable(vcpu);
}

/*
 * The guest is about to execute its one iret: do it for it, so that the
 * interrupt finds the state it returns to. False if that cannot be done.
 */
static bool finish_iret(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);
	lg_gva_t stack = host_segment_base(vcpu, f->ss) + f->esp;
	u32 w[5];

	if (lg_shadow_read(vcpu, stack, w, 3 * sizeof(w[0])))
		return false;
	if ((w[1] & 3) == GUEST_PL && w[1] >> 16 == 0) {
		f->esp += 3 * sizeof(w[0]);
	} else {
		if ((w[1] & 3) != 3 || w[2] & X86_EFLAGS_VM ||
		    lg_shadow_read(vcpu, stack, w, sizeof(w)) ||
		    (w[4] & 3) != 3)
			return false;
		f->esp = w[3];
		f->ss = w[4] & 0xffff;
	}
	f->eip = w[0];
	f->cs = w[1] & 0xffff;
	f->eflags = (w[2] & LG_EFLAGS_LOADABLE) | X86_EFLAGS_IF |
		    X86_EFLAGS_FIXED;
	host_recheck_segments(vcpu);
	return true;
}

static bool may_interrupt(struct lg_vcpu *vcpu)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	struct lg_frame *f = host_frame(vcpu);

	if (lg32_from_user(vcpu))
		return true;
	if (a->sti_shadow) {
		bool shadowed = f->eip == a->sti_shadow;

		a->sti_shadow = 0;
		if (shadowed)
			return false;
	}
	if (a->direct_entry && f->eip == a->direct_entry)
		return false;
	return f->eip != a->noirq_iret || finish_iret(vcpu);
}

/**
 * lg32_deliver_irq - interrupt the guest, if something is pending and it may be
 * @vcpu: about to run
 *
 * Lowest number first. A halted guest wakes up with interrupts on. One that
 * has them off is asked to call when they are on again.
 */
void lg32_deliver_irq(struct lg_vcpu *vcpu)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	u32 pending = deliverable(vcpu);
	unsigned int irq;

	if (!pending)
		return;
	if (vcpu->halted) {
		vcpu->halted = false;
		lg32_set_irq_enabled(vcpu, true);
	}
	irq = __ffs(pending);
	if (!a->idt[LG32_IRQ_VECTOR + irq])
		return;
	if (!lg32_irq_enabled(vcpu) || !may_interrupt(vcpu)) {
		WRITE_ONCE(a->data->irq_pending, LG32_IF);
		return;
	}
	clear_bit(irq, &vcpu->irqs);
	lg_count(vcpu, LG_STAT_IRQ_INJECTED);
	lg32_write_time(vcpu);
	lg32_reflect(vcpu, LG32_IRQ_VECTOR + irq);
	WRITE_ONCE(a->data->irq_pending, deliverable(vcpu) ? LG32_IF : 0);
}
