// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of shadow page tables: roots and tables made, found, evicted and
 * freed. What stands in them is sync.c's business.
 *
 * The CPU loads CR3, and so forgets all translations, at every entry: nothing
 * here needs to flush. Callers hold the vCPU's lock, and it is not running.
 */
#include <linux/slab.h>
#include "shadow.h"

#define MAX_ROOTS	64
#define PMD_FLAGS	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED)
#define PDPT_BYTES	32

/* Bookkeeping of a table hangs on its page. */
static struct lg_table *entry_table(u64 entry)
{
	struct page *page = pfn_to_page((entry & SHADOW_FRAME) >> PAGE_SHIFT);

	return (struct lg_table *)page_private(page);
}

static u64 *shadow_page_alloc(struct lg_shadow *s)
{
	u64 *page = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (page)
		s->pages++;
	return page;
}

static void shadow_page_free(struct lg_shadow *s, u64 *page)
{
	if (!page)
		return;
	s->pages--;
	free_page((unsigned long)page);
}

static struct lg_table *table_alloc(struct lg_shadow *s)
{
	struct lg_table *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	t->entry = shadow_page_alloc(s);
	if (!t->entry) {
		kfree(t);
		return NULL;
	}
	set_page_private(virt_to_page(t->entry), (unsigned long)t);
	return t;
}

static void table_free(struct lg_shadow *s, struct lg_table *t)
{
	if (!t)
		return;
	set_page_private(virt_to_page(t->entry), 0);
	shadow_page_free(s, t->entry);
	kfree(t);
}

/* Second-level table for a slot: empty but for the window. */
static struct lg_slot *slot_alloc(struct lg_shadow *s, unsigned int nr)
{
	struct lg_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	lg_gva_t window = host_window_gva();
	unsigned int i;

	if (!slot)
		return NULL;
	slot->entry = shadow_page_alloc(s);
	if (!slot->entry) {
		kfree(slot);
		return NULL;
	}
	for (i = 0; nr == gva_slot(window) && i < ARRAY_SIZE(s->fixed); i++)
		if (s->fixed[i])
			slot->entry[table_index(window) + i] =
				__pa(s->fixed[i]->entry) | PMD_FLAGS;
	return slot;
}

static void slot_clear(struct lg_shadow *s, struct lg_slot *slot)
{
	unsigned int i;

	for_each_set_bit(i, slot->live, TABLE_ENTRIES)
		shadow_table_drop(s, slot, i);
}

static void slot_free(struct lg_shadow *s, struct lg_slot *slot)
{
	if (!slot)
		return;
	slot_clear(s, slot);
	shadow_page_free(s, slot->entry);
	kfree(slot);
}

/**
 * shadow_table - a last-level table
 * @slot: of its addresses, or NULL
 * @index: in the slot
 *
 * Returns it or NULL; the window's are nobody's.
 */
struct lg_table *shadow_table(struct lg_slot *slot, unsigned int index)
{
	if (!slot || !test_bit(index, slot->live))
		return NULL;
	return entry_table(slot->entry[index]);
}

/**
 * shadow_table_alloc - the one for an address in the current root
 * @vcpu: has a root
 * @gva: below the window
 *
 * Made if need be. Returns it or NULL: the host is short of memory.
 */
struct lg_table *shadow_table_alloc(struct lg_vcpu *vcpu, lg_gva_t gva)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_root *root = vcpu->mmu.root;
	unsigned int nr = gva_slot(gva), index = table_index(gva);
	struct lg_slot *slot = root->slot[nr];
	struct lg_table *t;

	if (!slot) {
		slot = slot_alloc(s, nr);
		if (!slot)
			return NULL;
		root->slot[nr] = slot;
		root->pdpt[nr] = __pa(slot->entry) | _PAGE_PRESENT;
	}
	t = shadow_table(slot, index);
	if (t)
		return t;
	t = table_alloc(s);
	if (!t)
		return NULL;
	slot->entry[index] = __pa(t->entry) | PMD_FLAGS;
	__set_bit(index, slot->live);
	return t;
}

/**
 * shadow_table_drop - forget a last-level table
 * @s: shadow
 * @slot: of its addresses
 * @index: in the slot; there is one
 */
void shadow_table_drop(struct lg_shadow *s, struct lg_slot *slot,
		       unsigned int index)
{
	table_free(s, entry_table(slot->entry[index]));
	slot->entry[index] = 0;
	__clear_bit(index, slot->live);
}

