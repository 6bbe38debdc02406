// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest can do about its vCPU (vcpu_op), and runstate: how the vCPU's time was
 * spent.
 */
#include <linux/sched.h>
#include "xenpv.h"

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
	xenpv_publish_time(&info->time, &a->time);
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
		return xenpv_set_periodic(vcpu, gva);
	case VCPUOP_stop_periodic_timer:
		a->period_ns = 0;
		xenpv_program_timer(vcpu);
		return 0;
	case VCPUOP_set_singleshot_timer:
		return xenpv_set_singleshot(vcpu, gva);
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
		return xenpv_register_time(vcpu, gva);
	default:
		return -ENOSYS;
	}
}
