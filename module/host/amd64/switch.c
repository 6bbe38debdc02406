// SPDX-License-Identifier: GPL-2.0
/*
 * One world switch, seen from C: prepare this CPU, call the switcher, and put
 * right what it leaves to us. vcpu.c calls; it holds the vCPU's lock.
 */
#include <linux/hw_breakpoint.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/fsgsbase.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>
#include <asm/trapnr.h>
#include "lg.h"

/* ---- loaded: GDTR, IDTR, TR, selectors, bases ---- */

static void load_tables(struct window_cpu *w, int cpu)
{
	struct desc_ptr gdt = {
		.size = LG_GDT_LIMIT,
		.address = window_page_gva(cpu, WINDOW_GDT),
	};
	struct desc_ptr idt = {
		.size = LG_IDT_ENTRIES * sizeof(gate_desc) - 1,
		.address = window_page_gva(cpu, WINDOW_IDT),
	};
	struct desc_struct *tss = (void *)w->gdt +
				  (LG_TSS & (PAGE_SIZE - 1));

	native_store_gdt(&w->host_gdt);
	store_idt(&w->host_idt);
	native_load_gdt(&gdt);
	native_load_idt(&idt);
	tss->type = DESC_TSS;		/* not busy */
	asm volatile("ltr %w0" : : "q" (LG_TSS));
}

/* The descriptor is busy since the host loaded it last. */
static void put_tables(struct window_cpu *w, int cpu)
{
	get_cpu_gdt_rw(cpu)[GDT_ENTRY_TSS].type = DESC_TSS;
	asm volatile("ltr %w0" : : "q" (GDT_ENTRY_TSS * 8));
	native_load_gdt(&w->host_gdt);
	native_load_idt(&w->host_idt);
}

static bool has_fsgsbase(void)
{
	return boot_cpu_has(X86_FEATURE_FSGSBASE);
}

static void take_launcher(struct host_vcpu *host)
{
	savesegment(ds, host->host_ds);
	savesegment(es, host->host_es);
	savesegment(fs, host->host_fs);
	savesegment(gs, host->host_gs);
	if (has_fsgsbase())
		host->host_fs_base = rdfsbase();
	else
		rdmsrl(MSR_FS_BASE, host->host_fs_base);
	rdmsrl(MSR_KERNEL_GS_BASE, host->host_gs_base);
	store_ldt(host->host_ldt);
}

/* Loading FS and GS sets their bases, so those come last. */
static void give_launcher(struct host_vcpu *host)
{
	loadsegment(ds, host->host_ds);
	loadsegment(es, host->host_es);
	loadsegment(fs, host->host_fs);
	load_gs_index(host->host_gs);
	if (has_fsgsbase())
		wrfsbase(host->host_fs_base);
	else
		wrmsrl(MSR_FS_BASE, host->host_fs_base);
	wrmsrl(MSR_KERNEL_GS_BASE, host->host_gs_base);
}

/**
 * host_vcpu_load - this thread will run the vCPU on this CPU for a while
 * @vcpu: its lock is held
 *
 * Preemption is off. Undone by host_vcpu_put() on the same CPU, before the
 * thread returns to user mode or another takes the CPU.
 */
void host_vcpu_load(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	int cpu = smp_processor_id();
	unsigned long flags;

	local_irq_save(flags);
	window_show(vcpu, cpu);
	host->page->direct.info = window_page_gva(cpu, WINDOW_INFO) +
				  host->info_offset;
	take_launcher(host);
	msr_load(cpu);
	load_tables(window_cpu(cpu), cpu);
	host->ldt_changed = true;
	desc_load(vcpu);
	host->loaded = true;
	local_irq_restore(flags);
}

/**
 * host_vcpu_put - undo host_vcpu_load()
 * @vcpu: the same
 */
