// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of shadow page tables: made, found, hung in, forgotten, evicted.
 * What stands in them is sync.c's business; shadow.h tells how they hang
 * together.
 *
 * The CPU loads CR3, and so forgets all translations, at every entry, and no
 * entry here is global: nothing needs to flush. Callers hold the vCPU's lock,
 * and it is not running.
 */
#include <linux/slab.h>
#include "shadow.h"

/* Bookkeeping of a table hangs on its page. */
static struct lg_table *entry_table(u64 entry)
{
	struct page *page = pfn_to_page(pte_gfn(entry));

	return (struct lg_table *)page_private(page);
}

/* ---- table pages of the guest ---- */

/**
 * pt_find - what is known of a table page
 * @s: shadow
 * @gfn: any number
 *
 * Returns it, or NULL: no table page. That is known at once of a page that may be
 * written to.
 */
struct lg_pt *pt_find(struct lg_shadow *s, u64 gfn)
{
	struct lg_pt **last = &s->last_pt[gfn % MAX_LAST_PTS], *pt = *last;

	if (pt && pt->gfn == gfn)
		return pt;
	if (frames_get(&s->frames, gfn) & _PAGE_RW)
		return NULL;
	pt = xa_load(&s->pts, gfn);
	if (pt)
		*last = pt;
	return pt;
}

/**
 * pt_get - the same, made if need be
 * @s: shadow
 * @gfn: a page of the guest
 *
 * Returns it, to be given to pt_put() in the end, or NULL: out of memory.
 */
struct lg_pt *pt_get(struct lg_shadow *s, u64 gfn)
{
	struct lg_pt *pt = pt_find(s, gfn);

	if (pt)
		return pt;
	pt = kzalloc(sizeof(*pt), GFP_KERNEL_ACCOUNT);
	if (!pt)
		return NULL;
	pt->gfn = gfn;
	if (xa_err(xa_store(&s->pts, gfn, pt, GFP_KERNEL_ACCOUNT))) {
		kfree(pt);
		return NULL;
	}
	frames_set(&s->frames, gfn, FRAME_TABLE);
	s->pt_count++;
	s->epoch++;
	return pt;
}

/**
 * pt_put - forget a table page, unless there is something to know
 * @s: shadow
 * @pt: may be gone on return
 */
void pt_put(struct lg_shadow *s, struct lg_pt *pt)
{
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (pt->table[kind])
			return;
	if (pt->pin)
		return;
	xa_erase(&s->pts, pt->gfn);
	if (s->last_pt[pt->gfn % MAX_LAST_PTS] == pt)
		s->last_pt[pt->gfn % MAX_LAST_PTS] = NULL;
	frames_set(&s->frames, pt->gfn, 0);
	s->pt_count--;
	s->epoch++;
	kfree(pt);
}

/* ---- tables ---- */

/* What stands in every root: the window, itself, and for kernels the frame numbers. */
static void root_init(struct lg_guest *guest, struct lg_table *t)
{
	t->entry[WINDOW_SLOT] = host_window_entry(guest);
	t->entry[SELF_SLOT] = self_entry(t);
	if (t->kind == KIND_KERNEL_ROOT)
		t->entry[HOLE_FIRST] = __pa(guest->shadow->m2p.pud) |
				       _PAGE_PRESENT | _PAGE_USER |
				       _PAGE_ACCESSED | _PAGE_NX;
}

static void root_clear(struct lg_table *t)
{
	t->entry[WINDOW_SLOT] = 0;
	t->entry[SELF_SLOT] = 0;
	t->entry[HOLE_FIRST] = 0;
}

