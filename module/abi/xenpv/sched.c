// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that put a vCPU to sleep, or an end to its guest: sched_op.
 */
#include <linux/sched.h>
#include <xen/interface/xen.h>
#include <xen/interface/sched.h>
#include "xenpv.h"

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
		xenpv_program_timer(vcpu);
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
	default:	/* Xen ends a domain for any reason */
		lg_guest_end(vcpu->guest, LG_EXIT_CRASH,
			     "the guest shut down for a reason of its own");
		return 0;
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
