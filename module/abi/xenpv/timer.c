// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's timers: singleshot, periodic, the end of a poll. The vCPU has one host
 * timer; it is set to the first of what the guest wants.
 */
#include <linux/math64.h>
#include "xenpv.h"

#define MIN_PERIOD_NS		1000000	/* as Xen has it */

static u64 earlier(u64 a, u64 b)
{
	return a && b ? min(a, b) : a ?: b;
}

/**
 * xenpv_program_timer - what the vCPU waits for has changed
 * @vcpu: its lock is held
 */
void xenpv_program_timer(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u64 when = earlier(a->timer_ns, a->poll_ns), now;

	when = earlier(when, a->period_ns ? a->period_next_ns : 0);
	if (!when) {
		lg_timer_stop(vcpu);
		return;
	}
	now = xenpv_now(vcpu);
	if (when <= now)
		lg_irq_raise(vcpu, LG_IRQ_TIMER);
	else
		lg_timer_set(vcpu, when - now);
}

/**
 * xenpv_set_timer - the singleshot timer
 * @vcpu: its lock is held
 * @when_ns: system time; what is past fires at once; 0: off
 */
void xenpv_set_timer(struct lg_vcpu *vcpu, u64 when_ns)
{
	xenpv_vcpu(vcpu)->timer_ns = when_ns;
	xenpv_program_timer(vcpu);
}

/* Late by whole periods: one event for all of them. */
static void period_advance(struct xenpv_vcpu *a, u64 now)
{
	u64 late = now - a->period_next_ns;

	a->period_next_ns += (div64_u64(late, a->period_ns) + 1) * a->period_ns;
}

/**
 * xenpv_timer - see whether a timer is due
 * @vcpu: about to run, or asleep
 */
void xenpv_timer(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	bool due = false;
	u64 now;

	if (!test_bit(LG_IRQ_TIMER, &vcpu->irqs))
		return;
	clear_bit(LG_IRQ_TIMER, &vcpu->irqs);
	vcpu->irqs_seen &= ~BIT(LG_IRQ_TIMER);
	xenpv_check_tsc(vcpu);
	now = xenpv_now(vcpu);
	if (a->timer_ns && a->timer_ns <= now) {
		a->timer_ns = 0;
		due = true;
	}
	if (a->period_ns && a->period_next_ns <= now) {
		period_advance(a, now);
		due = true;
	}
	if (a->poll_ns && a->poll_ns <= now) {
		a->poll_ns = 0;
		a->poll_count = -1;
		vcpu->halted = false;
	}
	if (due)
		xenpv_virq(vcpu, VIRQ_TIMER);
	xenpv_program_timer(vcpu);
}

/**
 * xenpv_set_periodic - the periodic timer
 * @vcpu: running guest
 * @gva: struct vcpu_set_periodic_timer
 *
 * Returns 0, -EFAULT, or -EINVAL: too short or too long.
 */
long xenpv_set_periodic(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct vcpu_set_periodic_timer p;

	if (lg_shadow_read(vcpu, gva, &p, sizeof(p)))
		return -EFAULT;
	if (p.period_ns < MIN_PERIOD_NS || p.period_ns > S64_MAX / 2)
		return -EINVAL;
	a->period_ns = p.period_ns;
	a->period_next_ns = xenpv_now(vcpu) + p.period_ns;
	xenpv_program_timer(vcpu);
	return 0;
}

/**
 * xenpv_set_singleshot - the singleshot timer, by vcpu_op
 * @vcpu: running guest
 * @gva: struct vcpu_set_singleshot_timer
 *
 * Returns 0 or -EFAULT.
 */
long xenpv_set_singleshot(struct lg_vcpu *vcpu, u64 gva)
{
	struct vcpu_set_singleshot_timer s;

	if (lg_shadow_read(vcpu, gva, &s, sizeof(s)))
		return -EFAULT;
	xenpv_set_timer(vcpu, s.timeout_abs_ns ?: 1);
	return 0;
}
