// SPDX-License-Identifier: GPL-2.0
/*
 * MSRs that say where SYSCALL and SYSENTER go. The host needs its own only for
 * user programs, so a CPU keeps ours until it returns to one: a write to
 * some of them is an exit to the outer hypervisor in a cloud.
 *
 * CR4.PGE goes the same way: with it, translations of the host's kernel would
 * serve the guest's, whose addresses are the same.
 *
 * KVM does so, too.  For AMD's CPUs it swaps the MSRs with the rest of its guest; for
 * Intel's it believes, while one of its threads has the CPU, that they are what it
 * wrote last, and that they are the host's when an interrupt asks it to look.  Where
 * it may do that, ours are there for a guest only, from each entry to its exit.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/user-return-notifier.h>
#include <linux/workqueue.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/tlbflush.h>
#include "compat.h"
#include "lg.h"

#define FLAGS_OFF (X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF | \
		   X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_RF | \
		   X86_EFLAGS_AC)

/* With these selectors SYSRET gives Linux's own user segments. */
#define STAR_HIGH	(0x23 << 16 | LG_CS)

static bool eager_msrs;
module_param(eager_msrs, bool, 0444);
MODULE_PARM_DESC(eager_msrs, "Give the host its SYSCALL MSRs back after each switch (default: where there is VT-x, for KVM's sake)");

struct msr_cpu {
	struct user_return_notifier notifier;
	bool ours;
	bool pge;
	u64 lstar, cstar, star, mask, sysenter_cs;
};

static DEFINE_PER_CPU(struct msr_cpu, msr_cpus);

static void msr_take(struct msr_cpu *m, int cpu)
{
	rdmsrl(MSR_LSTAR, m->lstar);
	rdmsrl(MSR_CSTAR, m->cstar);
	rdmsrl(MSR_STAR, m->star);
	rdmsrl(MSR_SYSCALL_MASK, m->mask);
	rdmsrl(MSR_IA32_SYSENTER_CS, m->sysenter_cs);
	wrmsrl(MSR_LSTAR, window_syscall(cpu));
	wrmsrl(MSR_CSTAR, window_syscall32(cpu));
	wrmsr(MSR_STAR, 0, STAR_HIGH);
	wrmsrl(MSR_SYSCALL_MASK, FLAGS_OFF);
	/* SYSENTER would enter the host's kernel on the guest's page tables. */
	wrmsrl(MSR_IA32_SYSENTER_CS, 0);
	m->pge = cr4_read_shadow() & X86_CR4_PGE;
	if (m->pge)
		cr4_update_irqsoff(0, X86_CR4_PGE);
}

static void msr_give(struct msr_cpu *m)
{
	wrmsrl(MSR_LSTAR, m->lstar);
	wrmsrl(MSR_CSTAR, m->cstar);
	wrmsrl(MSR_STAR, m->star);
	wrmsrl(MSR_SYSCALL_MASK, m->mask);
	wrmsrl(MSR_IA32_SYSENTER_CS, m->sysenter_cs);
	if (m->pge)
		cr4_update_irqsoff(X86_CR4_PGE, 0);
}

/* Interrupts are off. */
static void msr_restore(struct msr_cpu *m)
{
	if (!m->ours)
		return;
	m->ours = false;
	msr_give(m);
	user_return_notifier_unregister(&m->notifier);
}

static void msr_user_return(struct user_return_notifier *notifier)
{
	struct msr_cpu *m = container_of(notifier, struct msr_cpu, notifier);
	unsigned long flags;

	local_irq_save(flags);
	msr_restore(m);
	local_irq_restore(flags);
}

/**
 * msr_load - from here SYSCALL enters the switcher, on this CPU
 * @cpu: this one; interrupts are off
 */
void msr_load(int cpu)
{
	struct msr_cpu *m = this_cpu_ptr(&msr_cpus);

	if (eager_msrs || m->ours)
		return;
	m->ours = true;
	m->notifier.on_user_return = msr_user_return;
	user_return_notifier_register(&m->notifier);
	msr_take(m, cpu);
}

/**
 * msr_enter - a guest is about to be entered, on this CPU
 * @cpu: this one; interrupts are off until msr_leave()
 */
void msr_enter(int cpu)
{
	if (eager_msrs)
		msr_take(this_cpu_ptr(&msr_cpus), cpu);
}

/**
 * msr_leave - undo msr_enter()
 */
void msr_leave(void)
{
	if (eager_msrs)
		msr_give(this_cpu_ptr(&msr_cpus));
}

/*
 * A CPU that goes away comes back with the host's values; so does the last one
 * from a suspend.
 */
static int msr_offline(unsigned int cpu)
{
	msr_user_return(&this_cpu_ptr(&msr_cpus)->notifier);
	return 0;
}

static int msr_suspend(LG_SYSCORE_ARG)
{
	msr_restore(this_cpu_ptr(&msr_cpus));
	return 0;
}

static struct lg_syscore msr_syscore = {
	.ops.suspend = msr_suspend,
};

static int msr_hotplug_state;

/**
 * msr_init - be told when a CPU goes
 *
 * Returns 0 or -errno.
 */
int msr_init(void)
{
	int rc = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "lguest:msr",
					   NULL, msr_offline);

	if (rc < 0)
		return rc;
	msr_hotplug_state = rc;
	eager_msrs |= boot_cpu_has(X86_FEATURE_VMX);
	lg_syscore_register(&msr_syscore);
	return 0;
}

static long msr_restore_cpu(void *unused)
{
	struct msr_cpu *m = this_cpu_ptr(&msr_cpus);

	msr_user_return(&m->notifier);
	return 0;
}

/**
 * msr_exit - give all CPUs the host's values back, now
 *
 * By a thread on each, not an interrupt: KVM for AMD's CPUs may have come upon ours
 * and brings them back after each exit of its guest, till another thread runs.
 */
void msr_exit(void)
{
	int cpu;

	lg_syscore_unregister(&msr_syscore);
	cpuhp_remove_state_nocalls(msr_hotplug_state);
	cpus_read_lock();
	for_each_online_cpu(cpu)
		work_on_cpu(cpu, msr_restore_cpu, NULL);
	cpus_read_unlock();
}
