// SPDX-License-Identifier: GPL-2.0
/*
 * The iret hypercall.
 *
 * Claim: it loads what the frame on the stack says: to the kernel (RPL 0) or to
 * user mode (RPL 3), 64-bit or 32-bit, with or without VGCF_in_syscall; IF of the
 * frame becomes the event mask; IOPL, VM and privileged bits of RFLAGS do not come
 * through. An event that may come then comes first. What the CPU would refuse
 * arrives as a fault of the mode that was to be entered. `iretq` itself works at the
 * same privilege.
 *
 * Source: Xen's do_iret; docs/abi/xenpv.md.
 */
#include <lguest/api.h>
#include "tg.h"

const char tg_title[] = "iret";

/* Into whatever the frame says; back here only by a trap. */
static u32 go(struct iret_context *frame)
{
	return tg_try("movq %0, %%rsp\n\tmovl $23, %%eax\n\tsyscall",
		      : : "r"(frame)
		      : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9",
			"r10", "r11", "memory", "cc");
}

extern const char landing[], landing_end[];
static u64 landed[8];

/* The place that kernel frames name: keeps registers, traps. */
asm("landing:\n\t"
    "movq	%rax, landed\n\t"
    "movq	%rcx, landed + 8\n\t"
    "movq	%r11, landed + 16\n\t"
    "movq	%rsp, landed + 24\n\t"
    "leaq	tg_stack_top - 16384(%rip), %rsp\n\t"
    "pushfq\n\t"
    "popq	landed + 32\n\t"
    "movw	%cs, landed + 40\n\t"
    "movw	%ss, landed + 48\n\t"
    "ud2\n"
    "landing_end:\n");

static bool catch_landing(struct tg_regs *regs)
{
	if (regs->rip < (u64)landing || regs->rip >= (u64)landing_end)
		return false;
	tg_fault.vector = regs->vector;
	regs->rip = (u64)landing_end;
	return false;
}

/* tg_try() does not know of the landing: leave it through tg_catch(). */
static void go_in_catch(void *frame)
{
	go(frame);
}

static void to_kernel(struct iret_context *f)
{
	memset(landed, 0, sizeof(landed));
	TG_EQ(tg_catch(go_in_catch, f), 6, "trap at the landing");
}

static struct iret_context kernel_frame(void)
{
	return (struct iret_context) {
		.rax = 0x1111111111111111,
		.rcx = 0x2222222222222222,
		.r11 = 0x3333333333333333,
		.rip = (u64)landing,
		.cs = FLAT_KERNEL_CS64 & ~3,
		.rflags = 0x2,
		.rsp = 0xffffffff90000000,
		.ss = FLAT_KERNEL_SS64,
	};
}

static void check_kernel(void)
{
	struct iret_context f = kernel_frame();

	to_kernel(&f);
	TG_EQ(landed[0], f.rax, "rax");
	TG_EQ(landed[1], f.rcx, "rcx");
	TG_EQ(landed[2], f.r11, "r11");
	TG_EQ(landed[3], f.rsp, "rsp");
	TG_EQ(landed[5] & 0xffff, FLAT_KERNEL_CS64, "cs");
	TG_EQ(landed[6] & 0xffff, FLAT_KERNEL_SS64, "ss");

	f.ss = 0;
	to_kernel(&f);
	TG_EQ(landed[0], f.rax, "rax, ss was 0");

	f = kernel_frame();
	f.rflags = -1ul & ~0x100ul;	/* all but TF */
	to_kernel(&f);
	TG_EQ(landed[4] & 0x3000, 0, "IOPL");
	TG_EQ(landed[4] & 0x20000, 0, "VM");
	TG_EQ(landed[4] & 0x180000, 0, "VIF and VIP");
	TG_EQ(landed[4] & 0x8d5, 0x8d5, "arithmetic flags");
	asm volatile("cld");

	f = kernel_frame();
	f.flags = VGCF_in_syscall;
	f.cs = 0x1230;
	f.ss = 0x4560;
	to_kernel(&f);
	TG_EQ(landed[0], f.rax, "rax, from a system call");
	TG_EQ(landed[5] & 0xffff, FLAT_KERNEL_CS64, "cs, from a system call");
}

