// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in the shadow page tables: filled on page faults, brought up to
 * date when the guest says that it changed something.
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

#define PF_PROT		BIT(0)		/* page-fault error code */
#define PF_WRITE	BIT(1)
#define PF_USER		BIT(2)
#define PF_RSVD		BIT(3)

/* Entries brought in along with the one that faulted: an aligned group. */
#define AROUND		16

static u64 shadow_entry(struct page *page, u32 flags)
{
	u64 entry = page_to_phys(page) | _PAGE_PRESENT | _PAGE_ACCESSED |
		    _PAGE_DIRTY;

	if (flags & LG_PTE_US)
		entry |= _PAGE_USER;
	if (flags & LG_PTE_RW && flags & LG_PTE_D)
		entry |= _PAGE_RW;
	return entry;
}

/**
 * struct guest_table - a last-level table of the guest
 * @p: its format
 * @gpa: where it is
 * @flags: what the levels above allow
 */
struct guest_table {
	const struct lg_paging *p;
	lg_gpa_t gpa;
	u32 flags;
};

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
static u64 wanted_entry(struct lg_guest *guest, const struct guest_table *g,
			u64 entry)
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

/* An aligned group of entries of a guest's table, read at once. */
union guest_group {
	u32 narrow[AROUND];
	u64 wide[AROUND];
};

static int guest_group_read(struct lg_guest *guest, const struct guest_table *g,
			    lg_gva_t gva, union guest_group *group)
{
	lg_gva_t first = round_down(gva, AROUND * PAGE_SIZE);

	return lg_mem_read(guest, guest_entry_gpa(g, first), group,
			   AROUND * g->p->entry_bytes);
}

static u64 guest_group_entry(const struct guest_table *g,
			     const union guest_group *group, unsigned int i)
{
	return g->p->entry_bytes == 8 ? group->wide[i] : group->narrow[i];
}

static void fill_around(struct lg_vcpu *vcpu, struct lg_table *t, lg_gva_t gva,
			const struct guest_table *g)
{
	unsigned int i, at = round_down(entry_index(gva), AROUND);
	union guest_group group;

	if (guest_group_read(vcpu->guest, g, gva, &group))
		return;
	for (i = 0; i < AROUND; i++, at++) {
		u64 entry = guest_group_entry(g, &group, i);

		if (!(entry & LG_PTE_A) || t->entry[at])
			continue;
		entry = wanted_entry(vcpu->guest, g, entry);
		if (!entry)
			continue;
		table_set(t, at, entry);
		lg_count(vcpu, LG_STAT_FILL);
	}
}

static enum lg_fault no_memory(struct lg_vcpu *vcpu, lg_gpa_t gpa)
{
	lg_kill(vcpu, "no memory behind guest-physical address %#llx", gpa);
	return LG_FAULT_DEAD;
}

/* Returns the table with its new entry, or NULL: the guest is dead. */
static struct lg_table *fill(struct lg_vcpu *vcpu, lg_gva_t gva, lg_gpa_t gpa,
			     u32 flags)
{
	struct page *page = lg_mem_page(vcpu->guest, gpa >> PAGE_SHIFT);
	struct lg_table *t;

	if (!page) {
		no_memory(vcpu, gpa);
		return NULL;
	}
	shadow_trim(vcpu);
	t = shadow_table_alloc(vcpu, gva);
	if (!t) {
		lg_kill(vcpu, "the host is out of memory");
		return NULL;
	}
	table_set(t, entry_index(gva), shadow_entry(page, flags));
	lg_count(vcpu, LG_STAT_FILL);
	return t;
}

static void linear_around(struct lg_vcpu *vcpu, struct lg_table *t, lg_gva_t gva)
{
	lg_gva_t first = round_down(gva, AROUND * PAGE_SIZE);
	unsigned int i, at = entry_index(first);

	for (i = 0; i < AROUND; i++) {
		struct page *page = lg_mem_taken(vcpu->guest,
						 (first >> PAGE_SHIFT) + i);

		if (!page || t->entry[at + i])
			continue;
		table_set(t, at + i, shadow_entry(page, LG_PTE_RW | LG_PTE_D));
		lg_count(vcpu, LG_STAT_FILL);
	}
}

static enum lg_fault linear_fault(struct lg_vcpu *vcpu, lg_gva_t gva,
				  lg_gpa_t *mmio)
{
	struct lg_table *t;

	if (gva >> PAGE_SHIFT >= vcpu->guest->ram_pages) {
		*mmio = gva;
		if (lg_gpa_is_mmio(vcpu->guest, gva))
			return LG_FAULT_MMIO;
		lg_kill(vcpu, "address %#lx outside memory", gva);
		return LG_FAULT_DEAD;
	}
	t = fill(vcpu, gva, gva, LG_PTE_RW | LG_PTE_D);
	if (!t)
		return LG_FAULT_DEAD;
	linear_around(vcpu, t, gva);
	return LG_FAULT_FILLED;
}

/* Does the guest's entry allow this access? */
static bool allows(u32 flags, u32 error)
{
	if (error & PF_WRITE && !(flags & LG_PTE_RW))
		return false;
	return !(error & PF_USER) || flags & LG_PTE_US;
}

