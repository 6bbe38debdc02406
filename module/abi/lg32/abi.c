// SPDX-License-Identifier: GPL-2.0
/*
 * The lg32 ABI as the core sees it: first state, what to do before each entry,
 * what each trap means.
 *
 * A guest starts in ring 1 with flat segments, interrupts off, and in linear
 * mode: addresses are guest-physical until it loads its first page table.
 */
#include <linux/slab.h>
#include <asm/debugreg.h>
#include <asm/trapnr.h>
#include <asm/processor-flags.h>
#include "lg32.h"

static int lg32_vcpu_init(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);
	struct lg32_vcpu *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	if (!a)
		return -ENOMEM;
	vcpu->abi = a;
	a->cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_WP;
	a->dr[6] = 0xffff0ff0;
	a->dr[7] = 0x400;
	a->syscall_vec = LG32_SYSCALL_VECTOR;
	f->cs = LG32_KERNEL_CS;
	f->ds = LG32_KERNEL_DS;
	f->es = LG32_KERNEL_DS;
	f->ss = LG32_KERNEL_DS;
	lg32_segments_init(vcpu);
	return 0;
}

static void lg32_vcpu_free(struct lg_vcpu *vcpu)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	lg_mem_unmap(a->mapping);
	kfree(a);
	vcpu->abi = NULL;
}

static void lg32_before_run(struct lg_vcpu *vcpu)
{
	if (!vcpu->mmu.root && lg_shadow_load(vcpu, LG_CR3_LINEAR)) {
		lg_kill(vcpu, "the host is out of memory");
		return;
	}
	lg32_deliver_irq(vcpu);
}

/* Returns true if the launcher must answer. */
static bool page_fault(struct lg_vcpu *vcpu)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	lg_gva_t gva = host_cr2(vcpu);
	bool exit = false;
	lg_gpa_t mmio;

	lg_count(vcpu, LG_STAT_FAULT);
	/*
	 * A fault often follows the call that would have prevented it. If the
	 * ring must wait for a signal, so must the fault: it comes again.
	 */
	if (!lg32_ring(vcpu))
		return false;
	if (lg_guest_is_dead(vcpu->guest))
		return true;
	switch (lg_shadow_fault(vcpu, gva, &host_frame(vcpu)->errcode, &mmio)) {
	case LG_FAULT_FILLED:
		lg_count(vcpu, LG_STAT_FAULT_FILLED);
		return false;
	case LG_FAULT_MMIO:
		if (lg32_mmio(vcpu, mmio, &exit))
			return exit;
		lg_kill(vcpu, "unknown instruction at %#x accesses device memory",
			host_frame(vcpu)->eip);
		return true;
	case LG_FAULT_DEAD:
		return true;
	case LG_FAULT_GUEST:
		break;
	}
	lg_count(vcpu, LG_STAT_FAULT_GUEST);
	if (a->data)
		WRITE_ONCE(a->data->cr2, gva);
	lg32_reflect(vcpu, X86_TRAP_PF);
	return false;
}

static bool lg32_trap(struct lg_vcpu *vcpu, unsigned int trap)
{
	bool exit = false;

	switch (trap) {
	case LG_TRAP_SWITCHER:
		lg_kill(vcpu, "unhandled trap 256: bad segment or stack");
		return true;
	case LG32_HCALL_VECTOR:
		lg32_hypercall(vcpu);
		return false;
	case X86_TRAP_PF:
		return page_fault(vcpu);
	case X86_TRAP_GP:
		if (!host_frame(vcpu)->errcode && !lg32_from_user(vcpu) &&
		    lg32_emulate(vcpu, &exit))
			return exit;
		break;
	case X86_TRAP_DB:
		lg32_vcpu(vcpu)->dr[6] |= host_dr6(vcpu) & DR_STEP;
		break;
	case X86_TRAP_NM:
		lg_count(vcpu, LG_STAT_FPU);
		break;
	}
	lg32_reflect(vcpu, trap);
	return false;
}

const struct lg_abi lg32_abi = {
	.lines = LG32_IRQS,
	.vcpu_init = lg32_vcpu_init,
	.vcpu_free = lg32_vcpu_free,
	.before_run = lg32_before_run,
	.can_wake = lg32_can_wake,
	.trap = lg32_trap,
	.complete = lg32_complete,
	.raise = lg_irq_raise,
};