static void check_mask(void)
{
	struct iret_context f = kernel_frame();

	f.rflags = 0x202;
	tg_events_off();
	to_kernel(&f);
	TG_EQ(tg_fault.cs >> 32 & 0xff, 0, "mask after iret with IF");
	f.rflags = 0x2;
	tg_events_on();
	to_kernel(&f);
	TG_EQ(tg_fault.cs >> 32 & 0xff, 1, "mask after iret without IF");
	tg_events_off();
}

/* An event that waits comes before the first instruction of what is gone back to. */
static u64 event_rip;

static void note_event(u32 port, struct tg_regs *regs)
{
	(void)port;
	event_rip = regs->rip;
}

static void check_pending(void)
{
	struct iret_context f = kernel_frame();
	u32 port = tg_bind_ipi();

	tg_event_hook = note_event;
	f.rsp = (u64)tg_va(tg_page_alloc()) + TG_PAGE;
	tg_port_unmask(port);
	tg_send(port);
	to_kernel(&f);
	TG_EQ(event_rip, 0, "event after iret without IF, from");
	f.rflags = 0x202;
	to_kernel(&f);
	TG_EQ(event_rip, (u64)landing, "event after iret with IF, from");
	TG_EQ(landed[0], f.rax, "rax after it");
	tg_event_hook = NULL;
	tg_events_off();
}

/* Each is a hypercall that makes no exit, if the CPU has what that takes. */
static void check_short(void)
{
	struct iret_context f = kernel_frame();
	u64 before;
	u32 i;

	if (!tg_box || tg_try("rdfsbase %%rax", : : : "rax") != TG_NO_TRAP)
		return;
	tg_trap_hook = catch_landing;
	before = tg_ask(TG_ASK_STAT, LG_STAT_HYPERCALL);
	for (i = 0; i < 100; i++)
		to_kernel(&f);
	before = tg_ask(TG_ASK_STAT, LG_STAT_HYPERCALL) - before;
	tg_trap_hook = NULL;
	TG_CHECK(before <= 10, "%lu exits for 100 irets", before);
}

static void tg_user_code user_ud2(void)
{
	asm volatile("ud2");
}

static void check_user(void)
{
	struct tg_user u;
	u32 i;
	u64 *reg = (u64 *)&u;

	tg_user_init();
	tg_user_start(&u, user_ud2);
	for (i = 0; i < 15; i++)
		reg[i] = 0x0101010101010101ul * (i + 1);
	TG_EQ(tg_user_run(&u), 6, "trap of user mode");
	for (i = 0; i < 15; i++)
		TG_CHECK(reg[i] == 0x0101010101010101ul * (i + 1),
			 "register %u is %#lx", i, reg[i]);
	TG_EQ(u.cs, TG_USER_CS, "user cs");
	TG_EQ(u.ss, TG_USER_SS, "user ss");

	tg_user_start(&u, user_ud2);
	u.cs = TG_USER_CS32;
	TG_EQ(tg_user_run(&u), 6, "trap of 32-bit user mode");
	TG_EQ(u.cs, TG_USER_CS32, "32-bit user cs");

	/* All the flags that there are: IOPL and VM stay out. */
	tg_user_start(&u, user_ud2);
	u.rflags = -1ul & ~0x100ul;
	TG_EQ(tg_user_run(&u), 6, "trap of user mode with flags");
	TG_EQ(u.rflags & 0x1a3000, 0, "IOPL, VM, VIF in user mode");
	asm volatile("cld");
}

/* What the CPU refuses: #GP, from where it was to go. */
static void expect_gp(struct tg_user *u, const char *what)
{
	u32 vector = tg_user_run(u);

	TG_CHECK(vector == 13 || vector == TG_FAILSAFE, "%s: trap %u", what,
		 vector);
}

