// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls: the SYSCALL instruction in the guest's kernel.
 *
 * Number in RAX, arguments in RDI, RSI, RDX, R10, R8, R9, result in RAX. Every
 * argument is the guest's and checked by the function that uses it. What takes
 * long returns XENPV_AGAIN from time to time: RIP goes back to the SYSCALL, with
 * the arguments that are left, and signals and events have their turn.
 */
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <xen/interface/xen.h>
#include <xen/interface/features.h>
#include <xen/interface/version.h>
#include "xenpv.h"

#define HYPERVISOR_HYPFS	42
#define VMASST_TYPE_m2p_strict	32	/* programs never see the M2P here */
#define DENIED			"<denied>"

/**
 * xenpv_must_give_way - a claim: a long hypercall must not go on now
 *
 * May sleep; called between two steps of it.
 */
bool xenpv_must_give_way(void)
{
	cond_resched();
	return signal_pending(current);
}

/* ---- xen_version ---- */

static long get_features(struct lg_vcpu *vcpu, u64 gva)
{
	struct xen_feature_info info;

	if (lg_shadow_read(vcpu, gva, &info, sizeof(info)))
		return -EFAULT;
	if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	info.submap = BIT(XENFEAT_pae_pgdir_above_4gb) |
		      BIT(XENFEAT_mmu_pt_update_preserve_ad) |
		      BIT(XENFEAT_gnttab_map_avail_bits) |
		      BIT(XENFEAT_direct_mapped);
	return xenpv_give(vcpu, gva, &info, sizeof(info));
}

static long do_xen_version(struct lg_vcpu *vcpu, u64 cmd, u64 gva)
{
	static const struct xen_extraversion extra = { ".0-lguest" };
	static const struct xen_compile_info compile = {
		"", "", "", "",
	};
	static const struct xen_capabilities_info caps = { "xen-3.0-x86_64 " };
	static const struct xen_changeset_info changeset = { "unavailable" };
	static const struct xen_platform_parameters params = {
		HYPERVISOR_VIRT_START,
	};
	static const u8 handle[16];

	switch (cmd) {
	case XENVER_version:
		return XENPV_VERSION;
	case XENVER_extraversion:
		return xenpv_give(vcpu, gva, &extra, sizeof(extra));
	case XENVER_compile_info:
		return xenpv_give(vcpu, gva, &compile, sizeof(compile));
	case XENVER_capabilities:
		return xenpv_give(vcpu, gva, &caps, sizeof(caps));
	case XENVER_changeset:
		return xenpv_give(vcpu, gva, &changeset, sizeof(changeset));
	case XENVER_platform_parameters:
		return xenpv_give(vcpu, gva, &params, sizeof(params));
	case XENVER_get_features:
		return get_features(vcpu, gva);
	case XENVER_pagesize:
		return gva ? -EINVAL : PAGE_SIZE;
	case XENVER_guest_handle:
		return xenpv_give(vcpu, gva, handle, sizeof(handle));
	case XENVER_commandline:
		return xenpv_give(vcpu, gva, DENIED, sizeof(DENIED));
	case XENVER_build_id:
		return -EPERM;
	default:
		return -ENOSYS;
	}
}

/* ---- console_io ---- */

/* A piece for the launcher; the guest comes back with the rest. */
static long console_write(struct lg_vcpu *vcpu, u64 count, u64 gva)
{
	struct xenpv_call *call = xenpv_vcpu(vcpu)->call;
	struct lg_run *run = vcpu->run;
	u8 text[LG_CONSOLE_BYTES];
	u64 piece = min_t(u64, count, sizeof(text));

	if (count > INT_MAX)
		return -EINVAL;
	if (!count)
		return 0;
	if (lg_shadow_read(vcpu, gva, text, piece))
		return -EFAULT;
	memcpy(run->console.data, text, piece);
	run->console.len = piece;
	run->exit_reason = LG_EXIT_CONSOLE;
	call->exit = true;
	if (piece == count)
		return 0;
	call->arg[1] = count - piece;
	call->arg[2] = gva + piece;
	return XENPV_AGAIN;
}

static long do_console_io(struct lg_vcpu *vcpu, u64 cmd, u64 count, u64 gva)
{
	switch (cmd) {
	case CONSOLEIO_write:
		return console_write(vcpu, count, gva);
	case CONSOLEIO_read:	/* input comes through the console ring */
		return 0;
	default:
		return -ENOSYS;
	}
}

/* ---- the small ones ---- */

static long do_vm_assist(struct lg_vcpu *vcpu, u32 cmd, u32 type)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;

	if (type > MAX_VMASST_TYPE && type != VMASST_TYPE_m2p_strict)
		return -EINVAL;
	switch (cmd) {
	case VMASST_CMD_enable:
		dom->vm_assist |= BIT_ULL(type);
		return 0;
	case VMASST_CMD_disable:
		dom->vm_assist &= ~BIT_ULL(type);
		return 0;
	default:
		return -ENOSYS;
	}
}

