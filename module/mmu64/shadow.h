/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow page tables, as the files of this folder see them.
 *
 * A shadow table is one page that the CPU walks, made from one page of the
 * guest's (a "table page") read as one kind of table. The same guest page read
 * as another kind has another shadow, so that no entry is ever taken for what
 * it is not. Tables are shared: each root, and each table above, in which the
 * guest hangs the page leads to the same shadow.
 *
 * References are counted: entries of shadow tables that lead to a table, and
 * for roots the vCPUs that use it. A table that nothing leads to is kept in
 * lg_shadow.orphans, for the guest often hangs it in again. A table that must
 * be forgotten while something still leads there is emptied and cut off from
 * its guest page; it goes with the last reference.
 */
#ifndef LG_SHADOW_H
#define LG_SHADOW_H

#include <linux/list.h>
#include <linux/xarray.h>
#include "lg.h"

#define TABLE_ENTRIES	512
#define MAX_UNSYNC	64
#define MAX_HOT		8
#define MAX_SPARE	16
#define MAX_LAST_PTS	64	/* a power of two */
#define MAX_STORES	3	/* done one by one before the page becomes unsync */

/*
 * Entries brought in along with the one that faulted: an aligned group. Linux
 * marks all of its own map of memory accessed, so pages there are taken before
 * they are touched: 6 in 100 in vain, for a twentieth of the faults.
 */
#define AROUND		64

/* In struct lg_frames: a table page, of which no more is known. */
#define FRAME_TABLE	BIT_ULL(9)

/* Kinds of table: levels 1 to 4, of which the last looks different to users. */
enum kind { KIND_L1, KIND_L2, KIND_L3, KIND_KERNEL_ROOT, KIND_USER_ROOT, KINDS };

/* In a root: the hypervisor's hole, where the guest's own entries do not count. */
#define HOLE_FIRST	256
#define HOLE_LAST	271
#define HOLE_START	0xffff800000000000
#define HOLE_END	0xffff87ffffffffff

/**
 * struct lg_table - a shadow table
 * @entry: the page that the CPU walks
 * @pt: the guest's page, or NULL: cut off
 * @list: in lg_shadow.roots or lg_shadow.orphans, last used first; or empty
 * @refs: what leads here
 * @live: entries that lead to tables; last-level tables do not count
 * @eights: where they may be: a bit for eight entries
 * @kind: see there
 */
struct lg_table {
	u64 *entry;
	struct lg_pt *pt;
	struct list_head list;
	unsigned long refs;
	u64 eights;
	u16 live;
	u8 kind;
};

/**
 * struct lg_pt - a guest page that is a table page
 * @gfn: its number
 * @pin: level the guest pinned it at, 1 to 4, or 0
 * @table: its shadows; one at least, unless it is pinned
 */
struct lg_pt {
	u64 gfn;
	u8 pin;
	struct lg_table *table[KINDS];
};

/**
 * struct lg_unsync - a shadow entry that lets the guest write to a table page
 * @gfn: the table page
 * @l1_gfn: the table page of which the entry is the shadow
 * @index: in it
 */
struct lg_unsync {
	u64 gfn, l1_gfn;
	unsigned int index;
};

/**
 * struct lg_m2p - the table of frame numbers that guest kernels can read
 * @pud: what entry 256 of kernel roots leads to
 * @pmd: the next
 * @pages: in use, these two included
 */
struct lg_m2p {
	u64 *pud, *pmd;
	unsigned long pages;
};

/**
 * struct lg_frames - what the switcher knows of the guest's pages
 * @pmd: what WINDOW_FRAMES leads to
 * @pages: in use, this one included
 */
struct lg_frames {
	u64 *pmd;
	unsigned long pages;
};

/**
 * struct lg_shadow - all shadow tables of a guest
 * @pts: struct lg_pt by number
 * @pt_count: how many
 * @last_pt: those asked for last, by the low bits of their numbers; or NULL
 * @roots: tables of the last two kinds, last used first
 * @orphans: others that nothing leads to
 * @pages: shadow tables in use; @limit: what we try to stay below
 * @spare: pages of former tables, all zero
 * @spare_count: how many
 * @unsync: see struct lg_unsync
 * @unsync_count: how many
 * @hot: page tables that calls wrote to lately, by page number, the last first;
 *	0: none
 * @store_gfn: table page that the guest's kernel stored to last, in vain
 * @stores: how often, in a row
 * @m2p: see there
 * @frames: see there
 * @events: faults and flushes, for audits
 * @epoch: see lg_shadow_epoch()
 */
