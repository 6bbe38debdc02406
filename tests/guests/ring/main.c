// SPDX-License-Identifier: GPL-2.0
/*
 * The asynchronous ring.
 *
 * Claim: calls in the ring are run at the next hypercall's exit, in ring
 * order and before that call; each slot gets its 0xFF back; the host keeps
 * its own place, goes round the end, takes a full ring of 64 in one go, and
 * stops at the first slot that is free.
 *
 * Source: docs/abi/lg32.md, async ring.
 *
 * The calls used are LOAD_GDT_ENTRY (its effect shows when the selector is
 * loaded) and SET_CLOCKEVENT.  A failure names the slot.
 */
#include "tg.h"

const char tg_title[] = "asynchronous ring";

#define ENTRY	5
#define SEL	(ENTRY * 8 | 1)

/* A data segment whose base is given, so that order shows in what it reads. */
static u64 desc_at(u32 base)
{
	return TG_DESC_DATA1 | (u64)(base & 0xffffff) << 16 |
	       (u64)(base >> 24) << 56;
}

static u32 words[256] = { 0 };

static void put_segment(u32 n)
{
	u64 d = desc_at((u32)&words[n]);

	if (!tg_ring_put(LG32_LOAD_GDT_ENTRY, ENTRY, d, d >> 32, 0))
		tg_failure("ring full at %u", n);
}

static u32 read_segment(void)
{
	u32 value;

	asm volatile("movl %1, %%fs\n\t"
		     "movl %%fs:0, %0\n\t"
		     "movl %2, %%fs"
		     : "=&r"(value) : "r"(SEL), "r"(0) : "memory");
	return value;
}

static u32 busy_slots(void)
{
	volatile u8 *status = tg_data.hcall_status;
	u32 i, n = 0;

	for (i = 0; i < LG32_RING_SLOTS; i++)
		n += status[i] != LG32_RING_FREE;
	return n;
}

static void flush(void)
{
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	TG_EQ(busy_slots(), 0, "slots still busy");
}

/* Any number of calls, 1 to a full ring, again and again round the end. */
static void check_sizes(void)
{
	u32 i, n;

	for (n = 1; n <= LG32_RING_SLOTS; n++) {
		for (i = 0; i < n; i++)
			put_segment((i + n) % ARRAY_SIZE(words));
		TG_EQ(busy_slots(), n, "slots before the exit");
		flush();
		TG_EQ(read_segment(), (n - 1 + n) % ARRAY_SIZE(words),
		      "last call");
	}
}

static void check_full(void)
{
	u32 i;

	for (i = 0; i < LG32_RING_SLOTS; i++)
		put_segment(i);
	TG_CHECK(!tg_ring_put(LG32_FLUSH_ASYNC, 0, 0, 0, 0),
		 "a 65th call fitted in");
	flush();
	TG_EQ(read_segment(), LG32_RING_SLOTS - 1, "last call of a full ring");
}

/* The direct call comes after the ones in the ring. */
static void check_before_direct(void)
{
	put_segment(7);
	tg_gdt_set(ENTRY, desc_at((u32)&words[9]));
	TG_EQ(read_segment(), 9, "direct call after the ring");
	TG_EQ(busy_slots(), 0, "slots after a direct call");
}

/* A gap ends the walk: what is behind it waits for its turn. */
static void check_gap(void)
{
	volatile u8 *status = tg_data.hcall_status;
	u32 i, behind = 0;

	for (i = 0; i < LG32_RING_SLOTS; i++)
		put_segment(20);
	flush();
	/* The host is at the slot where the next put goes. */
	put_segment(21);
	put_segment(22);
	for (i = 0; i < LG32_RING_SLOTS; i++)
		if (status[i] == LG32_RING_READY)
			break;
	behind = (i + 1) % LG32_RING_SLOTS;
	if (status[behind] != LG32_RING_READY) {
		/* wrapped: 63 and 0 */
		behind = 0;
		i = LG32_RING_SLOTS - 1;
	}
	status[i] = LG32_RING_FREE;
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	TG_EQ(status[behind], LG32_RING_READY, "slot behind a gap");
	TG_EQ(read_segment(), 20, "segment after a gap");
	status[i] = LG32_RING_READY;
	flush();
	TG_EQ(read_segment(), 22, "segment after the gap was closed");
}

/*
 * Any status but 0xFF means ready; the host must not believe more than one
 * round of them.
 */
static void check_odd_status(void)
{
	volatile u8 *status = tg_data.hcall_status;
	u32 i;

	for (i = 0; i < LG32_RING_SLOTS; i++) {
		put_segment(i);
		status[i] = i;
	}
	flush();
	TG_EQ(read_segment(), LG32_RING_SLOTS - 1, "odd status");
}

void test_main(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = i;
	check_sizes();
	check_full();
	check_before_direct();
	check_gap();
	/* Bring the ring back to slot 0 for the last one. */
	while (tg_ring_slot())
		tg_ring_put(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	flush();
	check_odd_status();
}
