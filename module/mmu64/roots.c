// SPDX-License-Identifier: GPL-2.0
/*
 * The roots that a vCPU runs on: one for the guest's kernel, one for its programs.
 *
 * Callers hold the vCPU's lock, may sleep, and the vCPU is not running.
 */
#include <linux/err.h>
#include <linux/io.h>
#include "shadow.h"

/* Tables made for a new root before anything faults. */
#define MAX_PREFILL	16

/*
 * Hang in what other roots lead to already: all address spaces of a guest share
 * the tables of its kernel, in the upper half.
 */
static void root_fill(struct lg_guest *guest, struct lg_table *root)
{
	const u64 *table = guest_table(guest, root->pt->gfn);
	struct lg_table *below;
	struct lg_pt *pt;
	unsigned int i;
	u64 pte;

	for (i = HOLE_FIRST; table && i < TABLE_ENTRIES; i++) {
		pte = READ_ONCE(table[i]);
		if (!pte_leads_down(guest, pte) || index_is_ours(root->kind, i))
			continue;
		pt = pt_find(guest->shadow, pte_gfn(pte));
		below = pt ? pt->table[KIND_L3] : NULL;
		if (below)
			table_link(root, i, below, upper_entry(below, pte));
	}
}

static bool eight_are_zero(const u64 *table)
{
	return !(table[0] | table[1] | table[2] | table[3] |
		 table[4] | table[5] | table[6] | table[7]);
}

/* A table new to us: all that is known of its entries without a fault. */
static void leaves_prefill(struct lg_guest *guest, struct lg_table *l1)
{
	const u64 *table = guest_table(guest, l1->pt->gfn);
	unsigned int i;

	for (i = 0; table && i < TABLE_ENTRIES; i++) {
		if (i % 8 == 0 && eight_are_zero(table + i))
			i += 7;
		else
			WRITE_ONCE(l1->entry[i],
				   leaf_entry(guest, READ_ONCE(table[i])));
	}
}

/*
 * Make what a table leads to: the first entries of a root, all of others. The
 * guest has said that they are tables, by pinning the root.
 */
static void table_prefill(struct lg_guest *guest, struct lg_table *t,
			  unsigned int entries, unsigned int *budget)
{
	const u64 *table = guest_table(guest, t->pt->gfn);
	u8 kind = kind_below(t->kind);
	struct lg_table *below;
	struct lg_pt *pt;
	unsigned int i;
	bool known;
	u64 pte;

	for (i = 0; table && i < entries; i++) {
		if (i % 8 == 0 && eight_are_zero(table + i)) {
			i += 7;
			continue;
		}
		pte = READ_ONCE(table[i]);
		if (!pte_leads_down(guest, pte) || !(pte & LG_PTE_A))
			continue;
		pt = pt_find(guest->shadow, pte_gfn(pte));
		known = pt && pt->table[kind];
		if (!known && !*budget)
			return;
		below = table_get(guest, pte_gfn(pte), kind);
		if (!below)
			return;
		table_link(t, i, below, upper_entry(below, pte));
		if (known)
			continue;
		--*budget;
		if (kind == KIND_L1)
			leaves_prefill(guest, below);
		else
			table_prefill(guest, below, TABLE_ENTRIES, budget);
	}
}

static struct lg_table *root_get(struct lg_vcpu *vcpu, u64 gfn, u8 kind)
{
	struct lg_guest *guest = vcpu->guest;
	struct lg_pt *pt = pt_find(guest->shadow, gfn);
	unsigned int budget = MAX_PREFILL;
	struct lg_table *root;

	if (gfn >= guest->ram_pages || (pt && !pt_may_be_root(pt)))
		return ERR_PTR(-EINVAL);
	if (pt && pt->table[kind])
		return pt->table[kind];
	lg_count(vcpu, LG_STAT_ROOT_MISS);
	root = table_get(guest, gfn, kind);
	if (!root)
		return ERR_PTR(-ENOMEM);
	if (kind == KIND_KERNEL_ROOT)
		root_fill(guest, root);
	if (pt && pt->pin)
		table_prefill(guest, root, HOLE_FIRST, &budget);
	return root;
}

static void root_use(struct lg_vcpu *vcpu, struct lg_table **place,
		     struct lg_table *root)
{
	struct lg_shadow *s = vcpu->guest->shadow;

	if (root) {
		root->refs++;
		if (!direct_has_root(s, root))
			s->epoch++;
		list_move(&root->list, &s->roots);
	}
	if (*place)
		table_put(s, *place);
	*place = root;
}

static void choose_root(struct lg_mmu *mmu, bool user)
{
	mmu->user = user;
	mmu->root_phys = __pa(mmu->root[user]->entry);
}

/**
 * lg_shadow_set_roots - the guest loads its top-level tables
 * @vcpu: its guest's
 * @kernel_gfn: page number of the kernel's; any number
 * @user_gfn: that of programs, or 0: there is none; any number
 *
 * Returns 0; -EINVAL (no such page, or a table of another level), -ENOMEM; then
 * nothing has changed.
 */
int lg_shadow_set_roots(struct lg_vcpu *vcpu, u64 kernel_gfn, u64 user_gfn)
{
	struct lg_table *kernel, *user = NULL;
	struct lg_mmu *mmu = &vcpu->mmu;

	lg_shadow_flush(vcpu);
	shadow_trim(vcpu);
	kernel = root_get(vcpu, kernel_gfn, KIND_KERNEL_ROOT);
	if (IS_ERR(kernel))
		return PTR_ERR(kernel);
	if (user_gfn)
		user = root_get(vcpu, user_gfn, KIND_USER_ROOT);
	if (IS_ERR(user))
		return PTR_ERR(user);
	root_use(vcpu, &mmu->root[false], kernel);
	root_use(vcpu, &mmu->root[true], user);
	mmu->kernel_gfn = kernel_gfn;
	mmu->user_gfn = user_gfn;
	choose_root(mmu, mmu->user && user);
	return 0;
}

/**
 * lg_shadow_use - go between the guest's kernel and its programs
 * @vcpu: has roots
 * @user: programs
 *
 * Returns 0, or -EINVAL: there is no such root.
 */
int lg_shadow_use(struct lg_vcpu *vcpu, bool user)
{
	struct lg_mmu *mmu = &vcpu->mmu;

	if (!mmu->root[user])
		return -EINVAL;
	choose_root(mmu, user);
	return 0;
}

/**
 * lg_shadow_root_phys - what CR3 must hold while the guest runs
 * @vcpu: has a root
 */
phys_addr_t lg_shadow_root_phys(struct lg_vcpu *vcpu)
{
	return vcpu->mmu.root_phys;
}

/**
 * lg_shadow_mode_phys - what CR3 must hold in one of the modes
 * @vcpu: has a root for it
 * @user: which mode
 */
phys_addr_t lg_shadow_mode_phys(struct lg_vcpu *vcpu, bool user)
{
	return __pa(vcpu->mmu.root[user]->entry);
}