/* A page that is all zero. Making one takes as long as all the rest. */
static u64 *entries_alloc(struct lg_shadow *s)
{
	if (s->spare_count)
		return s->spare[--s->spare_count];
	return (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

/* @entry: all zero */
static void entries_free(struct lg_shadow *s, u64 *entry)
{
	if (s->spare_count < MAX_SPARE)
		s->spare[s->spare_count++] = entry;
	else
		free_page((unsigned long)entry);
}

/* The table has been cleared. */
static void table_free(struct lg_shadow *s, struct lg_table *t)
{
	if (kind_is_root(t->kind))
		root_clear(t);
	list_del(&t->list);
	set_page_private(virt_to_page(t->entry), 0);
	entries_free(s, t->entry);
	s->pages--;
	kfree(t);
}

static struct lg_table *table_alloc(struct lg_shadow *s, u8 kind)
{
	struct lg_table *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	t->entry = entries_alloc(s);
	if (!t->entry) {
		kfree(t);
		return NULL;
	}
	set_page_private(virt_to_page(t->entry), (unsigned long)t);
	t->kind = kind;
	s->pages++;
	list_add(&t->list, kind_is_root(kind) ? &s->roots : &s->orphans);
	return t;
}

/**
 * table_get - the shadow of a guest page
 * @guest: may have more than its limit of them afterwards
 * @gfn: a page of the guest
 * @kind: read as this
 *
 * Made, and empty, if need be. Returns it, or NULL: out of memory.
 */
struct lg_table *table_get(struct lg_guest *guest, u64 gfn, u8 kind)
{
	struct lg_shadow *s = guest->shadow;
	struct lg_pt *pt = pt_get(s, gfn);
	struct lg_table *t;

	if (!pt || pt->table[kind])
		return pt ? pt->table[kind] : NULL;
	t = table_alloc(s, kind);
	if (!t) {
		pt_put(s, pt);
		return NULL;
	}
	if (kind_is_root(kind))
		root_init(guest, t);
	t->pt = pt;
	pt->table[kind] = t;
	s->epoch++;
	return t;
}

/**
 * table_put - one reference less
 * @s: shadow
 * @t: gone on return if it was the last and nobody could find it
 */
void table_put(struct lg_shadow *s, struct lg_table *t)
{
	if (--t->refs)
		return;
	if (!t->pt)
		table_free(s, t);
	else if (!kind_is_root(t->kind))
		list_move(&t->list, &s->orphans);
}

/**
 * table_below - where an entry leads
 * @t: not of the last level
 * @index: of the entry
 *
 * Returns the table or NULL; what is in the hole is nobody's.
 */
struct lg_table *table_below(const struct lg_table *t, unsigned int index)
{
	if (index_is_ours(t->kind, index) || !t->entry[index])
		return NULL;
	return entry_table(t->entry[index]);
}

/**
 * table_link - let an entry lead to a table
 * @t: not of the last level
 * @index: of the entry, which is zero and not in the hole
 * @below: of the right kind
 * @entry: what to put there
 */
void table_link(struct lg_table *t, unsigned int index, struct lg_table *below,
		u64 entry)
{
	if (!below->refs++)
		list_del_init(&below->list);
	t->live++;
	t->eights |= BIT_ULL(index / 8);
	WRITE_ONCE(t->entry[index], entry);
}

/**
 * table_clear_entry - make an entry zero
 * @s: shadow
 * @t: any
 * @index: of the entry; those in the hole stay
 */
void table_clear_entry(struct lg_shadow *s, struct lg_table *t,
		       unsigned int index)
{
	struct lg_table *below = NULL;

	if (index_is_ours(t->kind, index) || !t->entry[index])
		return;
	if (t->kind != KIND_L1)
		below = table_below(t, index);
	WRITE_ONCE(t->entry[index], 0);
	if (below) {
		t->live--;
		table_put(s, below);
	}
}

static void table_clear(struct lg_shadow *s, struct lg_table *t)
{
	unsigned int i, first;

	if (t->kind == KIND_L1)
		memset64(t->entry, 0, TABLE_ENTRIES);
	while (t->eights) {
		first = __ffs64(t->eights) * 8;
		for (i = first; i < first + 8; i++)
			table_clear_entry(s, t, i);
		t->eights &= t->eights - 1;
	}
	WARN_ON_ONCE(t->live);
}

/*
 * Nobody finds the table any more. A root that a vCPU uses stays what it is,
 * but empty. The caller puts the table page.
 */
static void table_drop(struct lg_shadow *s, struct lg_table *t)
{
	table_clear(s, t);
	if (kind_is_root(t->kind) && t->refs)
		return;
	t->pt->table[t->kind] = NULL;
	t->pt = NULL;
	s->epoch++;
	if (!t->refs)
		table_free(s, t);
}

/**
 * pt_drop_tables - forget all shadows of a guest page
 * @s: shadow
 * @pt: may be gone on return; is not, if it is pinned or a root in use
 */
void pt_drop_tables(struct lg_shadow *s, struct lg_pt *pt)
{
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (pt->table[kind])
			table_drop(s, pt->table[kind]);
	pt_put(s, pt);
}

/* ---- limits ---- */

static void evict(struct lg_vcpu *vcpu, struct lg_table *t)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_pt *pt = t->pt;

	table_drop(s, t);
	pt_put(s, pt);
}

/* Make room: first what nothing leads to, then the root not used for longest. */
static bool evict_one(struct lg_vcpu *vcpu)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_table *t;

	if (!list_empty(&s->orphans)) {
		evict(vcpu, list_last_entry(&s->orphans, struct lg_table, list));
		return true;
	}
	list_for_each_entry_reverse(t, &s->roots, list) {
		if (t->refs)
			continue;
		evict(vcpu, t);
		lg_count(vcpu, LG_STAT_EVICT);
		return true;
	}
	return false;
}

