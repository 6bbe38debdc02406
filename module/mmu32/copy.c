// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing by the guest's own addresses, as its kernel would.
 *
 * Callers hold the vCPU's lock, may sleep, and the vCPU is not running.
 */
#include "shadow.h"

/**
 * lg_shadow_translate - where does an access by the guest lead?
 * @vcpu: any mode
 * @gva: address
 * @access: LG_PTE_RW for a write, LG_PTE_US if it must be user's
 * @gpa: set
 *
 * Marks the guest's entry accessed and dirty as the access would.
 * Returns 0 or -EFAULT.
 */
int lg_shadow_translate(struct lg_vcpu *vcpu, lg_gva_t gva, u32 access,
			lg_gpa_t *gpa)
{
	struct lg_walk walk;

	*gpa = gva;
	if (vcpu->guest->shadow->linear)
		return 0;
	if (gva >= host_window_gva())
		return -EFAULT;
	lg_walk(vcpu->guest, vcpu->mmu.root->cr3, gva, &walk);
	if (walk.bad || !walk.present || (walk.flags & access) != access)
		return -EFAULT;
	*gpa = walk.gpa;
	return lg_walk_mark(vcpu->guest, &walk, access & LG_PTE_RW ?
			    LG_PTE_A | LG_PTE_D : LG_PTE_A);
}

static int virt_copy(struct lg_vcpu *vcpu, lg_gva_t gva, void *buf, size_t len,
		     bool write)
{
	while (len) {
		size_t n = min_t(size_t, len, PAGE_SIZE - offset_in_page(gva));
		lg_gpa_t gpa;
		int rc;

		rc = lg_shadow_translate(vcpu, gva, write ? LG_PTE_RW : 0, &gpa);
		if (!rc)
			rc = write ? lg_mem_write(vcpu->guest, gpa, buf, n) :
				     lg_mem_read(vcpu->guest, gpa, buf, n);
		if (rc)
			return rc;
		gva += n;
		buf += n;
		len -= n;
	}
	return 0;
}

/**
 * lg_shadow_read - read as the guest kernel would
 * @vcpu: any mode
 * @gva: address
 * @to: filled; undefined on error
 * @len: bytes
 *
 * Returns 0 or -EFAULT.
 */
int lg_shadow_read(struct lg_vcpu *vcpu, lg_gva_t gva, void *to, size_t len)
{
	return virt_copy(vcpu, gva, to, len, false);
}

/**
 * lg_shadow_write - write as the guest kernel would
 * @vcpu: any mode
 * @gva: address
 * @from: bytes
 * @len: how many
 *
 * Returns 0 or -EFAULT, then part may have been written.
 */
int lg_shadow_write(struct lg_vcpu *vcpu, lg_gva_t gva, const void *from,
		    size_t len)
{
	return virt_copy(vcpu, gva, (void *)from, len, true);
}
