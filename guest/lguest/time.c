// SPDX-License-Identifier: GPL-2.0
/*
 * Time: a one-shot timer by hypercall, the TSC where the host trusts it, and
 * the wall clock that the host writes with every interrupt.
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/interrupt.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <asm/processor.h>
#include <asm/time.h>
#include <asm/x86_init.h>

#include "hcall.h"

/* The host may write a new time between our two reads. */
static void lguest_read_time(struct timespec64 *now)
{
	do {
		now->tv_sec = READ_ONCE(lguest_data.time_sec);
		now->tv_nsec = READ_ONCE(lguest_data.time_nsec);
	} while (now->tv_sec != READ_ONCE(lguest_data.time_sec));
}

static int lguest_set_wallclock(const struct timespec64 *now)
{
	return -ENODEV;
}

static unsigned long lguest_tsc_khz(void)
{
	return lguest_data.tsc_khz;
}

/* The clock of last resort: no fresher than the last interrupt. */
static u64 lguest_clock_read(struct clocksource *cs)
{
	struct timespec64 now;

	lguest_read_time(&now);
	return timespec64_to_ns(&now);
}

static struct clocksource lguest_clock = {
	.name	= "lguest",
	.rating	= 200,
	.read	= lguest_clock_read,
	.mask	= CLOCKSOURCE_MASK(64),
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS,
};

/*
 * The idle task halts or switches to another, and either takes along what is
 * queued: there the timer need not be set at once.  Until the first switch
 * it is the one that boots, though, and it can be told to poll.
 */
static bool lguest_timer_can_wait(void)
{
	return is_idle_task(current) && system_state > SYSTEM_BOOTING &&
	       boot_option_idle_override == IDLE_NO_OVERRIDE;
}

static int lguest_timer_next(unsigned long ns, struct clock_event_device *evt)
{
	if (lguest_timer_can_wait())
		hcall_queue(LG32_SET_CLOCKEVENT, ns, 0, 0);
	else
		hcall(LG32_SET_CLOCKEVENT, ns, 0, 0);
	return 0;
}

static int lguest_timer_shutdown(struct clock_event_device *evt)
{
	return lguest_timer_next(0, evt);
}

static struct clock_event_device lguest_timer = {
	.name			= "lguest",
	.features		= CLOCK_EVT_FEAT_ONESHOT,
	.set_next_event		= lguest_timer_next,
	.set_state_shutdown	= lguest_timer_shutdown,
	.set_state_oneshot_stopped = lguest_timer_shutdown,
	.rating			= INT_MAX,
	.irq			= LG32_IRQ_TIMER,
};

static irqreturn_t lguest_timer_interrupt(int irq, void *dev_id)
{
	lguest_timer.event_handler(&lguest_timer);
	return IRQ_HANDLED;
}

static void __init lguest_timer_init(void)
{
	if (request_irq(LG32_IRQ_TIMER, lguest_timer_interrupt,
			IRQF_TIMER | IRQF_NOBALANCING, "timer", NULL))
		panic("lguest: no timer interrupt");
	lguest_timer.cpumask = cpumask_of(0);
	clocksource_register_hz(&lguest_clock, NSEC_PER_SEC);
	clockevents_config_and_register(&lguest_timer, NSEC_PER_SEC, 100,
					ULONG_MAX);
}

void __init lguest_init_time(void)
{
	x86_init.timers.timer_init = lguest_timer_init;
	x86_init.timers.wallclock_init = x86_init_noop;
	x86_platform.calibrate_cpu = lguest_tsc_khz;
	x86_platform.calibrate_tsc = lguest_tsc_khz;
	x86_platform.get_wallclock = lguest_read_time;
	x86_platform.set_wallclock = lguest_set_wallclock;
	if (!lguest_data.tsc_khz) {
		/* Not to be trusted: nor to be calibrated, there is no PIT. */
		setup_clear_cpu_cap(X86_FEATURE_TSC);
		return;
	}
	setup_force_cpu_cap(X86_FEATURE_CONSTANT_TSC);
	setup_force_cpu_cap(X86_FEATURE_NONSTOP_TSC);
	setup_force_cpu_cap(X86_FEATURE_TSC_KNOWN_FREQ);
	setup_force_cpu_cap(X86_FEATURE_TSC_RELIABLE);
}
