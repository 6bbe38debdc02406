// SPDX-License-Identifier: GPL-2.0
/*
 * The auditor: looks at every entry of every shadow table and asks whether it
 * should be there, by the guest's own tables and by the rules of this folder.
 * It believes nothing that the rest of the folder has written down.
 *
 * A guest that breaks the rules (writes to a table page through a mapping that
 * it made before it said what the page is) can have entries here that its tables
 * no longer justify. None may have one that leads outside of its memory.
 */
#include <linux/io.h>
#include <linux/moduleparam.h>
#include "shadow.h"

static unsigned int audit;
module_param(audit, uint, 0644);
MODULE_PARM_DESC(audit, "Check all shadow page tables at every so many faults and flushes, kill the guest if they are wrong (default 0: never)");

/**
 * struct audit - what was found so far
 * @guest: whose
 * @bad: entries that should not be there
 * @links: entries that lead to tables
 * @refs: how many there should be, by the tables' own count
 */
struct audit {
	struct lg_guest *guest;
	unsigned long bad, links, refs;
};

/* What an entry for this page may be at most, or 0; not as frames.c has it. */
static u64 most_of_frame(struct lg_guest *guest, u64 gfn)
{
	struct page *page = lg_mem_taken(guest, gfn);
	u64 most;

	if (!page)
		return 0;
	most = page_to_phys(page) | _PAGE_PRESENT | _PAGE_USER |
	       _PAGE_ACCESSED | _PAGE_DIRTY;
	return xa_load(&guest->shadow->pts, gfn) ? most : most | _PAGE_RW;
}

static bool is_at_most(u64 entry, u64 most)
{
	return most && (entry == most || entry == (most & ~(u64)_PAGE_RW));
}

static bool leaf_is_good(struct audit *a, u64 entry, u64 pte)
{
	u64 most = most_of_frame(a->guest, pte_gfn(pte));

	if ((pte & (LG_PTE_P | LG_PTE_A)) != (LG_PTE_P | LG_PTE_A))
		return false;
	if (!(pte & LG_PTE_RW) || !(pte & LG_PTE_D))
		most &= ~(u64)_PAGE_RW;
	return is_at_most(entry, most ? most | (pte & LG_PTE_NX) : 0);
}

/* What the switcher makes entries of. */
static void audit_frames(struct audit *a)
{
	struct lg_guest *guest = a->guest;
	u64 gfn, entry;

	for (gfn = 0; gfn < guest->ram_pages; gfn++) {
		entry = frames_get(&guest->shadow->frames, gfn);
		a->bad += entry && !is_at_most(entry, most_of_frame(guest, gfn));
		if (gfn % TABLE_ENTRIES == 0)
			cond_resched();
	}
}

static bool link_is_good(struct audit *a, const struct lg_table *t,
			 unsigned int i, u64 pte)
{
	struct lg_table *below = table_below(t, i);

	if (__pa(below->entry) != (t->entry[i] & LG_PTE_FRAME) ||
	    below->kind != kind_below(t->kind))
		return false;
	if (!below->pt)		/* cut off: must not lead anywhere */
		return !below->live &&
		       !memchr_inv(below->entry, 0, PAGE_SIZE);
	a->links++;
	return pte_leads_down(a->guest, pte) && below->pt->gfn == pte_gfn(pte) &&
	       t->entry[i] == upper_entry(below, pte);
}

/* What must stand in a root where the guest has no say. */
static u64 fixed_entry(struct audit *a, u8 kind, unsigned int i)
{
	if (i == WINDOW_SLOT)
		return host_window_entry(a->guest);
	if (i == HOLE_FIRST && kind == KIND_KERNEL_ROOT)
		return __pa(a->guest->shadow->m2p.pud) | _PAGE_PRESENT |
		       _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX;
	return 0;
}

static void audit_entry(struct audit *a, const struct lg_table *t,
			unsigned int i, u64 pte, unsigned int *live)
{
	bool good;

	if (index_is_ours(t->kind, i)) {
		a->bad += t->entry[i] != fixed_entry(a, t->kind, i);
		return;
	}
	if (!t->entry[i])
		return;
	*live += t->kind != KIND_L1;
	good = t->kind == KIND_L1 ? leaf_is_good(a, t->entry[i], pte) :
				    link_is_good(a, t, i, pte);
	a->bad += !good;
}

static void audit_table(struct audit *a, const struct lg_table *t)
{
	lg_gpa_t gpa = t->pt->gfn << PAGE_SHIFT;
	unsigned int i, live = 0;
	u64 pte;

	for (i = 0; i < TABLE_ENTRIES; i++) {
		if (lg_mem_entry(a->guest, gpa + i * 8, 8, &pte))
			pte = 0;
		audit_entry(a, t, i, pte, &live);
	}
	a->bad += live != t->live;
	if (!kind_is_root(t->kind))
		a->refs += t->refs;
}

/**
 * lg_shadow_audit - look at everything
 * @vcpu: its guest's
 *
 * Returns how many entries should not be there.
 */
unsigned long lg_shadow_audit(struct lg_vcpu *vcpu)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct audit a = { .guest = vcpu->guest };
	unsigned long gfn;
	unsigned int kind;
	struct lg_pt *pt;

	shadow_resync(vcpu);
	xa_for_each(&s->pts, gfn, pt) {
		for (kind = 0; kind < KINDS; kind++) {
			if (!pt->table[kind])
				continue;
			a.bad += pt->gfn != gfn ||
				 pt->table[kind]->kind != kind ||
				 pt->table[kind]->pt != pt;
			audit_table(&a, pt->table[kind]);
		}
		cond_resched();
	}
	audit_frames(&a);
	return a.bad + (a.links != a.refs);
}

/**
 * shadow_audit_due - the same, every now and then, if the user asked for it
 * @vcpu: its guest's; killed if something is wrong
 */
void shadow_audit_due(struct lg_vcpu *vcpu)
{
	unsigned int every = READ_ONCE(audit);
	unsigned long bad;

	if (likely(!every) || ++vcpu->guest->shadow->events % every)
		return;
	bad = lg_shadow_audit(vcpu);
	if (bad)
		lg_kill(vcpu, "%lu shadow entries should not be there", bad);
}
