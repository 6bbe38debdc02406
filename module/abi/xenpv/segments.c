// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's descriptor tables and segment bases.
 *
 * The CPU uses copies that the host folder sanitises; the guest's own pages are
 * read when it loads a table and written when it updates an entry. We remember
 * where the copies came from, for updates name the place in memory.
 */
#include <linux/overflow.h>
#include "xenpv.h"

#define PER_PAGE	(PAGE_SIZE / sizeof(u64))
#define LDT_MAX		(LG_LDT_PAGES * PER_PAGE)

static int copy_gdt_page(struct lg_vcpu *vcpu, unsigned int page, u64 gfn)
{
	u64 *desc = (u64 *)__get_free_page(GFP_KERNEL_ACCOUNT);
	unsigned int i;
	int rc = 0;

	if (!desc)
		return -ENOMEM;
	if (lg_mem_read(vcpu->guest, gfn << PAGE_SHIFT, desc, PAGE_SIZE))
		rc = -EINVAL;
	/* What is no good descriptor stays out of the CPU's sight. */
	for (i = 0; !rc && i < PER_PAGE; i++)
		rc = host_set_gdt_entry(vcpu, page * PER_PAGE + i,
					host_descriptor_is_ok(desc[i]) ?
					desc[i] : 0);
	free_page((unsigned long)desc);
	return rc;
}

/**
 * xenpv_set_gdt - set_gdt
 * @vcpu: running guest
 * @frames_gva: its list of page numbers
 * @entries: of the GDT
 *
 * Returns 0, -EINVAL, -EFAULT, -ENOMEM.
 */
long xenpv_set_gdt(struct lg_vcpu *vcpu, u64 frames_gva, u64 entries)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u64 gfn[FIRST_RESERVED_GDT_PAGE];
	unsigned int i, pages;
	long rc;

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	pages = DIV_ROUND_UP(entries, PER_PAGE);
	if (lg_shadow_read(vcpu, frames_gva, gfn, pages * sizeof(gfn[0])))
		return -EFAULT;
	for (i = 0; i < pages; i++)
		if (gfn[i] >= vcpu->guest->ram_pages)
			return -EINVAL;
	host_clear_gdt(vcpu);
	a->gdt_pages = 0;
	for (i = 0; i < pages; i++) {
		rc = copy_gdt_page(vcpu, i, gfn[i]);
		if (rc)
			return rc;
		a->gdt_gfn[i] = gfn[i];
		a->gdt_pages = i + 1;
	}
	return 0;
}

/* A page of the LDT, or what there is of it. */
static int copy_ldt_page(struct lg_vcpu *vcpu, unsigned int first, u64 gva,
			 unsigned int count)
{
	u64 *desc = (u64 *)__get_free_page(GFP_KERNEL_ACCOUNT);
	unsigned int i;
	int rc = 0;

	if (!desc)
		return -ENOMEM;
	if (lg_shadow_read(vcpu, gva, desc, count * sizeof(desc[0])))
		memset(desc, 0, PAGE_SIZE);
	for (i = 0; !rc && i < count; i++)
		rc = host_set_ldt_entry(vcpu, first + i,
					host_descriptor_is_ok(desc[i]) ?
					desc[i] : 0);
	free_page((unsigned long)desc);
	return rc;
}

/**
 * xenpv_set_ldt - mmuext_op:SET_LDT
 * @vcpu: running guest
 * @gva: page-aligned, unless there are no entries
 * @entries: how many
 *
 * Pages that cannot be read hold nothing. Returns 0, -EINVAL, -ENOMEM.
 */
long xenpv_set_ldt(struct lg_vcpu *vcpu, u64 gva, u64 entries)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	unsigned int i;
	int rc;

	if (entries > LDT_MAX || (entries && !PAGE_ALIGNED(gva)) ||
	    !xenpv_gva_is_guests(gva))
		return -EINVAL;
	a->ldt_entries = 0;
	host_set_ldt_size(vcpu, 0);
	for (i = 0; i < entries; i += PER_PAGE) {
		rc = copy_ldt_page(vcpu, i, gva + i * sizeof(u64),
				   min_t(u64, PER_PAGE, entries - i));
		if (rc)
			return rc;
		cond_resched();
	}
	host_set_ldt_size(vcpu, entries);
	a->ldt_gva = gva;
	a->ldt_entries = entries;
	return 0;
}

