// SPDX-License-Identifier: GPL-2.0
/*
 * What the switcher may be told of the shadow, so that it can load roots and write to
 * page tables for the guest without asking us.
 *
 * Callers hold the vCPU's lock, may sleep, and the vCPU is not running.
 */
#include <linux/io.h>
#include "shadow.h"

/**
 * direct_remember - a call wrote to a page table
 * @s: any
 * @gfn: its page, where the guest will write again soon
 */
void direct_remember(struct lg_shadow *s, u64 gfn)
{
	unsigned int i;

	for (i = 0; i < MAX_HOT - 1 && s->hot[i] != gfn; i++)
		;
	if (s->hot[i] != gfn)
		s->epoch++;
	memmove(s->hot + 1, s->hot, i * sizeof(s->hot[0]));
	s->hot[0] = gfn;
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
 * direct_has_root - a claim: lg_shadow_recent() tells of it now, if asked for
 *	LG_DIRECT_ROOTS
 * @s: any
 * @root: a root of @s
 */
bool direct_has_root(struct lg_shadow *s, const struct lg_table *root)
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
		if (t->kind != kind || !t->pt || !pt_may_be_root(t->pt))
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
