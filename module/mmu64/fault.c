// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in the shadow tables: filled on page faults, brought up to date
 * when the guest says that it changed something.
 *
 * The shadow is a TLB in memory. An entry is what the guest's own entry says,
 * made safe: its frame must be a page of the guest's memory; user access is
 * always on, for the guest's kernel is in ring 3 as well, and what a program
 * may not see is not in the user root (as on Xen); caching, global and software
 * bits do not count. Accessed and dirty bits of last-level entries are set in
 * the guest's when ours is made; ours is writable only once the guest's is
 * dirty.
 *
 * The guest may not write to its table pages, by its own word: it maps them
 * read-only, and any writable mapping that it asks for stays read-only here.
 * Linux writes all the same, counting on the hypervisor to do it. Then the page
 * becomes *unsync*: writable to the guest's kernel, and compared with its
 * shadow at the next flush. In between the shadow may be stale, as a TLB may.
 * Last-level entries also tell the switcher which faults at a program's address are
 * the guest's own, so that it can give them to the guest's kernel without asking us:
 * at entries that are LG_SHADOW_ABSENT, writes at those that are
 * LG_SHADOW_READ_ONLY, or present and not LG_SHADOW_NARROWED. As a fault must not
 * find what a TLB would have forgotten by then, that holds only while no page is
 * unsync.
 *
 * A writable entry that was made before the page became a table page is not
 * looked for: a guest that keeps to the rules has taken it back by a call that
 * we have seen, another fools itself alone, for no entry ever leads outside
 * of its memory.
 *
 * Callers hold the vCPU's lock, may sleep, and the vCPU is not running.
 */
#include <linux/io.h>
#include <asm/trap_pf.h>
#include "shadow.h"

/*
 * Entries brought in along with the one that faulted: an aligned group. Linux
 * marks all of its own map of memory accessed, so pages there are taken before
 * they are touched: 6 in 100 in vain, for a twentieth of the faults.
 */
#define AROUND		64

/* ---- what entries should be ---- */

/**
 * upper_entry - shadow of an entry that leads to a table
 * @below: that table's shadow
 * @pte: the guest's
 */
u64 upper_entry(const struct lg_table *below, u64 pte)
{
	return __pa(below->entry) | _PAGE_PRESENT | _PAGE_USER |
	       _PAGE_ACCESSED | (pte & (LG_PTE_RW | LG_PTE_NX));
}

/* What a page's entry may be at most, or 0: we have not taken the page. */
static u64 frame_entry(struct lg_guest *guest, u64 gfn)
{
	struct page *page = lg_mem_taken(guest, gfn);
	u64 entry;

	if (!page)
		return 0;
	entry = page_to_phys(page) | _PAGE_PRESENT | _PAGE_USER |
		_PAGE_ACCESSED | _PAGE_DIRTY;
	if (!pt_find(guest->shadow, gfn))
		entry |= _PAGE_RW;
	frames_set(&guest->shadow->frames, gfn, entry);
	return entry;
}

/**
 * leaf_entry - shadow of an entry that leads to memory
 * @guest: any
 * @pte: the guest's, from a last-level table
 *
 * Without a fault to justify more: nothing that the guest has not accessed, no
 * page we have not taken, writable only if dirty and no table page.
 * Returns it; LG_SHADOW_ABSENT, LG_SHADOW_READ_ONLY; or 0: nothing is known.
 */
u64 leaf_entry(struct lg_guest *guest, u64 pte)
{
	u64 gfn = pte_gfn(pte), entry;

	if (!(pte & LG_PTE_P))
		return LG_SHADOW_ABSENT;
	if (!(pte & LG_PTE_A))
		return pte & LG_PTE_RW || gfn >= guest->ram_pages ?
		       0 : LG_SHADOW_READ_ONLY;
	entry = frames_get(&guest->shadow->frames, gfn);
	if (!entry)
		entry = frame_entry(guest, gfn);
	if (!entry)
		return 0;
	if (!(pte & LG_PTE_RW) || !(pte & LG_PTE_D))
		entry &= ~(u64)_PAGE_RW;
	if (pte & LG_PTE_RW && !(entry & _PAGE_RW))
		entry |= LG_SHADOW_NARROWED;
	return entry | (pte & LG_PTE_NX);
}

