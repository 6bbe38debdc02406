// SPDX-License-Identifier: GPL-2.0
/*
 * User mode: how its programs reach their kernel.
 *
 * Claim: SYSCALL bounces to the callback with RCX and R11 as the CPU has them,
 * all other registers as they were, DF clear and events masked if so wanted; page
 * faults have the U bit; INT works through gates of DPL 3 alone; user mode cannot
 * make hypercalls nor privileged instructions, and sees nothing that only the
 * kernel's root maps. SYSCALL of 32-bit programs has a callback of its own, SYSENTER
 * is a #GP or #UD; both are that for a kernel in a 32-bit segment, where SYSCALL is no
 * hypercall.
 *
 * Source: docs/abi/xenpv.md; Xen's entry.S, lstar_enter and cstar_enter.
 */
#include <lguest/api.h>
#include "tg.h"

const char tg_title[] = "user mode";

static void tg_user_code user_syscall(void)
{
	asm volatile("std\n\tsyscall\n\tud2");
}

static void tg_user_code user_many(void)
{
	asm volatile("1:\tsyscall\n\tjmp 1b");
}

static void tg_user_code user_ud2(void)
{
	asm volatile("ud2");
}

static void check_syscall(void)
{
	struct tg_user u, was;
	u64 *reg = (u64 *)&u;
	u32 i;

	tg_user_start(&u, user_syscall);
	for (i = 0; i < 15; i++)
		reg[i] = 0x0101010101010101ul * (i + 1);
	was = u;
	TG_EQ(tg_user_run(&u), TG_SYSCALL, "trap");
	TG_EQ(u.rip, (u64)user_syscall + 3, "rip");
	TG_EQ(u.rcx, u.rip, "rcx");
	TG_EQ(u.rsp, was.rsp, "rsp");
	TG_EQ(u.rax, was.rax, "rax");
	TG_EQ(u.r11 & 0x400, 0x400, "DF in r11");
	TG_EQ(u.rflags & 0x400, 0x400, "DF in the frame");
	TG_EQ(tg_fault.handler_rflags & 0x400, 0, "DF in the handler");
	TG_EQ(u.cs & 3, 3, "RPL of cs");
	for (i = 0; i < 13; i++)
		TG_CHECK(reg[i] == ((u64 *)&was)[i], "register %u is %#lx", i,
			 reg[i]);
}

static void tg_user_code user_int80_std(void)
{
	asm volatile("std\n\tint $0x80\n\tud2");
}

/* INT 0x80 changes no register at all; from 64-bit and from 32-bit programs. */
static void check_int80(u64 cs)
{
	struct tg_user u, was;
	u64 *reg = (u64 *)&u;
	u32 i;

	tg_user_start(&u, user_int80_std);
	u.cs = cs;
	for (i = 0; i < 15; i++)
		reg[i] = 0x0101010101010101ul * (i + 1);
	was = u;
	TG_EQ(tg_user_run(&u), 0x80, "trap");
	for (i = 0; i < 15; i++)
		TG_CHECK(reg[i] == ((u64 *)&was)[i], "register %u is %#lx", i,
			 reg[i]);
	TG_EQ(u.rip, (u64)user_int80_std + 3, "rip");
	TG_EQ(u.rsp, was.rsp, "rsp");
	TG_EQ(u.cs, cs, "cs");
	TG_EQ(u.ss, TG_USER_SS, "ss");
	TG_EQ(u.rflags & 0x600, 0x600, "DF and IF in the frame");
}

/* Who has a way without the host: it needs what these instructions need. */
static bool has_short_way(void)
{
	return tg_box && tg_try("rdfsbase %%rax", : : : "rax") == TG_NO_TRAP;
}

/* Events masked or not, as the gate says. */
static void check_int80_mask(void)
{
	struct tg_user u;

	tg_trap_set(0x80, 3 | 4, (void *)tg_stubs[0x80]);
	tg_user_start(&u, user_int80_std);
	tg_user_run(&u);
	TG_EQ(tg_fault.mask, 1, "mask in the handler of a gate that masks");
	tg_trap_set(0x80, 3, (void *)tg_stubs[0x80]);
	tg_user_start(&u, user_int80_std);
	tg_user_run(&u);
	TG_EQ(tg_fault.mask, 0, "mask in the handler of a gate that does not");
	tg_events_off();
	tg_trap_set(0x80, 2, (void *)tg_stubs[0x80]);
	tg_user_start(&u, user_int80_std);
	TG_EQ(tg_user_run(&u), 13, "a gate of the kernel");
	TG_EQ(u.rip, (u64)user_int80_std + 1, "rip");
	tg_trap_default(0x80);
}

