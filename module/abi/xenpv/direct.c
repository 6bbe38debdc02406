// SPDX-License-Identifier: GPL-2.0
/*
 * Changes between the guest's kernel and its programs that need no exit: the
 * switcher makes them, by what stands in struct lg_direct. It is written here
 * before each entry, all checked, and what the switcher did is read back after
 * each exit.
 */
#include "xenpv.h"

/* What the switcher writes below it must lie in the kernel's part. */
#define SP_LOWEST	(0xffff880000000000 + PAGE_SIZE)

static bool sp_is_ok(u64 sp)
{
	return sp >= SP_LOWEST && sp <= -(u64)PAGE_SIZE;
}

/*
 * A claim: nothing is going on that the switcher does not know of. NMIs of the
 * guest stay blocked until an iret that we must see.
 */
static bool may_switch(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	return vcpu->mmu.root[0] && vcpu->mmu.root[1] && vcpu->host.info &&
	       a->callback[CALLBACKTYPE_syscall].rip &&
	       !a->nmi_pending && !a->nmi_blocked && sp_is_ok(a->kernel_sp) &&
	       host_code_selector_is_ok(vcpu, XENPV_USER_CS64) &&
	       host_stack_selector_is_ok(vcpu, XENPV_USER_DS);
}

/**
 * xenpv_direct_give - tell the switcher what it may do
 * @vcpu: about to run
 */
void xenpv_direct_give(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct lg_direct *d = host_direct(vcpu);
	const struct xenpv_callback *syscall;

	if (!d)
		return;
	d->on = may_switch(vcpu);
	if (!d->on)
		return;
	syscall = &a->callback[CALLBACKTYPE_syscall];
	d->kernel = a->kernel;
	d->kernel_cr3 = lg_shadow_mode_phys(vcpu, false);
	d->user_cr3 = lg_shadow_mode_phys(vcpu, true);
	d->kernel_sp = a->kernel_sp & ~15ull;
	d->syscall_rip = syscall->rip;
	d->syscall_masks = syscall->mask;
	d->gs_kernel = a->gs_kernel;
	d->gs_user = a->gs_user;
}

/**
 * xenpv_direct_take - learn what the switcher has done
 * @vcpu: back from the guest; any number of times
 */
void xenpv_direct_take(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct lg_direct *d = host_direct(vcpu);

	if (!d || !d->on)
		return;
	d->on = 0;
	a->gs_kernel = d->gs_kernel;
	a->gs_user = d->gs_user;
	vcpu->stats[LG_STAT_DIRECT] = d->syscalls + d->irets;
	if (a->kernel == !!d->kernel)
		return;
	a->kernel = d->kernel;
	/* It has been in force already. */
	if (lg_shadow_use(vcpu, !a->kernel))
		WARN_ON_ONCE(1);
}