/* ---- bringing up to date ---- */

/* The guest's entry is this: is ours still right? */
static void sync_entry(struct lg_guest *guest, struct lg_table *t,
		       unsigned int i, u64 pte)
{
	struct lg_table *below;

	if (t->kind == KIND_L1) {
		WRITE_ONCE(t->entry[i], leaf_entry(guest, pte));
		return;
	}
	below = table_below(t, i);
	if (!below || (pte_leads_down(guest, pte) && below->pt &&
		       below->pt->gfn == pte_gfn(pte) &&
		       t->entry[i] == upper_entry(below, pte)))
		return;
	table_clear_entry(guest->shadow, t, i);
}

static void table_sync(struct lg_guest *guest, struct lg_table *t)
{
	lg_gpa_t gpa = t->pt->gfn << PAGE_SHIFT;
	unsigned int first, i;
	u64 pte[AROUND];

	for (first = 0; first < TABLE_ENTRIES; first += AROUND) {
		if (!memchr_inv(&t->entry[first], 0, sizeof(pte)))
			continue;
		if (lg_mem_read(guest, gpa + first * sizeof(u64), pte,
				sizeof(pte)))
			memset(pte, 0, sizeof(pte));
		for (i = 0; i < AROUND; i++)
			if (t->entry[first + i])
				sync_entry(guest, t, first + i, pte[i]);
	}
}

/**
 * pt_sync - a table page was written to behind our back
 * @vcpu: its guest's
 * @pt: the page
 */
void pt_sync(struct lg_vcpu *vcpu, struct lg_pt *pt)
{
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (pt->table[kind])
			table_sync(vcpu->guest, pt->table[kind]);
}

/* Take the guest's kernel the write access to a table page. */
static void unsync_end(struct lg_guest *guest, const struct lg_unsync *u)
{
	struct lg_pt *pt = pt_find(guest->shadow, u->l1_gfn);
	struct lg_table *l1 = pt ? pt->table[KIND_L1] : NULL;
	u64 pte;

	if (!l1 || !l1->entry[u->index])
		return;
	if (lg_mem_entry(guest, (u->l1_gfn << PAGE_SHIFT) + u->index * 8, 8,
			 &pte))
		pte = 0;
	WRITE_ONCE(l1->entry[u->index], leaf_entry(guest, pte));
}

/**
 * shadow_resync - look at all table pages that the guest may have written to
 * @vcpu: its guest's
 */
void shadow_resync(struct lg_vcpu *vcpu)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	unsigned int i, count = s->unsync_count;
	struct lg_pt *pt;

	for (i = 0; i < count; i++)
		unsync_end(vcpu->guest, &s->unsync[i]);
	s->unsync_count = 0;
	for (i = 0; i < count; i++) {
		if (i && s->unsync[i].gfn == s->unsync[i - 1].gfn)
			continue;
		pt = pt_find(s, s->unsync[i].gfn);
		if (pt)
			pt_sync(vcpu, pt);
	}
}

/**
 * lg_shadow_flush - the guest flushes its TLB
 * @vcpu: any
 */
void lg_shadow_flush(struct lg_vcpu *vcpu)
{
	lg_count(vcpu, LG_STAT_FLUSH);
	lg_shadow_end_row(vcpu);
	shadow_resync(vcpu);
	shadow_audit_due(vcpu);
}

/**
 * lg_shadow_invlpg - the guest flushes one address
 * @vcpu: any
 * @gva: any
 *
 * What was changed by a call is true already; which of the pages that were
 * written to directly leads to the address is not worth finding out.
 */
void lg_shadow_invlpg(struct lg_vcpu *vcpu, lg_gva_t gva)
{
	lg_shadow_flush(vcpu);
}

/* ---- faults ---- */

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

static void count_fill(struct lg_vcpu *vcpu, u64 entry)
{
	if (entry & _PAGE_PRESENT)
		lg_count(vcpu, LG_STAT_FILL);
}

