/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guests of four levels of page tables that hold machine frame numbers which
 * are their own page numbers: the interface of this folder. Included by lg.h.
 *
 * Shadow tables are a TLB in memory, one shadow page per guest page and level,
 * shared by all roots in which the guest hangs it. Whoever writes a guest table
 * on the guest's behalf tells lg_shadow_changed(); writes by the guest itself to
 * a table (which it can only see read-only) end in lg_shadow_fault().
 */
#ifndef LG_MMU_H
#define LG_MMU_H

struct lg_table;

/**
 * struct lg_mmu - what a vCPU runs on
 * @kernel_gfn: page number of the root its kernel uses
 * @user_gfn: the one its programs use, or 0
 * @user: the latter is in force
 * @root: shadows of the two, the kernel's first
 * @root_phys: where the one in force lies, for CR3; 0: none yet
 */
struct lg_mmu {
	u64 kernel_gfn, user_gfn;
	bool user;
	struct lg_table *root[2];
	phys_addr_t root_phys;
};

/* walk.c: the guest's own page tables */
#define LG_PTE_P	BIT_ULL(0)
#define LG_PTE_RW	BIT_ULL(1)
#define LG_PTE_US	BIT_ULL(2)
#define LG_PTE_A	BIT_ULL(5)
#define LG_PTE_D	BIT_ULL(6)
#define LG_PTE_PSE	BIT_ULL(7)
#define LG_PTE_NX	BIT_ULL(63)
#define LG_PTE_FRAME	GENMASK_ULL(51, 12)

/**
 * struct lg_walk - where a guest virtual address leads
 * @present: every level is present and names a page of the guest
 * @flags: LG_PTE_RW, LG_PTE_US, as all levels allow, LG_PTE_NX if any forbids,
 *	A and D of the leaf
 * @upper: LG_PTE_RW, LG_PTE_US and LG_PTE_NX of the levels above the leaf
 * @leaf: the leaf entry, if all levels above are present
 * @leaf_gpa: where it lies; -1 if a level above is not present
 * @table: page numbers of the tables on the way, by level: [3] the root
 * @entry: their entries; [0] is the leaf's
 */
struct lg_walk {
	bool present;
	u64 flags;
	u64 upper;
	u64 leaf;
	lg_gpa_t leaf_gpa;
	u64 table[4];
	u64 entry[4];
};

void lg_walk(struct lg_guest *guest, u64 root_gfn, lg_gva_t gva,
	     struct lg_walk *walk);
int lg_walk_mark(struct lg_guest *guest, struct lg_walk *walk, u64 bits);
bool lg_walk_uses(struct lg_guest *guest, u64 table_gfn, unsigned int level,
		  u64 gfn, unsigned int *budget);

enum lg_fault {
	LG_FAULT_FILLED,	/* go on */
	LG_FAULT_GUEST,		/* the guest's own */
	LG_FAULT_DEAD,		/* the guest was killed */
};

/* shadow.c: their memory */
int lg_shadow_init(struct lg_guest *guest);
void lg_shadow_free(struct lg_guest *guest);
unsigned long lg_shadow_pages(struct lg_guest *guest);
unsigned long lg_shadow_bytes(struct lg_guest *guest);

/*
 * What a last-level shadow entry says of the guest's own, beside what the CPU knows.
 * Two are entries that are not present: the guest's is not, either; or it is, only
 * to read, but not accessed. Their address has no memory, so that a CPU with the L1
 * terminal fault finds nothing there. The third is a bit of entries that are
 * present: the guest's allows writing, and this one does not.
 */
#define LG_SHADOW_ABSENT	(GENMASK_ULL(63, 12) | BIT_ULL(9))
#define LG_SHADOW_READ_ONLY	(GENMASK_ULL(63, 12) | BIT_ULL(10))
#define LG_SHADOW_NARROWED	BIT_ULL(9)

/* sync.c: what stands in them, when the guest says that it changed something */
void lg_shadow_changed(struct lg_vcpu *vcpu, u64 gfn, unsigned int index,
		       u64 old, u64 new);
void lg_shadow_flush(struct lg_vcpu *vcpu);
void lg_shadow_invlpg(struct lg_vcpu *vcpu, lg_gva_t gva);

/* fault.c: on page faults */
bool lg_shadow_is_store(struct lg_vcpu *vcpu, lg_gva_t gva, lg_gpa_t *gpa);
void lg_shadow_end_row(struct lg_vcpu *vcpu);
enum lg_fault lg_shadow_fault(struct lg_vcpu *vcpu, lg_gva_t gva, u64 *error);

/* pins.c: table pages by the guest's word */
unsigned int lg_shadow_level(struct lg_guest *guest, u64 gfn, bool *pinned);
int lg_shadow_pin(struct lg_vcpu *vcpu, u64 gfn, unsigned int level);
int lg_shadow_unpin(struct lg_vcpu *vcpu, u64 gfn);
int lg_shadow_replaced(struct lg_vcpu *vcpu, u64 gfn);

/* roots.c: roots go by page number; user root 0: none */
int lg_shadow_set_roots(struct lg_vcpu *vcpu, u64 kernel_gfn, u64 user_gfn);
int lg_shadow_use(struct lg_vcpu *vcpu, bool user);
phys_addr_t lg_shadow_root_phys(struct lg_vcpu *vcpu);
phys_addr_t lg_shadow_mode_phys(struct lg_vcpu *vcpu, bool user);

/**
 * struct lg_hot - a page table that calls wrote to lately
 * @gfn: its page number
 * @guest: where the page is
 * @shadow: where its shadow as a last-level table is, or 0: it has none
 * @upper: it has other shadows: its entries must stay what they are
 */
struct lg_hot {
	u64 gfn;
	phys_addr_t guest, shadow;
	bool upper;
};

/* direct.c: what the switcher may be told */
u64 lg_shadow_epoch(struct lg_vcpu *vcpu);
bool lg_shadow_is_exact(struct lg_vcpu *vcpu);
unsigned int lg_shadow_hot(struct lg_vcpu *vcpu, struct lg_hot *to,
			   unsigned int count);
unsigned int lg_shadow_recent(struct lg_vcpu *vcpu, bool user,
			      struct lg_direct_root *to, unsigned int count);

/*
 * copy.c: the guest kernel's memory by its own addresses, and code of whatever
 * is running; where its last-level entry for an address is.
 */
lg_gpa_t lg_shadow_entry_gpa(struct lg_vcpu *vcpu, lg_gva_t gva);
int lg_shadow_read(struct lg_vcpu *vcpu, lg_gva_t gva, void *to, size_t len);
int lg_shadow_write(struct lg_vcpu *vcpu, lg_gva_t gva, const void *from,
		    size_t len);
size_t lg_shadow_fetch(struct lg_vcpu *vcpu, lg_gva_t rip, u8 *to, size_t len);

/* audit.c: every shadow entry against the guest's tables */
unsigned long lg_shadow_audit(struct lg_vcpu *vcpu, unsigned long *stale);

#endif