static long do_stack_switch(struct lg_vcpu *vcpu, u64 sp)
{
	xenpv_vcpu(vcpu)->kernel_sp = sp;
	return 0;
}

static long do_fpu_taskswitch(struct lg_vcpu *vcpu, u64 set)
{
	xenpv_vcpu(vcpu)->ts = set;
	return 0;
}

static long do_set_timer(struct lg_vcpu *vcpu, u64 when_ns)
{
	xenpv_set_timer(vcpu, when_ns);
	return 0;
}

static long do_iret(struct lg_vcpu *vcpu)
{
	xenpv_vcpu(vcpu)->call->no_result = true;
	return xenpv_iret(vcpu);
}

/* ---- all together ---- */

static long do_multicall(struct lg_vcpu *vcpu, u64 gva, u64 count);

/* Commands, and numbers of what there are few of, have 32 bits. */
static long do_call(struct lg_vcpu *vcpu, struct xenpv_call *call)
{
	const u64 *arg = call->arg;
	u32 cmd = arg[0];

	if (call->nr < 32)
		lg_count(vcpu, LG_STAT_HCALL_FIRST +
			 array_index_nospec(call->nr, 32));
	switch (call->nr) {
	case __HYPERVISOR_set_trap_table:
		return xenpv_set_trap_table(vcpu, arg[0]);
	case __HYPERVISOR_mmu_update:
		return xenpv_mmu_update(vcpu, arg[0], arg[1], arg[2], arg[3]);
	case __HYPERVISOR_set_gdt:
		return xenpv_set_gdt(vcpu, arg[0], (u32)arg[1]);
	case __HYPERVISOR_stack_switch:
		return do_stack_switch(vcpu, arg[1]);
	case __HYPERVISOR_set_callbacks:
		return xenpv_set_callbacks(vcpu, arg[0], arg[1], arg[2]);
	case __HYPERVISOR_fpu_taskswitch:
		return do_fpu_taskswitch(vcpu, arg[0]);
	case __HYPERVISOR_sched_op_compat:
		return xenpv_sched_op_compat(vcpu, cmd, arg[1]);
	case __HYPERVISOR_platform_op:
	case __HYPERVISOR_domctl:
	case __HYPERVISOR_sysctl:
		return xenpv_refuse_tool(vcpu, call->nr, arg[0]);
	case __HYPERVISOR_set_debugreg:
		return xenpv_set_debugreg(vcpu, arg[0], arg[1]);
	case __HYPERVISOR_get_debugreg:
		return xenpv_get_debugreg(vcpu, arg[0]);
	case __HYPERVISOR_update_descriptor:
		return xenpv_update_descriptor(vcpu, arg[0], arg[1]);
	case __HYPERVISOR_memory_op:
		return xenpv_memory_op(vcpu, arg[0], arg[1]);
	case __HYPERVISOR_multicall:
		return do_multicall(vcpu, arg[0], arg[1]);
	case __HYPERVISOR_update_va_mapping:
		return xenpv_update_va_mapping(vcpu, arg[0], arg[1], arg[2],
					       DOMID_SELF);
	case __HYPERVISOR_set_timer_op:
		return do_set_timer(vcpu, arg[0]);
	case __HYPERVISOR_xen_version:
		return do_xen_version(vcpu, cmd, arg[1]);
	case __HYPERVISOR_console_io:
		return do_console_io(vcpu, arg[0], arg[1], arg[2]);
	case __HYPERVISOR_grant_table_op:
		return xenpv_grant_table_op(vcpu, cmd, arg[1], arg[2]);
	case __HYPERVISOR_vm_assist:
		return do_vm_assist(vcpu, cmd, arg[1]);
	case __HYPERVISOR_update_va_mapping_otherdomain:
		return xenpv_update_va_mapping(vcpu, arg[0], arg[1], arg[2],
					       arg[3]);
	case __HYPERVISOR_iret:
		return do_iret(vcpu);
	case __HYPERVISOR_vcpu_op:
		return xenpv_vcpu_op(vcpu, cmd, (u32)arg[1], arg[2]);
	case __HYPERVISOR_set_segment_base:
		return xenpv_set_segment_base(vcpu, arg[0], arg[1]);
	case __HYPERVISOR_mmuext_op:
		return xenpv_mmuext_op(vcpu, arg[0], arg[1], arg[2], arg[3]);
	case __HYPERVISOR_sched_op:
		return xenpv_sched_op(vcpu, cmd, arg[1]);
	case __HYPERVISOR_callback_op:
		return xenpv_callback_op(vcpu, cmd, arg[1]);
	case __HYPERVISOR_nmi_op:
		return xenpv_nmi_op(vcpu, cmd, arg[1]);
	case __HYPERVISOR_event_channel_op:
		return xenpv_event_channel_op(vcpu, cmd, arg[1]);
	case __HYPERVISOR_event_channel_op_compat:
		return xenpv_event_channel_op_compat(vcpu, arg[0]);
	case __HYPERVISOR_physdev_op:
		return xenpv_physdev_op(vcpu, cmd, arg[1]);
	case __HYPERVISOR_physdev_op_compat:
		return xenpv_physdev_op_compat(vcpu, arg[0]);
	case __HYPERVISOR_hvm_op:
		return xenpv_refuse(vcpu, __HYPERVISOR_hvm_op, cmd, arg[1]);
	case __HYPERVISOR_xenpmu_op:
		return -EOPNOTSUPP;
	case __HYPERVISOR_kexec_op:
	case __HYPERVISOR_arch_0:	/* machine checks */
	case HYPERVISOR_HYPFS:
		return -EPERM;
	default:
		return -ENOSYS;
	}
}

