// SPDX-License-Identifier: GPL-2.0
/*
 * Walking the guest's own page tables, in guest memory, as the CPU would: four
 * levels of 512 entries (SDM volume 3, section 4.5), with frame numbers that
 * are the guest's page numbers. Nothing in the tables is trusted: a frame
 * outside the guest's memory, or a large page, is as good as not present.
 */
#include "shadow.h"

/* Where the entry for an address lies in a table of some level, 0 the lowest. */
static lg_gpa_t entry_gpa(u64 table_gfn, lg_gva_t gva, unsigned int level)
{
	return (table_gfn << PAGE_SHIFT) + gva_index(gva, level) * sizeof(u64);
}

/**
 * lg_walk - translate a guest virtual address
 * @guest: may sleep
 * @root_gfn: page number of the top-level table
 * @gva: canonical address
 * @walk: filled
 */
void lg_walk(struct lg_guest *guest, u64 root_gfn, lg_gva_t gva,
	     struct lg_walk *walk)
{
	u64 upper = LG_PTE_RW | LG_PTE_US;
	u64 gfn = root_gfn, pte;
	int level;

	*walk = (struct lg_walk) { .leaf_gpa = -1 };
	for (level = 3; level > 0; level--) {
		walk->table[level] = gfn;
		if (lg_mem_entry(guest, entry_gpa(gfn, gva, level), 8, &pte) ||
		    !pte_leads_down(guest, pte))
			return;
		walk->entry[level] = pte;
		upper &= pte | LG_PTE_NX;
		upper |= pte & LG_PTE_NX;
		gfn = pte_gfn(pte);
	}
	walk->table[0] = gfn;
	walk->upper = upper;
	if (lg_mem_entry(guest, entry_gpa(gfn, gva, 0), 8, &walk->leaf))
		return;
	walk->leaf_gpa = entry_gpa(gfn, gva, 0);
	pte = walk->leaf;
	walk->entry[0] = pte;
	if (!(pte & LG_PTE_P) || pte_gfn(pte) >= guest->ram_pages)
		return;
	walk->present = true;
	walk->flags = (upper & pte & (LG_PTE_RW | LG_PTE_US)) |
		      ((upper | pte) & LG_PTE_NX) |
		      (pte & (LG_PTE_A | LG_PTE_D));
}

/**
 * lg_walk_mark - set bits in the leaf entry of a walk
 * @guest: may sleep
 * @walk: present; its leaf and flags follow
 * @bits: LG_PTE_A, LG_PTE_D
 *
 * Returns 0; -EAGAIN (the entry was changed meanwhile: walk again); -EFAULT.
 */
int lg_walk_mark(struct lg_guest *guest, struct lg_walk *walk, u64 bits)
{
	u64 old = walk->leaf;
	int rc;

	if ((walk->leaf & bits) == bits)
		return 0;
	rc = lg_mem_exchange(guest, walk->leaf_gpa, &old, walk->leaf | bits);
	if (rc)
		return rc;
	walk->leaf |= bits;
	walk->flags |= bits;
	return 0;
}

/* Does a table of this level lead to the last-level table? */
static bool leads_to(struct lg_guest *guest, u64 table_gfn, unsigned int level,
		     u64 gfn, unsigned int *budget)
{
	unsigned int i;
	u64 pte;

	if (!*budget)
		return false;
	--*budget;
	cond_resched();
	for (i = 0; i < TABLE_ENTRIES; i++) {
		if (level == 3 && index_is_ours(KIND_KERNEL_ROOT, i))
			continue;
		if (lg_mem_entry(guest, (table_gfn << PAGE_SHIFT) + i * 8, 8,
				 &pte))
			return false;
		if (!pte_leads_down(guest, pte))
			continue;
		if (level == 1 ? pte_gfn(pte) == gfn :
				 leads_to(guest, pte_gfn(pte), level - 1, gfn,
					  budget))
			return true;
	}
	return false;
}

/**
 * lg_walk_uses - a claim: a page is a last-level table under another table
 * @guest: may sleep
 * @table_gfn: page number of that table
 * @level: its level, 2 to 4
 * @gfn: page number
 * @budget: how many tables may be looked at; less afterwards
 *
 * For the rare cases where nothing else tells.
 */
bool lg_walk_uses(struct lg_guest *guest, u64 table_gfn, unsigned int level,
		  u64 gfn, unsigned int *budget)
{
	return leads_to(guest, table_gfn, level - 1, gfn, budget);
}