/* Only roots in use are left: let go all that they lead to. */
static void clear_roots(struct lg_shadow *s)
{
	struct lg_table *t;

	list_for_each_entry(t, &s->roots, list)
		table_clear(s, t);
}

/**
 * shadow_trim - get below the limit again before more is allocated
 * @vcpu: what its roots lead to is spared as long as others can go
 */
void shadow_trim(struct lg_vcpu *vcpu)
{
	struct lg_shadow *s = vcpu->guest->shadow;

	while (s->pages >= s->limit && evict_one(vcpu))
		cond_resched();
	if (s->pages < s->limit)
		return;
	clear_roots(s);
	while (!list_empty(&s->orphans) && evict_one(vcpu))
		cond_resched();
}

/* ---- life ---- */

/**
 * lg_shadow_init - no shadow tables yet
 * @guest: knows its memory
 *
 * Returns 0 or -ENOMEM.
 */
int lg_shadow_init(struct lg_guest *guest)
{
	struct lg_shadow *s = kvzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return -ENOMEM;
	if (m2p_init(&s->m2p))
		goto err_free;
	if (frames_init(guest, &s->frames))
		goto err_m2p_free;
	xa_init(&s->pts);
	INIT_LIST_HEAD(&s->roots);
	INIT_LIST_HEAD(&s->orphans);
	s->limit = guest->ram_pages / 64 + 64;
	s->epoch = 1;
	guest->shadow = s;
	return 0;

err_m2p_free:
	m2p_free(&s->m2p);
err_free:
	kvfree(s);
	return -ENOMEM;
}

static void pt_free(struct lg_shadow *s, struct lg_pt *pt)
{
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (pt->table[kind])
			table_free(s, pt->table[kind]);
	kfree(pt);
}

/**
 * lg_shadow_free - free all shadow tables
 * @guest: will not run again; may have none
 */
void lg_shadow_free(struct lg_guest *guest)
{
	struct lg_shadow *s = guest->shadow;
	unsigned long gfn;
	unsigned int kind;
	struct lg_pt *pt;

	if (!s)
		return;
	xa_for_each(&s->pts, gfn, pt) {
		for (kind = 0; kind < KINDS; kind++)
			if (pt->table[kind])
				table_clear(s, pt->table[kind]);
		cond_resched();
	}
	/* One by one: xa_destroy() would take all at once, interrupts off. */
	xa_for_each(&s->pts, gfn, pt) {
		xa_erase(&s->pts, gfn);
		pt_free(s, pt);
		cond_resched();
	}
	WARN_ON_ONCE(s->pages);
	while (s->spare_count)
		free_page((unsigned long)s->spare[--s->spare_count]);
	xa_destroy(&s->pts);
	frames_free(guest, &s->frames);
	m2p_free(&s->m2p);
	kvfree(s);
	guest->shadow = NULL;
}

/**
 * lg_shadow_pages - pages in shadow tables now
 * @guest: has a shadow
 */
unsigned long lg_shadow_pages(struct lg_guest *guest)
{
	return guest->shadow->pages;
}

/**
 * lg_shadow_bytes - host memory all this takes
 * @guest: has a shadow
 */
unsigned long lg_shadow_bytes(struct lg_guest *guest)
{
	struct lg_shadow *s = guest->shadow;

	return sizeof(*s) + s->pages * (PAGE_SIZE + sizeof(struct lg_table)) +
	       s->pt_count * sizeof(struct lg_pt) +
	       (s->spare_count + s->m2p.pages + s->frames.pages) * PAGE_SIZE;
}
