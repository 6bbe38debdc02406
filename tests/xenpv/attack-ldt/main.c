// SPDX-License-Identifier: GPL-2.0
/*
 * Looking for another LDT than our own.
 *
 * Claim: without an LDT no selector with the table bit set means anything, with
 * one it means what the guest's table says, whatever the host does for its own
 * processes meanwhile (tests/host/ldt-race makes an LDT under the running guest):
 *
 *	none		no LDT at all
 *	some		one, the same all the time
 *	changing	now and then another
 *
 * LSL looks into the table without an exit.
 *
 * Source: docs/abi/xenpv.md; XSA-298.
 *
 * A failure is a guest that found the host's table: at a host's address, but in
 * the guest's page tables.
 */
#include "tg.h"

const char tg_title[] = "another LDT";

#define WATCH_NSEC	300000000ul
#define LOOKS		5000
#define LIMIT		0x12345u
#define DATA		(0x0040f30000000000ul | (LIMIT & 0xf0000ul) << 32 | \
			 (LIMIT & 0xfffful))
#define NONE		1u		/* what limit() says if there is none */

static u64 *ldt;
static u32 entries;

static u32 limit(u32 selector)
{
	u32 value = 0;
	bool found;

	asm volatile("lsl %2, %0" : "+r"(value), "=@ccz"(found) : "r"(selector));
	return found ? value : NONE;
}

/* Entry 0 is data, entry 1 is empty, others are not there. */
static void look(void)
{
	u32 want = entries ? LIMIT : NONE, got, i;

	for (i = 0; i < LOOKS; i++) {
		got = limit(7);
		if (got != want) {
			tg_failure("LDT entry 0 is %#x long, not %#x", got, want);
			tg_exit();
		}
	}
	for (i = 1; i < 8192; i = i == 1 ? 512 : i + 512) {
		got = limit(i << 3 | 7);
		TG_CHECK(got == NONE, "LDT entry %u is %#x long", i, got);
	}
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(7)),
	      entries ? TG_NO_TRAP : 13, "trap of LDT entry 0");
	TG_EQ(tg_try("movl %0, %%es", : : "r"(0xf)), 13, "trap of entry 1");
	TG_EQ(tg_try("movl %0, %%es", : : "r"(0x1007)), 13, "trap of entry 512");
	asm volatile("movl %0, %%es\n\tmovl %0, %%fs" : : "r"(0));
}

static void set(u32 count)
{
	TG_EQ(tg_mmuext(MMUEXT_SET_LDT, count ? (u64)ldt : 0, count), 0,
	      "SET_LDT");
	entries = count;
}

static void watch(void (*change)(u32 round))
{
	u64 start = tg_ask(TG_ASK_NSEC, 0);
	u32 round;

	for (round = 0; tg_ask(TG_ASK_NSEC, 0) - start < WATCH_NSEC; round++) {
		if (change)
			change(round);
		look();
	}
}

static void none(void)
{
	watch(NULL);
}

static void some(void)
{
	set(512);
	watch(NULL);
}

static void other(u32 round)
{
	u32 i;

	for (i = 0; i < 50; i++)
		set(i & 1 ? 512 : 2);
	set(round % 3 * 256);
}

static void changing(void)
{
	watch(other);
}

static const struct tg_case cases[] = {
	{ "none", none },
	{ "some", some },
	{ "changing", changing },
};

void test_main(void)
{
	u64 gfn = tg_page_alloc();

	ldt = tg_va(gfn);
	ldt[0] = DATA;
	tg_table_protect(gfn);
	tg_run_case(cases, ARRAY_SIZE(cases));
}
