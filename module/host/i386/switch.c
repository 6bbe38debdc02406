// SPDX-License-Identifier: GPL-2.0
/*
 * One world switch, seen from C: prepare this CPU's pages, call the switcher,
 * and put right what it leaves to us. vcpu.c calls; it holds the vCPU's lock.
 */
#include <linux/highmem.h>
#include <linux/sched.h>
#include <linux/hw_breakpoint.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/irq_vectors.h>
#include <asm/msr.h>
#include <asm/trapnr.h>
#include "compat.h"
#include "lg.h"

/*
 * Ring 1 is supervisor to the CPU: SMEP and SMAP would forbid the guest kernel
 * its own user pages. Global pages would let host translations serve guest
 * addresses. What the guest kernel does not manage must not work in it (XSAVE),
 * nor what virtual interrupts or RDPMC could show it.
 */
#define CR4_NOT_IN_GUEST (X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | \
			  X86_CR4_OSXSAVE | X86_CR4_PCE | X86_CR4_VME | \
			  X86_CR4_PVI | X86_CR4_TSD | \
			  X86_CR4_UMIP)

/*
 * SYSENTER in the guest would enter ring 0 at the host's entry point, on the
 * guest's page tables. A zero selector makes it #GP. The host needs its own
 * value only for user programs: all run after host_vcpu_put().
 */
static void sysenter_disable(struct host_vcpu *host)
{
	if (!boot_cpu_has(X86_FEATURE_SEP))
		return;
	host->sysenter_cs = __rdmsr(MSR_IA32_SYSENTER_CS);
	__wrmsr(MSR_IA32_SYSENTER_CS, 0, 0);
}

static void sysenter_enable(struct host_vcpu *host)
{
	if (boot_cpu_has(X86_FEATURE_SEP))
		__wrmsr(MSR_IA32_SYSENTER_CS, host->sysenter_cs, 0);
}

/* These are the same for as long as we stay on a CPU. */
static void note_host_tables(struct lg_page_c *c)
{
	native_store_gdt(&c->host_gdt);
	store_idt(&c->host_idt);
	c->host_tss_desc = c->host_gdt.address + LG_TSS;
	c->host_ss = __KERNEL_DS;
}

/*
 * These may change between two switches: another thread's modify_ldt() loads
 * LDTR on our CPU, and a guest must never see a host's LDT.
 */
static void note_host_state(struct lg_page_c *c)
{
	u32 ldt;

	store_ldt(ldt);
	c->host_ldt = ldt & 0xffff;
	c->host_cr4 = native_read_cr4();
	c->guest_cr4 = c->host_cr4 & ~CR4_NOT_IN_GUEST;
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
	int cpu = smp_processor_id();
	struct lg_pages_host *pages = window_cpu(cpu);

	if (vcpu->host.cpu != cpu)
		window_show(vcpu, cpu);
	if (pages->last != vcpu) {
		pages->last = vcpu;
		vcpu->host.dirty = HOST_DIRTY_ALL;
	}
	note_host_tables(pages->c);
	sysenter_disable(&vcpu->host);
}

/**
 * host_vcpu_put - undo host_vcpu_load()
 * @vcpu: the same
 */
void host_vcpu_put(struct lg_vcpu *vcpu)
{
	sysenter_enable(&vcpu->host);
}

/* Bring page B up to date with what the guest has changed. */
static void copy_state(struct host_vcpu *host, struct lg_page_b *b)
{
	u64 code = b->gdt[LG_GDT_CODE], data = b->gdt[LG_GDT_DATA];
	u64 tss = b->gdt[LG_GDT_TSS];

	if (host->dirty & HOST_DIRTY_GDT) {
		memcpy(b->gdt, host->gdt, sizeof(b->gdt));
		b->gdt[LG_GDT_CODE] = code;
		b->gdt[LG_GDT_DATA] = data;
		b->gdt[LG_GDT_TSS] = tss;
	} else if (host->dirty & HOST_DIRTY_TLS) {
		memcpy(&b->gdt[LG_GDT_TLS_FIRST],
		       &host->gdt[LG_GDT_TLS_FIRST],
		       LG_GDT_TLS_COUNT * sizeof(u64));
	}
	if (host->dirty & HOST_DIRTY_IDT)
		memcpy(b->idt, host->idt, sizeof(b->idt));
	if (host->dirty & HOST_DIRTY_STACK) {
		b->tss.sp1 = host->esp1;
		b->tss.ss1 = host->ss1;
	}
	host->dirty = 0;
}

