// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in the shadow page tables, and bringing it up to date when the guest
 * says that it changed something.
 *
 * The shadow is a tagged TLB. Each of the guest's tables keeps its own, over
 * any number of switches; an entry appears when the guest faults on it, and is
 * read again from the guest's tables when a call names it, so that what is
 * still true need not fault again. Accessed and dirty bits are set in the
 * guest's entry when ours is made; ours is writable only once the guest's is
 * dirty. Every frame is checked against the guest's memory: nothing else is
 * ever mapped.
 *
 * Callers hold the vCPU's lock, may sleep, and the vCPU is not running.
 */
#include <linux/io.h>
#include "shadow.h"

u64 shadow_entry(struct page *page, u32 flags)
{
	u64 entry = page_to_phys(page) | _PAGE_PRESENT | _PAGE_ACCESSED |
		    _PAGE_DIRTY;

	if (flags & LG_PTE_US)
		entry |= _PAGE_USER;
	if (flags & LG_PTE_RW && flags & LG_PTE_D)
		entry |= _PAGE_RW;
	return entry;
}

static bool guest_table_find(struct lg_guest *guest, lg_gpa_t cr3, lg_gva_t gva,
			     struct guest_table *g)
{
	g->p = lg_paging(guest);
	g->gpa = lg_walk_table(guest, cr3, gva, &g->flags);
	return g->gpa != 1;
}

/* Where the entry for an address lies: tables are whole pages. */
static lg_gpa_t guest_entry_gpa(const struct guest_table *g, lg_gva_t gva)
{
	unsigned int entries = PAGE_SIZE / g->p->entry_bytes;

	return g->gpa + (gva >> PAGE_SHIFT) % entries * g->p->entry_bytes;
}

/*
 * What our entry should be, without a fault to justify more: nothing that the
 * guest has not accessed, no frame we have not taken, writable only if dirty.
 */
u64 wanted_entry(struct lg_guest *guest, const struct guest_table *g, u64 entry)
{
	struct page *page;

	if ((entry & (LG_PTE_P | LG_PTE_A)) != (LG_PTE_P | LG_PTE_A))
		return 0;
	page = lg_mem_taken(guest, (entry & g->p->frame_mask) >> PAGE_SHIFT);
	if (!page)
		return 0;
	return shadow_entry(page, (g->flags & entry & (LG_PTE_RW | LG_PTE_US)) |
				  (entry & LG_PTE_D));
}

static u64 wanted_at(struct lg_guest *guest, const struct guest_table *g,
		     lg_gva_t gva)
{
	u64 entry;

	if (lg_mem_entry(guest, guest_entry_gpa(g, gva), g->p->entry_bytes,
			 &entry))
		return 0;
	return wanted_entry(guest, g, entry);
}

int guest_group_read(struct lg_guest *guest, const struct guest_table *g,
		     lg_gva_t gva, union guest_group *group)
{
	lg_gva_t first = round_down(gva, AROUND * PAGE_SIZE);

	return lg_mem_read(guest, guest_entry_gpa(g, first), group,
			   AROUND * g->p->entry_bytes);
}

/* Read again, from the guest's table, what we have of one in [first, last]. */
static void sync_table(struct lg_vcpu *vcpu, struct lg_slot *slot, lg_gpa_t cr3,
		       lg_gva_t first, lg_gva_t last)
{
	unsigned int index = table_index(first), i = entry_index(first);
	unsigned int end = entry_index(last) + 1, have = TABLE_ENTRIES;
	struct lg_table *t = shadow_table(slot, index);
	lg_gva_t base = round_down(first, BIT(TABLE_SHIFT));
	union guest_group group;
	struct guest_table g;

	if (!t->count || !guest_table_find(vcpu->guest, cr3, first, &g)) {
		shadow_table_drop(vcpu->guest->shadow, slot, index);
		return;
	}
	for (i = find_next_bit(t->live, end, i); i < end;
	     i = find_next_bit(t->live, end, i + 1)) {
		if (i / AROUND != have) {
			have = i / AROUND;
			if (guest_group_read(vcpu->guest, &g,
					     base + i * PAGE_SIZE, &group))
				memset(&group, 0, sizeof(group));
		}
		table_set(t, i, wanted_entry(vcpu->guest, &g,
				guest_group_entry(&g, &group, i % AROUND)));
	}
}

/* The same for all tables of a slot. */
static void sync_slot(struct lg_vcpu *vcpu, struct lg_slot *slot, lg_gpa_t cr3,
		      lg_gva_t first, lg_gva_t last)
{
	unsigned int end = table_index(last) + 1, i;
	lg_gva_t base = round_down(first, BIT(SLOT_SHIFT));

	if (!slot)
		return;
	for (i = find_next_bit(slot->live, end, table_index(first)); i < end;
	     i = find_next_bit(slot->live, end, i + 1)) {
		lg_gva_t from = base + (i << TABLE_SHIFT);
		lg_gva_t to = from + (lg_gva_t)(BIT(TABLE_SHIFT) - 1);

		sync_table(vcpu, slot, cr3, max(from, first), min(to, last));
		cond_resched();
	}
}

