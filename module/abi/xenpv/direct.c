// SPDX-License-Identifier: GPL-2.0
/*
 * Changes between the guest's kernel and its programs that need no exit: the
 * switcher makes them, by what stands in struct lg_direct. It is written here
 * before each entry, all checked, and what the switcher did is read back after
 * each exit.
 */
#include <asm/irq_vectors.h>
#include <asm/trapnr.h>
#include "xenpv.h"

/* What the switcher writes below it must lie in the kernel's part. */
#define SP_LOWEST	(0xffff880000000000 + PAGE_SIZE)

static bool sp_is_ok(u64 sp)
{
	return sp >= SP_LOWEST && sp <= -(u64)PAGE_SIZE;
}

/*
 * A claim: what programs run with is what Linux has there. The switcher sends 32-bit
 * programs anywhere below 4 GiB, others anywhere.
 */
static bool segments_are_ok(struct lg_vcpu *vcpu)
{
	return host_code_selector_is_ok(vcpu, XENPV_USER_CS32) &&
	       host_code_address_is_ok(vcpu, XENPV_USER_CS32, U32_MAX) &&
	       host_code_selector_is_ok(vcpu, XENPV_USER_CS64) &&
	       host_code_address_is_ok(vcpu, XENPV_USER_CS64, U64_MAX) &&
	       host_stack_selector_is_ok(vcpu, XENPV_USER_DS);
}

/* The way to programs and back; 0 where the switcher must not take it. */
static void give_modes(struct lg_vcpu *vcpu, struct lg_direct *d)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	const struct xenpv_callback *syscall =
		&a->callback[CALLBACKTYPE_syscall];
	const struct xenpv_callback *int80 = &a->trap[IA32_SYSCALL_VECTOR];
	const struct xenpv_callback *pf = &a->trap[X86_TRAP_PF];

	d->user_cr3 = 0;
	d->syscall_rip = 0;
	d->syscall_masks = syscall->mask;
	d->int80_rip = 0;
	d->int80_masks = int80->mask;
	d->pf_rip = 0;
	d->pf_masks = pf->mask;
	d->kernel_sp = a->kernel_sp & ~15ull;
	if (!vcpu->mmu.root[1] || !a->segments_ok)
		return;
	d->user_cr3 = lg_shadow_mode_phys(vcpu, true);
	if (!sp_is_ok(a->kernel_sp))
		return;
	d->syscall_rip = syscall->rip;
	d->int80_rip = int80->dpl == 3 ? int80->rip : 0;
	d->pf_rip = lg_shadow_is_exact(vcpu) ? pf->rip : 0;
}

/*
 * Roots it may load, page tables the kernel may write to. That takes longer than
 * a world switch, and is rarely other than last time.
 */
static void give_tables(struct lg_vcpu *vcpu, struct lg_direct *d)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u64 epoch = lg_shadow_epoch(vcpu);
	struct lg_hot hot[LG_DIRECT_HOT];

	if (a->given == epoch)
		return;
	a->given = epoch;
	lg_shadow_recent(vcpu, false, d->kernel_root, LG_DIRECT_ROOTS);
	lg_shadow_recent(vcpu, true, d->user_root, LG_DIRECT_ROOTS);
	host_direct_hot(vcpu, hot, lg_shadow_hot(vcpu, hot, LG_DIRECT_HOT));
}

/**
 * xenpv_direct_give - tell the switcher what it may do
 * @vcpu: about to run
 */
void xenpv_direct_give(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct lg_direct *d = host_direct(vcpu);

	if (!d)
		return;
	/* Whoever changes a descriptor has the frame's segments checked, too. */
	if (!host_segments_are_ok(vcpu))
		a->segments_ok = segments_are_ok(vcpu);
	/* NMIs of the guest stay blocked until an iret that we must see. */
	d->on = vcpu->mmu.root[0] && vcpu->host.info && !a->nmi_pending &&
		!a->nmi_blocked;
	give_tables(vcpu, d);
	if (!d->on)
		return;
	d->pages = vcpu->guest->ram_pages;
	d->kernel = a->kernel;
	d->kernel_cr3 = lg_shadow_mode_phys(vcpu, false);
	d->gs_kernel = a->gs_kernel;
	d->gs_user = a->gs_user;
	d->vcpus = LG_MAX_VCPUS;
	give_modes(vcpu, d);
	d->kernel_gfn = vcpu->mmu.kernel_gfn;
	d->user_gfn = vcpu->mmu.user_gfn;
	d->may_load = a->segments_ok && lg_shadow_is_exact(vcpu);
}

/* They were there a moment ago; only memory can be short. */
static void load_roots(struct lg_vcpu *vcpu, u64 kernel_gfn, u64 user_gfn)
{
	if (lg_shadow_set_roots(vcpu, kernel_gfn, user_gfn))
		lg_kill(vcpu, "the host is out of memory");
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
	a->kernel_sp = d->kernel_sp;
	lg_counter_set(&vcpu->stats, LG_STAT_DIRECT, d->changes);
	if (a->faults != d->faults)
		lg_shadow_end_row(vcpu);
	a->faults = d->faults;
	if (d->kernel_gfn != vcpu->mmu.kernel_gfn ||
	    d->user_gfn != vcpu->mmu.user_gfn)
		load_roots(vcpu, d->kernel_gfn, d->user_gfn);
	if (a->kernel == !!d->kernel)
		return;
	a->kernel = d->kernel;
	/* It has been in force already; but load_roots() may have failed. */
	if (lg_shadow_use(vcpu, !a->kernel))
		WARN_ON_ONCE(!lg_guest_is_dead(vcpu->guest));
}