static void check_bad(void)
{
	static const u16 bad[] = {
		0x03, 0x0b, 0x13, 0x1b, 0x53, 0xe013, 0xe00b, 0xe02b, 0xe043,
		0xe053, 0xfffb, 0x07, 0x0f, 0xffff,
	};
	struct tg_user u;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		tg_user_start(&u, user_ud2);
		u.cs = bad[i];
		expect_gp(&u, "bad cs");
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (bad[i] == 0xe02b)
			continue;
		tg_user_start(&u, user_ud2);
		u.ss = bad[i];
		expect_gp(&u, "bad ss");
	}
	tg_user_start(&u, user_ud2);
	u.rip = 0x800000000000;
	expect_gp(&u, "rip 0x800000000000");
	tg_user_start(&u, user_ud2);
	u.rip = 0xffff7fffffffffff;
	expect_gp(&u, "rip 0xffff7fffffffffff");
	/* A stack pointer is only looked at when it is used. */
	tg_user_start(&u, user_ud2);
	u.rsp = 0x800000000000;
	TG_EQ(tg_user_run(&u), 6, "trap of user mode without a stack");
	TG_EQ(u.rsp, 0x800000000000, "rsp");
	/* User mode has no business in kernel addresses. */
	tg_user_start(&u, (void *)tg_va(0x100));
	TG_EQ(tg_user_run(&u), 14, "trap of user mode at a kernel address");
	TG_EQ(tg_fault.error & ~0x1ul, 0x14, "error code there");
}

#define SLOT	(9 * 8)
#define DATA	0x00cff3000000fffful
#define CODE	0x00affb000000fffful
#define PRESENT	(1ul << 47)
#define MAY_WRITE (1ul << 41)

static void set_slot(u64 desc)
{
	TG_EQ(tg_hcall(update_descriptor, tg_gdt * TG_PAGE + SLOT, desc, 0, 0), 0,
	      "update_descriptor");
}

/* Selectors of what is there, and will not do. */
static void check_descriptors(void)
{
	static const u64 not_code[] = { DATA, CODE & ~PRESENT };
	static const u64 no_stack[] = {
		CODE, DATA & ~PRESENT, DATA & ~MAY_WRITE,
	};
	struct tg_user u;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(not_code); i++) {
		set_slot(not_code[i]);
		tg_user_start(&u, user_ud2);
		u.cs = SLOT | 3;
		expect_gp(&u, "cs that is no code");
	}
	for (i = 0; i < ARRAY_SIZE(no_stack); i++) {
		set_slot(no_stack[i]);
		tg_user_start(&u, user_ud2);
		u.ss = SLOT | 3;
		expect_gp(&u, "ss that is no stack");
	}
	set_slot(DATA);
	tg_user_start(&u, user_ud2);
	u.ss = SLOT | 3;
	TG_EQ(tg_user_run(&u), 6, "trap with a stack of its own");
}

/* The table of programs' segments goes, when the short way to them is in use. */
static void check_no_table(void)
{
	struct tg_user u;

	tg_user_start(&u, user_ud2);
	TG_EQ(tg_user_run(&u), 6, "trap of user mode");
	TG_EQ(tg_hcall(set_gdt, 0, 0, 0, 0), 0, "no GDT");
	tg_user_start(&u, user_ud2);
	expect_gp(&u, "cs of no GDT");
	TG_EQ(tg_hcall(set_gdt, &tg_gdt, 512, 0, 0), 0, "the GDT again");
	tg_user_start(&u, user_ud2);
	TG_EQ(tg_user_run(&u), 6, "trap of user mode, again");
}

/* A kernel may go to its own 32-bit segment, too. */
static void check_iretq(void)
{
	u64 got;

	asm volatile("movq %%rsp, %%rax\n\t"
		     "pushq %1\n\t"
		     "pushq %%rax\n\t"
		     "pushfq\n\t"
		     "pushq %2\n\t"
		     "pushq $1f\n\t"
		     "movl $0, %%eax\n\t"
		     "iretq\n"
		     "1:\tmovl $1, %%eax"
		     : "=&a"(got)
		     : "i"(FLAT_KERNEL_SS64), "i"(FLAT_KERNEL_CS64)
		     : "memory", "cc");
	TG_EQ(got, 1, "rax after iretq");
}

void test_main(void)
{
	tg_trap_hook = catch_landing;
	check_kernel();
	check_mask();
	check_pending();
	tg_trap_hook = NULL;
	check_short();
	check_user();
	check_bad();
	check_descriptors();
	check_no_table();
	check_iretq();
}