/*
 * One call of a list. Returns the call's result; its entry in the guest gets it,
 * or the arguments that are left. -EFAULT in @failed: there is no entry.
 */
static long multicall_one(struct lg_vcpu *vcpu, u64 gva, struct xenpv_call *outer,
			  bool *failed)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct xenpv_call call = { };
	struct multicall_entry e;
	long rc;

	*failed = true;
	if (lg_shadow_read(vcpu, gva, &e, sizeof(e)))
		return -EFAULT;
	call.nr = e.op;
	memcpy(call.arg, e.args, sizeof(call.arg));
	lg_count(vcpu, LG_STAT_RING);
	a->call = &call;
	rc = do_call(vcpu, &call);
	a->call = outer;
	outer->exit |= call.exit;
	outer->no_result |= call.no_result;
	*failed = false;
	if (call.no_result)
		return 0;
	if (rc == XENPV_AGAIN) {
		memcpy(e.args, call.arg, sizeof(call.arg));
		*failed = lg_shadow_write(vcpu, gva, &e, sizeof(e));
	} else {
		e.result = rc;
		*failed = lg_shadow_write(vcpu, gva +
					  offsetof(typeof(e), result),
					  &e.result, sizeof(e.result));
	}
	return rc;
}

static bool multicall_ends(struct lg_vcpu *vcpu, struct xenpv_call *call)
{
	return call->no_result || lg_guest_is_dead(vcpu->guest);
}

/* A list in a list is refused; an iret ends it. */
static long do_multicall(struct lg_vcpu *vcpu, u64 gva, u64 count)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct xenpv_call *call = a->call;
	bool failed = false;
	long rc = 0;

	if (a->in_multicall)
		return -EINVAL;
	count = (u32)count;
	a->in_multicall = true;
	while (count && !multicall_ends(vcpu, call)) {
		rc = multicall_one(vcpu, gva, call, &failed);
		if (failed || rc == XENPV_AGAIN)
			break;
		gva += sizeof(struct multicall_entry);
		count--;
		if (count && (call->exit || xenpv_must_give_way())) {
			rc = XENPV_AGAIN;
			break;
		}
	}
	a->in_multicall = false;
	if (failed)
		return -EFAULT;
	if (rc != XENPV_AGAIN || multicall_ends(vcpu, call))
		return 0;
	call->arg[0] = gva;
	call->arg[1] = count;
	return XENPV_AGAIN;
}

static void load_args(const struct lg_frame *f, struct xenpv_call *call)
{
	call->nr = f->rax;
	call->arg[0] = f->rdi;
	call->arg[1] = f->rsi;
	call->arg[2] = f->rdx;
	call->arg[3] = f->r10;
	call->arg[4] = f->r8;
	call->arg[5] = f->r9;
}

/* What is left of the call: the guest makes it again. */
static void call_again(struct lg_frame *f, const struct xenpv_call *call)
{
	f->rdi = call->arg[0];
	f->rsi = call->arg[1];
	f->rdx = call->arg[2];
	f->r10 = call->arg[3];
	f->r8 = call->arg[4];
	f->r9 = call->arg[5];
	f->rip -= XENPV_SYSCALL_BYTES;
}

/**
 * xenpv_hypercall - SYSCALL from the guest's kernel
 * @vcpu: in kernel mode
 *
 * Returns true if the launcher has something to do.
 */
bool xenpv_hypercall(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct lg_frame *f = host_frame(vcpu);
	struct xenpv_call call = { };
	long rc;

	lg_count(vcpu, LG_STAT_HYPERCALL);
	load_args(f, &call);
	f->cs = FLAT_KERNEL_CS64;
	f->ss = FLAT_KERNEL_SS64;
	a->call = &call;
	rc = do_call(vcpu, &call);
	a->call = NULL;
	if (rc == XENPV_AGAIN)
		call_again(f, &call);
	else if (!call.no_result)
		f->rax = rc;
	return call.exit || lg_guest_is_dead(vcpu->guest);
}