static void check_short(const void *fn, u32 vector, const char *what)
{
	u64 direct = tg_ask(TG_ASK_STAT, LG_STAT_DIRECT);
	struct tg_user u;
	u32 i;

	for (i = 0; i < 100; i++) {
		tg_user_start(&u, fn);
		TG_EQ(tg_user_run(&u), vector, what);
	}
	direct = tg_ask(TG_ASK_STAT, LG_STAT_DIRECT) - direct;
	TG_CHECK(direct >= 200, "%s: only %lu of 200 changes were direct", what,
		 direct);
}

/* Many, with and without what makes the short way possible. */
static void check_many(void)
{
	struct tg_user u;
	u32 i;

	tg_user_start(&u, user_many);
	for (i = 0; i < 2000; i++) {
		u.rax = i;
		u.rbx = ~i;
		if (tg_user_run(&u) != TG_SYSCALL || u.rax != i ||
		    u.rbx != (u64)~i) {
			tg_failure("system call %u: trap %u, rax %#lx", i,
				   tg_fault.vector, u.rax);
			return;
		}
	}
}

static void check_events(void)
{
	struct tg_user u;

	tg_user_start(&u, user_syscall);
	tg_user_run(&u);
	TG_EQ(tg_fault.mask, 1, "mask in the handler");
	TG_EQ(tg_fault.cs >> 32 & 0xff, 0, "saved mask");
	TG_EQ(u.rflags & 0x200, 0x200, "IF");
	tg_callback(CALLBACKTYPE_syscall, 0, tg_stubs[TG_SYSCALL]);
	tg_user_start(&u, user_syscall);
	tg_user_run(&u);
	TG_EQ(tg_fault.mask, 0, "mask in a handler that leaves it");
	tg_events_off();
	tg_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events,
		    tg_stubs[TG_SYSCALL]);
	tg_user_start(&u, user_syscall);
	u.rflags &= ~0x200ul;
	tg_user_run(&u);
	TG_EQ(tg_fault.cs >> 32 & 0xff, 1, "saved mask, masked before");
	TG_EQ(u.rflags & 0x200, 0, "IF, masked before");
}

static u64 tg_user_code user_read(u64 gva)
{
	return *(volatile u64 *)gva;
}

static void tg_user_code user_write(u64 gva)
{
	*(volatile u64 *)gva = 1;
}

static void tg_user_code user_jump(u64 gva)
{
	asm volatile("jmpq *%0" : : "r"(gva));
}

static void expect_fault(const void *fn, u64 gva, u64 error)
{
	TG_EQ(tg_user_call(fn, gva, NULL), 14, "trap");
	TG_CHECK(tg_fault.error == error, "%#lx: error %#lx, not %#lx", gva,
		 tg_fault.error, error);
	TG_EQ(tg_fault.cr2, gva, "cr2");
}

static void check_page_faults(void)
{
	u64 gfn = tg_page_alloc();

	expect_fault(user_read, TG_UTEST, 4);
	expect_fault(user_write, TG_UTEST, 6);
	expect_fault(user_jump, TG_UTEST, 0x14);
	tg_user_map(TG_UTEST, tg_pte(gfn, TG_RO | TG_NX));
	expect_fault(user_write, TG_UTEST, 7);
	expect_fault(user_jump, TG_UTEST, 0x15);
	/* The kernel's addresses, the M2P, the switcher: not there. */
	expect_fault(user_read, (u64)tg_va(0x100), 4);
	expect_fault(user_read, HYPERVISOR_VIRT_START, 4);
	expect_fault(user_write, 0xffff808000000000, 6);
	expect_fault(user_jump, 0xffff808000000000, 0x14);
}

#define USER_INSN(name, text) \
	static void tg_user_code name(void) { asm volatile(text "\n\tud2"); }

USER_INSN(user_hlt, "hlt")
USER_INSN(user_cli, "cli")
USER_INSN(user_in, "inb $0x61, %al")
USER_INSN(user_rdmsr, "rdmsr")
USER_INSN(user_cr0, "movq %cr0, %rax")
USER_INSN(user_dr7, "movq %dr7, %rax")
USER_INSN(user_swapgs, "swapgs")
USER_INSN(user_int30, "int $0x30")
USER_INSN(user_int14, "int $14")
USER_INSN(user_xsetbv, "xorl %ecx, %ecx\n\txsetbv")

static void check_privileged(void)
{
	static void (*const insn[])(void) = {
		user_hlt, user_cli, user_in, user_rdmsr, user_cr0, user_dr7,
		user_swapgs, user_int30, user_int14,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(insn); i++)
		TG_CHECK(tg_user_call(insn[i], 0, NULL) == 13,
			 "instruction %u: trap %u", i, tg_fault.vector);
	TG_CHECK(tg_user_call(user_xsetbv, 0, NULL) == (tg_has_xsave() ? 13 : 6),
		 "XSETBV: trap %u", tg_fault.vector);
}

USER_INSN(user_int80, "int $0x80")
USER_INSN(user_int3, "int3")