static void root_free(struct lg_shadow *s, struct lg_root *root)
{
	unsigned int nr;

	for (nr = 0; nr < SLOTS; nr++)
		if (!slot_is_shared(s, nr))
			slot_free(s, root->slot[nr]);
	list_del(&root->list);
	s->root_count--;
	kfree(root->pdpt);
	kfree(root);
}

/**
 * shadow_find - the root that shadows a guest table
 * @s: shadow
 * @cr3: guest-physical address of the table
 *
 * Returns it or NULL.
 */
static struct lg_root *shadow_find(struct lg_shadow *s, lg_gpa_t cr3)
{
	struct lg_root *root;

	list_for_each_entry(root, &s->roots, list)
		if (root->cr3 == cr3)
			return root;
	return NULL;
}

/* Make room: the root that was not used for longest goes, never the current. */
static bool evict_one(struct lg_vcpu *vcpu)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_root *root;

	if (list_empty(&s->roots))
		return false;
	root = list_last_entry(&s->roots, struct lg_root, list);
	if (root == vcpu->mmu.root)
		return false;
	root_free(s, root);
	lg_count(vcpu, LG_STAT_EVICT);
	return true;
}

/* All translations a root has; the next faults bring them back. */
static void root_clear(struct lg_shadow *s, struct lg_root *root)
{
	unsigned int nr;

	for (nr = 0; nr < SLOTS; nr++)
		if (root->slot[nr])
			slot_clear(s, root->slot[nr]);
}

/**
 * shadow_trim - get below the limit again before more is allocated
 * @vcpu: its current root is spared as long as others can go
 */
void shadow_trim(struct lg_vcpu *vcpu)
{
	struct lg_shadow *s = vcpu->guest->shadow;

	while (s->pages >= s->limit && evict_one(vcpu))
		cond_resched();
	if (s->pages >= s->limit && vcpu->mmu.root)
		root_clear(s, vcpu->mmu.root);
}

static int root_fill_slots(struct lg_shadow *s, struct lg_root *root)
{
	unsigned int nr;

	for (nr = 0; nr < SLOTS; nr++) {
		if (slot_is_shared(s, nr)) {
			if (!s->shared[nr])
				s->shared[nr] = slot_alloc(s, nr);
			root->slot[nr] = s->shared[nr];
		} else if (nr == gva_slot(host_window_gva())) {
			root->slot[nr] = slot_alloc(s, nr);
		} else {
			continue;
		}
		if (!root->slot[nr])
			return -ENOMEM;
		root->pdpt[nr] = __pa(root->slot[nr]->entry) | _PAGE_PRESENT;
	}
	return 0;
}

/**
 * shadow_root_new - a root without translations
 * @vcpu: may lose others for it
 * @cr3: the guest's table
 *
 * Returns it, first in the list, or NULL: the host is short of memory.
 */
static struct lg_root *shadow_root_new(struct lg_vcpu *vcpu, lg_gpa_t cr3)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_root *root;

	while (s->root_count >= MAX_ROOTS && evict_one(vcpu))
		;
	shadow_trim(vcpu);
	root = kzalloc(sizeof(*root), GFP_KERNEL_ACCOUNT);
	if (!root)
		return NULL;
	/* kmalloc aligns powers of two to their size, in low memory. */
	root->pdpt = kzalloc(PDPT_BYTES, GFP_KERNEL_ACCOUNT);
	if (!root->pdpt) {
		kfree(root);
		return NULL;
	}
	root->cr3 = cr3;
	list_add(&root->list, &s->roots);
	s->root_count++;
	if (root_fill_slots(s, root)) {
		root_free(s, root);
		return NULL;
	}
	return root;
}

/**
 * shadow_drop_all - forget every root and table but the window's
 * @s: no vCPU has a root any more
 */
static void shadow_drop_all(struct lg_shadow *s)
{
	unsigned int nr;

	while (!list_empty(&s->roots))
		root_free(s, list_first_entry(&s->roots, struct lg_root, list));
	for (nr = 0; nr < SLOTS; nr++) {
		slot_free(s, s->shared[nr]);
		s->shared[nr] = NULL;
	}
}

/**
 * lg_shadow_fixed - the shadow entry of a page of the window
 * @guest: has a shadow
 * @page: number of the page in the window
 *
 * Every root sees it.
 */
