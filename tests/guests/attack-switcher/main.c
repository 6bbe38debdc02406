// SPDX-License-Identifier: GPL-2.0
/*
 * The switcher's pages, seen from the guest.
 *
 * Claim: ring 1 sees the switcher's text and its own state pages and nothing
 * else above the window's start; what it can read holds no address of the
 * host; the text and the second state page (GDT, IDT, TSS) cannot be written;
 * whatever it writes to the first one, or wherever it jumps, only the guest
 * is hurt: a trap of its own or a kill.
 *
 * Source: docs/design.md, items 1, 2 and 9; facts: historic lguest showed
 * host CR3, stack and table addresses to the guest.
 *
 * A failure names the address and what was found there.
 */
#include "tg.h"

const char tg_title[] = "the switcher's pages";

static u32 window(void)
{
	return -tg_data.reserve_mem;
}

/* The text four times, and two pages of this CPU; none of another CPU's. */
#define LEAK_PAGES 6

/* Pages of the window that can be read. */
static u32 readable[64];

static u32 find_readable_below(u32 bytes)
{
	u32 gva = window(), n = 0;

	do {
		if (tg_try_read(gva, NULL) == TG_NO_TRAP) {
			if (n < ARRAY_SIZE(readable))
				readable[n] = gva;
			n++;
		}
		gva += TG_PAGE;
	} while (gva && gva - window() < bytes);
	return n;
}

static u32 find_readable(void)
{
	return find_readable_below(64u << 20);
}

/* The half of a TSS descriptor is no address, whatever it looks like. */
static bool is_tss_descriptor(u32 gva)
{
	const volatile u32 *desc = (const u32 *)(gva & ~7u);
	u32 base = desc[0] >> 16 | (desc[1] & 0xff) << 16 |
		   (desc[1] & 0xff000000);
	u32 type = desc[1] >> 8 & 0xfd;

	return type == 0x89 && (desc[0] & 0xffff) == 0x67 && base > window();
}

/*
 * Kernel addresses of the host: above all of ours (we end at TG_KERNEL +
 * TG_BOOT_MAP, the host's kernel begins there), and not the window's own.
 */
static bool looks_like_host(u32 word)
{
	return word >= TG_KERNEL + TG_BOOT_MAP && word < window();
}

static void check_words(u32 gva)
{
	u32 i, word, found = 0;

	for (i = 0; i < TG_PAGE; i += 4) {
		word = *(volatile u32 *)(gva + i);
		if (!looks_like_host(word) || is_tss_descriptor(gva + i))
			continue;
		if (found++ < 3)
			tg_printf("# %#x holds %#x\n", gva + i, word);
	}
	TG_CHECK(!found, "page %#x has %u words like host addresses", gva,
		 found);
}

/*
 * Code cannot be told from addresses by looking, so the pages that are not
 * text: from the writable one on.
 */
static void leak(void)
{
	u32 i, word, checked = 0, n = find_readable();

	tg_printf("# %u readable pages from %#x\n", n, window());
	TG_CHECK(n == LEAK_PAGES, "%u pages readable, not %u", n, LEAK_PAGES);
	for (i = 0; i < n && i < ARRAY_SIZE(readable); i++) {
		word = *(volatile u32 *)readable[i];
		if (checked ||
		    tg_try_write(readable[i], word) == TG_NO_TRAP) {
			check_words(readable[i]);
			checked++;
		}
	}
	TG_CHECK(checked, "no state pages found");
}

/* How many of them can be written: the run frame's page, no other. */
static void write(void)
{
	u32 i, word, writable = 0, n = find_readable();

	for (i = 0; i < n && i < ARRAY_SIZE(readable); i++) {
		word = *(volatile u32 *)readable[i];
		if (tg_try_write(readable[i], word) == TG_NO_TRAP) {
			writable++;
			continue;
		}
		TG_CHECK(tg_fault.vector == 14 && tg_fault.error == 3,
			 "write to %#x: trap %u, error %#x", readable[i],
			 tg_fault.vector, tg_fault.error);
	}
	TG_CHECK(writable <= 1, "%u pages of the window writable", writable);
}

