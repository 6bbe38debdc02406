// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPU's registers: where they are kept, how they start, how the launcher
 * reads and writes them.
 */
#include <linux/gfp.h>
#include <asm/processor-flags.h>
#include "lg.h"

/**
 * host_vcpu_init - registers all zero, every vector an exit, an empty GDT
 * @vcpu: new
 *
 * Returns 0 or -ENOMEM.
 */
int host_vcpu_init(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	unsigned int i;

	host->page_a = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!host->page_a)
		return -ENOMEM;
	host->frame = &host->page_a->frame;
	host->frame->eflags = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	host->cpu = -1;
	host->dirty = HOST_DIRTY_ALL;
	host->check = true;
	for (i = 0; i < LG_IDT_ENTRIES; i++)
		host_set_gate(vcpu, i, 0, false);
	return 0;
}

/**
 * host_vcpu_free - undo host_vcpu_init()
 * @vcpu: never to run again
 */
void host_vcpu_free(struct lg_vcpu *vcpu)
{
	unsigned int cpu;

	/* Page B may still hold our tables: the next vCPU there must not think
	 * that they are its own, should it get our address.
	 */
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		cmpxchg(&window_cpu(cpu)->last, vcpu, NULL);
	free_page((unsigned long)vcpu->host.page_a);
}

/**
 * host_get_regs - what the guest's registers hold
 * @vcpu: its lock is held
 * @regs: filled
 *
 * Returns 0.
 */
int host_get_regs(struct lg_vcpu *vcpu, struct lg_regs32 *regs)
{
	const struct lg_frame *f = vcpu->host.frame;

	*regs = (struct lg_regs32) {
		.eax = f->eax, .ebx = f->ebx, .ecx = f->ecx, .edx = f->edx,
		.esi = f->esi, .edi = f->edi, .ebp = f->ebp, .esp = f->esp,
		.eip = f->eip, .eflags = f->eflags,
		.cs = f->cs & 0xffff, .ss = f->ss & 0xffff,
		.ds = f->ds & 0xffff, .es = f->es & 0xffff,
		.fs = f->fs & 0xffff, .gs = f->gs & 0xffff,
	};
	return 0;
}

/**
 * host_set_regs - set the guest's registers
 * @vcpu: its lock is held
 * @regs: from the launcher: checked
 *
 * Returns 0 or -EINVAL, then nothing changed.
 */
int host_set_regs(struct lg_vcpu *vcpu, const struct lg_regs32 *regs)
{
	struct lg_frame *f = vcpu->host.frame;
	u32 cpl = regs->cs & 3;

	if (memchr_inv(regs->reserved, 0, sizeof(regs->reserved)))
		return -EINVAL;
	if ((cpl != 1 && cpl != 3) || (regs->ss & 3) != cpl)
		return -EINVAL;
	if ((regs->cs | regs->ss | regs->ds | regs->es | regs->fs | regs->gs) >>
	    16)
		return -EINVAL;
	f->eax = regs->eax;
	f->ebx = regs->ebx;
	f->ecx = regs->ecx;
	f->edx = regs->edx;
	f->esi = regs->esi;
	f->edi = regs->edi;
	f->ebp = regs->ebp;
	f->esp = regs->esp;
	f->eip = regs->eip;
	f->eflags = (regs->eflags & LG_EFLAGS_LOADABLE) | X86_EFLAGS_IF |
		    X86_EFLAGS_FIXED;
	f->cs = regs->cs;
	f->ss = regs->ss;
	f->ds = regs->ds;
	f->es = regs->es;
	f->fs = regs->fs;
	f->gs = regs->gs;
	vcpu->host.check = true;
	return 0;
}
