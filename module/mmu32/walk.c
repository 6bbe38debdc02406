// SPDX-License-Identifier: GPL-2.0
/*
 * Walking the guest's own page tables, in guest memory, as the CPU would.
 *
 * Two formats, described by data: two levels of 4-byte entries, and PAE's three
 * of 8 bytes (SDM volume 3, sections 4.3 and 4.4). Nothing in the tables is
 * trusted: a frame outside the guest's memory ends the walk.
 */
#include <linux/bits.h>
#include "lg.h"

static const struct lg_paging two_level = {
	.levels = 2,
	.entry_bytes = 4,
	.index_bits = { 10, 10 },
	.frame_mask = GENMASK_ULL(31, 12),
};

static const struct lg_paging pae = {
	.levels = 3,
	.entry_bytes = 8,
	.index_bits = { 2, 9, 9 },
	.top_ignores = true,
	.frame_mask = GENMASK_ULL(51, 12),
};

/**
 * lg_paging - the format this guest uses
 * @guest: settled by lg_walk_settle() or by the launcher
 */
const struct lg_paging *lg_paging(struct lg_guest *guest)
{
	return guest->paging == LG_PAGING_PAE ? &pae : &two_level;
}

/* What no PAE top-level entry may have set. */
#define PDPTE_RESERVED	(GENMASK_ULL(63, 52) | GENMASK_ULL(8, 5) | GENMASK_ULL(2, 1))

/* PAE keeps four entries anywhere on 32 bytes, others a whole page. */
static lg_gpa_t top_table(const struct lg_paging *p, lg_gpa_t cr3)
{
	return cr3 & (p->top_ignores ? GENMASK(31, 5) : GENMASK(31, 12));
}

/* One step down; false where the walk ends. */
static bool walk_step(struct lg_guest *guest, const struct lg_paging *p,
		      unsigned int level, lg_gva_t gva, unsigned int *shift,
		      lg_gpa_t *table, struct lg_walk *walk)
{
	unsigned int bits = p->index_bits[level];
	unsigned int index;

	*shift -= bits;
	index = (gva >> *shift) & (BIT(bits) - 1);
	walk->leaf_gpa = *table + index * p->entry_bytes;
	if (lg_mem_entry(guest, walk->leaf_gpa, p->entry_bytes, &walk->leaf)) {
		walk->bad = "page table outside memory";
		return false;
	}
	if (!(walk->leaf & LG_PTE_P))
		return false;
	walk->upper = walk->flags;
	if (level || !p->top_ignores)
		walk->flags &= walk->leaf;
	if (walk->leaf & LG_PTE_PSE && level < p->levels - 1 &&
	    !(p->top_ignores && !level)) {
		walk->bad = "large page";
		return false;
	}
	*table = walk->leaf & p->frame_mask;
	return true;
}

/**
 * lg_walk - translate a guest virtual address
 * @guest: may sleep
 * @cr3: guest-physical address of the top-level table
 * @gva: address to translate
 * @walk: filled
 */
void lg_walk(struct lg_guest *guest, lg_gpa_t cr3, lg_gva_t gva,
	     struct lg_walk *walk)
{
	const struct lg_paging *p = lg_paging(guest);
	lg_gpa_t table = top_table(p, cr3);
	unsigned int level, shift = 32;

	*walk = (struct lg_walk) { .flags = LG_PTE_RW | LG_PTE_US };
	for (level = 0; level < p->levels; level++)
		if (!walk_step(guest, p, level, gva, &shift, &table, walk))
			return;
	walk->present = true;
	walk->flags |= walk->leaf & (LG_PTE_A | LG_PTE_D);
	walk->gpa = table + offset_in_page(gva);
}

/**
 * lg_walk_table - find the last-level table that translates an address
 * @guest: may sleep
 * @cr3: guest-physical address of the top-level table
 * @gva: address
 * @flags: LG_PTE_RW and LG_PTE_US as the levels above allow
 *
 * Returns its guest-physical address, or 1 if there is none.
 */
u64 lg_walk_table(struct lg_guest *guest, lg_gpa_t cr3, lg_gva_t gva,
		  u32 *flags)
{
	const struct lg_paging *p = lg_paging(guest);
	struct lg_walk walk = { .flags = LG_PTE_RW | LG_PTE_US };
	lg_gpa_t table = top_table(p, cr3);
	unsigned int level, shift = 32;

	for (level = 0; level < p->levels - 1; level++)
		if (!walk_step(guest, p, level, gva, &shift, &table, &walk))
			return 1;
	*flags = walk.flags;
	return table;
}

/**
 * lg_walk_mark - set bits in the leaf entry of a walk
 * @guest: may sleep
 * @walk: present
 * @bits: LG_PTE_A, LG_PTE_D
 *
 * The guest's one vCPU is not running, so nobody else writes its tables.
 * Returns 0 or -EFAULT.
 */
int lg_walk_mark(struct lg_guest *guest, const struct lg_walk *walk, u64 bits)
{
	u32 low = walk->leaf | bits;

	if ((walk->leaf & bits) == bits)
		return 0;
	return lg_mem_write(guest, walk->leaf_gpa, &low, sizeof(low));
}

/* Does the table map the kernel, read this way? */
static bool reads_as(struct lg_guest *guest, u32 paging, lg_gpa_t cr3,
		     lg_gva_t kernel)
{
	u32 flags;

	guest->paging = paging;
	return lg_walk_table(guest, cr3, kernel, &flags) != 1;
}

/**
 * lg_walk_settle - tell from its first table which format the guest uses
 * @guest: paging is LG_PAGING_AUTO, and no longer on return
 * @cr3: guest-physical address of the table
 * @kernel: an address that it must map
 *
 * A PAE table has four entries, of which only the present bit and the frame
 * may be set: what two-level tables have there (flags 0x63, 0x67) is reserved.
 */
void lg_walk_settle(struct lg_guest *guest, lg_gpa_t cr3, lg_gva_t kernel)
{
	u64 top[4];

	if (!lg_mem_read(guest, top_table(&pae, cr3), top, sizeof(top)) &&
	    !((top[0] | top[1] | top[2] | top[3]) & PDPTE_RESERVED) &&
	    reads_as(guest, LG_PAGING_PAE, cr3, kernel))
		return;
	guest->paging = LG_PAGING_2LEVEL;
}