/* Garbage all over the writable page; then use it. */
static void garbage(void)
{
	u32 i, j, round, n = find_readable();

	for (round = 0; round < 20; round++) {
		for (i = 0; i < n && i < ARRAY_SIZE(readable); i++)
			for (j = 0; j < TG_PAGE; j += 4)
				if (tg_try_write(readable[i] + j, tg_rand()) !=
				    TG_NO_TRAP)
					break;
		tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
		tg_try("ud2", : : : "memory");
	}
}

/*
 * From one processor to the other and back: each time the two state pages are
 * those of the processor we are on, and the others' are gone.
 */
static void others(void)
{
	u32 cpus = tg_inl(TG_PORT_CPU), last = 0, round, n, i;

	if (cpus < 2)
		tg_skip("one processor");
	for (round = 0; cpus >= 2 && round < 6; round++) {
		tg_outl(TG_PORT_CPU, round % cpus);
		/* All processors' pages lie in the first megabytes. */
		n = find_readable_below(4u << 20);
		TG_CHECK(n == LEAK_PAGES, "round %u: %u pages readable, not %u",
			 round, n, LEAK_PAGES);
		TG_CHECK(readable[LEAK_PAGES - 1] != last,
			 "round %u: still on the pages at %#x", round, last);
		last = readable[LEAK_PAGES - 1];
		for (i = 0; i < n && i < ARRAY_SIZE(readable); i++)
			TG_CHECK(i == LEAK_PAGES - 2 ||
				 tg_try_write(readable[i], 0) == 14,
				 "round %u: %#x writable", round, readable[i]);
	}
}

static void jump_to(void *to)
{
	((void (*)(void))to)();
}

/* Every few bytes of the text: it must be a trap or a kill. */
static void jump(void)
{
	u32 i, from = window();

	for (i = 0; i < TG_PAGE; i += 61)
		tg_catch(jump_to, (void *)(from + i));
}

static void jump_start(void)
{
	tg_catch(jump_to, (void *)window());
}

/* Data pages as code: without a right to execute it may still do anything. */
static void jump_a(void)
{
	find_readable_below(4u << 20);
	tg_catch(jump_to, (void *)(readable[LEAK_PAGES - 2] + 0xf00));
}

static void jump_b(void)
{
	find_readable_below(4u << 20);
	tg_catch(jump_to, (void *)readable[LEAK_PAGES - 1]);
}

static void jump_top(void)
{
	tg_catch(jump_to, (void *)0xfffffff0);
}

/* Stack in the writable page while calls and traps happen. */
static void stack_in_page_a(void)
{
	u32 i, n = find_readable();

	for (i = 0; i < n && i < ARRAY_SIZE(readable); i++) {
		u32 top = readable[i] + TG_PAGE - 8;

		if (tg_try_write(top, 0) != TG_NO_TRAP)
			continue;
		asm volatile("movl %%esp, %%ebx\n\t"
			     "movl %0, %%esp\n\t"
			     "pushl $0x12345678\n\t"
			     "movl $0, %%eax\n\t"
			     "int $0x1f\n\t"
			     "pushl $0x12345678\n\t"
			     "int $0x1f\n\t"
			     "movl %%ebx, %%esp"
			     : : "r"(top) : "eax", "ebx", "memory");
	}
}

/* Everything between the window and the top: reads and writes. */
static void sweep(void)
{
	u32 gva = window(), writes = 0, below;

	/* What we were not told to leave alone is not the host's. */
	for (below = gva - (4u << 20); below < gva; below += TG_PAGE)
		TG_CHECK(tg_try_read(below, NULL) == 14,
			 "something at %#x, below the window", below);
	do {
		tg_try_read(gva + 0xffc, NULL);
		writes += tg_try_write(gva + 0x100, 0) == TG_NO_TRAP;
		gva += TG_PAGE;
	} while (gva);
	TG_CHECK(writes <= 1, "%u writable pages", writes);
}

static const struct tg_case cases[] = {
	{ "leak", leak },
	{ "write", write },
	{ "others", others },
	{ "garbage", garbage },
	{ "jump", jump },
	{ "jump-start", jump_start },
	{ "jump-a", jump_a },
	{ "jump-b", jump_b },
	{ "jump-top", jump_top },
	{ "stack-in-page-a", stack_in_page_a },
	{ "sweep", sweep },
};

/* Each processor has state pages of its own, so the cases stay on one. */
void test_main(void)
{
	tg_outl(TG_PORT_CPU, 0);
	tg_run_case(cases, ARRAY_SIZE(cases));
}
