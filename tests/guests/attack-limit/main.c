// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of the guest's kernel that are too short for what is in them.
 *
 * Claim: code that ends before EIP makes the switcher's iret fault, in ring 0; a
 * stack that ends before ESP makes the CPU fail to deliver a direct trap, then the
 * #SS, and end in a double fault, which is ours. Each kills the guest, and the
 * host goes on.
 *
 * Source: SDM volume 3, 5.3 and 6.15 (double faults); docs/design.md, item 9.
 *
 * A failure shows as "still alive". QEMU checks no limits: not for it.
 */
#include "tg.h"

const char tg_title[] = "short segments";

#define ENTRY		5
#define SEL		(ENTRY * 8 | 1)
#define SHORT(desc)	(((desc) & ~0x008f00000000ffffull) | 0xfff)

static void tg_user_code user_int80(void)
{
	asm volatile("int $0x80");
}

static void code(void)
{
	tg_gdt_set(12, SHORT(TG_DESC_CODE1));
	tg_failure("still alive behind the end of the code");
}

/* The next push is a #SS, and so is what the handler pushes. */
static void stack(void)
{
	tg_gdt_set(13, SHORT(TG_DESC_DATA1));
	asm volatile("movl %%ss, %%eax\n\tmovl %%eax, %%ss\n\tpushl $0\n\tpopl %%eax"
		     : : : "eax", "memory");
	tg_failure("still alive behind the end of the stack");
}

/* Where traps of programs land: @type of gate for the #SS. */
static void user_trap(u32 type)
{
	tg_user_map(tg_root);
	tg_set_pte(tg_root, TG_UTEST, tg_page_alloc() | TG_P | TG_W);
	tg_gdt_set(ENTRY, SHORT(TG_DESC_DATA1));
	tg_idt_set(12, type, 0, (const void *)tg_stubs[12]);
	tg_idt_set(0x80, TG_GATE_TRAP, 3, (const void *)tg_stubs[0x80]);
	tg_hcall(LG32_SET_STACK, SEL, TG_UTEST + TG_PAGE, 1, 0);
	tg_user_call(user_int80, 0, NULL);
	tg_failure("still alive without a kernel stack");
}

static void user_direct(void)
{
	user_trap(TG_GATE_TRAP);
}

static void user_reflect(void)
{
	user_trap(TG_GATE_INTR);
}

static const struct tg_case cases[] = {
	{ "code", code },
	{ "stack", stack },
	{ "user-direct", user_direct },
	{ "user-reflect", user_reflect },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
