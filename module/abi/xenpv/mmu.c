// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercalls about page tables: mmu_update, update_va_mapping, mmuext_op.
 *
 * The guest's tables hold its own page numbers, and the shadow is what isolates
 * guests, so nothing here is needed to keep a guest in its place: what is
 * refused is refused because Xen would refuse it, as far as that is cheap to
 * know. Entries are written in the guest's memory first, then the shadow is
 * told. Every argument is any number.
 */
#include <linux/types.h>
#include <xen/interface/xen.h>
#include "xenpv.h"

/* Most entries of one call: the guest must not keep us for long. */
#define MAX_BATCH	16384

#define PREEMPTED	BIT_ULL(31)	/* MMU_UPDATE_PREEMPTED: see give_way() */
#define LEVEL_ROOT	4
#define HOLE_FIRST	256		/* of a root: the hypervisor's entries */
#define HOLE_LAST	271
#define NO_PAGE		(LG_PTE_FRAME >> PAGE_SHIFT)	/* Xen's INVALID_MFN */

/* ---- one entry ---- */

/*
 * Would Xen take this entry in a table of the level? 0: it is no table. A page that
 * nobody has could be a device's, which Xen would have to permit.
 */
static long entry_check(struct lg_guest *guest, unsigned int level,
			unsigned int index, u64 pte)
{
	u64 gfn = (pte & LG_PTE_FRAME) >> PAGE_SHIFT;
	bool pinned;

	if (level == LEVEL_ROOT && index >= HOLE_FIRST && index <= HOLE_LAST)
		return -EINVAL;
	if (!level || !(pte & LG_PTE_P))
		return 0;
	if (gfn >= guest->ram_pages)
		return level == 1 && gfn != NO_PAGE ? -EPERM : -EINVAL;
	if (level > 1)
		return pte & LG_PTE_PSE ? -EINVAL : 0;
	if (!(pte & LG_PTE_RW))
		return 0;
	lg_shadow_level(guest, gfn, &pinned);
	return pinned ? -EBUSY : 0;
}

/* Write one entry for the guest, its accessed and dirty bits kept if so wanted. */
static long entry_write(struct lg_vcpu *vcpu, lg_gpa_t gpa, u64 pte,
			bool preserve_ad)
{
	struct lg_guest *guest = vcpu->guest;
	u64 gfn = gpa >> PAGE_SHIFT, old, new;
	unsigned int index = offset_in_page(gpa) / sizeof(u64), tries = 16;
	bool pinned;
	long rc;

	if (lg_mem_entry(guest, gpa, sizeof(u64), &old))
		return -EINVAL;
	rc = entry_check(guest, lg_shadow_level(guest, gfn, &pinned), index, pte);
	if (rc)
		return rc;
	do {
		new = pte;
		if (preserve_ad)
			new |= old & (LG_PTE_A | LG_PTE_D);
		rc = lg_mem_exchange(guest, gpa, &old, new);
	} while (rc == -EAGAIN && --tries);
	if (rc)
		return rc == -EAGAIN ? -EBUSY : -EINVAL;
	lg_shadow_changed(vcpu, gfn, index, old, new);
	return 0;
}

/* ---- mmu_update ---- */

/*
 * Tables and pages of oneself only. Domain 0 and its tables, which would be number
 * 1 here, are not for guests. Returns 0 or -errno, as Xen does.
 */
static long check_domain(u64 domid)
{
	u32 pages = domid & 0xffff, tables = (domid >> 16) & 0xffff;

	if (tables > 1)
		return -ESRCH;
	switch (pages) {
	case DOMID_SELF:
		return tables ? -EPERM : 0;
	case 0:
	case DOMID_IO:
	case DOMID_XEN:
		return -EPERM;
	default:
		return -ESRCH;
	}
}

/* What is not permitted is permitted to be done to nothing. */
static long check_list(long domain, long count)
{
	return domain == -EPERM && !count ? 0 : domain ?: min(count, 0L);
}

static long update_one(struct lg_vcpu *vcpu, const struct mmu_update *request)
{
	lg_gpa_t gpa = request->ptr & ~7ull;

	switch (request->ptr & 7) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		return entry_write(vcpu, gpa, request->val, false);
	case MMU_PT_UPDATE_PRESERVE_AD:
		return entry_write(vcpu, gpa, request->val, true);
	case MMU_MACHPHYS_UPDATE:
		/* The two are one to us. */
		return gpa >> PAGE_SHIFT < vcpu->guest->ram_pages ? 0 : -EINVAL;
	default:
		return -ENOSYS;
	}
}

