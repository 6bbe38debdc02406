// SPDX-License-Identifier: GPL-2.0
/*
 * Entering and leaving the guest's kernel: traps and events are bounced to it,
 * its iret hypercall goes back.
 *
 * A bounce frame is what a CPU would push, with RCX and R11 below it. The virtual
 * interrupt flag is vcpu_info.evtchn_upcall_mask; frames carry it as RFLAGS.IF
 * and, as it was, beside CS. What is loaded here comes from guest memory: RIP is
 * checked before each entry, selectors and flags here, so that the
 * switcher's IRET cannot fault.
 */
#include <asm/trap_pf.h>
#include <asm/trapnr.h>
#include <asm/processor-flags.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <xen/interface/nmi.h>
#include "xenpv.h"

static bool vector_has_error(unsigned int vector)
{
	return vector == X86_TRAP_DF || vector == X86_TRAP_AC ||
	       vector == X86_TRAP_CP ||
	       (vector >= X86_TRAP_TS && vector <= X86_TRAP_PF);
}

/* The guest's kernel or its programs: page tables and GS base change hands. */
static void set_mode(struct lg_vcpu *vcpu, bool kernel)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct lg_frame *f = host_frame(vcpu);

	if (kernel == a->kernel)
		return;
	if (kernel) {
		a->gs_user = f->gs_base;
		f->gs_base = a->gs_kernel;
	} else {
		a->gs_kernel = f->gs_base;
		f->gs_base = a->gs_user;
	}
	a->kernel = kernel;
	if (lg_shadow_use(vcpu, !kernel))
		lg_kill(vcpu, "no page tables for %s mode",
			kernel ? "kernel" : "user");
}

/* What a bounce pushes, lowest address first. */
struct bounce_frame {
	u64 word[8];
	unsigned int words;
};

static void build_frame(struct lg_vcpu *vcpu, const u32 *error,
			struct bounce_frame *b)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct lg_frame *f = host_frame(vcpu);
	u8 masked = READ_ONCE(a->info->evtchn_upcall_mask);
	u64 flags = f->rflags & ~(u64)(X86_EFLAGS_IF | X86_EFLAGS_IOPL);

	if (!masked)
		flags |= X86_EFLAGS_IF;
	b->words = 0;
	b->word[b->words++] = f->rcx;
	b->word[b->words++] = f->r11;
	if (error)
		b->word[b->words++] = *error;
	b->word[b->words++] = f->rip;
	b->word[b->words++] = (f->cs & (a->kernel ? 0xfffc : 0xffff)) |
			      (u64)masked << 32;
	b->word[b->words++] = flags;
	b->word[b->words++] = f->rsp;
	b->word[b->words++] = f->ss & 0xffff;
}

/*
 * Enter the guest's kernel at @to. @what names the cause in the reason of death
 * if there is no such place or no stack to push to.
 */
static void bounce(struct lg_vcpu *vcpu, const struct xenpv_callback *to,
		   const u32 *error, const char *what, unsigned int number)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct lg_frame *f = host_frame(vcpu);
	u64 sp = a->kernel ? f->rsp : a->kernel_sp;
	struct bounce_frame b;
	size_t size;

	if (!to->rip) {
		lg_kill(vcpu, "unhandled %s %u at %#llx (%#lx)", what, number,
			f->rip, host_cr2(vcpu));
		return;
	}
	build_frame(vcpu, error, &b);
	size = b.words * sizeof(b.word[0]);
	sp = (sp & ~15ull) - size;
	set_mode(vcpu, true);
	if (!host_is_canonical(sp) || lg_shadow_write(vcpu, sp, b.word, size)) {
		lg_kill(vcpu, "bad stack %#llx for %s %u at %#llx", sp, what,
			number, f->rip);
		return;
	}
	if (to->mask)
		WRITE_ONCE(a->info->evtchn_upcall_mask, 1);
	f->rflags &= LG_EFLAGS_LOADABLE & ~(X86_EFLAGS_AC | X86_EFLAGS_RF |
					    X86_EFLAGS_NT | X86_EFLAGS_TF);
	f->rflags |= X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	f->cs = FLAT_KERNEL_CS64;
	f->ss = FLAT_KERNEL_SS64;
	f->rsp = sp;
	f->rip = to->rip;
}

