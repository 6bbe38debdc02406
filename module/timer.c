// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's one-shot timer, and what it may know of the TSC.
 *
 * The timer runs on the monotonic clock: stepping the host's wall clock does
 * not move it.
 */
#include <linux/hrtimer.h>
#include <asm/cpufeature.h>
#include <asm/tsc.h>
#include "lg.h"

#define MIN_DELTA_NS	20000	/* so that a timer storm leaves host and guest alive */

static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	lg_irq_raise(container_of(timer, struct lg_vcpu, timer), LG_IRQ_TIMER);
	return HRTIMER_NORESTART;
}

/**
 * lg_timer_init - a timer that is off
 * @vcpu: new
 */
void lg_timer_init(struct lg_vcpu *vcpu)
{
	hrtimer_init(&vcpu->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	vcpu->timer.function = timer_fired;
}

/**
 * lg_timer_set - raise LG_IRQ_TIMER after some time
 * @vcpu: its lock is held
 * @delta_ns: nanoseconds from now, shortest 20 microseconds; 0: off;
 *	what is too long for the clock never comes
 */
void lg_timer_set(struct lg_vcpu *vcpu, u64 delta_ns)
{
	if (!delta_ns) {
		lg_timer_stop(vcpu);
		return;
	}
	delta_ns = min_t(u64, delta_ns, KTIME_MAX / 2);
	hrtimer_start(&vcpu->timer, ns_to_ktime(max_t(u64, delta_ns, MIN_DELTA_NS)),
		      HRTIMER_MODE_REL);
}

/**
 * lg_timer_stop - no interrupt any more
 * @vcpu: its timer is not running on return
 */
void lg_timer_stop(struct lg_vcpu *vcpu)
{
	hrtimer_cancel(&vcpu->timer);
}

/**
 * lg_tsc_khz - frequency of the TSC, as far as a guest may rely on it
 *
 * Returns kHz; 0 where it stops, changes its pace or differs between CPUs.
 * Inside another hypervisor the host's own judgement is all there is.
 */
u32 lg_tsc_khz(void)
{
	if (check_tsc_unstable() ||
	    !(boot_cpu_has(X86_FEATURE_CONSTANT_TSC) ||
	      boot_cpu_has(X86_FEATURE_HYPERVISOR)))
		return 0;
	return tsc_khz;
}
