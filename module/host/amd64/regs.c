// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPU's registers: where they are kept, how they start, how the launcher
 * reads and writes them.
 */
#include <linux/gfp.h>
#include <linux/string.h>
#include <asm/processor-flags.h>
#include "lg.h"

/*
 * What Linux starts programs with, the launcher too: then PKRU is the same on both
 * sides of a world switch. All of a guest's memory has key 0, which this allows.
 */
#define PKRU_START	0x55555554

/**
 * host_vcpu_init - registers all zero, empty descriptor tables
 * @vcpu: new
 *
 * Returns 0 or -ENOMEM.
 */
int host_vcpu_init(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;

	host->page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!host->page)
		return -ENOMEM;
	host->frame = &host->page->frame;
	host->frame->rflags = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	host->frame->cs = LG_FLAT_CS64;
	host->frame->ss = LG_FLAT_DS;
	host->pkru = PKRU_START;
	host->cpu = -1;
	host->check = true;
	return 0;
}

/**
 * host_vcpu_free - undo host_vcpu_init()
 * @vcpu: never to run again
 */
void host_vcpu_free(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	unsigned int i;

	for (i = 0; i < LG_GDT_PAGES; i++)
		free_page((unsigned long)host->gdt[i]);
	for (i = 0; i < LG_LDT_PAGES; i++)
		free_page((unsigned long)host->ldt[i]);
	free_page((unsigned long)host->page);
}

/**
 * host_get_regs - what the guest's registers hold
 * @vcpu: its lock is held
 * @regs: filled
 *
 * Returns 0.
 */
int host_get_regs(struct lg_vcpu *vcpu, struct lg_regs64 *regs)
{
	const struct lg_frame *f = host_frame(vcpu);

	*regs = (struct lg_regs64) {
		.rax = f->rax, .rbx = f->rbx, .rcx = f->rcx, .rdx = f->rdx,
		.rsi = f->rsi, .rdi = f->rdi, .rbp = f->rbp, .rsp = f->rsp,
		.r8 = f->r8, .r9 = f->r9, .r10 = f->r10, .r11 = f->r11,
		.r12 = f->r12, .r13 = f->r13, .r14 = f->r14, .r15 = f->r15,
		.rip = f->rip, .rflags = f->rflags,
		.fs_base = f->fs_base, .gs_base = f->gs_base,
		.cs = f->cs, .ss = f->ss,
	};
	host_get_data_selectors(vcpu, &regs->ds, &regs->es, &regs->fs,
				&regs->gs);
	return 0;
}

static bool regs_are_sane(struct lg_vcpu *vcpu, const struct lg_regs64 *regs)
{
	return !memchr_inv(regs->reserved, 0, sizeof(regs->reserved)) &&
	       host_is_canonical(regs->rip) &&
	       host_is_canonical(regs->rsp) &&
	       host_is_canonical(regs->fs_base) &&
	       host_is_canonical(regs->gs_base) &&
	       host_code_selector_is_ok(vcpu, regs->cs) &&
	       host_stack_selector_is_ok(vcpu, regs->ss) &&
	       host_data_selector_is_ok(vcpu, regs->ds) &&
	       host_data_selector_is_ok(vcpu, regs->es) &&
	       host_data_selector_is_ok(vcpu, regs->fs) &&
	       host_data_selector_is_ok(vcpu, regs->gs);
}

/**
 * host_set_regs - set the guest's registers
 * @vcpu: its lock is held
 * @regs: from the launcher: checked
 *
 * Returns 0 or -EINVAL, then nothing changed.
 */
int host_set_regs(struct lg_vcpu *vcpu, const struct lg_regs64 *regs)
{
	struct lg_frame *f = host_frame(vcpu);

	if (!regs_are_sane(vcpu, regs))
		return -EINVAL;
	f->rax = regs->rax;
	f->rbx = regs->rbx;
	f->rcx = regs->rcx;
	f->rdx = regs->rdx;
	f->rsi = regs->rsi;
	f->rdi = regs->rdi;
	f->rbp = regs->rbp;
	f->rsp = regs->rsp;
	f->r8 = regs->r8;
	f->r9 = regs->r9;
	f->r10 = regs->r10;
	f->r11 = regs->r11;
	f->r12 = regs->r12;
	f->r13 = regs->r13;
	f->r14 = regs->r14;
	f->r15 = regs->r15;
	f->rip = regs->rip;
	f->rflags = (regs->rflags & LG_EFLAGS_LOADABLE) | X86_EFLAGS_IF |
		    X86_EFLAGS_FIXED;
	f->fs_base = regs->fs_base;
	f->gs_base = regs->gs_base;
	f->cs = regs->cs;
	f->ss = regs->ss;
	host_set_data_selectors(vcpu, regs->ds, regs->es, regs->fs, regs->gs);
	vcpu->host.check = true;
	return 0;
}
