// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults: the guest's own are found out, the others filled from its tables. What
 * entries should be is said in sync.c.
 *
 * Callers hold the vCPU's lock, may sleep, and the vCPU is not running.
 */
#include <asm/trap_pf.h>
#include "shadow.h"

/*
 * Pages of a program that are marked accessed along with one that is touched: a
 * child's are not, after a fork. Linux itself does that where it maps around a fault,
 * to as many.
 */
#define MARK_AROUND	16

static enum lg_fault no_memory(struct lg_vcpu *vcpu, u64 gfn)
{
	lg_kill(vcpu, "no memory behind page %#llx", gfn);
	return LG_FAULT_DEAD;
}

/* Tables from the root in force down to the last level; NULL: out of memory. */
static struct lg_table *fill_path(struct lg_vcpu *vcpu, lg_gva_t gva,
				  const struct lg_walk *walk)
{
	struct lg_guest *guest = vcpu->guest;
	struct lg_table *t = vcpu->mmu.root[vcpu->mmu.user], *below;
	unsigned int index;
	u64 entry;
	int level;

	for (level = 3; level > 0; level--) {
		below = table_get(guest, walk->table[level - 1], level - 1);
		if (!below)
			return NULL;
		index = gva_index(gva, t->kind);
		entry = upper_entry(below, walk->entry[level]);
		if (t->entry[index] != entry) {
			table_clear_entry(guest->shadow, t, index);
			table_link(t, index, below, entry);
		}
		t = below;
	}
	return t;
}

static void mark_around(struct lg_guest *guest, struct lg_table *l1,
			lg_gva_t gva)
{
	unsigned int first = round_down(gva_index(gva, KIND_L1), MARK_AROUND), i;
	lg_gpa_t gpa = (l1->pt->gfn << PAGE_SHIFT) + first * sizeof(u64);
	u64 pte;

	for (i = first; i < first + MARK_AROUND; i++, gpa += sizeof(u64)) {
		if (lg_mem_entry(guest, gpa, sizeof(u64), &pte) ||
		    (pte & (LG_PTE_P | LG_PTE_A)) != LG_PTE_P ||
		    pte_gfn(pte) >= guest->ram_pages ||
		    lg_mem_exchange(guest, gpa, &pte, pte | LG_PTE_A))
			continue;
		WRITE_ONCE(l1->entry[i], leaf_entry(guest, pte | LG_PTE_A));
	}
}

static void fill_around(struct lg_vcpu *vcpu, struct lg_table *l1, lg_gva_t gva)
{
	unsigned int first = round_down(gva_index(gva, KIND_L1), AROUND), i;
	const u64 *table = guest_table(vcpu->guest, l1->pt->gfn);
	u64 pte, entry;

	for (i = first; table && i < first + AROUND; i++) {
		if (l1->entry[i])
			continue;
		pte = READ_ONCE(table[i]);
		if (pte & LG_PTE_P && pte & LG_PTE_A)
			lg_mem_page(vcpu->guest, pte_gfn(pte));
		entry = leaf_entry(vcpu->guest, pte);
		WRITE_ONCE(l1->entry[i], entry);
		shadow_count_fill(vcpu, entry);
	}
}

/*
 * A fault that is the guest's own: the next ones around need no exit, nor does what
 * the guest does about them.
 */
static void learn_around(struct lg_vcpu *vcpu, lg_gva_t gva,
			 const struct lg_walk *walk)
{
	struct lg_table *l1;

	if (!vcpu->mmu.user ||
	    !(walk->entry[1] & walk->entry[2] & walk->entry[3] & LG_PTE_A))
		return;
	shadow_trim(vcpu);
	l1 = fill_path(vcpu, gva, walk);
	if (l1)
		fill_around(vcpu, l1, gva);
}

/*
 * The guest may do what it tried: let it. A write to a page that once was a
 * table page, and is not pinned any more, is the end of its shadow.
 */
static enum lg_fault fill(struct lg_vcpu *vcpu, lg_gva_t gva,
			  struct lg_walk *walk, bool write)
{
	struct lg_guest *guest = vcpu->guest;
	struct lg_shadow *s = guest->shadow;
	unsigned int index = gva_index(gva, KIND_L1);
	u64 gfn = pte_gfn(walk->leaf), mark = LG_PTE_A;
	struct lg_table *l1;
	struct lg_pt *pt;
	int rc;

	if (!lg_mem_page(guest, gfn))
		return no_memory(vcpu, gfn);
	if (write && walk->leaf & LG_PTE_RW) {
		mark |= LG_PTE_D;
		pt = pt_find(s, gfn);
		if (pt && !pt->pin)
			pt_drop_tables(s, pt);
	}
	rc = lg_walk_mark(guest, walk, mark);
	if (rc == -EAGAIN)
		return LG_FAULT_FILLED;
	if (rc)
		return no_memory(vcpu, walk->table[0]);
	shadow_trim(vcpu);
	if (write && s->unsync_count == MAX_UNSYNC)
		shadow_resync(vcpu);
	l1 = fill_path(vcpu, gva, walk);
	if (!l1) {
		lg_kill(vcpu, "the host is out of memory");
		return LG_FAULT_DEAD;
	}
	WRITE_ONCE(l1->entry[index], leaf_entry(guest, walk->leaf));
	lg_count(vcpu, LG_STAT_FILL);
	if (write && !(l1->entry[index] & _PAGE_RW))
		shadow_unsync(vcpu, l1, index, gfn);
	if (gva < HOLE_START)
		mark_around(guest, l1, gva);
	fill_around(vcpu, l1, gva);
	return LG_FAULT_FILLED;
}

