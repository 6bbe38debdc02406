// SPDX-License-Identifier: GPL-2.0
/*
 * Table pages by the guest's word: pinned at a level, or none any more.
 *
 * Callers hold the vCPU's lock, and the vCPU is not running.
 */
#include "shadow.h"

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
