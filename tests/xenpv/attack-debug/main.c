// SPDX-License-Identifier: GPL-2.0
/*
 * Debug traps where they hurt: behind instructions that hold them back.
 *
 * Claim: a step or breakpoint that is due behind `mov ss` or `pop ss` arrives in
 * the guest's handler or nowhere, also if the next instruction enters the host:
 * SYSCALL, INT, INT3, a fault. Breakpoints in the hypervisor's addresses are
 * refused. The host never gets a debug trap of a guest's making in ring 0.
 *
 * Source: CVE-2018-8897 (XSA-260), XSA-444; SDM vol. 3, 6.8.3.
 */
#include "tg.h"

const char tg_title[] = "debug traps";

static u32 steps;

static bool count(struct tg_regs *regs)
{
	if (regs->vector != 1)
		return false;
	steps++;
	/* Enough is enough. */
	if (steps > 1000)
		regs->rflags &= ~0x100ul;
	return true;
}

#define STEP	"pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
#define ONWARD	"pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"

static void kernel(void)
{
	u32 ss = FLAT_KERNEL_SS64;
	u64 sp[1] = { FLAT_KERNEL_SS64 };

	tg_trap_hook = count;
	tg_try(STEP "movl %0, %%ss\n\tsyscall\n\t" ONWARD, : : "r"(ss),
	       "a"(__HYPERVISOR_xen_version), "D"(0) : "rcx", "r11", "memory");
	tg_try(STEP "movl %0, %%ss\n\tint $0x30\n\t" ONWARD, : : "r"(ss)
	       : "memory");
	tg_try(STEP "movl %0, %%ss\n\tint3\n\t" ONWARD, : : "r"(ss) : "memory");
	tg_try(STEP "movl %0, %%ss\n\tud2\n\t" ONWARD, : : "r"(ss) : "memory");
	tg_try(STEP "movl %0, %%ss\n\tmovq (%1), %%rax\n\t" ONWARD, : :
	       "r"(ss), "r"(TG_NOWHERE) : "rax", "memory");
	tg_try(STEP "movl %0, %%ss\n\tinb $0x61, %%al\n\t" ONWARD, : : "r"(ss)
	       : "rax", "memory");
	tg_try("pushq %0\n\t" STEP "popq %%rax\n\tmovl %%eax, %%ss\n\tsyscall\n\t"
	       ONWARD, : : "m"(sp[0]), "D"(0) : "rax", "rcx", "r11", "memory");
	tg_try(STEP "movl %0, %%ss\n\tmovl %0, %%ss\n\tmovl %0, %%ss\n\t"
	       "syscall\n\t" ONWARD, : : "r"(ss),
	       "a"(__HYPERVISOR_xen_version), "D"(0) : "rcx", "r11", "memory");
	/* Through the iret hypercall with TF set. */
	tg_try(STEP "nop\n\tsyscall\n\tsyscall\n\t" ONWARD, : :
	       "a"(__HYPERVISOR_xen_version), "D"(0) : "rcx", "r11", "memory");
	tg_trap_hook = NULL;
	asm volatile("pushq $2\n\tpopfq" : : : "cc", "memory");
	TG_CHECK(steps, "no step at all");
}

static void tg_user_code user_step_syscall(void)
{
	asm volatile("pushfq\n\torq $0x100, (%rsp)\n\tpopfq\n\t"
		     "movl $0xe02b, %ecx\n\tmovl %ecx, %ss\n\tsyscall\n\tud2");
}

static void tg_user_code user_step_int(void)
{
	asm volatile("pushfq\n\torq $0x100, (%rsp)\n\tpopfq\n\t"
		     "movl $0xe02b, %ecx\n\tmovl %ecx, %ss\n\tint $0x80\n\tud2");
}

static void user(void)
{
	u32 i;

	for (i = 0; i < 20; i++) {
		tg_user_call(i & 1 ? user_step_syscall : user_step_int, 0, NULL);
		TG_EQ(tg_fault.handler_rflags & 0x100, 0, "TF in the handler");
	}
}

static void registers(void)
{
	static const u64 at[] = {
		0xffff808000000000, 0xffff808000001000, 0xffffffff81000000,
		0xfffffe0000000000, 0x7ffffffff000, 0x1000000000000,
	};
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(at); i++)
		for (n = 0; n < 8; n++)
			tg_hcall(set_debugreg, n, at[i], 0, 0);
	tg_hcall(set_debugreg, 7, 0x555, 0, 0);
	tg_hcall(set_debugreg, 7, 0xffffffff, 0, 0);
	tg_hcall(set_debugreg, 7, -1ul, 0, 0);
	tg_hcall(set_debugreg, 6, 0xffffffff, 0, 0);
	tg_try("movq %0, %%dr0\n\tmovq %1, %%dr7", : :
	       "r"(0xffff808000000000), "r"(0xffff03fful));
	tg_sleep(2000000);
	tg_try("movq %%dr7, %%rax", : : : "rax");
	tg_hcall(set_debugreg, 7, 0x400, 0, 0);
}

void test_main(void)
{
	tg_user_init();
	kernel();
	user();
	registers();
	kernel();
}
