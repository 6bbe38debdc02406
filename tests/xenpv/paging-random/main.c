// SPDX-License-Identifier: GPL-2.0
/*
 * Random page tables against a model.
 *
 * Claim: whatever sequence of entry changes (by hypercall or by a store, with the
 * flush that the ABI demands), root switches, flushes and accesses, each access
 * does what the guest's own tables say, and leaves just the Accessed and Dirty
 * bits.
 *
 * Source: docs/abi/xenpv.md, page tables; kvm-unit-tests' access test for the
 * idea.
 *
 * The model is the guest's table itself, walked by hand.  The seed is fixed
 * (command line: another one), so a failure repeats: it names the step.
 */
#include "tg.h"

const char tg_title[] = "random page tables";

#define ROOTS	7
#define SLOTS	24		/* low addresses per root */
#define KSLOTS	8		/* kernel addresses, shared by all */
#define FRAMES	16
#define STEPS	6000

static u64 root[ROOTS];
static u64 frame[FRAMES];
static u32 step, now;

static u64 slot_gva(u32 slot)
{
	if (slot >= SLOTS)
		return TG_KTEST + (slot - SLOTS) * TG_PAGE;
	/* Three tables, neighbours and far ones. */
	return TG_UTEST + slot % 8 * TG_PAGE + slot / 8 * 0x40200000ul;
}

static u64 random_pte(void)
{
	u64 r = tg_rand();

	if (r % 4 == 0)
		return r % 8 ? 0 : r & 0xffff00ul;	/* a swap entry */
	return tg_pte(frame[r / 16 % FRAMES],
		      TG_P | TG_U | (r & TG_W) | (r >> 20 & TG_A) |
		      (r >> 24 & 0x600));
}

static volatile u64 *entry_va(u64 ptr)
{
	return (u64 *)((u8 *)tg_va(ptr / TG_PAGE) + ptr % TG_PAGE);
}

static void put(u64 r, u64 gva, u64 pte)
{
	u64 ptr = tg_entry_at(r, gva, 1), old;
	volatile u64 *at = entry_va(ptr);

	switch (tg_rand() % 5) {
	case 0:
		if (r == root[now]) {
			TG_EQ(tg_va_mapping(gva, pte, UVMF_INVLPG), 0,
			      "update_va_mapping");
			break;
		}
		/* fallthrough */
	case 1:
		TG_EQ(tg_mmu_update(ptr, pte), 0, "mmu_update");
		break;
	case 2:
		asm volatile("xchgq %0, %1" : "=r"(old), "+m"(*at) : "0"(pte)
			     : "memory");
		break;
	case 3:
		old = *at;
		asm volatile("lock cmpxchgq %2, %1" : "+a"(old), "+m"(*at)
			     : "r"(pte) : "memory", "cc");
		break;
	default:
		*at = pte;
	}
	if (tg_rand() & 1)
		tg_mmuext(MMUEXT_INVLPG_LOCAL, gva, 0);
	else
		tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
}

static void change(void)
{
	put(root[tg_rand() % ROOTS], slot_gva(tg_rand() % (SLOTS + KSLOTS)),
	    random_pte());
}

/* Not present to present, or more rights: no flush. */
static void upgrade(void)
{
	u64 r = root[tg_rand() % ROOTS];
	u64 gva = slot_gva(tg_rand() % (SLOTS + KSLOTS));
	u64 ptr = tg_entry_at(r, gva, 1), pte = *entry_va(ptr);

	if (pte & TG_P)
		pte |= tg_rand() & TG_W;
	else
		pte = tg_pte(frame[tg_rand() % FRAMES],
			     TG_P | TG_U | (tg_rand() & TG_W));
	if (tg_rand() & 1)
		*entry_va(ptr) = pte;
	else
		tg_mmu_update(ptr, pte);
}

static void check_access(void)
{
	u64 gva = slot_gva(tg_rand() % (SLOTS + KSLOTS)), r = root[now];
	u64 pte = tg_pte_get(r, gva), after, value = 0;
	bool write = tg_rand() & 1;
	u32 want = TG_NO_TRAP, vector, offset = tg_rand() % 512 * 8;
	volatile u64 *word = tg_va((pte & TG_FRAME) / TG_PAGE);

	word += offset / 8;
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
	TG_CHECK(vector == want, "step %u: %s of %#lx, entry %#lx: trap %u",
		 step, write ? "write" : "read", gva, pte, vector);
	after = tg_pte_get(r, gva);
	if (vector == TG_NO_TRAP && want == TG_NO_TRAP) {
		TG_CHECK(*word == step && (write || value == step),
			 "step %u: wrong page at %#lx", step, gva);
		pte |= TG_A | (write ? TG_D : 0);
	} else if (want == 14) {
		TG_CHECK(tg_fault.error == ((pte & TG_P) | (write ? TG_W : 0)),
			 "step %u: error %#lx, entry %#lx", step,
			 tg_fault.error, pte);
	}
	TG_CHECK((after & ~TG_A) == (pte & ~TG_A) && (after & pte & TG_A) ==
		 (pte & TG_A), "step %u: entry %#lx, not %#lx", step, after,
		 pte);
}

static void switch_root(void)
{
	now = tg_rand() % ROOTS;
	TG_EQ(tg_mmuext(MMUEXT_NEW_BASEPTR, root[now], 0), 0, "NEW_BASEPTR");
}

/* Stores to a table are for those that are known as such: Linux pins them all. */
static void pin(u64 r, u32 slot)
{
	tg_mmuext(MMUEXT_PIN_L1_TABLE,
		  tg_entry_at(r, slot_gva(slot), 1) / TG_PAGE, 0);
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
	for (s = SLOTS; s < SLOTS + KSLOTS; s++)
		tg_map(tg_root, slot_gva(s), 0);
	pin(tg_root, SLOTS);
	for (i = 0; i < ROOTS; i++) {
		root[i] = tg_root_new();
		for (s = 0; s < SLOTS; s++)
			tg_map(root[i], slot_gva(s), 0);
		for (s = 0; s < SLOTS; s += 8)
			pin(root[i], s);
	}
	tg_mmuext(MMUEXT_NEW_BASEPTR, root[0], 0);
	for (step = 1; step <= STEPS; step++)
		one_step();
	tg_mmuext(MMUEXT_NEW_BASEPTR, tg_root, 0);
}
