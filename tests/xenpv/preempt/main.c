// SPDX-License-Identifier: GPL-2.0
/*
 * Registers while the host interrupts.
 *
 * Claim: a guest that is stopped by host interrupts, its own timer or events at
 * any instruction goes on with every register, flag, segment and base as it was,
 * in kernel and user mode.
 *
 * Source: docs/design.md, the switcher.
 *
 * A failure names the register.
 */
#include "tg.h"

const char tg_title[] = "registers under interrupts";

#define TICKS	200

static u32 port;

static void set_timer(u64 ns)
{
	struct vcpu_set_singleshot_timer s = { .timeout_abs_ns = tg_now() + ns };

	tg_hcall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &s, 0);
}

static void rearm(u32 which, struct tg_regs *regs)
{
	(void)regs;
	if (which == port)
		set_timer(50000 + tg_rand() % 400000);
}

/* User mode: mix registers in a way that shows any that was disturbed. */
static void tg_user_code user_mix(void)
{
	asm volatile("1:\tmovl $100000, %r12d\n"
		     "2:\taddq %rbx, %rsi\n\t"
		     "subq %rbx, %rdi\n\t"
		     "xorq %rsi, %rdx\n\t"
		     "xorq %rsi, %rdx\n\t"
		     "leaq (%rsi,%rdi), %rbp\n\t"
		     "cmpq %rbp, %rax\n\t"
		     "jne 3f\n\t"
		     "cmpq %r8, %r9\n\t"
		     "jne 3f\n\t"
		     "cmpq %rcx, %r11\n\t"
		     "jne 3f\n\t"
		     "incq %rcx\n\t"
		     "incq %r11\n\t"
		     "movl %fs, %r10d\n\t"
		     "cmpl $0xe02b, %r10d\n\t"
		     "jne 3f\n\t"
		     "decl %r12d\n\t"
		     "jnz 2b\n\t"
		     "int $0x80\n\t"
		     "jmp 1b\n"
		     "3:\tud2");
}

/* User mode: selectors come and go, and each is there until the next comes. */
static void tg_user_code user_select(void)
{
	asm volatile("movl $5000, %r12d\n"
		     "1:\tmovl %edi, %fs\n\t"
		     "movl %edi, %es\n\t"
		     "movl $50, %r13d\n"
		     "2:\tdecl %r13d\n\t"
		     "jnz 2b\n\t"
		     "movl %fs, %r10d\n\t"
		     "movl %es, %r11d\n\t"
		     "cmpl %edi, %r10d\n\t"
		     "jne 3f\n\t"
		     "cmpl %edi, %r11d\n\t"
		     "jne 3f\n\t"
		     "xchgl %esi, %edi\n\t"
		     "decl %r12d\n\t"
		     "jnz 1b\n\t"
		     "int $0x80\n"
		     "3:\tud2");
}

static void check_selectors(void)
{
	struct tg_user u;
	u32 i;

	for (i = 0; i < 20; i++) {
		tg_user_start(&u, user_select);
		u.rdi = 0xe02b;
		u.rsi = TG_USER_SS;
		TG_EQ(tg_user_run(&u), 0x80, "trap of who changes selectors");
	}
	asm volatile("movl %0, %%fs\n\tmovl %0, %%es" : : "r"(0));
}

static void check_user(void)
{
	struct tg_user u;

	tg_user_start(&u, user_mix);
	asm volatile("movl %0, %%fs" : : "r"(0xe02b));
	u.rflags = 0x202;
	u.rsi = 0x1000;
	u.rdi = 0x2000;
	u.rax = 0x3000;
	u.rbx = 0x13579bd13579bd;
	u.rdx = 0xfeedfacefeedface;
	u.r8 = u.r9 = 0x1122334455667788;
	do {
		TG_EQ(tg_user_run(&u), 0x80, "trap of the mixer");
		TG_EQ(u.rdx, 0xfeedfacefeedface, "rdx");
		TG_EQ(u.rbx, 0x13579bd13579bd, "rbx");
		TG_EQ(u.rsp, TG_USER_STACK, "rsp");
		TG_EQ(u.rsi + u.rdi, 0x3000, "rsi and rdi");
	} while (tg_event_count[port] < TICKS && u.rdx == 0xfeedfacefeedface);
	asm volatile("movl %0, %%fs" : : "r"(0));
}

static bool mix_kernel(void)
{
	u64 ok;

	asm volatile("pushq %%rbp\n\t"
		     "movl $50000, %%r12d\n\t"
		     "movq $0x1000, %%rsi\n\t"
		     "movq $0x2000, %%rdi\n\t"
		     "movabsq $0x13579bd13579bd, %%rbx\n\t"
		     "movq $-0x1234567, %%rdx\n\t"
		     "movq %%rdx, %%rcx\n\t"
		     "movq %%rdx, %%r11\n"
		     "1:\taddq %%rbx, %%rsi\n\t"
		     "subq %%rbx, %%rdi\n\t"
		     "leaq (%%rsi,%%rdi), %%rbp\n\t"
		     "stc\n\t"
		     "jnc 2f\n\t"
		     "std\n\t"
		     "pushfq\n\t"
		     "popq %%rax\n\t"
		     "cld\n\t"
		     "andl $0x401, %%eax\n\t"
		     "cmpl $0x401, %%eax\n\t"
		     "jne 2f\n\t"
		     "cmpq $0x3000, %%rbp\n\t"
		     "jne 2f\n\t"
		     "cmpq %%rcx, %%rdx\n\t"
		     "jne 2f\n\t"
		     "cmpq %%r11, %%rdx\n\t"
		     "jne 2f\n\t"
		     "decl %%r12d\n\t"
		     "jnz 1b\n\t"
		     "movl $1, %%eax\n\t"
		     "jmp 3f\n"
		     "2:\tcld\n\t"
		     "xorl %%eax, %%eax\n"
		     "3:\tpopq %%rbp"
		     : "=a"(ok) : : "rbx", "rcx", "rdx", "rsi", "rdi", "r11",
		     "r12", "cc", "memory");
	return ok;
}

static u64 msr(u32 which)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(which));
	return (u64)hi << 32 | lo;
}

static void check_kernel(void)
{
	u64 fs = 0x123456789000, gs = 0xffffffff81234000, user = 0x7ffff0001000;

	tg_hcall(set_segment_base, SEGBASE_FS, fs, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_KERNEL, gs, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER, user, 0, 0);
	tg_events_on();
	while (tg_event_count[port] < 2 * TICKS)
		TG_CHECK(mix_kernel(), "a register changed in the kernel");
	tg_events_off();
	TG_EQ(msr(0xc0000100), fs, "FS base");
	TG_EQ(msr(0xc0000101), gs, "GS base");
	TG_EQ(msr(0xc0000102), user, "GS base of programs");
}

void test_main(void)
{
	tg_user_init();
	port = tg_timer_port();
	tg_event_hook = rearm;
	set_timer(100000);
	check_selectors();
	check_user();
	check_kernel();
}
