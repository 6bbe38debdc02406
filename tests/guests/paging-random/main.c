// SPDX-License-Identifier: GPL-2.0
/*
 * Random page tables against a model.
 *
 * Claim: whatever sequence of entry changes (told to the host as the ABI
 * demands), table switches, flushes and accesses, each access does what the
 * guest's own tables say, and leaves just the Accessed and Dirty bits.
 *
 * Source: docs/abi/lg32.md, page tables; kvm-unit-tests' access test for the
 * idea.
 *
 * The model is the guest's table itself, walked by hand, plus what was last
 * told.  The seed is fixed (command line: another one), so a failure repeats:
 * it names the step.
 */
#include "tg.h"

const char tg_title[] = "random page tables";

#define ROOTS	7
#define SLOTS	24		/* user addresses per root */
#define KSLOTS	8		/* kernel addresses, shared by all */
#define FRAMES	16
#define STEPS	6000

static u32 root[ROOTS], now;
static u32 frame[FRAMES];
static u32 step;

static u32 slot_gva(u32 slot)
{
	if (slot >= SLOTS)
		return TG_KTEST + (slot - SLOTS) * TG_PAGE;
	/* Three directories, neighbours and far ones. */
	return TG_UTEST + slot % 8 * TG_PAGE + slot / 8 * 0x00800000;
}

static u64 random_pte(void)
{
	u32 r = tg_rand();

	if (r % 4 == 0)
		return r % 8 ? 0 : (u64)(r & ~1u);	/* a swap entry */
	return frame[r / 16 % FRAMES] | TG_P | (r & TG_W) | (r & TG_U) |
	       (r >> 20 & TG_A) | (r >> 24 & 0x600);
}

static void tell_random(u32 r, u32 gva, u64 pte)
{
	bool kernel = gva >= TG_KERNEL;

	switch (tg_rand() % 4) {
	case 0:
		if (r == now && !kernel) {
			tg_flush_user();
			break;
		}
		/* fallthrough */
	case 1:
		tg_flush_all();
		break;
	case 2:
		while (!tg_ring_put(LG32_SET_PTE, root[r], gva, pte, pte >> 32))
			;
		tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
		break;
	default:
		tg_hcall_set_pte(root[r], gva, pte);
	}
}

static void change(void)
{
	u32 r = tg_rand() % ROOTS;
	u32 gva = slot_gva(tg_rand() % (SLOTS + KSLOTS));
	u64 pte = random_pte();

	tg_pte_put(root[r], gva, pte);
	tell_random(r, gva, pte);
}

/* Not present to present, or more rights: told to nobody. */
static void upgrade(void)
{
	u32 r = tg_rand() % ROOTS;
	u32 gva = slot_gva(tg_rand() % (SLOTS + KSLOTS));
	u64 pte = tg_pte_get(root[r], gva);

	if (pte & TG_P)
		pte |= tg_rand() & (TG_W | TG_U);
	else
		pte = frame[tg_rand() % FRAMES] | TG_P | (tg_rand() & TG_W);
	tg_pte_put(root[r], gva, pte);
}

static void check_access(void)
{
	u32 gva = slot_gva(tg_rand() % (SLOTS + KSLOTS));
	u64 pte = tg_pte_get(root[now], gva), after;
	bool write = tg_rand() & 1;
	u32 want = TG_NO_TRAP, vector, value = 0, offset = tg_rand() % 1024 * 4;
	u32 *word = tg_va((u32)(pte & -TG_PAGE) + offset);

	if (!(pte & TG_P) || (write && !(pte & TG_W)))
		want = 14;
	else if (write)
		*word = ~step;
	else
		*word = step;
	if (write)
		vector = tg_try_write(gva + offset, step);
	else
		vector = tg_try_read(gva + offset, &value);
	TG_CHECK(vector == want, "step %u: %s of %#x, entry %#x: trap %u", step,
		 write ? "write" : "read", gva, (u32)pte, vector);
	after = tg_pte_get(root[now], gva);
	if (vector == TG_NO_TRAP && want == TG_NO_TRAP) {
		TG_CHECK(*word == step && (write || value == step),
			 "step %u: wrong page at %#x", step, gva);
		pte |= TG_A | (write ? TG_D : 0);
	} else if (want == 14) {
		TG_CHECK(tg_fault.error == ((pte & TG_P) | (write ? TG_W : 0)),
			 "step %u: error %#x, entry %#x", step, tg_fault.error,
			 (u32)pte);
	}
	TG_CHECK(after == pte, "step %u: entry %#x, not %#x", step, (u32)after,
		 (u32)pte);
}

static void switch_root(void)
{
	now = tg_rand() % ROOTS;
	if (tg_rand() & 1)
		tg_load_root(root[now]);
	else
		asm volatile("movl %0, %%cr3" : : "r"(root[now]) : "memory");
}

static void one_step(void)
{
	u32 r = tg_rand() % 16;

	if (r < 4)
		change();
	else if (r < 5)
		upgrade();
	else if (r < 6)
		switch_root();
	else
		check_access();
}

void test_main(void)
{
	const char *arg = tg_arg;
	u32 i, s;

	tg_rand_seed(tg_arg[0] ? tg_number(&arg) : 20071);
	for (i = 0; i < FRAMES; i++)
		frame[i] = tg_page_alloc();
	for (i = 0; i < ROOTS; i++) {
		root[i] = tg_root_new();
		for (s = 0; s < SLOTS; s++)
			tg_pte_put(root[i], slot_gva(s), 0);
	}
	tg_load_root(root[0]);
	for (step = 1; step <= STEPS; step++)
		one_step();
	tg_load_root(tg_root);
}
