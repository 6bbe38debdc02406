// SPDX-License-Identifier: GPL-2.0
/*
 * Ring 3: what it may do and what comes to the guest kernel.
 *
 * Claim: ring 3 runs with its own segments and all registers, is stopped by
 * user/supervisor of the guest's page tables, and every trap of it reaches
 * ring 1 with ss, esp and the right error code; privileged instructions,
 * ports, hypercalls and the host's own entries (SYSENTER, SYSCALL) are #GP or
 * #UD to the guest kernel and nothing else.
 *
 * Source: docs/abi/lg32.md; reliability class 20.
 *
 * A failure names the instruction and the vector that came.
 */
#include "tg.h"

const char tg_title[] = "ring 3";

#define INSN(name, text) \
	static void tg_user_code name(void) { asm volatile(text); }

INSN(user_cli, "cli")
INSN(user_sti, "sti")
INSN(user_hlt, "hlt")
INSN(user_in, "inb $0x80, %al")
INSN(user_out, "outb %al, $0x80")
INSN(user_cr0, "movl %cr0, %eax")
INSN(user_set_cr0, "movl %eax, %cr0")
INSN(user_cr3, "movl %cr3, %eax")
INSN(user_set_cr3, "movl %eax, %cr3")
INSN(user_cr4, "movl %cr4, %eax")
INSN(user_dr7, "movl %dr7, %eax")
INSN(user_set_dr7, "movl %eax, %dr7")
INSN(user_clts, "clts")
INSN(user_invd, "invd")
INSN(user_wbinvd, "wbinvd")
INSN(user_invlpg, "invlpg 0")
INSN(user_rdmsr, "rdmsr")
INSN(user_wrmsr, "wrmsr")
INSN(user_lgdt, "lgdt 0x08048000")
INSN(user_lidt, "lidt 0x08048000")
INSN(user_lldt, "lldt %ax")
INSN(user_ltr, "ltr %ax")
INSN(user_hcall, "int $0x1f")
INSN(user_int30, "int $0x30")
INSN(user_sysenter, "sysenter")
INSN(user_syscall, "syscall")
INSN(user_sysexit, "sysexit")
INSN(user_ud2, "ud2")
INSN(user_int3, "int3")
INSN(user_int80, "int $0x80")
INSN(user_div, "xorl %ecx, %ecx; divl %ecx")
INSN(user_iret0, "pushl $0x23; pushl $0; pushfl; pushl $0x60; pushl $0; iret")
INSN(user_ljmp_ring1, "ljmp $0x61, $0")
INSN(user_ljmp_switcher, "ljmp $0x50, $0xffc00000")
INSN(user_ds_ring1, "movl $0x69, %eax; movl %eax, %ds")
INSN(user_ds_switcher, "movl $0x58, %eax; movl %eax, %ds")
INSN(user_read, "movl (%eax), %eax; int $0x80")
INSN(user_write, "movl %eax, (%eax); int $0x80")
INSN(user_jump, "call *%eax; int $0x80")
INSN(user_smsw, "smsw %ax; sgdt -64(%esp); int $0x80")
INSN(user_odd, "movl 1(%esp), %eax; int $0x80")

static const struct {
	void (*insn)(void);
	const char *name;
	u32 vector, error;
} insns[] = {
	{ user_cli, "cli", 13, 0 },
	{ user_sti, "sti", 13, 0 },
	{ user_hlt, "hlt", 13, 0 },
	{ user_in, "in", 13, 0 },
	{ user_out, "out", 13, 0 },
	{ user_cr0, "mov from cr0", 13, 0 },
	{ user_set_cr0, "mov to cr0", 13, 0 },
	{ user_cr3, "mov from cr3", 13, 0 },
	{ user_set_cr3, "mov to cr3", 13, 0 },
	{ user_cr4, "mov from cr4", 13, 0 },
	{ user_dr7, "mov from dr7", 13, 0 },
	{ user_set_dr7, "mov to dr7", 13, 0 },
	{ user_clts, "clts", 13, 0 },
	{ user_invd, "invd", 13, 0 },
	{ user_wbinvd, "wbinvd", 13, 0 },
	{ user_invlpg, "invlpg", 13, 0 },
	{ user_rdmsr, "rdmsr", 13, 0 },
	{ user_wrmsr, "wrmsr", 13, 0 },
	{ user_lgdt, "lgdt", 13, 0 },
	{ user_lidt, "lidt", 13, 0 },
	{ user_lldt, "lldt", 13, 0 },
	{ user_ltr, "ltr", 13, 0 },
	{ user_hcall, "hypercall", 13, 0x1f * 8 + 2 },
	{ user_int30, "int 0x30", 13, 0x30 * 8 + 2 },
	{ user_sysenter, "sysenter", 13, 0 },
	{ user_syscall, "syscall", 6, 0 },
	{ user_sysexit, "sysexit", 13, 0 },
	{ user_ud2, "ud2", 6, 0 },
	{ user_int3, "int3", 3, 0 },
	{ user_int80, "int 0x80", 0x80, 0 },
	{ user_div, "divide", 0, 0 },
	{ user_iret0, "iret to ring 0", 13, 0x60 },
	{ user_ljmp_ring1, "far jump to ring 1", 13, 0x60 },
	{ user_ljmp_switcher, "far jump to the switcher", 13, 0x50 },
	{ user_ds_ring1, "ring 1 data", 13, 0x68 },
	{ user_ds_switcher, "switcher data", 13, 0x58 },
	{ user_smsw, "smsw and sgdt", 0x80, 0 },
};

