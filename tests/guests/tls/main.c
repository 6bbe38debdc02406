// SPDX-License-Identifier: GPL-2.0
/*
 * LOAD_TLS.
 *
 * Claim: the call copies three descriptors from guest memory into entries 6
 * to 8 and touches no other; the next use of a selector sees them; they are
 * checked as LOAD_GDT_ENTRY checks; the memory may lie across two pages.
 *
 * Source: docs/abi/lg32.md, segments.
 *
 * A failure names the entry.
 */
#include "tg.h"

const char tg_title[] = "TLS entries";

static char area[2 * TG_PAGE] __attribute__((aligned(4096)));
static u32 words[64];

static u64 at(u32 n)
{
	u32 base = (u32)&words[n];

	return TG_DESC_DATA3 | (u64)(base & 0xffffff) << 16 |
	       (u64)(base >> 24) << 56;
}

static u32 read_through(u32 entry)
{
	u32 value = 0;
	u32 vector = tg_try("movl %1, %%gs\n\tmovl %%gs:0, %0",
			    : "+r"(value) : "r"(entry * 8 | 3) : "memory");

	TG_CHECK(vector == TG_NO_TRAP, "entry %u: trap %u", entry, vector);
	return value;
}

static void check_tls(u64 *tls, u32 n)
{
	u32 i;

	for (i = 0; i < LG32_GDT_TLS_COUNT; i++)
		tls[i] = at(n + i);
	tg_hcall(LG32_LOAD_TLS, tg_gpa(tls), 0, 0, 0);
	for (i = 0; i < LG32_GDT_TLS_COUNT; i++)
		TG_EQ(read_through(LG32_GDT_TLS_FIRST + i), n + i,
		      "word behind a TLS entry");
	TG_EQ(read_through(5), 60, "entry before");
	TG_EQ(read_through(9), 61, "entry after");
}

/* Descriptors no guest may have. */
static void check_bad(void)
{
	u64 *tls = (u64 *)area;
	u32 i;

	for (i = 0; i < 32; i++) {
		tls[0] = TG_DESC_CODE1 & ~((u64)0xff << 40);
		tls[0] |= (u64)(0x80 | i) << 40;
		tls[1] = tls[0] | (u64)0x60 << 40;
		tls[2] = 0;
		tg_hcall(LG32_LOAD_TLS, tg_gpa(tls), 0, 0, 0);
		if (tg_try("movl %0, %%gs", : : "r"(6 * 8 | 1) : "memory") ==
		    TG_NO_TRAP)
			TG_CHECK(i & 0x10, "system descriptor %u loaded", i);
		asm volatile("movl %0, %%gs" : : "r"(0));
	}
}

void test_main(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = i;
	tg_gdt_set(5, at(60));
	tg_gdt_set(9, at(61));
	for (i = 0; i < 40; i++)
		check_tls((u64 *)area + i, i);
	for (i = 0; i < 4; i++)
		check_tls((u64 *)(area + TG_PAGE - 4 - 8 * i), i);
	check_bad();
}