static void fill_around(struct lg_vcpu *vcpu, struct lg_table *l1, lg_gva_t gva)
{
	unsigned int first = round_down(gva_index(gva, KIND_L1), AROUND), i;
	u64 pte[AROUND], entry;

	if (lg_mem_read(vcpu->guest, (l1->pt->gfn << PAGE_SHIFT) +
			first * sizeof(u64), pte, sizeof(pte)))
		return;
	for (i = 0; i < AROUND; i++) {
		if (l1->entry[first + i])
			continue;
		if (pte[i] & LG_PTE_P && pte[i] & LG_PTE_A)
			lg_mem_page(vcpu->guest, pte_gfn(pte[i]));
		entry = leaf_entry(vcpu->guest, pte[i]);
		WRITE_ONCE(l1->entry[first + i], entry);
		count_fill(vcpu, entry);
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


static void unsync_begin(struct lg_vcpu *vcpu, struct lg_table *l1,
			 unsigned int index, u64 gfn)
{
	struct lg_shadow *s = vcpu->guest->shadow;

	if (WARN_ON_ONCE(s->unsync_count == MAX_UNSYNC))
		return;
	s->unsync[s->unsync_count++] = (struct lg_unsync) {
		.gfn = gfn, .l1_gfn = l1->pt->gfn, .index = index,
	};
	WRITE_ONCE(l1->entry[index], l1->entry[index] | _PAGE_RW);
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
		unsync_begin(vcpu, l1, index, gfn);
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

/* ---- what the guest tells ---- */

/* The guest will write there again soon. */
static void remember_hot(struct lg_shadow *s, u64 gfn)
{
	unsigned int i;

	for (i = 0; i < MAX_HOT - 1 && s->hot[i] != gfn; i++)
		;
	if (s->hot[i] != gfn)
		s->epoch++;
	memmove(s->hot + 1, s->hot, i * sizeof(s->hot[0]));
	s->hot[0] = gfn;
}

static void changed_leaf(struct lg_vcpu *vcpu, struct lg_table *t,
			 unsigned int index, u64 new)
{
	u64 entry = leaf_entry(vcpu->guest, new);

	WRITE_ONCE(t->entry[index], entry);
	count_fill(vcpu, entry);
}

/* A writable mapping of what was a table page, and is not pinned any more. */
static void drop_former_table(struct lg_vcpu *vcpu, u64 pte)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_pt *pt;

	if ((pte & (LG_PTE_P | LG_PTE_RW)) != (LG_PTE_P | LG_PTE_RW))
		return;
	pt = pt_find(s, pte_gfn(pte));
	if (pt && !pt->pin)
		pt_drop_tables(s, pt);
}

/**
 * lg_shadow_changed - an entry of a guest table was written for the guest
 * @vcpu: its guest's
 * @gfn: page of the table, or of no table
 * @index: of the entry
 * @old: what was there
 * @new: what is there
 *
 * Where the shadow of the table is in use, an entry for memory that the guest
 * has marked accessed appears without a fault.
 */
void lg_shadow_changed(struct lg_vcpu *vcpu, u64 gfn, unsigned int index,
		       u64 old, u64 new)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_pt *pt = pt_find(s, gfn);
	unsigned int kind;

	if (pt && pt->table[KIND_L1]) {
		drop_former_table(vcpu, new);
		pt = pt_find(s, gfn);
	}
	remember_hot(s, gfn);
	if (!pt || old == new)
		return;
	if (pt->table[KIND_L1])
		changed_leaf(vcpu, pt->table[KIND_L1], index, new);
	for (kind = KIND_L2; kind < KINDS; kind++)
		if (pt->table[kind])
			sync_entry(vcpu->guest, pt->table[kind], index, new);
}

static bool is_last_level_only(const struct lg_pt *pt)
{
	unsigned int kind;

	for (kind = KIND_L2; kind < KINDS; kind++)
		if (pt->table[kind])
			return false;
	return pt->pin <= 1;
}

/**
 * lg_shadow_hot - page tables that the guest may want to write to
 * @vcpu: not running; what is told holds until it has run
 * @to: filled
 * @count: at most so many
 *
 * Who writes an entry there need not tell lg_shadow_changed() if he makes that of
 * the shadow what leaf_entry() would, or zero. Pages that are no tables so far are
 * among them, for Linux fills tables before it hangs them in.
 * Returns how many there are.
 */
unsigned int lg_shadow_hot(struct lg_vcpu *vcpu, struct lg_hot *to,
			   unsigned int count)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	unsigned int i, n = 0;

	for (i = 0; i < MAX_HOT && n < count && s->hot[i]; i++) {
		struct lg_pt *pt = pt_find(s, s->hot[i]);
		struct page *page = lg_mem_page(vcpu->guest, s->hot[i]);

		if (!page)
			continue;
		to[n++] = (struct lg_hot) {
			.gfn = s->hot[i],
			.guest = page_to_phys(page),
			.shadow = pt && pt->table[KIND_L1] ?
				  __pa(pt->table[KIND_L1]->entry) : 0,
			.upper = pt && !is_last_level_only(pt),
		};
	}
	return n;
}

