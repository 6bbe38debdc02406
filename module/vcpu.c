// SPDX-License-Identifier: GPL-2.0
/*
 * The run loop: a launcher's thread becomes the vCPU until something happens
 * that only the launcher can answer.
 *
 * The guest runs with the CPU's interrupts on and the kernel's preemption off,
 * one switch at a time: the host's tick ends it like any interrupt, so it can
 * never keep a CPU. Signals are looked at before every switch.
 */
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <asm/fpu/api.h>
#include <asm/mce.h>
#include "compat.h"
#include "lg.h"

/**
 * lg_vcpu_machine_check - a machine check hit the guest: it is the host's
 *
 * For the host it hit a user program, which the launcher's thread is: memory that
 * the guest read and that has an error becomes a SIGBUS of that thread on its way
 * out, where a kernel that read it is lost. Called with interrupts off.
 */
void lg_vcpu_machine_check(void)
{
	struct pt_regs regs = { .cs = SEGMENT_RPL_MASK, .flags = X86_EFLAGS_IF };

	do_machine_check(&regs);
}

/* ---- this thread's CPU: what must be undone when another thread gets it ---- */

/* Which guest has taught this CPU where branches go. */
static DEFINE_PER_CPU(u64, teacher);

/* Not what another has: KVM does so for its guests, too. */
static noinline void change_teacher(u64 guest)
{
	this_cpu_write(teacher, guest);
	indirect_branch_prediction_barrier();
}

/* Preemption is off. */
static void load_on_cpu(struct lg_vcpu *vcpu)
{
	if (this_cpu_read(teacher) != vcpu->guest->id)
		change_teacher(vcpu->guest->id);
	host_vcpu_load(vcpu);
}

static void sched_in(struct preempt_notifier *notifier, int cpu)
{
	load_on_cpu(container_of(notifier, struct lg_vcpu, notifier));
}

static void sched_out(struct preempt_notifier *notifier,
		      struct task_struct *next)
{
	host_vcpu_put(container_of(notifier, struct lg_vcpu, notifier));
}

static struct preempt_ops notifier_ops = {
	.sched_in = sched_in,
	.sched_out = sched_out,
};

static void vcpu_load(struct lg_vcpu *vcpu)
{
	fpu_swap_kvm_fpstate(&vcpu->fpu, true);
	preempt_disable();
	preempt_notifier_register(&vcpu->notifier);
	load_on_cpu(vcpu);
	preempt_enable();
}

static void vcpu_put(struct lg_vcpu *vcpu)
{
	preempt_disable();
	host_vcpu_put(vcpu);
	preempt_notifier_unregister(&vcpu->notifier);
	preempt_enable();
	fpu_swap_kvm_fpstate(&vcpu->fpu, false);
}

/* ---- running ---- */

/**
 * lg_vcpu_kick - make the vCPU look around
 * @vcpu: running, sleeping or neither
 *
 * Any context.
 */
void lg_vcpu_kick(struct lg_vcpu *vcpu)
{
	int cpu;

	/* Pairs with the barrier in enter(): we see it running, or it sees us. */
	smp_mb();
	cpu = READ_ONCE(vcpu->running_on);
	if (cpu >= 0 && cpu != raw_smp_processor_id())
		smp_send_reschedule(cpu);
	wake_up(&vcpu->wait);
}

static bool vcpu_can_wake(struct lg_vcpu *vcpu)
{
	return lg_guest_is_dead(vcpu->guest) || vcpu->guest->abi->can_wake(vcpu);
}

/* Sleep until there is a reason not to; -EINTR for a signal. */
static int vcpu_sleep(struct lg_vcpu *vcpu)
{
	lg_count(vcpu, LG_STAT_HALT);
	return wait_event_interruptible(vcpu->wait, vcpu_can_wake(vcpu)) ?
	       -EINTR : 0;
}

/*
 * What waits for this thread on its way to user mode: signals, which end LG_RUN,
 * and task work, by which CPU timers expire: it is done and the call restarted.
 */
static bool must_leave(void)
{
	return signal_pending(current) ||
	       test_thread_flag(TIF_NOTIFY_RESUME);
}

/* One switch. Returns the trap, or -EAGAIN if there was something to do first. */
static int enter(struct lg_vcpu *vcpu)
{
	int trap = -EAGAIN;

	preempt_disable();
	local_irq_disable();
	WRITE_ONCE(vcpu->running_on, smp_processor_id());
	smp_mb();
	if (!need_resched() && !must_leave() &&
	    !(READ_ONCE(vcpu->irqs) & ~vcpu->irqs_seen)) {
		if (test_thread_flag(TIF_NEED_FPU_LOAD))
			switch_fpu_return();
		trap = host_switch(vcpu);
		lg_note_teacher();
	}
	WRITE_ONCE(vcpu->running_on, -1);
	local_irq_enable();
	preempt_enable();
	return trap;
}

