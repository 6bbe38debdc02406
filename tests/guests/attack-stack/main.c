// SPDX-License-Identifier: GPL-2.0
/*
 * Stacks that cannot take a trap frame: each case must end with a kill.
 *
 * Claim: if the frame of a trap or interrupt cannot be written where the
 * guest's stack is (unmapped, read-only, no memory, the switcher's window,
 * below zero), the guest is killed; the host writes nowhere else.
 *
 * Source: facts: a BUG_ON reachable by a bad guest stack, historic, 2009.
 *
 * A failure shows as "still alive".
 */
#include "tg.h"

const char tg_title[] = "bad stacks";

static void tg_user_code user_int80(void)
{
	asm volatile("int $0x80");
}

/* Ring 1 trap with this stack pointer. */
static void trap_on(u32 esp)
{
	asm volatile("movl %%esp, %%ebx\n\t"
		     "movl %0, %%esp\n\t"
		     "ud2\n\t"
		     "movl %%ebx, %%esp"
		     : : "r"(esp) : "ebx", "memory");
	tg_failure("still alive with a stack at %#x", esp);
}

static void user_trap_on(u32 esp)
{
	tg_user_map(tg_root);
	tg_hcall(LG32_SET_STACK, LG32_KERNEL_DS, esp, 1, 0);
	tg_user_call(user_int80, 0, NULL);
	tg_failure("still alive with a kernel stack at %#x", esp);
}

static void zero(void)
{
	trap_on(0);
}

static void four(void)
{
	trap_on(4);
}

static void top(void)
{
	trap_on(0xfffffffc);
}

static void window(void)
{
	trap_on(-tg_data.reserve_mem + 0x800);
}

static void window_a(void)
{
	trap_on(-tg_data.reserve_mem + 0x1800);
}

static void window_b(void)
{
	trap_on(-tg_data.reserve_mem + 0x2800);
}

static void outside(void)
{
	trap_on(0x80000000);
}

static void mmio(void)
{
	if (tg_env.paged)
		tg_set_pte(tg_root, TG_UTEST, TG_MMIO_GPA | TG_P | TG_W);
	trap_on(tg_env.paged ? TG_UTEST + 0x800 : TG_MMIO_GPA + 0x800);
}

static void read_only(void)
{
	tg_set_pte(tg_root, TG_UTEST, tg_page_alloc() | TG_P);
	trap_on(TG_UTEST + 0x800);
}

static void unmapped(void)
{
	trap_on(TG_UTEST + 0x800);
}

/* Push until the page below is not there. */
static void overflow(void)
{
	tg_set_pte(tg_root, TG_UTEST + TG_PAGE, tg_page_alloc() | TG_P | TG_W);
	asm volatile("movl %0, %%esp\n"
		     "1:\tpushl $0\n\t"
		     "jmp 1b" : : "r"(TG_UTEST + 2 * TG_PAGE));
}

/* Trap handlers that are not there: every trap pushes and traps again. */
static void handler_unmapped(void)
{
	u32 v;

	for (v = 0; v < 32; v++)
		if (v != 2 && v != 8 && v != 15 && v != 31)
			tg_idt_set(v, TG_GATE_INTR, 0, (void *)0x90000000);
	asm volatile("ud2");
	tg_failure("still alive without handlers");
}

static void user_unmapped(void)
{
	user_trap_on(TG_UTEST + 0x800);
}

static void user_read_only(void)
{
	tg_set_pte(tg_root, TG_UTEST, tg_page_alloc() | TG_P);
	user_trap_on(TG_UTEST + 0x800);
}

static void user_window(void)
{
	user_trap_on(-tg_data.reserve_mem + 0x1800);
}

static void user_zero(void)
{
	user_trap_on(0);
}

/* The stack goes away after SET_STACK looked at it. */
static void user_gone(void)
{
	tg_user_map(tg_root);
	tg_set_pte(tg_root, TG_UTEST, tg_page_alloc() | TG_P | TG_W);
	tg_hcall(LG32_SET_STACK, LG32_KERNEL_DS, TG_UTEST + TG_PAGE, 1, 0);
	tg_user_call(user_int80, 0, NULL);
	tg_set_pte(tg_root, TG_UTEST, 0);
	tg_user_call(user_int80, 0, NULL);
	tg_failure("still alive with an unmapped kernel stack");
}

static const struct tg_case cases[] = {
	{ "zero", zero },
	{ "four", four },
	{ "top", top },
	{ "window", window },
	{ "window-a", window_a },
	{ "window-b", window_b },
	{ "outside", outside },
	{ "mmio", mmio },
	{ "read-only", read_only },
	{ "unmapped", unmapped },
	{ "overflow", overflow },
	{ "handler-unmapped", handler_unmapped },
	{ "user-unmapped", user_unmapped },
	{ "user-read-only", user_read_only },
	{ "user-window", user_window },
	{ "user-zero", user_zero },
	{ "user-gone", user_gone },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
