// SPDX-License-Identifier: GPL-2.0
/*
 * Stacks that cannot take a trap frame, and places that cannot be entered: each
 * case must end with a kill.
 *
 * Claim: if the frame of a trap or event cannot be written where the guest's
 * stack is (unmapped, read-only, no memory, a page table, the M2P, the switcher's
 * window, a non-canonical address, zero), the guest is killed for that; the host
 * writes nowhere else.
 *
 * Source: facts: a BUG_ON reachable by a bad guest stack, historic, 2009; XSA-7,
 * XSA-42 (iret).
 *
 * A failure shows as "still alive".
 */
#include "tg.h"

const char tg_title[] = "bad stacks";

static void tg_user_code user_syscall(void)
{
	asm volatile("syscall\n\tud2");
}

static void tg_user_code user_int80(void)
{
	asm volatile("int $0x80\n\tud2");
}

/* Next to a page that is there: what the shadow knows is enough. */
static void tg_user_code user_fault(void)
{
	asm volatile("movq %0, %%rax\n\tud2" : : "m"(*(u64 *)TG_UTEST) : "rax");
}

static void tg_user_code user_ud2(void)
{
	asm volatile("ud2");
}

/* A trap of the kernel with this stack pointer. */
static void trap_on(u64 sp)
{
	asm volatile("movq %%rsp, %%rbx\n\t"
		     "movq %0, %%rsp\n\t"
		     "ud2\n\t"
		     "movq %%rbx, %%rsp"
		     : : "r"(sp) : "rbx", "memory");
	tg_failure("still alive with a stack at %#lx", sp);
}

static void iret_on(u64 sp)
{
	asm volatile("movq %0, %%rsp\n\t"
		     "movl $23, %%eax\n\t"
		     "syscall"
		     : : "r"(sp) : "rax", "memory");
	tg_failure("still alive after iret at %#lx", sp);
}

static void user_on(u64 sp, const void *code)
{
	tg_user_init();
	tg_hcall(stack_switch, FLAT_KERNEL_SS64, sp, 0, 0);
	tg_user_call(code, 0, NULL);
	tg_failure("still alive with a kernel stack at %#lx", sp);
}

#define WINDOW	0xffff808000002800ul
#define STATE	0xffff808000007800ul	/* on the first CPU, ring 0 may write there */
#define HOLE	0x0000900000000000ul

static void zero(void)
{
	trap_on(0);
}

static void eight(void)
{
	trap_on(8);
}

static void top(void)
{
	trap_on(-8ul);
}

static void hole(void)
{
	trap_on(HOLE);
}

static void hole_edge(void)
{
	trap_on(0x800000000000 + 32);
}

static void window(void)
{
	trap_on(WINDOW);
}

static void m2p(void)
{
	trap_on(HYPERVISOR_VIRT_START + 0x800);
}

static void table(void)
{
	trap_on((u64)tg_va(tg_root) + 0x800);
}

static void unmapped(void)
{
	trap_on(TG_NOWHERE + 0x800);
}

static void read_only(void)
{
	tg_map(tg_root, TG_KTEST, tg_pte(tg_page_alloc(), TG_RO));
	trap_on(TG_KTEST + 0x800);
}

/* Push until the page below is not there. */
static void overflow(void)
{
	tg_map(tg_root, TG_KTEST + TG_PAGE, tg_pte(tg_page_alloc(), TG_RW));
	asm volatile("movq %0, %%rsp\n"
		     "1:\tpushq $0\n\t"
		     "jmp 1b" : : "r"(TG_KTEST + 2 * TG_PAGE));
}

/* Trap handlers that are not there: every trap pushes and traps again. */
static void handler_unmapped(void)
{
	u32 v;

	for (v = 0; v < 32; v++)
		tg_trap_set(v, 4, (void *)TG_NOWHERE);
	asm volatile("ud2");
	tg_failure("still alive without handlers");
}

static void handler_window(void)
{
	u32 v;

	for (v = 0; v < 32; v++)
		tg_trap_set(v, 4, (void *)WINDOW);
	asm volatile("ud2");
	tg_failure("still alive with handlers in the window");
}

/* None at all. */
static void no_handlers(void)
{
	tg_hcall(set_trap_table, 0, 0, 0, 0);
	asm volatile("ud2");
	tg_failure("still alive without a trap table");
}

static void user_zero(void)
{
	user_on(0, user_syscall);
}

static void user_unmapped(void)
{
	user_on(TG_NOWHERE + 0x800, user_syscall);
}

static void user_hole(void)
{
	user_on(HOLE, user_syscall);
}

static void user_window(void)
{
	user_on(WINDOW, user_syscall);
}

static void user_m2p(void)
{
	user_on(HYPERVISOR_VIRT_START + 0x800, user_syscall);
}

static void user_table(void)
{
	user_on((u64)tg_va(tg_root) + 0x800, user_syscall);
}

static void user_trap(void)
{
	user_on(TG_NOWHERE, user_ud2);
}

void still_alive(void);

void still_alive(void)
{
	tg_failure("the host wrote a frame into its window");
	tg_exit();
}

/* Where the frame should never come: it has been written, and its stack is no use. */
static void __attribute__((naked)) entered(void)
{
	asm volatile("leaq tg_trap_stack + 4096(%rip), %rsp\n\t"
		     "call still_alive");
}

