// SPDX-License-Identifier: GPL-2.0
/*
 * What of the processor an lguest guest sees, and the parts of its state that
 * live in memory and so must be told to the host when they change.
 */
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/desc.h>

#include "hcall.h"

#define LEAF1_ECX	0x00002201	/* SSE3 SSSE3 CX16 */
#define LEAF1_EDX	0x07808151	/* FPU TSC PAE CX8 CMOV MMX FXSR SSE SSE2 */
#define LEAF1_PGE	0x00002000	/* not real: Linux then tells kernel */
					/* from user TLB flushes */
#define LEAF1_FAMILY	0x0ff00f00
#define LEAF1_FAMILY_5	0x00000500	/* too old for most MSRs and bugs */
#define EXT1_NOT_EDX	0x2c100800	/* SYSCALL NX GBPAGES RDTSCP LM */

/*
 * cpuid, without the features that a ring 1 kernel with small shadowed pages
 * cannot have.  User space sees the real thing: the instruction does not trap.
 */
__visible void lguest_filter_cpuid(u32 regs[4])
{
	u32 leaf = regs[0];

	asm volatile("cpuid"
		     : "+a" (regs[0]), "=b" (regs[1]), "+c" (regs[2]),
		       "=d" (regs[3]));
	switch (leaf) {
	case 0:
		regs[0] = min(regs[0], 5U);
		break;
	case 1:
		regs[0] = (regs[0] & ~LEAF1_FAMILY) | LEAF1_FAMILY_5;
		regs[2] &= LEAF1_ECX;
		regs[3] = (regs[3] & LEAF1_EDX) | LEAF1_PGE;
		break;
	case 0x80000000:
		regs[0] = min(regs[0], 0x80000008U);
		break;
	case 0x80000001:
		regs[2] = 0;
		regs[3] &= ~EXT1_NOT_EDX;
		break;
	case 0x80000008:
		regs[1] = 0;		/* speculation MSRs */
		break;
	case 6 ... 0x7fffffff:
		memset(regs, 0, 16);	/* and no other hypervisor */
		break;
	}
}

/*
 * Thread-local segments; interrupts are off.  Kernel threads have none, and
 * leave those of whoever ran last, who is likely to be next as well.
 */
void lguest_load_tls(struct thread_struct *t, struct desc_struct *gdt)
{
	struct task_struct *task = container_of(t, struct task_struct, thread);
	struct desc_struct *tls = &gdt[GDT_ENTRY_TLS_MIN];

	if (task->flags & PF_KTHREAD)
		return;
	if (!memcmp(tls, t->tls_array, sizeof(t->tls_array)))
		return;
	memcpy(tls, t->tls_array, sizeof(t->tls_array));
	hcall_lazy(LG32_LOAD_TLS, __pa(tls), 0, 0);
}

/* The stack for traps from user space: one page, the same all the time. */
void lguest_set_stack(unsigned long sp0)
{
	hcall(LG32_SET_STACK, LG32_KERNEL_DS, sp0, 1);
}
