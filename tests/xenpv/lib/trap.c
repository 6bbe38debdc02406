// SPDX-License-Identifier: GPL-2.0
/*
 * What the runtime does with traps and callbacks. An expected trap is recorded
 * in tg_fault and execution goes on where the test said; any other is a FAILURE
 * that ends the guest.
 */
#include "tg.h"

volatile struct tg_fault tg_fault;
u64 tg_try_sp, tg_try_to;
bool (*tg_trap_hook)(struct tg_regs *regs);

extern u64 tg_catch_sp, tg_user_sp;
extern const char tg_catch_return[];
void tg_trap(struct tg_regs *regs, u64 rflags);
void tg_user_trap(struct tg_regs *regs);

static void record_fault(const struct tg_regs *regs, u64 rflags)
{
	tg_fault.vector = regs->vector;
	tg_fault.error = regs->error;
	tg_fault.cr2 = ONCE(tg_info()->arch.cr2);
	tg_fault.rip = regs->rip;
	tg_fault.cs = regs->cs;
	tg_fault.rflags = regs->rflags;
	tg_fault.rsp = regs->rsp;
	tg_fault.ss = regs->ss;
	tg_fault.handler_rflags = rflags;
	tg_fault.frame = (u64)regs;
	tg_fault.mask = ONCE(tg_info()->evtchn_upcall_mask);
}

/* Go on behind the innermost tg_try(), or out of tg_catch(). */
static bool fix_up(struct tg_regs *regs)
{
	if (tg_try_to)
		regs->rip = tg_try_to;
	else if (tg_catch_sp)
		regs->rip = (u64)tg_catch_return;
	else
		return false;
	regs->cs = FLAT_KERNEL_CS64 & ~3;
	regs->ss = FLAT_KERNEL_SS64;
	return true;
}

static void unexpected(const struct tg_regs *regs)
{
	tg_failure("unexpected trap %lu, error %#lx, at %#lx:%#lx, cr2 %#lx",
		   regs->vector, regs->error, regs->cs, regs->rip,
		   (u64)ONCE(tg_info()->arch.cr2));
	tg_printf("# rax %lx rbx %lx rcx %lx rdx %lx rsp %lx rflags %lx\n",
		  regs->rax, regs->rbx, regs->rcx, regs->rdx, regs->rsp,
		  regs->rflags);
	tg_exit();
}

/* Called by entry.S for everything, with struct tg_regs on the stack. */
void tg_trap(struct tg_regs *regs, u64 rflags)
{
	if (regs->vector == TG_EVENT) {
		tg_upcall(regs);
		return;
	}
	if (tg_trap_hook && tg_trap_hook(regs))
		return;
	record_fault(regs, rflags);
	if ((regs->cs & 3) == 3 && tg_user_sp)
		tg_user_trap(regs);
	if (!fix_up(regs))
		unexpected(regs);
}

u32 tg_try_read(u64 gva, u64 *value)
{
	u64 v = 0;
	u32 vector = tg_try("movq (%1), %0", : "+r"(v) : "r"(gva) : "memory");

	if (value)
		*value = v;
	return vector;
}

u32 tg_try_write(u64 gva, u64 value)
{
	return tg_try("movq %0, (%1)", : : "r"(value), "r"(gva) : "memory");
}

long tg_trap_set(u32 vector, u32 flags, const void *handler)
{
	struct trap_info t[2] = {
		{
			.vector = vector,
			.flags = flags,
			.cs = FLAT_KERNEL_CS64,
			.address = (u64)handler,
		},
	};

	return tg_hcall(set_trap_table, t, 0, 0, 0);
}

/* As Linux has it: int3, into and the system call gate are for everybody. */
void tg_trap_default(u32 vector)
{
	u32 dpl = vector == 3 || vector == 4 || vector == 0x80 ? 3 : 0;

	tg_trap_set(vector, dpl | 4, (void *)tg_stubs[vector]);
}

long tg_callback(u16 type, u16 flags, u64 address)
{
	struct callback_register r = {
		.type = type,
		.flags = flags,
		.address = address,
	};

	return tg_hcall(callback_op, CALLBACKOP_register, &r, 0, 0);
}

void tg_traps_init(void)
{
	u32 i;

	for (i = 0; i < 256; i++)
		tg_trap_default(i);
	tg_callback(CALLBACKTYPE_event, 0, tg_stubs[TG_EVENT]);
	tg_callback(CALLBACKTYPE_failsafe, CALLBACKF_mask_events,
		    tg_stubs[TG_FAILSAFE]);
	tg_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events,
		    tg_stubs[TG_SYSCALL]);
	tg_callback(CALLBACKTYPE_syscall32, CALLBACKF_mask_events,
		    tg_stubs[TG_SYSCALL32]);
	tg_hcall(stack_switch, FLAT_KERNEL_SS64, TG_TRAP_SP, 0, 0);
}