/* FPU instructions of the guest trap until it says that they may not. */
static void set_ts(void)
{
	asm volatile("mov %0, %%cr0" : : "r" (native_read_cr0() | X86_CR0_TS));
}

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

/* The far call through which the two worlds meet. */
/* What they hold of the host's data; any valid selector does. */
static void clear_buffers(void)
{
	static const u16 selector = __KERNEL_DS;

	asm volatile("verw %0" : : "m" (selector) : "cc");
}

static unsigned int call_switcher(u32 pages)
{
	struct {
		u32 offset;
		u16 selector;
	} __packed entry = { window_entry(), LG_CS };
	unsigned int trap = pages;
	void *at = &entry;

	/* All registers but EBP and ESP come back with the guest's values. */
	asm volatile("pushfl\n\t"
		     "lcall *(%[at])"
		     : "+a" (trap), [at] "+S" (at)
		     :
		     : "ebx", "ecx", "edx", "edi", "memory", "cc");
	return trap;
}

/**
 * host_trap_is_host - a claim: the trap was the host's, and has been handled
 * @trap: what host_switch() returned
 */
bool host_trap_is_host(unsigned int trap)
{
	return trap == X86_TRAP_NMI || trap == X86_TRAP_MC ||
	       (trap >= 32 && trap < 256 && trap != IA32_SYSCALL_VECTOR);
}

/**
 * host_switch - to the guest and back, once
 * @vcpu: loaded on this CPU; interrupts are off
 *
 * NMIs, machine checks and interrupts that hit the guest have been handled by
 * the host when this returns.
 *
 * Returns the trap number; LG_TRAP_SWITCHER if the guest's own state made the
 * switcher fault, after which the run frame is worthless.
 */
unsigned int host_switch(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	int cpu = smp_processor_id();
	struct lg_pages_host *pages = window_cpu(cpu);
	u32 gva = window_cpu_gva(cpu);
	unsigned int trap, notes;
	u16 gs;

	if (host->dirty)
		copy_state(host, pages->b);
	pages->b->host_cr3 = __native_read_cr3();
	pages->b->notes = 0;
	note_host_state(pages->c);
	pages->c->guest_cr3 = lg_shadow_root_phys(vcpu);
	pages->c->guest_ts = host->ts;
	if (hw_breakpoint_active())
		set_debugreg(0, 7);
	if (host->ts)
		set_ts();
	savesegment(gs, gs);

	if (lg_wants_verw())
		clear_buffers();
	trap = call_switcher(gva);
	lg_forget_branches();

	loadsegment(gs, gs);
	if (trap == X86_TRAP_PF)
		host->cr2 = native_read_cr2();
	if (trap == X86_TRAP_DB)
		take_dr6(host);
	if (hw_breakpoint_active())
		set_debugreg(__this_cpu_read(cpu_dr7), 7);
	notes = pages->b->notes | window_text_copy(pages->c->exit_eip);
	if (unlikely(trap == X86_TRAP_MC))
		lg_vcpu_machine_check();
	else if (unlikely(notes & LG_NOTE_MC))
		asm volatile("int $18" : : : "memory");
	if (unlikely(trap == X86_TRAP_NMI || notes & LG_NOTE_NMI)) {
		lg_count(vcpu, LG_STAT_NMI);
		asm volatile("int $2" : : : "memory");
	}
	if (pages->c->exit_esp != gva + offsetof(struct lg_pages, a.frame))
		return LG_TRAP_SWITCHER;
	return trap;
}