/**
 * xenpv_inject - let the guest handle a trap
 * @vcpu: not running
 * @vector: below 32
 * @error: its error code, if it has one
 */
void xenpv_inject(struct lg_vcpu *vcpu, unsigned int vector, u32 error)
{
	lg_count(vcpu, LG_STAT_REFLECTED);
	bounce(vcpu, &xenpv_vcpu(vcpu)->trap[vector & 31],
	       vector_has_error(vector) ? &error : NULL, "trap", vector);
}

/**
 * xenpv_inject_page_fault - let the guest handle a page fault
 * @vcpu: not running
 * @gva: what it touched
 * @error: as the CPU has it: all of the guest is user mode to it
 */
void xenpv_inject_page_fault(struct lg_vcpu *vcpu, lg_gva_t gva, u32 error)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	error &= ~(u32)X86_PF_USER;
	if (!a->kernel)
		error |= X86_PF_USER;
	WRITE_ONCE(a->info->arch.cr2, gva);
	xenpv_inject(vcpu, X86_TRAP_PF, error);
}

/**
 * xenpv_soft_int - INT with a vector that the guest may have opened
 * @vcpu: at the instruction, two bytes
 * @vector: below 256
 *
 * Returns false if it may not be used from where the guest is.
 */
bool xenpv_soft_int(struct lg_vcpu *vcpu, unsigned int vector)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct xenpv_callback *t;

	t = &a->trap[array_index_nospec(vector, ARRAY_SIZE(a->trap))];
	if (!t->rip || t->dpl < (a->kernel ? 1 : 3))
		return false;
	host_frame(vcpu)->rip += 2;
	lg_count(vcpu, LG_STAT_REFLECTED);
	bounce(vcpu, t, NULL, "interrupt", vector);
	return true;
}

/*
 * User mode in 64 bits: the selectors of Linux, which its SYSRET loads, if the
 * guest's GDT has them; else Xen's, which are always there.
 */
static void set_user_segments(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);

	f->cs = FLAT_USER_CS64;
	f->ss = FLAT_USER_SS64;
	if (!host_code_selector_is_ok(vcpu, XENPV_USER_CS64) ||
	    !host_stack_selector_is_ok(vcpu, XENPV_USER_DS))
		return;
	f->cs = XENPV_USER_CS64;
	f->ss = XENPV_USER_DS;
}

static void set_mode_segments(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);

	if (!xenpv_vcpu(vcpu)->kernel) {
		set_user_segments(vcpu);
		return;
	}
	f->cs = FLAT_KERNEL_CS64;
	f->ss = FLAT_KERNEL_SS64;
}

/**
 * xenpv_syscall - SYSCALL from a program of the guest
 * @vcpu: in user mode
 */
void xenpv_syscall(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);

	set_user_segments(vcpu);
	bounce(vcpu, &xenpv_vcpu(vcpu)->callback[CALLBACKTYPE_syscall], NULL,
	       "system call", f->rax);
	f->rflags &= ~(u64)X86_EFLAGS_DF;
}

/**
 * xenpv_syscall32 - the same from a program in compatibility mode
 * @vcpu: in either mode; the kernel has no business in it
 */
void xenpv_syscall32(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct xenpv_callback *to = &a->callback[CALLBACKTYPE_syscall32];
	struct lg_frame *f = host_frame(vcpu);

	f->cs = a->kernel ? FLAT_KERNEL_CS32 : XENPV_USER_CS32;
	f->ss = a->kernel ? FLAT_KERNEL_SS32 : XENPV_USER_DS;
	if (a->kernel || !to->rip) {
		f->rip = (u32)(f->rip - XENPV_SYSCALL_BYTES);
		xenpv_inject(vcpu, X86_TRAP_GP, 0);
		return;
	}
	bounce(vcpu, to, NULL, "system call", f->rax);
	f->rflags &= ~(u64)X86_EFLAGS_DF;
}

/**
 * xenpv_deliver - NMI and events, if there are any and the guest is willing
 * @vcpu: about to run
 */