void host_vcpu_put(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	int cpu = smp_processor_id();
	unsigned long flags;
	unsigned long ldt;

	local_irq_save(flags);
	desc_put(vcpu);
	host->loaded = false;
	put_tables(window_cpu(cpu), cpu);
	/* Whatever the host put there meanwhile is right; only ours is not. */
	store_ldt(ldt);
	if ((u16)ldt == LG_LDT || ((u16)ldt == 0 && host->host_ldt))
		asm volatile("lldt %w0" : : "q" (host->host_ldt));
	give_launcher(host);
	local_irq_restore(flags);
}

/**
 * host_direct - what the switcher needs to change modes by itself
 * @vcpu: not running
 *
 * Returns the struct, or NULL: this CPU lacks what it takes.
 */
struct lg_direct *host_direct(struct lg_vcpu *vcpu)
{
	return has_fsgsbase() ? &vcpu->host.page->direct : NULL;
}

/**
 * host_direct_info - where lg_direct.info lies
 * @vcpu: its lock is held
 * @page: of guest memory, taken
 * @offset: of the vcpu_info in it
 */
void host_direct_info(struct lg_vcpu *vcpu, struct page *page,
		      unsigned int offset)
{
	struct host_vcpu *host = &vcpu->host;

	preempt_disable();
	host->info = page;
	host->info_offset = offset;
	if (host->loaded) {
		window_show(vcpu, smp_processor_id());
		host->page->direct.info =
			window_page_gva(smp_processor_id(), WINDOW_INFO) +
			offset;
	}
	preempt_enable();
}

/**
 * host_direct_hot - which tables the switcher may write to
 * @vcpu: its lock is held; about to run
 * @hot: these, and no others
 * @count: how many, at most LG_DIRECT_HOT
 */
void host_direct_hot(struct lg_vcpu *vcpu, const struct lg_hot *hot,
		     unsigned int count)
{
	struct host_vcpu *host = &vcpu->host;
	struct lg_direct *d = &host->page->direct;
	unsigned int i;

	d->hot_shadows = 0;
	d->hot_upper = 0;
	memset(d->hot, 0xff, sizeof(d->hot));
	memset(d->hot_frame, 0xff, sizeof(d->hot_frame));
	preempt_disable();
	memset(host->hot, 0, sizeof(host->hot));
	for (i = 0; i < count; i++) {
		d->hot[i] = hot[i].gfn;
		d->hot_frame[i] = hot[i].guest;
		host->hot[2 * i] = hot[i].guest;
		host->hot[2 * i + 1] = hot[i].shadow;
		if (hot[i].shadow)
			d->hot_shadows |= BIT(i);
		if (hot[i].upper)
			d->hot_upper |= BIT(i);
	}
	window_show_hot(vcpu);
	preempt_enable();
}

/* ---- one switch ---- */

/*
 * The CPU sets bits in DR6 and clears none: what a guest's step left there would
 * be taken for the host's own.
 */
static void take_dr6(struct host_vcpu *host)
{
	unsigned long dr6;

	get_debugreg(dr6, 6);
	set_debugreg(DR6_RESERVED, 6);
	host->dr6 = dr6 ^ DR6_RESERVED;
}

/* The page tables we come back to: what the TLB knows of them may stay. */
static u64 host_cr3_value(void)
{
	u64 cr3 = __native_read_cr3();

	return native_read_cr4() & X86_CR4_PCIDE ? cr3 | X86_CR3_PCID_NOFLUSH :
						   cr3;
}

/* Far from free, and mostly the two are one. */
static void change_pkru(u32 from, u32 to)
{
	if (from != to)
		wrpkru(to);
}

static unsigned int call_switcher(unsigned long entry)
{
	unsigned int trap;

	asm volatile(CALL_NOSPEC
		     : "=a" (trap), ASM_CALL_CONSTRAINT
		     : THUNK_TARGET(entry)
		     : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
		       "memory", "cc");
	return trap;
}

/* The guest's branches, and that this is the kernel: some CPUs must be told again. */
static void forget_guest(void)
{
	lg_forget_branches();
	if (cpu_feature_enabled(X86_FEATURE_KERNEL_IBRS))
		wrmsrl(MSR_IA32_SPEC_CTRL, spec_ctrl_current());
}

