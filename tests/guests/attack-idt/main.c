// SPDX-License-Identifier: GPL-2.0
/*
 * Traps nobody handles: each case must end with a kill.
 *
 * Claim: a trap or virtual interrupt without a present gate kills the guest,
 * and the reason names the trap.
 *
 * Source: docs/abi/lg32.md: "unhandled trap".
 *
 * A failure shows as "still alive".
 */
#include "tg.h"

const char tg_title[] = "absent gates";

static void absent(u32 vector)
{
	tg_hcall(LG32_LOAD_IDT_ENTRY, vector, 0, 0, 0);
}

static void ud(void)
{
	absent(6);
	asm volatile("ud2");
}

/* All of a gate, but that it is not present. */
static void not_present(void)
{
	u32 handler = tg_stubs[6];

	tg_hcall(LG32_LOAD_IDT_ENTRY, 6,
		 LG32_KERNEL_CS << 16 | (handler & 0xffff),
		 (handler & 0xffff0000) | TG_GATE_INTR << 8, 0);
	asm volatile("ud2");
}

static void gp(void)
{
	absent(13);
	asm volatile("movl %0, %%fs" : : "r"(LG32_GDT_CODE * 8));
}

static void pf(void)
{
	absent(14);
	*(volatile u32 *)0x90000000 = 0;
}

static const struct tg_case cases[] = {
	{ "ud", ud },
	{ "not-present", not_present },
	{ "gp", gp },
	{ "pf", pf },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
	tg_failure("still alive");
}