void xenpv_deliver(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct xenpv_callback event = a->callback[CALLBACKTYPE_event];

	if (unlikely(a->nmi_pending && !a->nmi_blocked)) {
		a->nmi_pending = false;
		a->nmi_blocked = true;
		bounce(vcpu, a->callback[CALLBACKTYPE_nmi].rip ?
		       &a->callback[CALLBACKTYPE_nmi] : &a->trap[X86_TRAP_NMI],
		       NULL, "NMI", X86_TRAP_NMI);
	}
	if (!READ_ONCE(a->info->evtchn_upcall_pending) ||
	    READ_ONCE(a->info->evtchn_upcall_mask))
		return;
	lg_count(vcpu, LG_STAT_IRQ_INJECTED);
	event.mask = true;
	bounce(vcpu, &event, NULL, "event", 0);
}

/* ---- back ---- */

/* A stack segment of 0 is what a kernel has after an interrupt in long mode. */
static u16 kernel_ss(u16 ss)
{
	return ss & ~3 ? ss | 3 : FLAT_KERNEL_SS64;
}

static void load_flags(struct lg_vcpu *vcpu, u64 rflags)
{
	host_frame(vcpu)->rflags = (rflags & LG_EFLAGS_LOADABLE) |
				   X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	WRITE_ONCE(xenpv_vcpu(vcpu)->info->evtchn_upcall_mask,
		   !(rflags & X86_EFLAGS_IF));
}

/* To where the CPU would refuse to go: the guest gets the fault from there. */
static void load_segments(struct lg_vcpu *vcpu, u16 cs, u16 ss)
{
	struct lg_frame *f = host_frame(vcpu);
	u16 bad;

	if (!host_code_selector_is_ok(vcpu, cs)) {
		bad = cs;
	} else if (!host_stack_selector_is_ok(vcpu, ss)) {
		bad = ss;
	} else {
		f->cs = cs;
		f->ss = ss;
		return;
	}
	set_mode_segments(vcpu);
	xenpv_inject(vcpu, X86_TRAP_GP, bad & ~3);
}

/**
 * xenpv_iret - the iret hypercall: all registers come from the guest's stack
 * @vcpu: in kernel mode
 *
 * Returns nothing of use: RAX is loaded, too.
 */
long xenpv_iret(struct lg_vcpu *vcpu)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct lg_frame *f = host_frame(vcpu);
	struct iret_context i;

	if (!host_is_canonical(f->rsp) ||
	    lg_shadow_read(vcpu, f->rsp, &i, sizeof(i))) {
		lg_kill(vcpu, "bad stack %#llx for iret", f->rsp);
		return -EFAULT;
	}
	if ((i.cs & 3) == 3) {
		if (!vcpu->mmu.user_gfn) {
			lg_kill(vcpu, "iret to user mode without page tables");
			return -EFAULT;
		}
		set_mode(vcpu, false);
	}
	f->rax = i.rax;
	f->rip = i.rip;
	f->rsp = i.rsp;
	a->nmi_blocked = false;
	load_flags(vcpu, i.rflags);
	if (i.flags & VGCF_in_syscall) {
		f->rcx = f->rip;
		f->r11 = f->rflags;
		set_mode_segments(vcpu);
		return 0;
	}
	f->r11 = i.r11;
	f->rcx = i.rcx;
	load_segments(vcpu, i.cs | 3, a->kernel ? kernel_ss(i.ss) : i.ss | 3);
	return 0;
}

/* ---- entry points ---- */

/**
 * xenpv_set_trap_table - set_trap_table
 * @vcpu: running guest
 * @gva: entries up to one without address; 0: forget all
 *
 * Returns 0, -EFAULT, -EINVAL or XENPV_AGAIN.
 */
long xenpv_set_trap_table(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct trap_info t;

	if (!gva) {
		memset(a->trap, 0, sizeof(a->trap));
		return 0;
	}
	for (;; gva += sizeof(t)) {
		if (xenpv_must_give_way()) {
			a->call->arg[0] = gva;
			return XENPV_AGAIN;
		}
		if (lg_shadow_read(vcpu, gva, &t, sizeof(t)))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!host_is_canonical(t.address))
			return -EINVAL;
		a->trap[array_index_nospec(t.vector, 256)] =
			(struct xenpv_callback) {
				.rip = t.address,
				.mask = TI_GET_IF(&t),
				.dpl = TI_GET_DPL(&t),
			};
	}
}

