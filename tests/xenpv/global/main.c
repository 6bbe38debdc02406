// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's kernel stack wherever the host's kernel has something.
 *
 * Claim: what the host keeps in the TLB of its own kernel, globally, never answers
 * for the guest's addresses, which are the same. In ring 3 a stale entry is but one
 * more page fault; in ring 0 the switcher would push the guest's frames into the
 * host's memory.
 *
 * Source: SDM volume 3, 4.10.2.4; docs/design-amd64.md, section 2 (CR4.PGE).
 *
 * One page of ours is mapped all over the host's data and its map of memory. A frame
 * that is not in it, or a dead host, is the failure. QEMU keeps no global entries,
 * and with page-table isolation there are none: for Bochs without it.
 */
#include "tg.h"

const char tg_title[] = "the host's addresses for stacks";

#define TEXT	0xffffffff81000000ul	/* and data, if nobody moved them */
#define MEMORY	0xffff888000000000ul
#define LARGE	0x200000ul

static u64 page, table;

static void tg_user_code user_syscall(void)
{
	asm volatile("syscall\n\tud2");
}

/* A table that has our page everywhere; it serves for any 2 MiB. */
static void make_table(void)
{
	u32 i;

	page = tg_page_alloc();
	table = tg_table_alloc();
	for (i = 0; i < 512; i++)
		TG_EQ(tg_entry_put(table, i, tg_pte(page, TG_RW)), 0, "entry");
}

static void map_large(u64 gva)
{
	if (!tg_entry_at(tg_root, gva, 3))
		tg_mmu_update(tg_entry_at(tg_root, gva, 4),
			      tg_pte(tg_table_alloc(), TG_RW));
	if (!tg_entry_at(tg_root, gva, 2))
		tg_mmu_update(tg_entry_at(tg_root, gva, 3),
			      tg_pte(tg_table_alloc(), TG_RW));
	TG_EQ(tg_mmu_update(tg_entry_at(tg_root, gva, 2),
			    tg_pte(table, TG_RW)), 0, "table");
}

/* A program calls; the frame must be at the end of our page. */
static void check_stack(u64 gva)
{
	volatile u64 *end = (u64 *)tg_va(page) + TG_PAGE / sizeof(*end);
	struct tg_user u;
	u32 vector;

	end[-1] = end[-2] = 0;
	tg_user_start(&u, user_syscall);
	tg_hcall(stack_switch, FLAT_KERNEL_SS64, gva + TG_PAGE, 0, 0);
	vector = tg_user_run(&u);
	tg_hcall(stack_switch, FLAT_KERNEL_SS64, TG_TRAP_SP, 0, 0);
	TG_CHECK(vector == TG_SYSCALL && end[-1] == TG_USER_SS &&
		 end[-2] == TG_USER_STACK,
		 "frame at %#lx: trap %u, ss %#lx, rsp %#lx", gva, vector, end[-1],
		 end[-2]);
}

static void check(u64 first, u64 size)
{
	u64 at;

	for (at = 0; at < size; at += LARGE)
		map_large(first + at);
	for (at = 0; at < size; at += TG_PAGE) {
		/* The host shall use its memory now and then. */
		if (!(at % (16 * TG_PAGE)))
			tg_hcall(xen_version, 0, 0, 0, 0);
		check_stack(first + at);
	}
}

void test_main(void)
{
	tg_user_init();
	make_table();
	check(TEXT, 48ul << 20);
	check(MEMORY, 1ul << 30);
}
