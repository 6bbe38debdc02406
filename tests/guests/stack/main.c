// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel stack for traps out of ring 3.
 *
 * Claim: a trap from ring 3 pushes ss, esp, eflags, cs, eip (and an error
 * code) at the esp that SET_STACK gave, with its ss; a new SET_STACK counts
 * from the next trap on; 0, 1 and 2 pages are allowed; ring 1 traps go on the
 * stack they find.
 *
 * Source: docs/abi/lg32.md, SET_STACK and reflection.
 *
 * A failure names the stack pointer that was seen.
 */
#include "tg.h"

const char tg_title[] = "kernel stack";

static char other[2 * TG_PAGE] __attribute__((aligned(4096)));

static void tg_user_code user_int80(void)
{
	asm volatile("int $0x80");
}

static void tg_user_code user_fault(void)
{
	asm volatile("movl 0, %eax");
}

static void check_stack(u32 top, u32 pages)
{
	u32 vector;

	tg_hcall(LG32_SET_STACK, LG32_KERNEL_DS, top, pages, 0);
	vector = tg_user_call(user_int80, 0, NULL);
	TG_EQ(vector, 0x80, "vector");
	TG_EQ(tg_fault.esp, top - 8, "frame of a system call");
	vector = tg_user_call(user_fault, 0, NULL);
	TG_EQ(vector, 14, "vector");
	TG_EQ(tg_fault.esp, top - 8, "frame of a page fault");
}

static void ring1_trap(void)
{
	u32 esp;

	asm volatile("movl %%esp, %0" : "=r"(esp));
	TG_EQ(tg_try("ud2", :), 6, "vector");
	TG_CHECK(tg_fault.esp <= esp && tg_fault.esp > esp - 512,
		 "ring 1 trap at %#x, stack was %#x", tg_fault.esp, esp);
}

void test_main(void)
{
	u32 top = (u32)other + sizeof(other);

	tg_user_map(tg_root);
	check_stack(TG_TRAP_ESP, 2);
	check_stack(top, 2);
	check_stack(top, 1);
	check_stack(top, 0);
	check_stack(top - 4, 2);
	check_stack(top - TG_PAGE, 1);
	check_stack(TG_TRAP_ESP, 2);
	ring1_trap();
}
