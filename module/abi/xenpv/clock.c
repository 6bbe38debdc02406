// SPDX-License-Identifier: GPL-2.0
/*
 * System time and wall clock in the guest's memory.
 *
 * System time is nanoseconds since the guest was started. Where the TSC can be
 * trusted it is the TSC, scaled once: the guest computes it without us, and two
 * readings never disagree. Elsewhere it is the host's monotonic clock, and what
 * the guest computes from is refreshed as it is entered.
 */
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include "xenpv.h"

#define REFRESH_PER_SECOND	10000	/* of a TSC that cannot be trusted */
#define CLOCK_TICKS		20000	/* TSC: both clocks are read faster */
#define CLOCK_TRIES		8
#define SLIP_NS			1000000000	/* more than clocks drift */

static bool tsc_is_stable(struct xenpv_vcpu *a)
{
	return a->time.flags & PVCLOCK_TSC_STABLE_BIT;
}

/* As the guest does it; but CPUs may differ a little in what they call now. */
static u64 time_at(const struct pvclock_vcpu_time_info *t, u64 tsc)
{
	u64 delta = tsc > t->tsc_timestamp ? tsc - t->tsc_timestamp : 0;

	if (t->tsc_shift < 0)
		delta >>= -t->tsc_shift;
	else
		delta <<= t->tsc_shift;
	return t->system_time + mul_u64_u32_shr(delta, t->tsc_to_system_mul, 32);
}

static u64 host_now(struct xenpv_vcpu *a)
{
	return ktime_get_ns() - a->dom->boot_ns;
}

/**
 * xenpv_now - the guest's system time
 * @vcpu: started
 */
u64 xenpv_now(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	return tsc_is_stable(a) ? time_at(&a->time, rdtsc_ordered()) :
				  host_now(a);
}

/*
 * Nanoseconds per tick as a 32-bit fraction, with all its bits in use: a faster
 * TSC is counted in units of more ticks, a slower one in parts of a tick.
 */
static void scale(struct pvclock_vcpu_time_info *t, u32 khz)
{
	u64 mul = div_u64(1000000ull << 32, khz);
	int shift = 0;

	while (mul > U32_MAX) {
		mul >>= 1;
		shift++;
	}
	while (mul < BIT(31) && shift > -11) {
		shift--;
		mul = div_u64(1000000ull << (32 - shift), khz);
	}
	t->tsc_shift = shift;
	t->tsc_to_system_mul = mul;
}

/**
 * xenpv_publish_time - let the guest see what to compute time from
 * @to: in the guest's memory, where an odd version says that the rest is changing
 * @t: what it is
 */
void xenpv_publish_time(struct pvclock_vcpu_time_info *to,
			const struct pvclock_vcpu_time_info *t)
{
	u32 version = READ_ONCE(to->version);

	WRITE_ONCE(to->version, version | 1);
	smp_wmb();	/* odd while it changes */
	to->tsc_timestamp = t->tsc_timestamp;
	to->system_time = t->system_time;
	to->tsc_to_system_mul = t->tsc_to_system_mul;
	to->tsc_shift = t->tsc_shift;
	to->flags = t->flags;
	smp_wmb();	/* all of it before it is even */
	WRITE_ONCE(to->version, (version | 1) + 1);
}

static void time_area_write(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct pvclock_vcpu_time_info t = a->time;
	u32 version;

	if (!a->time_area_gva)
		return;
	/* Its readers are on this vCPU, which is not running. */
	if (lg_shadow_read(vcpu, a->time_area_gva, &version, sizeof(version)))
		return;
	t.version = (version | 1) + 1;
	lg_shadow_write(vcpu, a->time_area_gva, &t, sizeof(t));
}

static void write_wallclock(struct xenpv_vcpu *a)
{
	struct shared_info *s = a->dom->shared;
	u32 version = READ_ONCE(s->wc.version);
	struct timespec64 boot;
	u64 sec;

	boot = ns_to_timespec64(ktime_get_real_ns() - host_now(a));
	sec = boot.tv_sec;
	WRITE_ONCE(s->wc.version, version | 1);
	smp_wmb();	/* as above */
	s->wc.sec = sec;
	s->wc_sec_hi = sec >> 32;
	s->wc.nsec = boot.tv_nsec;
	smp_wmb();	/* as above */
	WRITE_ONCE(s->wc.version, (version | 1) + 1);
}

/*
 * One moment on both clocks. What comes between two readings (an interrupt, or
 * another hypervisor below us) would make time jump ahead, and back the next time.
 */
static void read_clocks(struct xenpv_vcpu *a)
{
	unsigned int tries = CLOCK_TRIES;
	u64 before, now, after;
	unsigned long flags;

	local_irq_save(flags);
	do {
		before = rdtsc_ordered();
		now = host_now(a);
		after = rdtsc_ordered();
	} while (after - before > CLOCK_TICKS && --tries);
	a->time_cpu = smp_processor_id();
	local_irq_restore(flags);
	a->time.tsc_timestamp = after;
	a->time.system_time = now;
}

/* Start counting from here. */
static void rebase(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u32 khz = lg_tsc_khz();

	read_clocks(a);
	a->time.flags = khz ? PVCLOCK_TSC_STABLE_BIT : 0;
	if (!khz)
		khz = tsc_khz ?: 1000000;
	if (khz != a->time_khz)
		scale(&a->time, khz);
	a->time_khz = khz;
	xenpv_publish_time(&a->info->time, &a->time);
	time_area_write(vcpu);
}

/**
 * xenpv_time_init - system time 0 is now
 * @vcpu: the first one, with its vcpu_info
 */
void xenpv_time_init(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	a->dom->boot_ns = ktime_get_ns();
	a->runstate.state = RUNSTATE_running;
	a->run_delay = current->sched_info.run_delay;
	rebase(vcpu);
	write_wallclock(a);
}

/**
 * xenpv_time_refresh - see that the guest finds the right time
 * @vcpu: about to run
 */
void xenpv_time_refresh(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	if (tsc_is_stable(a))
		return;
	if (a->time_cpu == raw_smp_processor_id() &&
	    rdtsc() - a->time.tsc_timestamp <
	    (u64)tsc_khz * 1000 / REFRESH_PER_SECOND)
		return;
	rebase(vcpu);
}

/**
 * xenpv_check_tsc - has the host slept, or found out that its TSC is no good?
 * @vcpu: about to run, or asleep
 *
 * Time that the guest has seen stays past, unless the TSC itself began anew.
 */
void xenpv_check_tsc(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u64 tsc = rdtsc_ordered();
	s64 slip;

	if (!tsc_is_stable(a))
		return;
	slip = time_at(&a->time, tsc) - host_now(a);
	if (lg_tsc_khz() && abs(slip) < SLIP_NS)
		return;
	if (slip > 0 && tsc > a->time.tsc_timestamp)
		a->dom->boot_ns -= slip;
	rebase(vcpu);
	write_wallclock(a);
}

/**
 * xenpv_register_time - keep another copy of the time
 * @vcpu: running guest
 * @gva: struct vcpu_register_time_memory_area
 *
 * Returns 0 or -EFAULT.
 */
long xenpv_register_time(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct vcpu_register_time_memory_area r;

	if (lg_shadow_read(vcpu, gva, &r, sizeof(r)))
		return -EFAULT;
	if (!xenpv_gva_is_guests(r.addr.p))
		return -EFAULT;
	a->time_area_gva = r.addr.p;
	time_area_write(vcpu);
	return 0;
}