/**
 * lg_shadow_level - at which level is a page a table page?
 * @guest: any
 * @gfn: any number
 * @pinned: set: the guest said so, and did not take it back
 *
 * Returns 1 to 4; 0: nothing is known.
 */
unsigned int lg_shadow_level(struct lg_guest *guest, u64 gfn, bool *pinned)
{
	struct lg_pt *pt = pt_find(guest->shadow, gfn);
	unsigned int kind;

	*pinned = pt && pt->pin;
	if (!pt || pt->pin)
		return pt ? pt->pin : 0;
	for (kind = KINDS; kind-- > 0;)
		if (pt->table[kind])
			return kind_level(kind);
	return 0;
}

/**
 * lg_shadow_pin - the guest says that a page is a table page
 * @vcpu: its guest's
 * @gfn: any number
 * @level: 1 to 4
 *
 * Returns 0; -EINVAL (no such page, pinned already), -ENOMEM.
 */
int lg_shadow_pin(struct lg_vcpu *vcpu, u64 gfn, unsigned int level)
{
	struct lg_pt *pt;

	if (gfn >= vcpu->guest->ram_pages)
		return -EINVAL;
	pt = pt_get(vcpu->guest->shadow, gfn);
	if (!pt)
		return -ENOMEM;
	if (pt->pin)
		return -EINVAL;
	pt->pin = level;
	vcpu->guest->shadow->epoch++;
	return 0;
}

/**
 * lg_shadow_unpin - the guest says that it is none any more
 * @vcpu: its guest's
 * @gfn: any number
 *
 * It may still be one, hung in others; a root is not, and nobody else would
 * tell us when its shadow is of no use.
 * Returns 0; -EINVAL (not pinned).
 */
int lg_shadow_unpin(struct lg_vcpu *vcpu, u64 gfn)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_pt *pt = pt_find(s, gfn);
	unsigned int level;

	if (!pt || !pt->pin)
		return -EINVAL;
	level = pt->pin;
	pt->pin = 0;
	s->epoch++;
	if (level == 4)
		pt_drop_tables(s, pt);
	else
		pt_put(s, pt);
	return 0;
}

/**
 * lg_shadow_replaced - all of a page is about to be written for the guest
 * @vcpu: its guest's
 * @gfn: any number
 *
 * Returns 0; -EINVAL: no such page, or a table page in use.
 */
int lg_shadow_replaced(struct lg_vcpu *vcpu, u64 gfn)
{
	struct lg_shadow *s = vcpu->guest->shadow;
	struct lg_pt *pt = pt_find(s, gfn);

	if (gfn >= vcpu->guest->ram_pages || (pt && pt->pin))
		return -EINVAL;
	if (pt)
		pt_drop_tables(s, pt);
	return 0;
}

/* ---- roots ---- */

/*
 * Hang in what other roots lead to already: all address spaces of a guest share
 * the tables of its kernel, in the upper half.
 */