static void user_state(void)
{
	tg_callback(CALLBACKTYPE_syscall, 0, (u64)entered);
	user_on(STATE, user_syscall);
}

static void int80_state(void)
{
	tg_trap_set(0x80, 3 | 4, entered);
	user_on(STATE, user_int80);
}

static void fault_state(void)
{
	tg_user_init();
	tg_user_map(TG_UTEST + TG_PAGE, tg_pte(tg_page_alloc(), TG_RW));
	tg_user_call(user_fault, 0, NULL);
	tg_trap_set(14, 4, entered);
	user_on(STATE, user_fault);
}

/* The stack goes away after it has been in use. */
static void gone_for(const void *code)
{
	tg_user_init();
	tg_map(tg_root, TG_KTEST, tg_pte(tg_page_alloc(), TG_RW));
	tg_hcall(stack_switch, FLAT_KERNEL_SS64, TG_KTEST + TG_PAGE, 0, 0);
	tg_user_call(code, 0, NULL);
	tg_user_call(code, 0, NULL);
	tg_map(tg_root, TG_KTEST, 0);
	tg_user_call(code, 0, NULL);
	tg_failure("still alive with an unmapped kernel stack");
}

static void user_gone(void)
{
	gone_for(user_syscall);
}

static void int80_gone(void)
{
	gone_for(user_int80);
}

static void fault_gone(void)
{
	tg_user_init();
	tg_user_map(TG_UTEST + TG_PAGE, tg_pte(tg_page_alloc(), TG_RW));
	gone_for(user_fault);
}

static void int80_table(void)
{
	user_on((u64)tg_va(tg_root) + 0x800, user_int80);
}

static void int80_window(void)
{
	user_on(WINDOW, user_int80);
}

static void iret_zero(void)
{
	iret_on(0);
}

static void iret_hole(void)
{
	iret_on(HOLE);
}

static void iret_window(void)
{
	iret_on(WINDOW);
}

static void iret_m2p(void)
{
	iret_on(HYPERVISOR_VIRT_START);
}

static void iret_edge(void)
{
	iret_on(0x800000000000 - 8);
}

static void iret_top(void)
{
	iret_on(-16ul);
}

/* To the kernel, by a frame of which no more than the code segment is there. */
static void iret_torn(void)
{
	struct iret_context *f = (void *)(TG_KTEST + TG_PAGE -
					  offsetof(struct iret_context, rflags));

	tg_map(tg_root, TG_KTEST,
	       tg_pte(tg_page_alloc(), TG_P | TG_RW | TG_U | TG_A | TG_D));
	f->flags = 0;
	f->rip = (u64)user_ud2;
	f->cs = FLAT_KERNEL_CS64 & ~3;
	iret_on((u64)f);
}

/* To user mode, for which there are no page tables. */
static void iret_no_root(void)
{
	struct iret_context f = {
		.cs = TG_USER_CS,
		.ss = TG_USER_SS,
		.rip = (u64)user_ud2,
	};

	iret_on((u64)&f);
}

static void event_on(u64 sp)
{
	u32 port = tg_bind_ipi();

	tg_port_unmask(port);
	tg_send(port);
	asm volatile("movq %%rsp, %%rbx\n\t"
		     "movq %0, %%rsp\n\t"
		     "movb $0, %1\n\t"
		     "xorl %%eax, %%eax\n\t"
		     "movl $17, %%eax\n\t"
		     "xorl %%edi, %%edi\n\t"
		     "syscall\n\t"
		     "movq %%rbx, %%rsp"
		     : : "r"(sp), "m"(tg_info()->evtchn_upcall_mask)
		     : "rax", "rbx", "rdi", "rcx", "r11", "memory");
	tg_failure("still alive after an event on %#lx", sp);
}

static void event_unmapped(void)
{
	event_on(TG_NOWHERE);
}

static void event_window(void)
{
	event_on(WINDOW);
}

static const struct tg_case cases[] = {
	{ "zero", zero },
	{ "eight", eight },
	{ "top", top },
	{ "hole", hole },
	{ "hole-edge", hole_edge },
	{ "window", window },
	{ "m2p", m2p },
	{ "table", table },
	{ "unmapped", unmapped },
	{ "read-only", read_only },
	{ "overflow", overflow },
	{ "handler-unmapped", handler_unmapped },
	{ "handler-window", handler_window },
	{ "no-handlers", no_handlers },
	{ "user-zero", user_zero },
	{ "user-unmapped", user_unmapped },
	{ "user-hole", user_hole },
	{ "user-window", user_window },
	{ "user-m2p", user_m2p },
	{ "user-table", user_table },
	{ "user-trap", user_trap },
	{ "user-gone", user_gone },
	{ "int80-gone", int80_gone },
	{ "fault-gone", fault_gone },
	{ "int80-table", int80_table },
	{ "int80-window", int80_window },
	{ "user-state", user_state },
	{ "int80-state", int80_state },
	{ "fault-state", fault_state },
	{ "iret-zero", iret_zero },
	{ "iret-hole", iret_hole },
	{ "iret-window", iret_window },
	{ "iret-m2p", iret_m2p },
	{ "iret-edge", iret_edge },
	{ "iret-top", iret_top },
	{ "iret-torn", iret_torn },
	{ "iret-no-root", iret_no_root },
	{ "event-unmapped", event_unmapped },
	{ "event-window", event_window },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
