// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in the shadow tables, and bringing it up to date when the guest says
 * that it changed something.
 *
 * The shadow is a TLB in memory. An entry is what the guest's own entry says,
 * made safe: its frame must be a page of the guest's memory; user access is
 * always on, for the guest's kernel is in ring 3 as well, and what a program
 * may not see is not in the user root (as on Xen); caching, global and software
 * bits do not count. Accessed and dirty bits of last-level entries are set in
 * the guest's when ours is made; ours is writable only once the guest's is
 * dirty.
 *
 * The guest may not write to its table pages, by its own word: it maps them
 * read-only, and any writable mapping that it asks for stays read-only here.
 * Linux writes all the same, counting on the hypervisor to do it. Then the page
 * becomes *unsync*: writable to the guest's kernel, and compared with its
 * shadow at the next flush. In between the shadow may be stale, as a TLB may.
 * Last-level entries also tell the switcher which faults at a program's address are
 * the guest's own, so that it can give them to the guest's kernel without asking us:
 * at entries that are LG_SHADOW_ABSENT, writes at those that are
 * LG_SHADOW_READ_ONLY, or present and not LG_SHADOW_NARROWED. As a fault must not
 * find what a TLB would have forgotten by then, that holds only while no page is
 * unsync.
 *
 * A writable entry that was made before the page became a table page is not
 * looked for: a guest that keeps to the rules has taken it back by a call that
 * we have seen, another fools itself alone, for no entry ever leads outside
 * of its memory.
 *
 * Callers hold the vCPU's lock, may sleep, and the vCPU is not running.
 */
#include <linux/io.h>
#include "shadow.h"

/* ---- what entries should be ---- */

/**
 * upper_entry - shadow of an entry that leads to a table
 * @below: that table's shadow
 * @pte: the guest's
 */
u64 upper_entry(const struct lg_table *below, u64 pte)
{
	return __pa(below->entry) | _PAGE_PRESENT | _PAGE_USER |
	       _PAGE_ACCESSED | (pte & (LG_PTE_RW | LG_PTE_NX));
}

/* What a page's entry may be at most, or 0: we have not taken the page. */
static u64 frame_entry(struct lg_guest *guest, u64 gfn)
{
	struct page *page = lg_mem_taken(guest, gfn);
	u64 entry;

	if (!page)
		return 0;
	entry = page_to_phys(page) | _PAGE_PRESENT | _PAGE_USER |
		_PAGE_ACCESSED | _PAGE_DIRTY;
	if (!pt_find(guest->shadow, gfn))
		entry |= _PAGE_RW;
	frames_set(&guest->shadow->frames, gfn, entry);
	return entry;
}

/**
 * leaf_entry - shadow of an entry that leads to memory
 * @guest: any
 * @pte: the guest's, from a last-level table
 *
 * Without a fault to justify more: nothing that the guest has not accessed, no
 * page we have not taken, writable only if dirty and no table page.
 * Returns it; LG_SHADOW_ABSENT, LG_SHADOW_READ_ONLY; or 0: nothing is known.
 */
u64 leaf_entry(struct lg_guest *guest, u64 pte)
{
	u64 gfn = pte_gfn(pte), entry;

	if (!(pte & LG_PTE_P))
		return LG_SHADOW_ABSENT;
	if (!(pte & LG_PTE_A))
		return pte & LG_PTE_RW || gfn >= guest->ram_pages ?
		       0 : LG_SHADOW_READ_ONLY;
	entry = frames_get(&guest->shadow->frames, gfn);
	if (!(entry & _PAGE_PRESENT))
		entry = frame_entry(guest, gfn);
	if (!entry)
		return 0;
	if (!(pte & LG_PTE_RW) || !(pte & LG_PTE_D))
		entry &= ~(u64)_PAGE_RW;
	if (pte & LG_PTE_RW && !(entry & _PAGE_RW))
		entry |= LG_SHADOW_NARROWED;
	return entry | (pte & LG_PTE_NX);
}

/* ---- bringing up to date ---- */

/* The guest's entry is this: is ours still right? */
static void sync_entry(struct lg_guest *guest, struct lg_table *t,
		       unsigned int i, u64 pte)
{
	struct lg_table *below;

	if (t->kind == KIND_L1) {
		WRITE_ONCE(t->entry[i], leaf_entry(guest, pte));
		return;
	}
	below = table_below(t, i);
	if (!below || (pte_leads_down(guest, pte) && below->pt &&
		       below->pt->gfn == pte_gfn(pte) &&
		       t->entry[i] == upper_entry(below, pte)))
		return;
	table_clear_entry(guest->shadow, t, i);
}

static void table_sync(struct lg_guest *guest, struct lg_table *t)
{
	const u64 *table = guest_table(guest, t->pt->gfn);
	unsigned int i;

	for (i = 0; i < TABLE_ENTRIES; i++)
		if (t->entry[i])
			sync_entry(guest, t, i,
				   table ? READ_ONCE(table[i]) : 0);
}