static void check_insns(void)
{
	u32 i, vector;

	for (i = 0; i < ARRAY_SIZE(insns); i++) {
		vector = tg_user_call(insns[i].insn, 0, NULL);
		TG_CHECK(vector == insns[i].vector, "%s: trap %u, not %u",
			 insns[i].name, vector, insns[i].vector);
		TG_CHECK(vector != insns[i].vector ||
			 tg_fault.error == insns[i].error,
			 "%s: error %#x, not %#x", insns[i].name,
			 tg_fault.error, insns[i].error);
		TG_CHECK((tg_fault.cs & 0xffff) == TG_USER_CS, "%s: cs %#x",
			 insns[i].name, tg_fault.cs);
	}
}

static void check_registers(void)
{
	struct tg_user u, was;

	tg_user_start(&u, user_int80);
	u.eax = 0x11111111;
	u.ebx = 0x22222222;
	u.ecx = 0x33333333;
	u.edx = 0x44444444;
	u.esi = 0x55555555;
	u.edi = 0x66666666;
	u.ebp = 0x77777777;
	u.fs = TG_USER_DS;
	u.eflags = 0xcd7;	/* DF, OF and all arithmetic flags */
	was = u;
	TG_EQ(tg_user_run(&u), 0x80, "vector");
	TG_EQ(u.eip - 2, (u32)user_int80, "eip");
	u.eip = was.eip;
	TG_EQ(u.eflags & 0xcd7, was.eflags & 0xcd7, "eflags");
	u.eflags = was.eflags;
	TG_CHECK(!memcmp(&u, &was, sizeof(u)), "a register changed in ring 3");
}

static void check_access(u32 vector, u32 error, u32 gva, const char *what)
{
	TG_CHECK(vector == 14 && tg_fault.error == error &&
		 tg_fault.cr2 == gva, "%s: trap %u, error %#x, cr2 %#x", what,
		 vector, tg_fault.error, tg_fault.cr2);
}

static void check_memory(void)
{
	u32 window = -tg_data.reserve_mem;
	u32 kernel = (u32)tg_stubs, value, page;

	check_access(tg_user_call(user_read, kernel, NULL), 5, kernel,
		     "kernel read");
	check_access(tg_user_call(user_write, kernel, NULL), 7, kernel,
		     "kernel write");
	check_access(tg_user_call(user_jump, kernel, NULL), 5, kernel,
		     "kernel jump");
	check_access(tg_user_call(user_read, 0x90000004, NULL), 4, 0x90000004,
		     "read of nothing");
	check_access(tg_user_call(user_write, 0x90000004, NULL), 6, 0x90000004,
		     "write to nothing");
	/* Four pages of text, and all that a few processors have there. */
	for (page = 0; page < 16; page++) {
		u32 gva = window + page * TG_PAGE;
		u32 want = tg_try_read(gva, NULL) == TG_NO_TRAP ? 5 : 4;

		check_access(tg_user_call(user_read, gva, &value), want, gva,
			     "window read");
	}
	TG_EQ(tg_user_call(user_write, window + 0x4000, NULL), 14,
	      "window write");
	TG_EQ(tg_user_call(user_jump, window, NULL), 14, "window jump");
	TG_EQ(tg_user_call(user_read, 0xfffffffc, NULL), 14, "top of all");
}

/* Ring 1 is supervisor, and yet the pages of ring 3 are its own. */
static void call_user(void *fn)
{
	((void (*)(void))fn)();
}

static void check_from_kernel(void)
{
	u32 vector = tg_catch(call_user, user_ud2);

	TG_CHECK(vector == 6 && tg_fault.eip == (u32)user_ud2,
		 "user code in ring 1: trap %u at %#x", vector, tg_fault.eip);
	TG_EQ(tg_try_read((u32)user_ud2, NULL), TG_NO_TRAP,
	      "read of a user page in ring 1");
	TG_EQ(tg_try_write(TG_USER_STACK - 8, 0), TG_NO_TRAP,
	      "write to a user page in ring 1");
}

/* Not every emulator checks alignment; where it does, 17 has an error code. */
static void check_alignment(void)
{
	struct tg_user u;
	u32 vector;

	tg_user_start(&u, user_odd);
	u.esp -= 16;
	u.eflags |= 0x40000;
	vector = tg_user_run(&u);
	if (vector == LG32_SYSCALL_VECTOR) {
		tg_printf("# no alignment checks here\n");
		return;
	}
	TG_CHECK(vector == 17 && tg_fault.error == 0 &&
		 tg_fault.eip == (u32)user_odd,
		 "odd address: trap %u, error %#x at %#x", vector,
		 tg_fault.error, tg_fault.eip);
}

void test_main(void)
{
	tg_user_map(tg_root);
	check_insns();
	check_registers();
	check_memory();
	check_from_kernel();
	check_alignment();
}