/* The number of entries, or -errno. */
static long check_count(u64 count)
{
	count = (u32)count & ~PREEMPTED;
	return count > MAX_BATCH ? -EINVAL : (long)count;
}

/* Tell the guest how many were done; an address that will not do is its loss. */
static void report_done(struct lg_vcpu *vcpu, u64 done, u32 count)
{
	if (done)
		lg_shadow_write(vcpu, done, &count, sizeof(count));
}

/* How many were done before the call gave way, as the guest's memory has it. */
static u32 done_before(struct lg_vcpu *vcpu, u64 count, u64 done)
{
	u32 before;

	if (!(count & PREEMPTED) || !done ||
	    lg_shadow_read(vcpu, done, &before, sizeof(before)))
		return 0;
	return before;
}

/* The guest makes the call again, as on Xen, for what is left after @i requests. */
static long give_way(struct lg_vcpu *vcpu, u32 i, long total, size_t bytes)
{
	u64 *arg = xenpv_vcpu(vcpu)->call->arg;

	arg[0] += i * bytes;
	arg[1] = (total - i) | PREEMPTED;
	return XENPV_AGAIN;
}

/**
 * xenpv_mmu_update - HYPERVISOR_mmu_update
 * @vcpu: in kernel mode
 * @requests: guest address of an array of struct mmu_update
 * @count: its length, and whether it gave way before
 * @done: 0, or where the number of requests that succeeded goes
 * @domid: whose tables and pages
 *
 * Returns 0 or -errno, for the guest; XENPV_AGAIN.
 */
long xenpv_mmu_update(struct lg_vcpu *vcpu, u64 requests, u64 count, u64 done,
		      u64 domid)
{
	long total = check_count(count), rc = check_list(check_domain(domid), total);
	struct mmu_update request;
	u32 i, before;

	if (rc)
		return rc;
	before = done_before(vcpu, count, done);
	for (i = 0; i < total; i++) {
		if (i && xenpv_must_give_way()) {
			rc = give_way(vcpu, i, total, sizeof(request));
			break;
		}
		if (lg_shadow_read(vcpu, requests + i * sizeof(request),
				   &request, sizeof(request)))
			rc = -EFAULT;
		else
			rc = update_one(vcpu, &request);
		if (rc)
			break;
	}
	report_done(vcpu, done, before + i);
	return rc;
}

/* ---- update_va_mapping ---- */

/*
 * Where the flags are the address of a mask of vCPUs, it must be there; there is
 * one, and it flushes whatever the mask says.
 */
static long flush_by_flags(struct lg_vcpu *vcpu, u64 gva, u64 flags)
{
	u64 mask_gva = flags & ~(u64)(UVMF_FLUSHTYPE_MASK | UVMF_ALL), mask;
	u64 type = flags & UVMF_FLUSHTYPE_MASK;

	if (type != UVMF_TLB_FLUSH && type != UVMF_INVLPG)
		return 0;
	if (mask_gva && lg_shadow_read(vcpu, mask_gva, &mask, sizeof(mask)))
		return -EFAULT;
	if (type == UVMF_INVLPG)
		lg_shadow_invlpg(vcpu, gva);
	else
		lg_shadow_flush(vcpu);
	return 0;
}

/**
 * xenpv_update_va_mapping - HYPERVISOR_update_va_mapping
 * @vcpu: in kernel mode
 * @gva: address whose last-level entry is to be written
 * @pte: what to write
 * @flags: UVMF_x
 * @domid: whose page it names
 *
 * Returns 0 or -errno, for the guest.
 */
long xenpv_update_va_mapping(struct lg_vcpu *vcpu, u64 gva, u64 pte, u64 flags,
			     u64 domid)
{
	long rc = check_domain(domid), flushed;
	lg_gpa_t gpa;

	if (rc)
		return rc;
	if (!xenpv_gva_is_guests(gva))
		return -EINVAL;
	gpa = lg_shadow_entry_gpa(vcpu, gva);
	if (gpa == (lg_gpa_t)-1)
		return -EINVAL;
	rc = entry_check(vcpu->guest, 1, 0, pte);
	if (rc)
		return rc;
	rc = entry_write(vcpu, gpa, pte, false);
	flushed = flush_by_flags(vcpu, gva, flags);
	return rc ?: flushed;
}

