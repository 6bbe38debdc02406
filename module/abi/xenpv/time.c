// SPDX-License-Identifier: GPL-2.0
/*
 * Time, and waiting for it: system time and wall clock in the guest's memory,
 * timers, runstate, the calls that put a vCPU to sleep.
 *
 * System time is nanoseconds since the guest was started. Where the TSC can be
 * trusted it is the TSC, scaled once: the guest computes it without us, and two
 * readings never disagree. Elsewhere it is the host's monotonic clock, and what
 * the guest computes from is refreshed as it is entered.
 *
 * The vCPU has one host timer; it is set to the first of what the guest wants.
 */
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include <xen/interface/sched.h>
#include "xenpv.h"

#define REFRESH_PER_SECOND	10000	/* of a TSC that cannot be trusted */
#define MIN_PERIOD_NS		1000000	/* as Xen has it */
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

/* The guest sees an odd version while the rest is changing. */
static void publish(struct pvclock_vcpu_time_info *to,
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
	smp_wmb();	/* as publish() */
	s->wc.sec = sec;
	s->wc_sec_hi = sec >> 32;
	s->wc.nsec = boot.tv_nsec;
	smp_wmb();	/* as publish() */
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
	publish(&a->info->time, &a->time);
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

/*
 * The host slept, or has found out that its TSC is no good. Time that the guest
 * has seen stays past, unless the TSC itself began anew.
 */
static void check_tsc(struct lg_vcpu *vcpu)
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

/* ---- runstate ---- */

static void runstate_write(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u64 gva = a->runstate_gva;
	u64 entry = a->runstate.state_entry_time;
	bool flag = a->dom->vm_assist & BIT(VMASST_TYPE_runstate_update_flag);
	u64 busy = entry | XEN_RUNSTATE_UPDATE;

	if (!gva)
		return;
	if (flag)
		lg_shadow_write(vcpu, gva + offsetof(struct vcpu_runstate_info,
						     state_entry_time),
				&busy, sizeof(busy));
	lg_shadow_write(vcpu, gva, &a->runstate, sizeof(a->runstate));
}

/* The time since the last change is divided among what the thread did. */
static void account(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct vcpu_runstate_info *r = &a->runstate;
	u64 now = xenpv_now(vcpu), delay = current->sched_info.run_delay;
	u64 passed = now > r->state_entry_time ? now - r->state_entry_time : 0;
	u64 waited = min(delay - a->run_delay, passed);

	a->run_delay = delay;
	r->time[RUNSTATE_runnable] += waited;
	r->time[r->state] += passed - waited;
	r->state_entry_time += passed;
}

/**
 * xenpv_runstate - the vCPU is about to do something else
 * @vcpu: its lock is held, by its thread
 * @state: RUNSTATE_running or RUNSTATE_blocked
 *
 * Cheap if nothing has changed and the thread never waited for a CPU.
 */
void xenpv_runstate(struct lg_vcpu *vcpu, int state)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	if (state == a->runstate.state &&
	    a->run_delay == current->sched_info.run_delay)
		return;
	account(vcpu);
	a->runstate.state = state;
	runstate_write(vcpu);
}

/* ---- timers ---- */

static u64 earlier(u64 a, u64 b)
{
	return a && b ? min(a, b) : a ?: b;
}

static void program(struct lg_vcpu *vcpu)
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
	program(vcpu);
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
	check_tsc(vcpu);
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
	program(vcpu);
}

static long set_periodic(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct vcpu_set_periodic_timer p;

	if (lg_shadow_read(vcpu, gva, &p, sizeof(p)))
		return -EFAULT;
	if (p.period_ns < MIN_PERIOD_NS || p.period_ns > S64_MAX / 2)
		return -EINVAL;
	a->period_ns = p.period_ns;
	a->period_next_ns = xenpv_now(vcpu) + p.period_ns;
	program(vcpu);
	return 0;
}

static long set_singleshot(struct lg_vcpu *vcpu, u64 gva)
{
	struct vcpu_set_singleshot_timer s;

	if (lg_shadow_read(vcpu, gva, &s, sizeof(s)))
		return -EFAULT;
	xenpv_set_timer(vcpu, s.timeout_abs_ns ?: 1);
	return 0;
}

/* ---- vcpu_op ---- */