/* The part of [first, last] in one slot; false if there is none. */
static bool clip(unsigned int slot, lg_gva_t *first, lg_gva_t *last)
{
	lg_gva_t start = slot << SLOT_SHIFT;
	lg_gva_t end = start + (lg_gva_t)(BIT(SLOT_SHIFT) - 1);

	if (*last < start || *first > end)
		return false;
	*first = max(*first, start);
	*last = min(*last, end);
	return true;
}

static void sync_root(struct lg_vcpu *vcpu, struct lg_root *root,
		      lg_gva_t first, lg_gva_t last)
{
	unsigned int slot;

	for (slot = 0; slot < SLOTS; slot++) {
		lg_gva_t from = first, to = last;

		if (!slot_is_shared(vcpu->guest->shadow, slot) &&
		    clip(slot, &from, &to))
			sync_slot(vcpu, root->slot[slot], root->cr3, from, to);
	}
}

static void sync_shared(struct lg_vcpu *vcpu, lg_gpa_t cr3, lg_gva_t first,
			lg_gva_t last)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	unsigned int slot;

	for (slot = 0; slot < SLOTS; slot++) {
		lg_gva_t from = first, to = last;

		if (slot_is_shared(s, slot) && clip(slot, &from, &to))
			sync_slot(vcpu, s->shared[slot], cr3, from, to);
	}
}

/* Whatever each root has for itself. */
static void sync_roots(struct lg_vcpu *vcpu, lg_gva_t last)
{
	struct lg_root *root;

	list_for_each_entry(root, &vcpu->guest->shadow->roots, list)
		sync_root(vcpu, root, 0, last);
}

/**
 * lg_shadow_sync - the guest changed its tables for some addresses
 * @vcpu: any mode
 * @cr3: which of its tables, by guest-physical address of the top level
 * @first: first address
 * @last: last address
 *
 * Addresses of the kernel's part mean every table, as the ABI has it.
 */
void lg_shadow_sync(struct lg_vcpu *vcpu, lg_gpa_t cr3, lg_gva_t first,
		    lg_gva_t last)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_root *root;

	lg_count(vcpu, LG_STAT_FLUSH);
	if (s->linear || first >= host_window_gva())
		return;
	last = min(last, host_window_gva() - 1);
	sync_shared(vcpu, cr3, first, last);
	list_for_each_entry(root, &s->roots, list)
		if (root->cr3 == cr3 || last >= s->kernel_address)
			sync_root(vcpu, root,
				  root->cr3 == cr3 ? first :
				  max(first, s->kernel_address), last);
}

/**
 * lg_shadow_set - the guest wrote one entry, and may use it soon
 * @vcpu: any mode
 * @cr3: which of its tables
 * @gva: address
 *
 * As lg_shadow_sync() for one page; in a table that we have, an entry that the
 * guest has marked accessed appears without a fault.
 */
void lg_shadow_set(struct lg_vcpu *vcpu, lg_gpa_t cr3, lg_gva_t gva)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_root *root = vcpu->mmu.root;
	struct guest_table g;
	struct lg_table *t;

	lg_shadow_sync(vcpu, cr3, gva, gva);
	if (s->linear || gva >= host_window_gva())
		return;
	if (root->cr3 != cr3 && !slot_is_shared(s, gva_slot(gva)))
		return;
	t = shadow_table(root->slot[gva_slot(gva)], table_index(gva));
	if (t && guest_table_find(vcpu->guest, cr3, gva, &g))
		table_set(t, entry_index(gva), wanted_at(vcpu->guest, &g, gva));
}

/**
 * lg_shadow_sync_all - the guest changed it does not say what
 * @vcpu: any mode
 */
void lg_shadow_sync_all(struct lg_vcpu *vcpu)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	lg_gva_t last = host_window_gva() - 1;

	lg_count(vcpu, LG_STAT_FLUSH);
	if (s->linear)
		return;
	sync_shared(vcpu, vcpu->mmu.root->cr3, 0, last);
	sync_roots(vcpu, last);
}

/**
 * lg_shadow_sync_middle - the guest changed an entry of a middle table
 * @vcpu: any mode
 * @index: the entry's, below 512; of which table does not matter
 *
 * Of what all roots share, only what lies under entries of that index is read
 * again. The rest is a program's, and is all read again: kernels of old let a
 * program's top-level entries go without a word.
 */
void lg_shadow_sync_middle(struct lg_vcpu *vcpu, unsigned int index)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	lg_gva_t last = host_window_gva() - 1;
	unsigned int slot;

	lg_count(vcpu, LG_STAT_FLUSH);
	if (s->linear)
		return;
	for (slot = 0; slot < SLOTS; slot++) {
		lg_gva_t first = slot << SLOT_SHIFT | index << TABLE_SHIFT;

		if (first <= last)
			sync_shared(vcpu, vcpu->mmu.root->cr3, first,
				    min(first + (lg_gva_t)(BIT(TABLE_SHIFT) - 1),
					last));
	}
	sync_roots(vcpu, last);
}
