/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow page tables, as shadow.c (their memory), sync.c and fault.c (their
 * contents) see them. Always three levels, whatever the guest's have: the host
 * uses PAE.
 *
 * One root per top-level table of the guest, in order of last use. Slots are
 * the four gigabytes of the address space; a slot that lies in the kernel's
 * part altogether is the same in all roots (the ABIs promise that) and exists
 * once. The window's tables hang in the last slot of every root.
 */
#ifndef LG_SHADOW_H
#define LG_SHADOW_H

#include <linux/list.h>
#include "lg.h"

#define SLOTS		4
#define SLOT_SHIFT	30
#define TABLE_SHIFT	21
#define TABLE_ENTRIES	512
#define SHADOW_FRAME	GENMASK_ULL(51, 12)

/**
 * struct lg_table - what we know of one last-level table
 * @entry: the table itself, a page
 * @live: which entries are not zero
 * @count: how many
 */
struct lg_table {
	u64 *entry;
	unsigned int count;
	DECLARE_BITMAP(live, TABLE_ENTRIES);
};

/**
 * struct lg_slot - a second-level table
 * @entry: the table itself, a page
 * @live: which entries lead to a struct lg_table; not the window's
 */
struct lg_slot {
	u64 *entry;
	DECLARE_BITMAP(live, TABLE_ENTRIES);
};

/**
 * struct lg_root - one shadow tree
 * @list: in lg_shadow.roots, last used first
 * @cr3: the guest's table it shadows
 * @pdpt: what the CPU's CR3 points to; 32 bytes
 * @slot: second-level tables, or NULL; shared ones are lg_shadow.shared's
 */
struct lg_root {
	struct list_head list;
	lg_gpa_t cr3;
	u64 *pdpt;
	struct lg_slot *slot[SLOTS];
};

/**
 * struct lg_shadow - all shadow tables of a guest
 * @roots: last used first
 * @root_count: their number
 * @linear: no guest tables yet: addresses are guest-physical
 * @kernel_address: start of the part that all guest tables share
 * @shared: second-level tables of the shared slots
 * @fixed: last-level tables of the window
 * @pages: in use; @limit: what we try to stay below
 */
struct lg_shadow {
	struct list_head roots;
	unsigned int root_count;
	bool linear;
	lg_gva_t kernel_address;
	struct lg_slot *shared[SLOTS];
	struct lg_table *fixed[2];
	unsigned long pages, limit;
};

static inline bool slot_is_shared(const struct lg_shadow *s, unsigned int slot)
{
	return s->kernel_address && slot << SLOT_SHIFT >= s->kernel_address;
}

static inline unsigned int gva_slot(lg_gva_t gva)
{
	return gva >> SLOT_SHIFT;
}

static inline unsigned int table_index(lg_gva_t gva)
{
	return (gva >> TABLE_SHIFT) % TABLE_ENTRIES;
}

static inline unsigned int entry_index(lg_gva_t gva)
{
	return (gva >> PAGE_SHIFT) % TABLE_ENTRIES;
}

static inline void table_set(struct lg_table *t, unsigned int i, u64 entry)
{
	if (!t->entry[i] != !entry) {
		t->count += entry ? 1 : -1;
		__change_bit(i, t->live);
	}
	t->entry[i] = entry;
}

/* Entries that are read, and brought in, together: an aligned group. */
#define AROUND		16

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

/* Such a group of a guest's table. */
union guest_group {
	u32 narrow[AROUND];
	u64 wide[AROUND];
};

static inline u64 guest_group_entry(const struct guest_table *g,
				    const union guest_group *group,
				    unsigned int i)
{
	return g->p->entry_bytes == 8 ? group->wide[i] : group->narrow[i];
}

/* shadow.c */
struct lg_table *shadow_table(struct lg_slot *slot, unsigned int index);
struct lg_table *shadow_table_alloc(struct lg_vcpu *vcpu, lg_gva_t gva);
void shadow_table_drop(struct lg_shadow *s, struct lg_slot *slot,
		       unsigned int index);
void shadow_trim(struct lg_vcpu *vcpu);

/* sync.c */
u64 shadow_entry(struct page *page, u32 flags);
u64 wanted_entry(struct lg_guest *guest, const struct guest_table *g, u64 entry);
int guest_group_read(struct lg_guest *guest, const struct guest_table *g,
		     lg_gva_t gva, union guest_group *group);

#endif
