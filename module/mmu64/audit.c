// SPDX-License-Identifier: GPL-2.0
/*
 * The auditor: looks at every entry of every shadow table and asks whether it
 * should be there, by the guest's own tables and by the rules of this folder.
 * It believes nothing that the rest of the folder has written down.
 *
 * Two kinds of entries should not be there. *Stale* ones the guest's tables no
 * longer justify, as those of a TLB: a guest that breaks the rules (writes to a
 * table page through a mapping that it made before it said what the page is) can
 * have them, and fools itself alone. They are counted (LG_STAT_STALE). *Foreign*
 * ones lead to what is not the guest's memory nor a table of its own, or allow
 * what no entry may: no guest can bring them about, and they are its end.
 */
#include <linux/bsearch.h>
#include <linux/io.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include "shadow.h"

static unsigned int audit;
module_param(audit, uint, 0644);
MODULE_PARM_DESC(audit, "Check all shadow page tables at every so many (2 or more) faults and flushes, kill the guest if one leads where it must not (default 0: never)");

/* What is in every entry for memory, and for a table; the rest may vary. */
#define LEAF_BITS	(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define UPPER_BITS	(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define FREE_BITS	(LG_PTE_FRAME | _PAGE_RW | _PAGE_NX)

/**
 * struct audit - what was found so far
 * @guest: whose
 * @foreign: entries, and counts of ours, that are wrong whatever the guest does
 * @stale: entries that its tables do not justify
 * @links: entries that lead to tables
 * @refs: how many there should be, by the tables' own count
 * @frame: all frames of the guest's memory in order, or NULL: not needed so far
 * @frames: how many
 */
struct audit {
	struct lg_guest *guest;
	unsigned long foreign, stale, links, refs;
	u64 *frame;
	unsigned long frames;
};

/* ---- what is the guest's ---- */