/* ---- mmuext_op ---- */

static long load_root(struct lg_vcpu *vcpu, u64 kernel_gfn, u64 user_gfn)
{
	long rc = lg_shadow_set_roots(vcpu, kernel_gfn, user_gfn);

	if (rc == -ENOMEM)
		lg_kill(vcpu, "the host is out of memory");
	return rc;
}

static long write_page(struct lg_vcpu *vcpu, u64 gfn, const void *data)
{
	long rc = lg_shadow_replaced(vcpu, gfn);

	return rc ?: lg_mem_write(vcpu->guest, gfn << PAGE_SHIFT, data,
				  PAGE_SIZE);
}

static long clear_page_of(struct lg_vcpu *vcpu, u64 gfn)
{
	return write_page(vcpu, gfn, page_address(ZERO_PAGE(0)));
}

static long copy_page_of(struct lg_vcpu *vcpu, u64 to, u64 from)
{
	void *page = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	long rc = -EINVAL;

	if (!page)
		return -ENOMEM;
	if (from < vcpu->guest->ram_pages &&
	    !lg_mem_read(vcpu->guest, from << PAGE_SHIFT, page, PAGE_SIZE))
		rc = write_page(vcpu, to, page);
	free_page((unsigned long)page);
	return rc;
}

/* A mask of vCPUs, as in flush_by_flags(). */
static long flush_multi(struct lg_vcpu *vcpu, u64 mask_gva)
{
	u64 mask;

	if (lg_shadow_read(vcpu, mask_gva, &mask, sizeof(mask)))
		return -EINVAL;
	lg_shadow_flush(vcpu);
	return 0;
}

static long ext_one(struct lg_vcpu *vcpu, const struct mmuext_op *op)
{
	struct lg_mmu *mmu = &vcpu->mmu;
	u64 gfn = op->arg1.mfn;

	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return lg_shadow_pin(vcpu, gfn,
				     op->cmd - MMUEXT_PIN_L1_TABLE + 1);
	case MMUEXT_UNPIN_TABLE:
		return lg_shadow_unpin(vcpu, gfn);
	case MMUEXT_NEW_BASEPTR:
		return load_root(vcpu, gfn, mmu->user_gfn);
	case MMUEXT_NEW_USER_BASEPTR:
		return load_root(vcpu, mmu->kernel_gfn, gfn);
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_TLB_FLUSH_ALL:
		lg_shadow_flush(vcpu);
		return 0;
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_INVLPG_ALL:
		lg_shadow_invlpg(vcpu, op->arg1.linear_addr);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
		return flush_multi(vcpu, (u64)op->arg2.vcpumask);
	case MMUEXT_FLUSH_CACHE:	/* for those who have a device */
		return -EACCES;
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		return -EINVAL;
	case MMUEXT_SET_LDT:
		return xenpv_set_ldt(vcpu, op->arg1.linear_addr,
				     op->arg2.nr_ents);
	case MMUEXT_CLEAR_PAGE:
		return clear_page_of(vcpu, gfn);
	case MMUEXT_COPY_PAGE:
		return copy_page_of(vcpu, gfn, op->arg2.src_mfn);
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}

/**
 * xenpv_mmuext_op - HYPERVISOR_mmuext_op
 * @vcpu: in kernel mode
 * @requests: guest address of an array of struct mmuext_op
 * @count: its length, and whether it gave way before
 * @done: 0, or where the number of requests that succeeded goes
 * @domid: whose pages
 *
 * Returns 0 or -errno, for the guest; XENPV_AGAIN.
 */
long xenpv_mmuext_op(struct lg_vcpu *vcpu, u64 requests, u64 count, u64 done,
		     u64 domid)
{
	long total = check_count(count);
	long rc = check_list(check_domain(domid & 0xffff), total);
	struct mmuext_op op;
	u32 i, before;

	if (rc)
		return rc;
	before = done_before(vcpu, count, done);
	for (i = 0; i < total; i++) {
		if (i && xenpv_must_give_way()) {
			rc = give_way(vcpu, i, total, sizeof(op));
			break;
		}
		if (lg_shadow_read(vcpu, requests + i * sizeof(op), &op,
				   sizeof(op)))
			rc = -EFAULT;
		else
			rc = ext_one(vcpu, &op);
		if (rc)
			break;
	}
	report_done(vcpu, done, before + i);
	return rc;
}