/* The page may be part of the LDT under any of its addresses. */
static int update_ldt(struct lg_vcpu *vcpu, u64 gfn, unsigned int index,
		      u64 desc)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	unsigned int i, entry;
	struct lg_walk walk;
	int rc = 0;

	for (i = 0; i * PER_PAGE < a->ldt_entries && !rc; i++) {
		entry = i * PER_PAGE + index;
		if (entry >= a->ldt_entries)
			break;
		lg_walk(vcpu->guest, vcpu->mmu.kernel_gfn,
			a->ldt_gva + i * PAGE_SIZE, &walk);
		if (walk.present && (walk.leaf & LG_PTE_FRAME) >> PAGE_SHIFT == gfn)
			rc = host_set_ldt_entry(vcpu, entry, desc);
	}
	return rc;
}

/**
 * xenpv_update_descriptor - update_descriptor
 * @vcpu: running guest
 * @gpa: "machine" address of the entry
 * @desc: new value
 *
 * Returns 0, -EINVAL, -ENOMEM.
 */
long xenpv_update_descriptor(struct lg_vcpu *vcpu, u64 gpa, u64 desc)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	unsigned int i, index = offset_in_page(gpa) / sizeof(desc);
	u64 gfn = gpa >> PAGE_SHIFT, old;
	int rc = 0;

	if (!IS_ALIGNED(gpa, sizeof(desc)) || !host_descriptor_is_ok(desc))
		return -EINVAL;
	if (lg_mem_read(vcpu->guest, gpa, &old, sizeof(old)) ||
	    lg_mem_write(vcpu->guest, gpa, &desc, sizeof(desc)))
		return -EINVAL;
	/* Nobody keeps the guest from using a page table as a descriptor table. */
	lg_shadow_changed(vcpu, gfn, index, old, desc);
	for (i = 0; i < a->gdt_pages && !rc; i++)
		if (a->gdt_gfn[i] == gfn)
			rc = host_set_gdt_entry(vcpu, i * PER_PAGE + index, desc);
	return rc ?: update_ldt(vcpu, gfn, index, desc);
}

/**
 * xenpv_descriptor_base - where a code or data segment starts
 * @desc: descriptor
 */
u64 xenpv_descriptor_base(u64 desc)
{
	return (desc >> 16 & 0xffffff) | (desc >> 32 & 0xff000000);
}

/*
 * The GS selector of programs, while the kernel's base is in force. One that no
 * longer leads anywhere becomes null, as on a CPU that is asked by the kernel.
 */
static void set_gs_user_selector(struct lg_vcpu *vcpu, u16 selector)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u16 ds, es, fs, gs;

	if (selector > 3)
		selector |= 3;
	if (!host_data_selector_is_ok(vcpu, selector))
		selector = 0;
	host_get_data_selectors(vcpu, &ds, &es, &fs, &gs);
	host_set_data_selectors(vcpu, ds, es, fs, selector);
	a->gs_user = selector > 3 ?
		xenpv_descriptor_base(host_descriptor(vcpu, selector)) : 0;
}

/**
 * xenpv_set_segment_base - set_segment_base
 * @vcpu: in kernel mode
 * @which: SEGBASE_x
 * @base: base or selector
 *
 * Returns 0 or -EINVAL.
 */
long xenpv_set_segment_base(struct lg_vcpu *vcpu, u64 which, u64 base)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	if (which != SEGBASE_GS_USER_SEL && !host_is_canonical(base))
		return -EINVAL;
	switch (which) {
	case SEGBASE_FS:
		host_frame(vcpu)->fs_base = base;
		return 0;
	case SEGBASE_GS_USER:
		a->gs_user = base;
		return 0;
	case SEGBASE_GS_KERNEL:
		host_frame(vcpu)->gs_base = base;
		return 0;
	case SEGBASE_GS_USER_SEL:
		set_gs_user_selector(vcpu, base);
		return 0;
	default:
		return -EINVAL;
	}
}