static void check_gates(void)
{
	TG_EQ(tg_user_call(user_int80, 0, NULL), 0x80, "int 0x80");
	TG_EQ(tg_fault.rip, (u64)user_int80 + 2, "rip after int 0x80");
	TG_EQ(tg_user_call(user_int3, 0, NULL), 3, "int3");
	TG_EQ(tg_fault.rip, (u64)user_int3 + 1, "rip after int3");
}

/* SYSCALL of a 32-bit program; Intel's CPUs have none. */
static void check_syscall32(void)
{
	struct tg_user u;
	u32 vector;

	tg_user_start(&u, user_syscall);
	u.cs = TG_USER_CS32;
	vector = tg_user_run(&u);
	if (vector == 6)
		return;
	TG_EQ(vector, TG_SYSCALL32, "SYSCALL in 32-bit mode");
	TG_EQ(u.rip, (u64)user_syscall + 3, "rip after it");
}

/* A program cannot do what its kernel can: it is a system call. */
static void check_no_hypercall(void)
{
	struct tg_user u;

	tg_user_start(&u, user_syscall);
	u.rax = __HYPERVISOR_sched_op;
	u.rdi = SCHEDOP_shutdown;
	TG_EQ(tg_user_run(&u), TG_SYSCALL, "shutdown by a program");
	tg_user_start(&u, user_syscall);
	u.rax = __HYPERVISOR_iret;
	TG_EQ(tg_user_run(&u), TG_SYSCALL, "iret by a program");
}

static void tg_user_code user_sysenter(void)
{
	asm volatile("sysenter\n\tud2");
}

/* SYSENTER leads nowhere, whatever is registered for it; AMD's CPUs have none. */
static void check_sysenter(void)
{
	struct tg_user u;
	u32 vector;

	tg_callback(CALLBACKTYPE_sysenter, 0, tg_stubs[TG_SYSCALL]);
	vector = tg_user_call(user_sysenter, 0, NULL);
	TG_CHECK(vector == 13 || vector == 6, "sysenter: trap %u", vector);
	TG_EQ(tg_fault.rip, (u64)user_sysenter, "rip of sysenter");
	tg_user_start(&u, user_sysenter);
	u.cs = TG_USER_CS32;
	vector = tg_user_run(&u);
	TG_CHECK(vector == 13 || vector == 6, "sysenter in 32-bit mode: trap %u",
		 vector);
	TG_EQ(u.rip, (u64)user_sysenter, "rip of it");
}

/* The kernel's way into its own 32-bit segment, with a stack it can name there. */
static void go_32bit(void *fn)
{
	asm volatile("movq %0, %%rsp\n\tpushq %1\n\tpushq %2\n\tlretq"
		     : : "r"(TG_UTEST + 3 * TG_PAGE), "i"(FLAT_RING3_CS32), "r"(fn)
		     : "memory");
}

static void check_kernel32(void (*fn)(void), const char *what)
{
	u32 vector = tg_catch(go_32bit, fn);

	TG_CHECK(vector == 13 || vector == 6, "%s: trap %u", what, vector);
	TG_EQ(tg_fault.rip, (u64)fn, "rip of it");
	TG_EQ(tg_fault.cs & 0xffff, FLAT_RING3_CS32 & ~3, "cs of it");
	TG_EQ(tg_fault.rsp, TG_UTEST + 3 * TG_PAGE, "rsp of it");
}

USER_INSN(user_syscall_only, "syscall")

static void check_kernel_32bit(void)
{
	u32 i;

	for (i = 1; i < 3; i++)
		tg_user_map(TG_UTEST + i * TG_PAGE,
			    tg_pte(tg_page_alloc(), TG_RW));
	check_kernel32(user_ud2, "ud2 in the kernel's 32-bit code");
	TG_EQ(tg_fault.vector, 6, "trap of ud2");
	check_kernel32(user_sysenter, "SYSENTER in the kernel's 32-bit code");
	check_kernel32(user_syscall_only, "SYSCALL in the kernel's 32-bit code");
	/* Nothing of it stays. */
	TG_EQ(tg_hcall(xen_version, 0, 0, 0, 0), 0x40011, "a hypercall after it");
	TG_EQ(tg_user_call(user_ud2, 0, NULL), 6, "ud2 of a program after it");
}

void test_main(void)
{
	tg_user_init();
	TG_EQ(tg_user_call(user_ud2, 0, NULL), 6, "ud2");
	check_syscall();
	check_int80(TG_USER_CS);
	check_int80(TG_USER_CS32);
	check_int80_mask();
	check_many();
	if (has_short_way()) {
		check_short(user_syscall, TG_SYSCALL, "SYSCALL");
		check_short(user_int80_std, 0x80, "INT 0x80");
	}
	check_events();
	check_page_faults();
	check_privileged();
	check_gates();
	check_syscall32();
	check_sysenter();
	check_kernel_32bit();
	check_no_hypercall();
}