/**
 * pt_sync - a table page was written to behind our back
 * @vcpu: its guest's
 * @pt: the page
 */
void pt_sync(struct lg_vcpu *vcpu, struct lg_pt *pt)
{
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (pt->table[kind])
			table_sync(vcpu->guest, pt->table[kind]);
}

/**
 * shadow_unsync - let the guest's kernel write to a table page
 * @vcpu: its guest's
 * @l1: shadow of the last-level table by which it reaches the page
 * @index: of the entry there
 * @gfn: the page
 */
void shadow_unsync(struct lg_vcpu *vcpu, struct lg_table *l1,
		   unsigned int index, u64 gfn)
{
	struct lg_shadow *s = vcpu->guest->shadow;

	if (WARN_ON_ONCE(s->unsync_count == MAX_UNSYNC))
		return;
	s->unsync[s->unsync_count++] = (struct lg_unsync) {
		.gfn = gfn, .l1_gfn = l1->pt->gfn, .index = index,
	};
	WRITE_ONCE(l1->entry[index], l1->entry[index] | _PAGE_RW);
}

/* Take the guest's kernel the write access to a table page. */
static void unsync_end(struct lg_guest *guest, const struct lg_unsync *u)
{
	struct lg_pt *pt = pt_find(guest->shadow, u->l1_gfn);
	struct lg_table *l1 = pt ? pt->table[KIND_L1] : NULL;
	u64 pte;

	if (!l1 || !l1->entry[u->index])
		return;
	if (lg_mem_entry(guest, (u->l1_gfn << PAGE_SHIFT) + u->index * 8, 8,
			 &pte))
		pte = 0;
	WRITE_ONCE(l1->entry[u->index], leaf_entry(guest, pte));
}

/**
 * shadow_resync - look at all table pages that the guest may have written to
 * @vcpu: its guest's
 */
void shadow_resync(struct lg_vcpu *vcpu)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	unsigned int i, count = s->unsync_count;
	struct lg_pt *pt;

	for (i = 0; i < count; i++)
		unsync_end(vcpu->guest, &s->unsync[i]);
	s->unsync_count = 0;
	for (i = 0; i < count; i++) {
		if (i && s->unsync[i].gfn == s->unsync[i - 1].gfn)
			continue;
		pt = pt_find(s, s->unsync[i].gfn);
		if (pt)
			pt_sync(vcpu, pt);
	}
}

static void changed_leaf(struct lg_vcpu *vcpu, struct lg_table *t,
			 unsigned int index, u64 new)
{
	u64 entry = leaf_entry(vcpu->guest, new);

	WRITE_ONCE(t->entry[index], entry);
	shadow_count_fill(vcpu, entry);
}

/* A writable mapping of what was a table page, and is not pinned any more. */
static void drop_former_table(struct lg_vcpu *vcpu, u64 pte)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_pt *pt;

	if ((pte & (LG_PTE_P | LG_PTE_RW)) != (LG_PTE_P | LG_PTE_RW))
		return;
	pt = pt_find(s, pte_gfn(pte));
	if (pt && !pt->pin)
		pt_drop_tables(s, pt);
}

/**
 * lg_shadow_changed - an entry of a guest table was written for the guest
 * @vcpu: its guest's
 * @gfn: page of the table, or of no table
 * @index: of the entry
 * @old: what was there
 * @new: what is there
 *
 * Where the shadow of the table is in use, an entry for memory that the guest
 * has marked accessed appears without a fault.
 */
void lg_shadow_changed(struct lg_vcpu *vcpu, u64 gfn, unsigned int index,
		       u64 old, u64 new)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_pt *pt = pt_find(s, gfn);
	unsigned int kind;

	if (pt && pt->table[KIND_L1]) {
		drop_former_table(vcpu, new);
		pt = pt_find(s, gfn);
	}
	direct_remember(s, gfn);
	if (!pt || old == new)
		return;
	if (pt->table[KIND_L1])
		changed_leaf(vcpu, pt->table[KIND_L1], index, new);
	for (kind = KIND_L2; kind < KINDS; kind++)
		if (pt->table[kind])
			sync_entry(vcpu->guest, pt->table[kind], index, new);
}

/**
 * lg_shadow_flush - the guest flushes its TLB
 * @vcpu: any
 */
void lg_shadow_flush(struct lg_vcpu *vcpu)
{
	lg_count(vcpu, LG_STAT_FLUSH);
	lg_shadow_end_row(vcpu);
	shadow_resync(vcpu);
	shadow_audit_due(vcpu);
}

/**
 * lg_shadow_invlpg - the guest flushes one address
 * @vcpu: any
 * @gva: any
 *
 * What was changed by a call is true already; which of the pages that were
 * written to directly leads to the address is not worth finding out.
 */
void lg_shadow_invlpg(struct lg_vcpu *vcpu, lg_gva_t gva)
{
	lg_shadow_flush(vcpu);
}