/*
 * A claim: though we know nothing of the page, it hangs in the root in force or
 * in a table that is pinned, and so is a last-level table to Xen.
 */
static bool hangs_somewhere(struct lg_vcpu *vcpu, u64 gfn)
{
	struct lg_guest *guest = vcpu->guest;
	unsigned int budget = 1024;
	unsigned long pinned;
	struct lg_pt *pt;

	if (lg_walk_uses(guest, vcpu->mmu.kernel_gfn, 4, gfn, &budget))
		return true;
	xa_for_each(&guest->shadow->pts, pinned, pt) {
		if (pt->pin > 1 &&
		    lg_walk_uses(guest, pinned, pt->pin, gfn, &budget))
			return true;
		if (!budget)
			return false;
		cond_resched();
	}
	return false;
}

/*
 * A claim: the guest's kernel writes to a last-level table that it mapped
 * read-only, as Linux does, and we let it.
 */
static bool may_unsync(struct lg_vcpu *vcpu, lg_gva_t gva,
		       const struct lg_walk *walk)
{
	u64 gfn = pte_gfn(walk->leaf);
	struct lg_pt *pt;

	if (vcpu->mmu.user || gva < HOLE_END || !(walk->upper & LG_PTE_RW))
		return false;
	pt = pt_find(vcpu->guest->shadow, gfn);
	if (pt && (pt->pin || pt->table[KIND_L1]))
		return pt->pin <= 1;
	return hangs_somewhere(vcpu, gfn);
}

/* Does the guest's own entry allow this access? */
static bool allows(struct lg_vcpu *vcpu, lg_gva_t gva,
		   const struct lg_walk *walk, u64 error)
{
	if (vcpu->mmu.user && !(walk->flags & LG_PTE_US))
		return false;
	if (error & X86_PF_INSTR && walk->flags & LG_PTE_NX)
		return false;
	return !(error & X86_PF_WRITE) || walk->flags & LG_PTE_RW ||
	       may_unsync(vcpu, gva, walk);
}

/**
 * lg_shadow_end_row - stores to table pages so far were no row: see
 *	lg_shadow_is_store()
 * @vcpu: any
 */
void lg_shadow_end_row(struct lg_vcpu *vcpu)
{
	vcpu->guest->shadow->stores = 0;
}

static enum lg_fault guest_fault(struct lg_vcpu *vcpu, u64 *error, bool present)
{
	lg_shadow_end_row(vcpu);
	*error &= X86_PF_WRITE | X86_PF_INSTR;
	if (vcpu->mmu.user)
		*error |= X86_PF_USER;
	if (present)
		*error |= X86_PF_PROT;
	return LG_FAULT_GUEST;
}

static enum lg_fault answer(struct lg_vcpu *vcpu, lg_gva_t gva, u64 *error)
{
	struct lg_mmu *mmu = &vcpu->mmu;
	struct lg_walk walk;

	lg_walk(vcpu->guest, mmu->user ? mmu->user_gfn : mmu->kernel_gfn, gva,
		&walk);
	if (walk.present && allows(vcpu, gva, &walk, *error))
		return fill(vcpu, gva, &walk, *error & X86_PF_WRITE);
	learn_around(vcpu, gva, &walk);
	return guest_fault(vcpu, error, walk.present);
}

/* In the hypervisor's hole, or not canonical. */
static enum lg_fault answer_hole(struct lg_vcpu *vcpu, lg_gva_t gva, u64 *error)
{
	enum lg_fault rc = LG_FAULT_GUEST;

	if (gva >= HOLE_START && gva < WINDOW_BASE && !vcpu->mmu.user)
		rc = m2p_fault(vcpu, gva, error);
	return rc == LG_FAULT_GUEST ? guest_fault(vcpu, error, false) : rc;
}

/**
 * lg_shadow_is_store - a claim: a write fault is one that we should do ourselves
 * @vcpu: in kernel mode
 * @gva: CR2
 * @gpa: set: what it is about, in a last-level table
 *
 * A store that the guest may do, and not one of a row of them: then the page
 * becomes unsync by lg_shadow_fault(), which costs a look at all of its entries
 * later. lg_shadow_changed() wants to know what came of it.
 */
bool lg_shadow_is_store(struct lg_vcpu *vcpu, lg_gva_t gva, lg_gpa_t *gpa)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_walk walk;
	u64 gfn;

	if (!gva_is_guests(gva))
		return false;
	lg_walk(vcpu->guest, vcpu->mmu.kernel_gfn, gva, &walk);
	if (!walk.present || walk.flags & LG_PTE_RW ||
	    !may_unsync(vcpu, gva, &walk))
		return false;
	gfn = pte_gfn(walk.leaf);
	if (s->store_gfn != gfn)
		s->stores = 0;
	s->store_gfn = gfn;
	*gpa = (gfn << PAGE_SHIFT) + offset_in_page(gva);
	return s->stores++ < MAX_STORES;
}

/**
 * lg_shadow_fault - the guest took a page fault
 * @vcpu: has a root
 * @gva: CR2
 * @error: the CPU's error code; if the fault is the guest's, made what its own
 *	tables would give, user mode as the guest sees it
 *
 * Returns what is to be done.
 */
enum lg_fault lg_shadow_fault(struct lg_vcpu *vcpu, lg_gva_t gva, u64 *error)
{
	enum lg_fault rc;

	if (*error & X86_PF_RSVD) {
		WARN_ON_ONCE(1);
		lg_kill(vcpu, "shadow entry for %#lx is malformed", gva);
		return LG_FAULT_DEAD;
	}
	if (gva_is_guests(gva))
		rc = answer(vcpu, gva, error);
	else
		rc = answer_hole(vcpu, gva, error);
	shadow_audit_due(vcpu);
	return rc;
}
