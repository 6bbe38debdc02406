/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guests of up to three levels of page tables, on a PAE host: the interface of
 * this folder. Included by lg.h.
 */
#ifndef LG_MMU_H
#define LG_MMU_H

struct lg_root;

/**
 * struct lg_mmu - what a vCPU runs on
 * @root: shadow in use
 */
struct lg_mmu {
	struct lg_root *root;
};

/* walk.c: the guest's own page tables */
#define LG_PTE_P	BIT(0)
#define LG_PTE_RW	BIT(1)
#define LG_PTE_US	BIT(2)
#define LG_PTE_A	BIT(5)
#define LG_PTE_D	BIT(6)
#define LG_PTE_PSE	BIT(7)

/**
 * struct lg_paging - how a guest lays out its page tables
 * @levels: number of them
 * @entry_bytes: 4 or 8
 * @index_bits: bits of address per level, top level first
 * @frame_mask: the frame in an entry
 * @top_ignores: no RW/US in the top level (PAE)
 */
struct lg_paging {
	u8 levels;
	u8 entry_bytes;
	u8 index_bits[3];
	bool top_ignores;
	u64 frame_mask;
};

/**
 * struct lg_walk - where a guest virtual address leads
 * @present: every level is present
 * @flags: LG_PTE_RW and LG_PTE_US as all levels allow, A and D of the leaf
 * @upper: the same without the leaf
 * @leaf: the leaf entry
 * @leaf_gpa: where it lies
 * @gpa: where the address leads
 * @bad: why this table may not be used, or NULL
 */
struct lg_walk {
	bool present;
	u32 flags, upper;
	u64 leaf;
	lg_gpa_t leaf_gpa;
	lg_gpa_t gpa;
	const char *bad;
};

const struct lg_paging *lg_paging(struct lg_guest *guest);
void lg_walk(struct lg_guest *guest, lg_gpa_t cr3, lg_gva_t gva,
	     struct lg_walk *walk);
u64 lg_walk_table(struct lg_guest *guest, lg_gpa_t cr3, lg_gva_t gva,
		  u32 *flags);
void lg_walk_settle(struct lg_guest *guest, lg_gpa_t cr3, lg_gva_t kernel);
int lg_walk_mark(struct lg_guest *guest, const struct lg_walk *walk, u64 bits);

/* shadow.c, sync.c, fault.c, copy.c */
#define LG_CR3_LINEAR	((lg_gpa_t)-1)	/* "table" of linear mode */

enum lg_fault {
	LG_FAULT_FILLED,	/* go on */
	LG_FAULT_GUEST,		/* the guest's own */
	LG_FAULT_MMIO,		/* a device's */
	LG_FAULT_DEAD,		/* the guest was killed */
};

int lg_shadow_init(struct lg_guest *guest);
void lg_shadow_free(struct lg_guest *guest);
void lg_shadow_reset(struct lg_vcpu *vcpu, lg_gva_t kernel_address);
int lg_shadow_load(struct lg_vcpu *vcpu, lg_gpa_t cr3);
enum lg_fault lg_shadow_fault(struct lg_vcpu *vcpu, lg_gva_t gva, u32 *error,
			      lg_gpa_t *mmio);
void lg_shadow_sync(struct lg_vcpu *vcpu, lg_gpa_t cr3, lg_gva_t first,
		    lg_gva_t last);
void lg_shadow_set(struct lg_vcpu *vcpu, lg_gpa_t cr3, lg_gva_t gva);
void lg_shadow_sync_all(struct lg_vcpu *vcpu);
void lg_shadow_sync_middle(struct lg_vcpu *vcpu, unsigned int index);
int lg_shadow_translate(struct lg_vcpu *vcpu, lg_gva_t gva, u32 access,
			lg_gpa_t *gpa);
int lg_shadow_read(struct lg_vcpu *vcpu, lg_gva_t gva, void *to, size_t len);
int lg_shadow_write(struct lg_vcpu *vcpu, lg_gva_t gva, const void *from,
		    size_t len);
bool lg_shadow_is_linear(struct lg_vcpu *vcpu);
lg_gpa_t lg_shadow_cr3(struct lg_vcpu *vcpu);
phys_addr_t lg_shadow_root_phys(struct lg_vcpu *vcpu);
u64 *lg_shadow_fixed(struct lg_guest *guest, unsigned int page);
unsigned long lg_shadow_pages(struct lg_guest *guest);
unsigned long lg_shadow_bytes(struct lg_guest *guest);

#endif