struct lg_shadow {
	struct xarray pts;
	unsigned long pt_count;
	struct lg_pt *last_pt[MAX_LAST_PTS];
	struct list_head roots, orphans;
	unsigned long pages, limit;
	u64 *spare[MAX_SPARE];
	unsigned int spare_count;
	struct lg_unsync unsync[MAX_UNSYNC];
	unsigned int unsync_count;
	u64 hot[MAX_HOT];
	u64 store_gfn;
	unsigned int stores;
	struct lg_m2p m2p;
	struct lg_frames frames;
	unsigned long events;
	u64 epoch;
};

static inline bool kind_is_root(u8 kind)
{
	return kind >= KIND_KERNEL_ROOT;
}

/* Of the tables that a table's entries lead to. */
static inline u8 kind_below(u8 kind)
{
	return kind_is_root(kind) ? KIND_L3 : kind - 1;
}

static inline unsigned int kind_level(u8 kind)
{
	return kind_is_root(kind) ? 4 : kind + 1;
}

/* A claim: this entry is ours whatever the guest's says. */
static inline bool index_is_ours(u8 kind, unsigned int index)
{
	return kind_is_root(kind) && index >= HOLE_FIRST && index <= HOLE_LAST;
}

static inline unsigned int gva_index(lg_gva_t gva, u8 kind)
{
	return (gva >> (PAGE_SHIFT + 9 * (kind_level(kind) - 1))) %
	       TABLE_ENTRIES;
}

/* A claim: canonical, and not in the hole. */
static inline bool gva_is_guests(lg_gva_t gva)
{
	return !(gva >> 47) || gva > HOLE_END;
}

static inline u64 pte_gfn(u64 pte)
{
	return (pte & LG_PTE_FRAME) >> PAGE_SHIFT;
}

/* A claim: an entry of a table that is not of the last level leads to a table. */
static inline bool pte_leads_down(struct lg_guest *guest, u64 pte)
{
	return (pte & (LG_PTE_P | LG_PTE_PSE)) == LG_PTE_P &&
	       pte_gfn(pte) < guest->ram_pages;
}

/* The entries of a table page, which may change at any moment; or NULL. */
static inline u64 *guest_table(struct lg_guest *guest, u64 gfn)
{
	struct page *page = lg_mem_page(guest, gfn);

	return page ? page_address(page) : NULL;
}

/* For ring 0, to read. */
static inline u64 self_entry(const struct lg_table *root)
{
	return __pa(root->entry) | _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_NX;
}

/* A claim: the guest has not said that it is a table of another level. */
static inline bool pt_may_be_root(const struct lg_pt *pt)
{
	return !pt->pin || pt->pin == 4;
}

static inline void shadow_count_fill(struct lg_vcpu *vcpu, u64 entry)
{
	if (entry & _PAGE_PRESENT)
		lg_count(vcpu, LG_STAT_FILL);
}

/* shadow.c */
struct lg_pt *pt_find(struct lg_shadow *s, u64 gfn);
struct lg_pt *pt_get(struct lg_shadow *s, u64 gfn);
void pt_put(struct lg_shadow *s, struct lg_pt *pt);
void pt_drop_tables(struct lg_shadow *s, struct lg_pt *pt);
struct lg_table *table_get(struct lg_guest *guest, u64 gfn, u8 kind);
void table_put(struct lg_shadow *s, struct lg_table *t);
struct lg_table *table_below(const struct lg_table *t, unsigned int index);
void table_link(struct lg_table *t, unsigned int index, struct lg_table *below,
		u64 entry);
void table_clear_entry(struct lg_shadow *s, struct lg_table *t,
		       unsigned int index);
void shadow_trim(struct lg_vcpu *vcpu);

/* sync.c: what entries should be */
u64 leaf_entry(struct lg_guest *guest, u64 pte);
u64 upper_entry(const struct lg_table *below, u64 pte);
void pt_sync(struct lg_vcpu *vcpu, struct lg_pt *pt);
void shadow_unsync(struct lg_vcpu *vcpu, struct lg_table *l1,
		   unsigned int index, u64 gfn);
void shadow_resync(struct lg_vcpu *vcpu);

/* direct.c */
void direct_remember(struct lg_shadow *s, u64 gfn);
bool direct_has_root(struct lg_shadow *s, const struct lg_table *root);

/* m2p.c */
int m2p_init(struct lg_m2p *m2p);
void m2p_free(struct lg_m2p *m2p);
enum lg_fault m2p_fault(struct lg_vcpu *vcpu, lg_gva_t gva, u64 *error);

/* frames.c */
int frames_init(struct lg_guest *guest, struct lg_frames *frames);
void frames_free(struct lg_guest *guest, struct lg_frames *frames);
u64 frames_get(struct lg_frames *frames, u64 gfn);
void frames_set(struct lg_frames *frames, u64 gfn, u64 entry);

/* audit.c */
void shadow_audit_due(struct lg_vcpu *vcpu);

#endif