u64 *lg_shadow_fixed(struct lg_guest *guest, unsigned int page)
{
	lg_gva_t gva = host_window_page_gva(page);
	unsigned int table = (gva - host_window_gva()) >> TABLE_SHIFT;

	return &guest->shadow->fixed[table]->entry[entry_index(gva)];
}

static void window_text(struct lg_guest *guest)
{
	u64 entry = host_window_text_phys() | _PAGE_PRESENT | _PAGE_ACCESSED;

	unsigned int i;

	for (i = 0; i < host_window_text_pages(); i++)
		*lg_shadow_fixed(guest, i) = entry;
}

/**
 * lg_shadow_init - shadow tables that hold nothing but the window
 * @guest: knows its memory
 *
 * Returns 0 or -ENOMEM.
 */
int lg_shadow_init(struct lg_guest *guest)
{
	struct lg_shadow *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	lg_gva_t last = host_window_page_gva(host_window_pages() - 1);
	unsigned int tables = ((last - host_window_gva()) >> TABLE_SHIFT) + 1;
	unsigned int i;

	if (!s)
		return -ENOMEM;
	INIT_LIST_HEAD(&s->roots);
	s->linear = true;
	s->limit = guest->ram_pages / 64 + 48;
	guest->shadow = s;
	if (WARN_ON_ONCE(tables > ARRAY_SIZE(s->fixed)))
		goto err_free;
	for (i = 0; i < tables; i++) {
		s->fixed[i] = table_alloc(s);
		if (!s->fixed[i])
			goto err_free;
	}
	window_text(guest);
	return 0;

err_free:
	lg_shadow_free(guest);
	return -ENOMEM;
}

/**
 * lg_shadow_free - free all shadow tables
 * @guest: will not run again; may have none
 */
void lg_shadow_free(struct lg_guest *guest)
{
	struct lg_shadow *s = guest->shadow;
	unsigned int i;

	if (!s)
		return;
	shadow_drop_all(s);
	for (i = 0; i < ARRAY_SIZE(s->fixed); i++)
		table_free(s, s->fixed[i]);
	WARN_ON_ONCE(s->pages);
	kfree(s);
	guest->shadow = NULL;
}

/**
 * lg_shadow_reset - forget everything, now knowing where the kernel starts
 * @vcpu: back in linear mode, without a root
 * @kernel_address: the guest's word, below the window
 */
void lg_shadow_reset(struct lg_vcpu *vcpu, lg_gva_t kernel_address)
{
	struct lg_shadow *s = vcpu->guest->shadow;

	shadow_drop_all(s);
	vcpu->mmu.root = NULL;
	s->linear = true;
	s->kernel_address = kernel_address;
}

/**
 * lg_shadow_load - the guest loads another top-level table
 * @vcpu: leaves linear mode if it was in it
 * @cr3: guest-physical address; need not be known yet
 *
 * Returns 0 or -ENOMEM.
 */
int lg_shadow_load(struct lg_vcpu *vcpu, lg_gpa_t cr3)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_root *root;

	if (s->linear && cr3 != LG_CR3_LINEAR) {
		vcpu->mmu.root = NULL;
		shadow_drop_all(s);
		s->linear = false;
	}
	root = shadow_find(s, cr3);
	if (!root) {
		root = shadow_root_new(vcpu, cr3);
		if (!root)
			return -ENOMEM;
		lg_count(vcpu, LG_STAT_ROOT_MISS);
	}
	list_move(&root->list, &s->roots);
	vcpu->mmu.root = root;
	return 0;
}

/**
 * lg_shadow_is_linear - a claim: the guest has no page tables yet
 * @vcpu: any
 */
bool lg_shadow_is_linear(struct lg_vcpu *vcpu)
{
	return vcpu->guest->shadow->linear;
}

/**
 * lg_shadow_cr3 - the guest table in use
 * @vcpu: not in linear mode
 */
lg_gpa_t lg_shadow_cr3(struct lg_vcpu *vcpu)
{
	return vcpu->mmu.root ? vcpu->mmu.root->cr3 : 0;
}

/**
 * lg_shadow_root_phys - what CR3 must hold while the guest runs
 * @vcpu: has a root
 */
phys_addr_t lg_shadow_root_phys(struct lg_vcpu *vcpu)
{
	return __pa(vcpu->mmu.root->pdpt);
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
	       s->root_count * (sizeof(struct lg_root) + PDPT_BYTES);
}