/**
 * lg_shadow_fault - the guest took a page fault
 * @vcpu: has a root
 * @gva: CR2
 * @error: the CPU's error code; made what the guest's own tables would give
 * @mmio: set with LG_FAULT_MMIO: guest-physical address of the access
 *
 * Returns what is to be done.
 */
enum lg_fault lg_shadow_fault(struct lg_vcpu *vcpu, lg_gva_t gva, u32 *error,
			      lg_gpa_t *mmio)
{
	struct lg_guest *guest = vcpu->guest;
	struct guest_table g;
	struct lg_walk walk;
	struct lg_table *t;
	u64 mark = LG_PTE_A;

	if (*error & PF_RSVD) {
		WARN_ON_ONCE(1);
		lg_kill(vcpu, "shadow entry for %#lx is malformed", gva);
		return LG_FAULT_DEAD;
	}
	if (gva >= host_window_gva())
		return LG_FAULT_GUEST;
	if (guest->shadow->linear)
		return linear_fault(vcpu, gva, mmio);
	lg_walk(guest, vcpu->mmu.root->cr3, gva, &walk);
	if (walk.bad) {
		lg_kill(vcpu, "%s, for address %#lx", walk.bad, gva);
		return LG_FAULT_DEAD;
	}
	/* Without NX, as the guest is, a CPU does not tell fetches apart. */
	*error &= PF_WRITE | PF_USER;
	if (!walk.present)
		return LG_FAULT_GUEST;
	*error |= PF_PROT;
	if (!allows(walk.flags, *error))
		return LG_FAULT_GUEST;
	if (lg_gpa_is_mmio(guest, walk.gpa)) {
		*mmio = walk.gpa;
		return LG_FAULT_MMIO;
	}
	if (walk.gpa >> PAGE_SHIFT >= guest->ram_pages) {
		lg_kill(vcpu, "page table entry %#llx for address %#lx points outside memory",
			walk.leaf, gva);
		return LG_FAULT_DEAD;
	}
	if (*error & PF_WRITE)
		mark |= LG_PTE_D;
	if (lg_walk_mark(guest, &walk, mark))
		return no_memory(vcpu, walk.leaf_gpa);
	t = fill(vcpu, gva, walk.gpa, walk.flags | mark);
	if (!t)
		return LG_FAULT_DEAD;
	g.p = lg_paging(guest);
	g.gpa = walk.leaf_gpa & PAGE_MASK;
	g.flags = walk.upper;
	fill_around(vcpu, t, gva, &g);
	return LG_FAULT_FILLED;
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
	struct lg_root *root;

	lg_count(vcpu, LG_STAT_FLUSH);
	if (s->linear)
		return;
	sync_shared(vcpu, vcpu->mmu.root->cr3, 0, last);
	list_for_each_entry(root, &s->roots, list)
		sync_root(vcpu, root, 0, last);
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
 * lg_shadow_translate - where does an access by the guest lead?
 * @vcpu: any mode
 * @gva: address
 * @access: LG_PTE_RW for a write, LG_PTE_US if it must be user's
 * @gpa: set
 *
 * Marks the guest's entry accessed and dirty as the access would.
 * Returns 0 or -EFAULT.
 */
int lg_shadow_translate(struct lg_vcpu *vcpu, lg_gva_t gva, u32 access,
			lg_gpa_t *gpa)
{
	struct lg_walk walk;

	*gpa = gva;
	if (vcpu->guest->shadow->linear)
		return 0;
	if (gva >= host_window_gva())
		return -EFAULT;
	lg_walk(vcpu->guest, vcpu->mmu.root->cr3, gva, &walk);
	if (walk.bad || !walk.present || (walk.flags & access) != access)
		return -EFAULT;
	*gpa = walk.gpa;
	return lg_walk_mark(vcpu->guest, &walk, access & LG_PTE_RW ?
			    LG_PTE_A | LG_PTE_D : LG_PTE_A);
}

static int virt_copy(struct lg_vcpu *vcpu, lg_gva_t gva, void *buf, size_t len,
		     bool write)
{
	while (len) {
		size_t n = min_t(size_t, len, PAGE_SIZE - offset_in_page(gva));
		lg_gpa_t gpa;
		int rc;

		rc = lg_shadow_translate(vcpu, gva, write ? LG_PTE_RW : 0, &gpa);
		if (!rc)
			rc = write ? lg_mem_write(vcpu->guest, gpa, buf, n) :
				     lg_mem_read(vcpu->guest, gpa, buf, n);
		if (rc)
			return rc;
		gva += n;
		buf += n;
		len -= n;
	}
	return 0;
}

/**
 * lg_shadow_read - read as the guest kernel would
 * @vcpu: any mode
 * @gva: address
 * @to: filled; undefined on error
 * @len: bytes
 *
 * Returns 0 or -EFAULT.
 */
int lg_shadow_read(struct lg_vcpu *vcpu, lg_gva_t gva, void *to, size_t len)
{
	return virt_copy(vcpu, gva, to, len, false);
}

/**
 * lg_shadow_write - write as the guest kernel would
 * @vcpu: any mode
 * @gva: address
 * @from: bytes
 * @len: how many
 *
 * Returns 0 or -EFAULT, then part may have been written.
 */
int lg_shadow_write(struct lg_vcpu *vcpu, lg_gva_t gva, const void *from,
		    size_t len)
{
	return virt_copy(vcpu, gva, (void *)from, len, true);
}