static long callback_register(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct callback_register r;

	if (lg_shadow_read(vcpu, gva, &r, sizeof(r)))
		return -EFAULT;
	if (!host_is_canonical(r.address))
		return -EINVAL;
	switch (r.type) {
	case CALLBACKTYPE_event:
	case CALLBACKTYPE_failsafe:
	case CALLBACKTYPE_syscall:
	case CALLBACKTYPE_syscall32:
	case CALLBACKTYPE_nmi:
		break;
	default:	/* SYSENTER, too: we have none */
		return -ENOSYS;
	}
	a->callback[array_index_nospec(r.type, XENPV_CALLBACKS)] =
		(struct xenpv_callback) {
			.rip = r.address,
			.mask = r.flags & CALLBACKF_mask_events,
		};
	return 0;
}

static long callback_unregister(struct lg_vcpu *vcpu, u64 gva)
{
	struct callback_unregister u;

	if (lg_shadow_read(vcpu, gva, &u, sizeof(u)))
		return -EFAULT;
	switch (u.type) {
	case CALLBACKTYPE_event:
	case CALLBACKTYPE_failsafe:
	case CALLBACKTYPE_syscall:
	case CALLBACKTYPE_syscall32:
		return -EINVAL;
	case CALLBACKTYPE_nmi:
		xenpv_vcpu(vcpu)->callback[CALLBACKTYPE_nmi].rip = 0;
		return 0;
	default:
		return -ENOSYS;
	}
}

/**
 * xenpv_callback_op - callback_op
 * @vcpu: running guest
 * @cmd: CALLBACKOP_x
 * @gva: its argument
 *
 * Returns 0, -EFAULT, -EINVAL, -ENOSYS.
 */
long xenpv_callback_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva)
{
	switch (cmd) {
	case CALLBACKOP_register:
		return callback_register(vcpu, gva);
	case CALLBACKOP_unregister:
		return callback_unregister(vcpu, gva);
	default:
		return -ENOSYS;
	}
}

static void callback_set(struct lg_vcpu *vcpu, unsigned int type, u64 address)
{
	if (host_is_canonical(address))
		xenpv_vcpu(vcpu)->callback[type].rip = address;
}

/**
 * xenpv_set_callbacks - set_callbacks, the older way to say the same
 * @vcpu: running guest
 * @event: address of the event callback
 * @failsafe: the same
 * @syscall: the same
 *
 * An address that will not do is passed over. Returns 0.
 */
long xenpv_set_callbacks(struct lg_vcpu *vcpu, u64 event, u64 failsafe,
			 u64 syscall)
{
	callback_set(vcpu, CALLBACKTYPE_event, event);
	callback_set(vcpu, CALLBACKTYPE_failsafe, failsafe);
	callback_set(vcpu, CALLBACKTYPE_syscall, syscall);
	return 0;
}

/**
 * xenpv_nmi_op - nmi_op, the older way to register that one
 * @vcpu: running guest
 * @cmd: XENNMI_x
 * @gva: its argument
 *
 * Returns 0, -EFAULT, -EINVAL, -ENOSYS.
 */
long xenpv_nmi_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva)
{
	struct xenpv_callback *nmi = &xenpv_vcpu(vcpu)->callback[CALLBACKTYPE_nmi];
	struct xennmi_callback cb;

	switch (cmd) {
	case XENNMI_register_callback:
		if (lg_shadow_read(vcpu, gva, &cb, sizeof(cb)))
			return -EFAULT;
		if (!host_is_canonical(cb.handler_address))
			return -EINVAL;
		*nmi = (struct xenpv_callback) { .rip = cb.handler_address };
		return 0;
	case XENNMI_unregister_callback:
		nmi->rip = 0;
		return 0;
	default:
		return -ENOSYS;
	}
}