/* Returns 1 when the launcher has something to answer, 0 to go on, or -errno. */
static int run_once(struct lg_vcpu *vcpu)
{
	const char *why;
	int trap;

	if (lg_guest_is_dead(vcpu->guest))
		return 1;
	if (task_sigpending(current) || READ_ONCE(vcpu->run->immediate_exit))
		return -EINTR;
	if (must_leave())
		return -ERESTARTNOHAND;
	cond_resched();
	vcpu->irqs_seen = READ_ONCE(vcpu->irqs);
	vcpu->guest->abi->before_run(vcpu);
	if (lg_guest_is_dead(vcpu->guest))
		return 1;
	if (vcpu->halted)
		return vcpu_sleep(vcpu);
	why = host_segments_are_ok(vcpu) ? NULL : host_check_segments(vcpu);
	if (why) {
		lg_kill(vcpu, "%s", why);
		return 1;
	}
	trap = enter(vcpu);
	if (trap == -EAGAIN)
		return 0;
	lg_count(vcpu, LG_STAT_SWITCH);
	if (host_trap_is_host(trap)) {
		lg_count(vcpu, LG_STAT_HOST_IRQ);
		return 0;
	}
	return vcpu->guest->abi->trap(vcpu, trap);
}

static void report_end(struct lg_vcpu *vcpu)
{
	struct lg_run *run = vcpu->run;

	run->exit_reason = atomic_read(&vcpu->guest->dead);
	memcpy(run->reason, vcpu->guest->reason, sizeof(run->reason));
}

/**
 * lg_vcpu_run - LG_RUN
 * @vcpu: nobody's lock is held
 *
 * Returns as struct lg_run says.
 */
int lg_vcpu_run(struct lg_vcpu *vcpu)
{
	struct lg_guest *guest = vcpu->guest;
	int rc;

	if (current->mm != guest->mm)
		return -EIO;
	if (!mutex_trylock(&vcpu->lock))
		return -EBUSY;
	if (guest->abi->start && !vcpu->started) {
		mutex_unlock(&vcpu->lock);
		return -EINVAL;
	}
	vcpu->run->exit_reason = LG_EXIT_NONE;
	if (vcpu->access.pending)
		guest->abi->complete(vcpu);
	vcpu_load(vcpu);
	do
		rc = run_once(vcpu);
	while (!rc);
	vcpu_put(vcpu);
	/* Only the way of a signal restarts a call, so say that there is one. */
	if (rc == -ERESTARTNOHAND)
		set_thread_flag(TIF_NOTIFY_SIGNAL);
	if (lg_guest_is_dead(guest)) {
		report_end(vcpu);
		rc = 1;
	}
	mutex_unlock(&vcpu->lock);
	return rc < 0 ? rc : 0;
}

/* ---- life ---- */

/**
 * lg_vcpu_free - free a vCPU
 * @vcpu: nobody refers to it; or NULL
 */
void lg_vcpu_free(struct lg_vcpu *vcpu)
{
	if (!vcpu)
		return;
	lg_timer_stop(vcpu);
	vcpu->guest->abi->vcpu_free(vcpu);
	host_vcpu_free(vcpu);
	fpu_free_guest_fpstate(&vcpu->fpu);
	free_page((unsigned long)vcpu->run);
	kfree(vcpu);
}

/**
 * lg_vcpu_create - make one of the guest's vCPUs
 * @guest: its lock is held; has memory
 * @index: below LG_MAX_VCPUS, free
 *
 * Returns the vCPU or ERR_PTR(-ENOMEM).
 */
struct lg_vcpu *lg_vcpu_create(struct lg_guest *guest, unsigned int index)
{
	struct lg_vcpu *vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);

	if (!vcpu)
		return ERR_PTR(-ENOMEM);
	vcpu->guest = guest;
	vcpu->index = index;
	vcpu->running_on = -1;
	mutex_init(&vcpu->lock);
	lg_counters_init(&vcpu->stats);
	init_waitqueue_head(&vcpu->wait);
	preempt_notifier_init(&vcpu->notifier, &notifier_ops);
	lg_timer_init(vcpu);
	vcpu->run = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->run)
		goto err_free;
	if (!fpu_alloc_guest_fpstate(&vcpu->fpu))
		goto err_free_run;
	if (host_vcpu_init(vcpu))
		goto err_free_fpu;
	if (guest->abi->vcpu_init(vcpu))
		goto err_host_free;
	return vcpu;

err_host_free:
	host_vcpu_free(vcpu);
err_free_fpu:
	fpu_free_guest_fpstate(&vcpu->fpu);
err_free_run:
	free_page((unsigned long)vcpu->run);
err_free:
	kfree(vcpu);
	return ERR_PTR(-ENOMEM);
}