/* Once: what was in the old place moves along, and all events are looked at. */
static long register_info(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct vcpu_register_vcpu_info r;
	struct vcpu_info *info;

	if (lg_shadow_read(vcpu, gva, &r, sizeof(r)))
		return -EFAULT;
	if (r.offset > PAGE_SIZE - sizeof(*info) ||
	    !IS_ALIGNED(r.offset, sizeof(unsigned long)))
		return -ENXIO;
	if (a->info_mapping || r.mfn >= vcpu->guest->ram_pages)
		return -EINVAL;
	info = lg_mem_map(vcpu->guest, (r.mfn << PAGE_SHIFT) + r.offset,
			  sizeof(*info), &a->info_mapping);
	if (!info)
		return -ENOMEM;
	*info = *a->info;
	a->info = info;
	host_direct_info(vcpu, lg_mem_page(vcpu->guest, r.mfn), r.offset);
	publish(&info->time, &a->time);
	info->evtchn_pending_sel = ~0ul;
	WRITE_ONCE(info->evtchn_upcall_pending, 1);
	return 0;
}

static long register_runstate(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct vcpu_register_runstate_memory_area r;

	if (lg_shadow_read(vcpu, gva, &r, sizeof(r)))
		return -EFAULT;
	if (!xenpv_gva_is_guests(r.addr.p))
		return -EFAULT;
	a->runstate_gva = r.addr.p;
	account(vcpu);
	runstate_write(vcpu);
	return 0;
}

static long get_runstate(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	account(vcpu);
	return lg_shadow_write(vcpu, gva, &a->runstate, sizeof(a->runstate)) ?
	       -EFAULT : 0;
}

static long register_time(struct lg_vcpu *vcpu, u64 gva)
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

/* It is running; but the context is looked at first. */
static long initialise(struct lg_vcpu *vcpu, u64 gva)
{
	unsigned long flags;

	return lg_shadow_read(vcpu, gva, &flags, sizeof(flags)) ? -EFAULT :
								  -EEXIST;
}

/* The only one goes: nobody will ever wake it. */
static long vcpu_down(struct lg_vcpu *vcpu)
{
	lg_guest_end(vcpu->guest, LG_EXIT_SHUTDOWN, "the last vCPU went down");
	return 0;
}

/**
 * xenpv_vcpu_op - vcpu_op
 * @vcpu: running guest
 * @cmd: VCPUOP_x
 * @index: of the vCPU meant
 * @gva: argument
 *
 * Returns 0 or more, or a negative error number.
 */
long xenpv_vcpu_op(struct lg_vcpu *vcpu, u64 cmd, u64 index, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	if (index != vcpu->index)
		return -ENOENT;
	switch (cmd) {
	case VCPUOP_initialise:
		return initialise(vcpu, gva);
	case VCPUOP_up:
		return 0;
	case VCPUOP_down:
		return vcpu_down(vcpu);
	case VCPUOP_is_up:
		return 1;
	case VCPUOP_get_runstate_info:
		return get_runstate(vcpu, gva);
	case VCPUOP_register_runstate_memory_area:
		return register_runstate(vcpu, gva);
	case VCPUOP_set_periodic_timer:
		return set_periodic(vcpu, gva);
	case VCPUOP_stop_periodic_timer:
		a->period_ns = 0;
		program(vcpu);
		return 0;
	case VCPUOP_set_singleshot_timer:
		return set_singleshot(vcpu, gva);
	case VCPUOP_stop_singleshot_timer:
		xenpv_set_timer(vcpu, 0);
		return 0;
	case VCPUOP_register_vcpu_info:
		return register_info(vcpu, gva);
	case VCPUOP_send_nmi:
		a->nmi_pending = true;
		return 0;
	case VCPUOP_get_physid:
		return -EINVAL;
	case VCPUOP_register_vcpu_time_memory_area:
		return register_time(vcpu, gva);
	default:
		return -ENOSYS;
	}
}

/* ---- sleeping ---- */

/**
 * xenpv_has_reason - a claim: a sleeping vCPU has something to do
 * @vcpu: perhaps asleep; this may not sleep
 */