static int compare_frames(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void list_frames(struct audit *a)
{
	struct page *page;
	u64 gfn;

	a->frame = kvmalloc_array(a->guest->ram_pages, sizeof(u64),
				  GFP_KERNEL_ACCOUNT);
	for (gfn = 0; a->frame && gfn < a->guest->ram_pages; gfn++) {
		page = lg_mem_taken(a->guest, gfn);
		if (page)
			a->frame[a->frames++] = page_to_phys(page);
	}
	if (a->frame)
		sort(a->frame, a->frames, sizeof(u64), compare_frames, NULL);
}

/* A claim: so is the frame; also when there is no memory to find out. */
static bool frame_is_guests(struct audit *a, u64 frame)
{
	if (!a->frame)
		list_frames(a);
	return !a->frame || bsearch(&frame, a->frame, a->frames, sizeof(u64),
				    compare_frames);
}

/* What an entry for this page may be at most, or 0; not as frames.c has it. */
static u64 most_of_frame(struct lg_guest *guest, u64 gfn)
{
	struct page *page = lg_mem_taken(guest, gfn);
	u64 most;

	if (!page)
		return 0;
	most = page_to_phys(page) | LEAF_BITS;
	return xa_load(&guest->shadow->pts, gfn) ? most : most | _PAGE_RW;
}

static bool is_at_most(u64 entry, u64 most)
{
	return most && (entry == most || entry == (most & ~(u64)_PAGE_RW));
}

/* ---- entries ---- */

static bool leaf_is_justified(struct audit *a, u64 entry, u64 pte)
{
	u64 most = most_of_frame(a->guest, pte_gfn(pte));

	if (entry == LG_SHADOW_ABSENT)
		return !(pte & LG_PTE_P);
	if (entry == LG_SHADOW_READ_ONLY)
		return (pte & (LG_PTE_P | LG_PTE_RW)) == LG_PTE_P;
	if ((pte & (LG_PTE_P | LG_PTE_A)) != (LG_PTE_P | LG_PTE_A))
		return false;
	if (pte & LG_PTE_RW && !(entry & (_PAGE_RW | LG_SHADOW_NARROWED)))
		return false;
	entry &= ~LG_SHADOW_NARROWED;
	if (!(pte & LG_PTE_RW) || !(pte & LG_PTE_D))
		most &= ~(u64)_PAGE_RW;
	return is_at_most(entry, most ? most | (pte & LG_PTE_NX) : 0);
}

static void audit_leaf(struct audit *a, u64 entry, u64 pte)
{
	if (leaf_is_justified(a, entry, pte))
		return;
	if (!(entry & _PAGE_PRESENT) ||
	    ((entry & ~(FREE_BITS | LG_SHADOW_NARROWED)) == LEAF_BITS &&
	     frame_is_guests(a, entry & LG_PTE_FRAME)))
		a->stale++;
	else
		a->foreign++;
}

static bool frame_is_right(struct lg_guest *guest, u64 gfn, u64 entry)
{
	if (entry == FRAME_TABLE)
		return pt_find(guest->shadow, gfn);
	return !entry || is_at_most(entry, most_of_frame(guest, gfn));
}

/* What the switcher makes entries of. */
static void audit_frames(struct audit *a)
{
	struct lg_guest *guest = a->guest;
	u64 gfn, entry;

	for (gfn = 0; gfn < guest->ram_pages; gfn++) {
		entry = frames_get(&guest->shadow->frames, gfn);
		a->foreign += !frame_is_right(guest, gfn, entry);
		if (gfn % TABLE_ENTRIES == 0)
			cond_resched();
	}
}

/* The table an entry leads to, if it is one that may be there; or NULL. */
static struct lg_table *link_target(const struct lg_table *t, unsigned int i)
{
	u64 entry = t->entry[i];
	struct lg_table *below;

	if ((entry & ~(u64)FREE_BITS) != UPPER_BITS)
		return NULL;
	below = table_below(t, i);
	return below && __pa(below->entry) == (entry & LG_PTE_FRAME) &&
	       below->kind == kind_below(t->kind) ? below : NULL;
}

static void audit_link(struct audit *a, const struct lg_table *t,
		       unsigned int i, u64 pte)
{
	struct lg_table *below = link_target(t, i);

	if (!below) {
		a->foreign++;
		return;
	}
	if (!below->pt) {	/* cut off: must not lead anywhere */
		a->foreign += below->live ||
			      memchr_inv(below->entry, 0, PAGE_SIZE);
		return;
	}
	a->links++;
	a->stale += !pte_leads_down(a->guest, pte) ||
		    below->pt->gfn != pte_gfn(pte) ||
		    t->entry[i] != upper_entry(below, pte);
}

/* What must stand in a root where the guest has no say. */
static u64 fixed_entry(struct audit *a, const struct lg_table *root,
		       unsigned int i)
{
	if (i == WINDOW_SLOT)
		return host_window_entry(a->guest);
	if (i == SELF_SLOT)
		return self_entry(root);
	if (i == HOLE_FIRST && root->kind == KIND_KERNEL_ROOT)
		return __pa(a->guest->shadow->m2p.pud) | _PAGE_PRESENT |
		       _PAGE_USER | _PAGE_ACCESSED | _PAGE_NX;
	return 0;
}

static void audit_entry(struct audit *a, const struct lg_table *t,
			unsigned int i, u64 pte, unsigned int *live)
{
	if (index_is_ours(t->kind, i)) {
		a->foreign += t->entry[i] != fixed_entry(a, t, i);
		return;
	}
	if (!t->entry[i])
		return;
	if (t->kind == KIND_L1) {
		audit_leaf(a, t->entry[i], pte);
		return;
	}
	++*live;
	audit_link(a, t, i, pte);
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
	a->foreign += live != t->live;
	if (!kind_is_root(t->kind))
		a->refs += t->refs;
}

/* The numbers that the guest's kernel reads are not its to write. */
static void audit_m2p(struct audit *a)
{
	const u64 *pmd = a->guest->shadow->m2p.pmd, *pte;
	unsigned int i, j;

	for (i = 0; i < TABLE_ENTRIES; i++) {
		pte = pmd[i] ? __va(pmd[i] & LG_PTE_FRAME) : NULL;
		for (j = 0; pte && j < TABLE_ENTRIES; j++)
			a->foreign += !!(pte[j] & _PAGE_RW);
	}
}

/**
 * lg_shadow_audit - look at everything
 * @vcpu: its guest's
 * @stale: set: how many entries the guest's tables do not justify
 *
 * Returns how many there are that no guest may have.
 */
unsigned long lg_shadow_audit(struct lg_vcpu *vcpu, unsigned long *stale)
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
			a.foreign += pt->gfn != gfn ||
				     pt->table[kind]->kind != kind ||
				     pt->table[kind]->pt != pt;
			audit_table(&a, pt->table[kind]);
		}
		cond_resched();
	}
	audit_frames(&a);
	audit_m2p(&a);
	a.foreign += !!(host_window_entry(a.guest) & _PAGE_USER);
	kvfree(a.frame);
	*stale = a.stale;
	return a.foreign + (a.links != a.refs);
}

/**
 * shadow_audit_due - the same, every now and then, if the user asked for it
 * @vcpu: its guest's; killed if something is wrong that no guest may have
 *
 * It takes back the access to unsync pages: if it came at each event, a guest
 * that writes to its own tables might never get on.
 */
void shadow_audit_due(struct lg_vcpu *vcpu)
{
	unsigned int every = READ_ONCE(audit);
	unsigned long foreign, stale;

	if (likely(!every) || ++vcpu->guest->shadow->events % every)
		return;
	foreign = lg_shadow_audit(vcpu, &stale);
	while (stale--)
		lg_count(vcpu, LG_STAT_STALE);
	if (foreign)
		lg_kill(vcpu, "%lu shadow entries should not be there", foreign);
}
