// SPDX-License-Identifier: GPL-2.0
/*
 * The Xen PV ABI as the core sees it: first state, what to do before each entry,
 * what each trap means.
 *
 * The launcher has built the domain in the guest's memory (page tables, start
 * info, console ring) and set the registers; LG_XEN_START tells us where the
 * rest is. A vCPU starts in kernel mode with events masked.
 */
#include <linux/slab.h>
#include <asm/debugreg.h>
#include <asm/trap_pf.h>
#include <asm/trapnr.h>
#include "xenpv.h"

/* One for all vCPUs; the first one owns it. */
static struct xenpv_domain *domain_get(struct lg_vcpu *vcpu)
{
	if (vcpu->index)
		return vcpu->guest->vcpu[0] ?
		       xenpv_vcpu(vcpu->guest->vcpu[0])->dom : NULL;
	return kvzalloc(sizeof(struct xenpv_domain), GFP_KERNEL_ACCOUNT);
}

static void domain_put(struct lg_vcpu *vcpu, struct xenpv_domain *dom)
{
	if (vcpu->index)
		return;
	lg_mem_unmap(dom->mapping);
	kvfree(dom);
}

static int xenpv_vcpu_init(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);
	struct xenpv_vcpu *a = kvzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	if (!a)
		return -ENOMEM;
	a->dom = domain_get(vcpu);
	if (!a->dom) {
		kvfree(a);
		return -ENOMEM;
	}
	vcpu->abi = a;
	a->kernel = true;
	a->poll_count = -1;
	a->cr4 = X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;
	/* Linux takes XSAVE for unusable if it is not enabled from the start. */
	if (xenpv_xcr0_offered())
		a->cr4 |= X86_CR4_OSXSAVE;
	a->xcr0 = XFEATURE_MASK_FP;
	a->dr[6] = DR6_RESERVED;
	a->dr[7] = 0x400;
	f->cs = FLAT_KERNEL_CS64;
	f->ss = FLAT_KERNEL_SS64;
	f->rflags = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	return 0;
}

static void xenpv_vcpu_free(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	lg_mem_unmap(a->info_mapping);
	domain_put(vcpu, a->dom);
	kvfree(a);
	vcpu->abi = NULL;
}

static bool start_is_sane(struct lg_vcpu *vcpu, const struct lg_xen_start *start)
{
	u64 pages = vcpu->guest->ram_pages;

	if (start->ram_pages > pages || start->shared_info_gfn >= pages ||
	    start->cr3_gfn >= pages || start->start_info_gfn >= pages)
		return false;
	if (start->console_port >= XENPV_PORTS ||
	    start->store_port >= XENPV_PORTS)
		return false;
	return !start->console_port || start->console_port != start->store_port;
}

static void fill_shared(struct xenpv_domain *dom)
{
	struct shared_info *s = dom->shared;
	unsigned int i;

	memset(s, 0, PAGE_SIZE);
	for (i = 0; i < MAX_VIRT_CPUS; i++)
		s->vcpu_info[i].evtchn_upcall_mask = 1;
	memset(s->evtchn_mask, 0xff, sizeof(s->evtchn_mask));
}

/* Returns as struct lg_xen_start says. */
static int xenpv_start(struct lg_vcpu *vcpu, const struct lg_xen_start *start)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct xenpv_domain *dom = a->dom;
	int rc;

	if (vcpu->started || vcpu->index || !start_is_sane(vcpu, start))
		return -EINVAL;
	dom->shared = lg_mem_map(vcpu->guest,
				 start->shared_info_gfn << PAGE_SHIFT,
				 PAGE_SIZE, &dom->mapping);
	if (!dom->shared)
		return -ENOMEM;
	rc = lg_shadow_set_roots(vcpu, start->cr3_gfn, 0);
	if (!rc)	/* as whoever builds a domain for Xen leaves it */
		rc = lg_shadow_pin(vcpu, start->cr3_gfn, 4);
	if (rc) {
		lg_mem_unmap(dom->mapping);
		dom->mapping = NULL;
		return rc;
	}
	dom->ram_pages = start->ram_pages;
	dom->shared_gfn = start->shared_info_gfn;
	fill_shared(dom);
	a->info = &dom->shared->vcpu_info[vcpu->index];
	host_direct_info(vcpu, lg_mem_page(vcpu->guest, start->shared_info_gfn),
			 offset_in_page(a->info));
	xenpv_events_init(dom, start->console_port, start->store_port);
	xenpv_time_init(vcpu);
	vcpu->started = true;
	return 0;
}