/* An interrupt that hit the guest: to the host's handler for it. */
static void deliver_interrupt(unsigned int vector)
{
	const gate_desc *idt = (void *)window_cpu(smp_processor_id())->
			       host_idt.address;

	host_interrupt(gate_offset(&idt[vector]));
}

/* What hit the guest or the switch and is the host's; NMIs stay blocked till here. */
static void deliver_nmi_mc(struct lg_vcpu *vcpu, struct lg_state *state,
			   unsigned int trap)
{
	u32 notes = state->notes;

	if (likely(!notes && trap != X86_TRAP_NMI && trap != X86_TRAP_MC))
		return;
	state->notes = 0;
	if (trap == X86_TRAP_MC)
		lg_vcpu_machine_check();
	else if (notes & LG_NOTE_MC)
		asm volatile("int $18" : : : "memory");
	if (trap == X86_TRAP_NMI || notes & LG_NOTE_NMI) {
		lg_count(vcpu, LG_STAT_NMI);
		asm volatile("int $2" : : : "memory");
	}
}

/*
 * A claim: the CPU will enter ring 3 with this frame, and only there.
 *
 * A CPU that lets ring 3 write any base (QEMU's) can bring us a bad one. RIP has
 * been looked at by check_rip() of the ABI, selectors where they were loaded:
 * here and in host_check_segments() they would be our own mistakes. Below that,
 * a fault in ring 0 is the guest's end (ring_0_fault in the switcher).
 */
static bool frame_is_ok(struct lg_frame *f)
{
	f->rflags = (f->rflags & LG_EFLAGS_LOADABLE) | X86_EFLAGS_IF |
		    X86_EFLAGS_FIXED;
	return (f->cs & f->ss & 3) == 3 &&
	       host_is_canonical(f->rip) &&
	       host_is_canonical(f->fs_base) &&
	       host_is_canonical(f->gs_base);
}

/**
 * host_trap_is_host - a claim: the trap was the host's, and has been handled
 * @trap: what host_switch() returned
 */
bool host_trap_is_host(unsigned int trap)
{
	return trap == X86_TRAP_NMI || trap == X86_TRAP_MC ||
	       trap == LG_TRAP_NOTED || (trap >= 32 && trap < 256);
}

/**
 * host_switch - to the guest and back, once
 * @vcpu: loaded on this CPU; interrupts are off
 *
 * NMIs, machine checks and interrupts that hit the guest have been handled by
 * the host when this returns.
 *
 * Returns the trap number; LG_TRAP_SWITCHER if the guest's own state could not
 * be loaded, after which the run frame may be worthless.
 */
unsigned int host_switch(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	int cpu = smp_processor_id();
	struct lg_state *state = window_cpu(cpu)->state;
	bool pku = cpu_feature_enabled(X86_FEATURE_OSPKE);
	u32 host_pkru = 0;
	unsigned int trap;

	state->guest_cr3 = lg_shadow_root_phys(vcpu);
	if (!frame_is_ok(host->frame) || !state->guest_cr3)
		return LG_TRAP_SWITCHER;
	state->host_cr3 = host_cr3_value();
	desc_load_ldt(vcpu);
	if (hw_breakpoint_active())
		set_debugreg(0, 7);
	if (pku) {
		host_pkru = rdpkru();
		change_pkru(host_pkru, host->pkru);
	}

	msr_enter(cpu);
	trap = call_switcher(window_entry(cpu));
	forget_guest();
	msr_leave();

	if (pku) {
		host->pkru = rdpkru();
		change_pkru(host->pkru, host_pkru);
	}
	if (trap == X86_TRAP_PF)
		host->cr2 = native_read_cr2();
	if (trap == X86_TRAP_DB)
		take_dr6(host);
	if (hw_breakpoint_active())
		set_debugreg(__this_cpu_read(cpu_dr7), 7);
	deliver_nmi_mc(vcpu, state, trap);
	if (trap >= 32 && trap < 256)
		deliver_interrupt(trap);
	return trap;
}
