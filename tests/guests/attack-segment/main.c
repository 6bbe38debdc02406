// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that vanish while they are loaded.
 *
 * Claim: the switcher loads the guest's selectors on the way in; a data
 * segment that is no good any more is null from then on, a code or stack
 * segment kills the guest; should the load itself fault, in ring 0, that is
 * recognised by where the stack ended up and kills, too.
 *
 * Source: docs/design.md, world switch, item 9; BadIRET (CVE-2014-9322).
 *
 * A failure is an unexpected register or a host that does not answer.
 */
#include "tg.h"

const char tg_title[] = "segments that vanish";

#define ENTRY	5
#define SEL	(ENTRY * 8 | 1)

static u64 gone;

static bool is_segment_trap(u32 vector)
{
	return vector == TG_NO_TRAP || (vector >= 10 && vector <= 13);
}

#define VANISH(reg) \
	tg_try("movl %0, %%" #reg "\n\tint $0x1f\n\t" \
	       "movl %5, %%" #reg "\n", \
	       : : "r"(SEL), "a"(LG32_LOAD_GDT_ENTRY), "b"(ENTRY), \
	       "c"((u32)gone), "d"((u32)(gone >> 32)), "r"(LG32_KERNEL_DS) \
	       : "memory")

static void check(u32 vector)
{
	TG_CHECK(is_segment_trap(vector), "trap %u", vector);
	if (vector == TG_NO_TRAP)
		tg_printf("# the guest went on\n");
}

static void ds(void)
{
	check(VANISH(ds));
}

static void es(void)
{
	check(VANISH(es));
}

static void fs(void)
{
	check(VANISH(fs));
}

static void gs(void)
{
	check(VANISH(gs));
}

static void ss(void)
{
	check(VANISH(ss));
}

/* Code: jump there, and take it away under ourselves. */
static void cs(void)
{
	tg_gdt_set(ENTRY, TG_DESC_CODE1);
	asm volatile("ljmp %0, $1f\n"
		     "1:\tint $0x1f\n\t"
		     "ljmp %1, $2f\n2:"
		     : : "i"(SEL), "i"(LG32_KERNEL_CS),
		     "a"(LG32_LOAD_GDT_ENTRY), "b"(ENTRY), "c"((u32)gone),
		     "d"((u32)(gone >> 32)) : "memory");
	tg_printf("# the guest went on\n");
}

/* The kernel's own entries: nothing to come back to. */
static void kernel_cs(void)
{
	tg_gdt_set(12, gone);
	tg_failure("still alive without a code segment");
}

static void kernel_ds(void)
{
	tg_gdt_set(13, gone);
	tg_failure("still alive without a data segment");
}

/* Code as the stack segment, data as code. */
static void swapped(void)
{
	tg_gdt_set(12, TG_DESC_DATA1);
	tg_failure("still alive with data for code");
}

static void user_code(void)
{
	tg_gdt_set(12, TG_DESC_CODE3);
	tg_failure("still alive with ring-3 code in ring 1");
}

static const struct tg_case cases[] = {
	{ "ds", ds },
	{ "es", es },
	{ "fs", fs },
	{ "gs", gs },
	{ "ss", ss },
	{ "cs", cs },
	{ "kernel-cs", kernel_cs },
	{ "kernel-ds", kernel_ds },
	{ "swapped", swapped },
	{ "user-code", user_code },
};

void test_main(void)
{
	tg_gdt_set(ENTRY, TG_DESC_DATA1);
	gone = 0;
	tg_run_case(cases, ARRAY_SIZE(cases));
}