static void root_fill(struct lg_guest *guest, struct lg_table *root)
{
	lg_gpa_t gpa = root->pt->gfn << PAGE_SHIFT;
	u64 group[AROUND], pte;
	struct lg_table *below;
	struct lg_pt *pt;
	unsigned int i;

	for (i = HOLE_FIRST; i < TABLE_ENTRIES; i++) {
		if (i % AROUND == 0 &&
		    lg_mem_read(guest, gpa + i * sizeof(pte), group,
				sizeof(group)))
			return;
		pte = group[i % AROUND];
		if (!pte_leads_down(guest, pte) || index_is_ours(root->kind, i))
			continue;
		pt = pt_find(guest->shadow, pte_gfn(pte));
		below = pt ? pt->table[KIND_L3] : NULL;
		if (below)
			table_link(root, i, below, upper_entry(below, pte));
	}
}

/* A claim: the guest has not said that it is a table of another level. */
static bool may_be_root(const struct lg_pt *pt)
{
	return !pt->pin || pt->pin == 4;
}

static struct lg_table *root_get(struct lg_vcpu *vcpu, u64 gfn, u8 kind)
{
	struct lg_guest *guest = vcpu->guest;
	struct lg_pt *pt = pt_find(guest->shadow, gfn);
	struct lg_table *root;

	if (gfn >= guest->ram_pages || (pt && !may_be_root(pt)))
		return ERR_PTR(-EINVAL);
	if (pt && pt->table[kind])
		return pt->table[kind];
	lg_count(vcpu, LG_STAT_ROOT_MISS);
	root = table_get(guest, gfn, kind);
	if (!root)
		return ERR_PTR(-ENOMEM);
	if (kind == KIND_KERNEL_ROOT)
		root_fill(guest, root);
	return root;
}

/* A claim: lg_shadow_recent() tells of it now, if asked for LG_DIRECT_ROOTS. */
static bool is_recent(struct lg_shadow *s, const struct lg_table *root)
{
	unsigned int n = 0;
	struct lg_table *t;

	list_for_each_entry(t, &s->roots, list) {
		if (t == root)
			return true;
		if (++n == LG_DIRECT_ROOTS)
			return false;
	}
	return false;
}

static void root_use(struct lg_vcpu *vcpu, struct lg_table **place,
		     struct lg_table *root)
{
	struct lg_shadow *s = vcpu->guest->shadow;

	if (root) {
		root->refs++;
		if (!is_recent(s, root))
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

/**
 * lg_shadow_epoch - a number that changes with what the switcher may be told
 * @vcpu: any
 *
 * While it is the same, so are the answers of lg_shadow_hot() and, but for their
 * order, lg_shadow_recent(). Never 0.
 */
u64 lg_shadow_epoch(struct lg_vcpu *vcpu)
{
	return vcpu->guest->shadow->epoch;
}

/**
 * lg_shadow_is_exact - a claim: all that the guest has done to its page tables is
 *	in their shadows
 * @vcpu: any
 *
 * So neither loading one of the roots nor a flush needs work of ours.
 */
bool lg_shadow_is_exact(struct lg_vcpu *vcpu)
{
	return !vcpu->guest->shadow->unsync_count;
}

/**
 * lg_shadow_recent - the roots loaded last, of those that lg_shadow_set_roots() would
 *	take
 * @vcpu: not running; what is told holds until it has run
 * @user: of which kind
 * @to: filled
 * @count: so many; those that are not there become zero
 *
 * Returns how many there are.
 */
unsigned int lg_shadow_recent(struct lg_vcpu *vcpu, bool user,
			      struct lg_direct_root *to, unsigned int count)
{
	u8 kind = user ? KIND_USER_ROOT : KIND_KERNEL_ROOT;
	struct lg_table *t;
	unsigned int n = 0;

	list_for_each_entry(t, &vcpu->guest->shadow->roots, list) {
		if (t->kind != kind || !t->pt || !may_be_root(t->pt))
			continue;
		to[n++] = (struct lg_direct_root) {
			.gfn = t->pt->gfn,
			.cr3 = __pa(t->entry),
		};
		if (n == count)
			return n;
	}
	memset(to + n, 0, (count - n) * sizeof(*to));
	return n;
}
