// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults: the guest's own are found out, the others filled from its tables. What
 * entries should be is said in sync.c.
 *
 * Callers hold the vCPU's lock, may sleep, and the vCPU is not running.
 */
#include "shadow.h"

#define PF_PROT		BIT(0)		/* page-fault error code */
#define PF_WRITE	BIT(1)
#define PF_USER		BIT(2)
#define PF_RSVD		BIT(3)

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
