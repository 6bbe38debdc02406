// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing by the guest's own addresses, as its kernel would, with all
 * permissions of its tables: through the shadow where that knows the way, as a CPU
 * goes by its TLB, else through the tables.
 */
#include <linux/io.h>
#include <linux/uaccess.h>
#include "shadow.h"

/*
 * Shadow of the last-level table that an address of the guest's kernel leads to, to
 * write only if all levels above allow it. It may be as stale as a TLB. NULL: the
 * shadow does not know.
 */
static struct lg_table *kernel_l1(struct lg_vcpu *vcpu, lg_gva_t gva, bool write)
{
	u64 want = _PAGE_PRESENT | (write ? _PAGE_RW : 0);
	struct lg_table *root = vcpu->mmu.root[false];
	u64 entry, *table;
	int level;

	if (!root || !gva_is_guests(gva))
		return NULL;
	table = root->entry;
	for (level = 3; level > 0; level--) {
		entry = table[gva_index(gva, level)];
		if ((entry & want) != want)
			return NULL;
		table = __va(entry & LG_PTE_FRAME);
	}
	return (struct lg_table *)page_private(virt_to_page(table));
}

/*
 * Where does an access by the guest's kernel lead, as the shadow has it? NULL: it
 * does not know, or the page's memory has an error. What may be written to by it is
 * no table page.
 */
static void *translate_fast(struct lg_vcpu *vcpu, lg_gva_t gva, bool write)
{
	struct lg_table *l1 = kernel_l1(vcpu, gva, write);
	u64 want = write ? _PAGE_PRESENT | _PAGE_RW : _PAGE_PRESENT, entry;

	if (!l1)
		return NULL;
	entry = l1->entry[gva_index(gva, KIND_L1)];
	if ((entry & want) != want || PageHWPoison(pfn_to_page(pte_gfn(entry))))
		return NULL;
	return __va(entry & LG_PTE_FRAME) + offset_in_page(gva);
}

/* Where does an access by the guest's kernel lead? Marks the entry as it would. */
static int translate(struct lg_vcpu *vcpu, lg_gva_t gva, bool write,
		     lg_gpa_t *gpa)
{
	struct lg_walk walk;
	unsigned int tries = 16;
	int rc = -EFAULT;

	if (!gva_is_guests(gva))
		return -EFAULT;
	do {
		lg_walk(vcpu->guest, vcpu->mmu.kernel_gfn, gva, &walk);
		if (!walk.present || (write && !(walk.flags & LG_PTE_RW)))
			return -EFAULT;
		rc = lg_walk_mark(vcpu->guest, &walk,
				  write ? LG_PTE_A | LG_PTE_D : LG_PTE_A);
	} while (rc == -EAGAIN && --tries);
	*gpa = (pte_gfn(walk.leaf) << PAGE_SHIFT) + offset_in_page(gva);
	return rc ? -EFAULT : 0;
}

/* One page's part of a write. */
static int write_page(struct lg_vcpu *vcpu, lg_gpa_t gpa, const void *from,
		      size_t len)
{
	int rc = lg_mem_write(vcpu->guest, gpa, from, len);
	struct lg_pt *pt = pt_find(vcpu->guest->shadow, gpa >> PAGE_SHIFT);

	if (pt)
		pt_sync(vcpu, pt);
	return rc;
}

static size_t page_part(lg_gva_t gva, size_t len)
{
	return min_t(size_t, len, PAGE_SIZE - offset_in_page(gva));
}

/**
 * lg_shadow_read - read as the guest's kernel would
 * @vcpu: has a root
 * @gva: any address
 * @to: filled; undefined on error
 * @len: bytes
 *
 * Returns 0 or -EFAULT.
 */
int lg_shadow_read(struct lg_vcpu *vcpu, lg_gva_t gva, void *to, size_t len)
{
	lg_gpa_t gpa;
	void *at;
	size_t n;

	for (; len; gva += n, to += n, len -= n) {
		n = page_part(gva, len);
		at = translate_fast(vcpu, gva, false);
		/* Errors of memory that nobody knows of yet are not the host's end. */
		if (at) {
			if (copy_mc_to_kernel(to, at, n))
				return -EFAULT;
			continue;
		}
		if (translate(vcpu, gva, false, &gpa) ||
		    lg_mem_read(vcpu->guest, gpa, to, n))
			return -EFAULT;
	}
	return 0;
}

/**
 * lg_shadow_write - write as the guest's kernel would
 * @vcpu: has a root
 * @gva: any address
 * @from: bytes
 * @len: how many
 *
 * Returns 0 or -EFAULT, then part may have been written.
 */
int lg_shadow_write(struct lg_vcpu *vcpu, lg_gva_t gva, const void *from,
		    size_t len)
{
	lg_gpa_t gpa;
	void *at;
	size_t n;

	for (; len; gva += n, from += n, len -= n) {
		n = page_part(gva, len);
		at = translate_fast(vcpu, gva, true);
		if (at) {
			memcpy(at, from, n);
			continue;
		}
		if (translate(vcpu, gva, true, &gpa) ||
		    write_page(vcpu, gpa, from, n))
			return -EFAULT;
	}
	return 0;
}

/**
 * lg_shadow_fetch - read code, in the mode that is in force
 * @vcpu: has a root
 * @rip: any address
 * @to: filled
 * @len: bytes wanted
 *
 * Returns how many bytes could have been executed.
 */
size_t lg_shadow_fetch(struct lg_vcpu *vcpu, lg_gva_t rip, u8 *to, size_t len)
{
	struct lg_mmu *mmu = &vcpu->mmu;
	struct lg_walk walk;
	size_t n, done;

	for (done = 0; done < len; done += n) {
		lg_gva_t gva = rip + done;

		n = page_part(gva, len - done);
		if (!gva_is_guests(gva))
			break;
		lg_walk(vcpu->guest, mmu->user ? mmu->user_gfn :
						 mmu->kernel_gfn, gva, &walk);
		if (!walk.present || walk.flags & LG_PTE_NX ||
		    (mmu->user && !(walk.flags & LG_PTE_US)))
			break;
		if (lg_mem_read(vcpu->guest, (pte_gfn(walk.leaf) << PAGE_SHIFT) +
				offset_in_page(gva), to + done, n))
			break;
	}
	return done;
}

/**
 * lg_shadow_entry_gpa - where the guest kernel's last-level entry for an address is
 * @vcpu: has a root
 * @gva: one of the guest's
 *
 * Returns that, or -1: a level above is not there.
 */
lg_gpa_t lg_shadow_entry_gpa(struct lg_vcpu *vcpu, lg_gva_t gva)
{
	struct lg_table *l1 = kernel_l1(vcpu, gva, false);
	struct lg_walk walk;

	if (l1 && l1->pt)
		return (l1->pt->gfn << PAGE_SHIFT) +
		       gva_index(gva, KIND_L1) * sizeof(u64);
	lg_walk(vcpu->guest, vcpu->mmu.kernel_gfn, gva, &walk);
	return walk.leaf_gpa;
}