/* The next instruction must be where the CPU can go. */
static void check_rip(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);

	if (!host_code_address_is_ok(vcpu, f->cs, f->rip))
		xenpv_inject(vcpu, X86_TRAP_GP, 0);
}

static void wake(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	vcpu->halted = false;
	a->poll_count = -1;
	a->poll_ns = 0;
	xenpv_runstate(vcpu, RUNSTATE_running);
}

static void xenpv_before_run(struct lg_vcpu *vcpu)
{
	xenpv_direct_take(vcpu);
	xenpv_timer(vcpu);
	xenpv_raised(vcpu);
	if (vcpu->halted) {
		if (!xenpv_has_reason(vcpu))
			return;
		wake(vcpu);
	}
	xenpv_runstate(vcpu, RUNSTATE_running);
	xenpv_deliver(vcpu);
	check_rip(vcpu);
	xenpv_time_refresh(vcpu);
	xenpv_direct_give(vcpu);
}

/* Also while the vCPU goes to sleep: must not sleep itself. */
static bool xenpv_can_wake(struct lg_vcpu *vcpu)
{
	return READ_ONCE(vcpu->irqs) || xenpv_has_reason(vcpu);
}

static void page_fault(struct lg_vcpu *vcpu)
{
	lg_gva_t gva = host_cr2(vcpu);
	u64 error = host_frame(vcpu)->errcode;

	lg_count(vcpu, LG_STAT_FAULT);
	if (error & X86_PF_WRITE && xenpv_vcpu(vcpu)->kernel &&
	    xenpv_table_store(vcpu, gva))
		return;
	switch (lg_shadow_fault(vcpu, gva, &error)) {
	case LG_FAULT_FILLED:
		lg_count(vcpu, LG_STAT_FAULT_FILLED);
		break;
	case LG_FAULT_GUEST:
		lg_count(vcpu, LG_STAT_FAULT_GUEST);
		xenpv_inject_page_fault(vcpu, gva, error);
		break;
	case LG_FAULT_DEAD:
		break;
	}
}

static bool xenpv_trap(struct lg_vcpu *vcpu, unsigned int trap)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	xenpv_direct_take(vcpu);
	switch (trap) {
	case LG_TRAP_SYSCALL:
		if (a->kernel)
			return xenpv_hypercall(vcpu);
		xenpv_syscall(vcpu);
		break;
	case LG_TRAP_SYSCALL32:
		xenpv_syscall32(vcpu);
		break;
	case X86_TRAP_PF:
		page_fault(vcpu);
		break;
	case X86_TRAP_GP:
		xenpv_general_protection(vcpu);
		break;
	case X86_TRAP_UD:
		xenpv_invalid_opcode(vcpu);
		break;
	case LG_TRAP_SWITCHER:
		lg_kill(vcpu, "unhandled trap in the switcher at %#llx",
			host_frame(vcpu)->rip);
		break;
	case X86_TRAP_DF:
		lg_kill(vcpu, "double fault at %#llx", host_frame(vcpu)->rip);
		break;
	case X86_TRAP_DB:
		a->dr[6] |= host_dr6(vcpu) & (DR_STEP | DR_TRAP_BITS);
		xenpv_inject(vcpu, trap, 0);
		break;
	case X86_TRAP_NM:
		lg_count(vcpu, LG_STAT_FPU);
		a->ts = false;
		xenpv_inject(vcpu, trap, 0);
		break;
	default:
		if (trap >= 32)
			lg_kill(vcpu, "unknown trap %u", trap);
		else
			xenpv_inject(vcpu, trap, host_frame(vcpu)->errcode);
		break;
	}
	return lg_guest_is_dead(vcpu->guest);
}

/* Nothing is left to complete: what the launcher was told, it was told. */
static void xenpv_complete(struct lg_vcpu *vcpu)
{
	vcpu->access.pending = false;
}

const struct lg_abi xenpv_abi = {
	.lines = XENPV_PORTS,
	.has_ports = true,
	.vcpu_init = xenpv_vcpu_init,
	.vcpu_free = xenpv_vcpu_free,
	.before_run = xenpv_before_run,
	.can_wake = xenpv_can_wake,
	.trap = xenpv_trap,
	.complete = xenpv_complete,
	.raise = xenpv_raise,
	.start = xenpv_start,
};