bool xenpv_has_reason(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	int i;

	if (!vcpu->halted || a->nmi_pending)
		return true;
	if (READ_ONCE(a->info->evtchn_upcall_pending) &&
	    !READ_ONCE(a->info->evtchn_upcall_mask))
		return true;
	for (i = 0; i < a->poll_count; i++)
		if (xenpv_port_is_pending(a->dom, a->poll_port[i]))
			return true;
	return false;
}

static void go_to_sleep(struct lg_vcpu *vcpu)
{
	vcpu->halted = true;
	if (!xenpv_has_reason(vcpu))
		xenpv_runstate(vcpu, RUNSTATE_blocked);
}

static long do_block(struct lg_vcpu *vcpu)
{
	WRITE_ONCE(xenpv_vcpu(vcpu)->info->evtchn_upcall_mask, 0);
	go_to_sleep(vcpu);
	return 0;
}

static long do_poll(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct sched_poll p;
	unsigned int i;
	u32 port;

	if (lg_shadow_read(vcpu, gva, &p, sizeof(p)))
		return -EFAULT;
	if (p.nr_ports > XENPV_POLL_PORTS)
		return -EINVAL;
	for (i = 0; i < p.nr_ports; i++) {
		if (lg_shadow_read(vcpu, (u64)p.ports + i * sizeof(port), &port,
				   sizeof(port)))
			return -EFAULT;
		if (!xenpv_port_is_open(a->dom, port))
			return -EINVAL;
		if (xenpv_port_is_pending(a->dom, port))
			return 0;
		a->poll_port[i] = port;
	}
	a->poll_count = p.nr_ports;
	a->poll_ns = p.timeout;
	if (p.timeout)
		program(vcpu);
	go_to_sleep(vcpu);
	return 0;
}

static long remote_shutdown(struct lg_vcpu *vcpu, u64 gva)
{
	struct sched_remote_shutdown r;

	if (lg_shadow_read(vcpu, gva, &r, sizeof(r)))
		return -EFAULT;
	return xenpv_other_domain(r.domain_id);
}

static long do_shutdown(struct lg_vcpu *vcpu, u32 reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
		lg_guest_end(vcpu->guest, LG_EXIT_SHUTDOWN, "power off");
		return 0;
	case SHUTDOWN_reboot:
		lg_guest_end(vcpu->guest, LG_EXIT_RESTART, "reboot");
		return 0;
	case SHUTDOWN_suspend:	/* the answer says that it was cancelled */
		return 1;
	case SHUTDOWN_crash:
		lg_guest_end(vcpu->guest, LG_EXIT_CRASH,
			     "the guest says that it crashed");
		return 0;
	case SHUTDOWN_watchdog:
		lg_guest_end(vcpu->guest, LG_EXIT_CRASH,
			     "the guest's watchdog fired");
		return 0;
	case SHUTDOWN_soft_reset:
		lg_guest_end(vcpu->guest, LG_EXIT_RESTART, "soft reset");
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * xenpv_sched_op - sched_op
 * @vcpu: running guest
 * @cmd: SCHEDOP_x
 * @gva: argument
 *
 * Returns 0 or a negative error number; 1 for a suspend that did not happen.
 */
long xenpv_sched_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva)
{
	struct sched_shutdown s;

	switch (cmd) {
	case SCHEDOP_yield:
		yield();
		return 0;
	case SCHEDOP_block:
		return do_block(vcpu);
	case SCHEDOP_shutdown:
		if (lg_shadow_read(vcpu, gva, &s, sizeof(s)))
			return -EFAULT;
		return do_shutdown(vcpu, s.reason);
	case SCHEDOP_poll:
		return do_poll(vcpu, gva);
	case SCHEDOP_remote_shutdown:
		return remote_shutdown(vcpu, gva);
	case SCHEDOP_pin_override:
		return -EPERM;
	default:
		return -ENOSYS;
	}
}

/**
 * xenpv_sched_op_compat - sched_op as it was before
 * @vcpu: running guest
 * @cmd: SCHEDOP_yield, _block or _shutdown
 * @arg: reason of the shutdown
 *
 * Returns 0 or a negative error number.
 */
long xenpv_sched_op_compat(struct lg_vcpu *vcpu, u64 cmd, u64 arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
	case SCHEDOP_block:
		return xenpv_sched_op(vcpu, cmd, 0);
	case SCHEDOP_shutdown:
		return do_shutdown(vcpu, arg);
	default:
		return -ENOSYS;
	}
}
