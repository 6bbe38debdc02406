// SPDX-License-Identifier: GPL-2.0
/*
 * The host's shadow page tables are our TLB, tagged by address space: loading
 * cr3 does not flush.  So every downgrade of an entry is told to the host at
 * once, also one in an address space that is not loaded; upgrades are not
 * told, the next fault finds them.
 */
#include <linux/mm.h>
#include <asm/tlbflush.h>

#include "hcall.h"

/* Above this many pages one flush is cheaper than telling of each. */
#define MAX_PAGES	32

void lguest_load_cr3(unsigned long cr3)
{
	hcall_lazy(LG32_NEW_PGTABLE, cr3, 0, 0);
}

/* Everything of the loaded table below the kernel. */
void lguest_flush_user(void)
{
	hcall(LG32_FLUSH_TLB, 0, 0, 0);
}

/* Everything of every table. */
void lguest_flush_all(void)
{
	hcall(LG32_FLUSH_TLB, 1, 0, 0);
}

/* The entry that maps @addr, or 0 where there is no table for it. */
static u32 pte_of(pgd_t *pgd, unsigned long addr)
{
	pmd_t *pmd = pmd_offset(pud_offset(p4d_offset(pgd_offset_pgd(pgd, addr),
						      addr), addr), addr);

	return pmd_none(*pmd) ? 0 : pte_val(*pte_offset_kernel(pmd, addr));
}

/* Tell of each page from @start to @end; the last one makes the trip. */
static void set_ptes(pgd_t *pgd, unsigned long start, unsigned long end)
{
	unsigned long addr;

	for (addr = start; addr < end - PAGE_SIZE; addr += PAGE_SIZE)
		hcall_queue(LG32_SET_PTE, __pa(pgd), addr, pte_of(pgd, addr));
	hcall(LG32_SET_PTE, __pa(pgd), addr, pte_of(pgd, addr));
}

/* Tell of tables that may be gone. */
static void set_pgds(pgd_t *pgd, unsigned long start, unsigned long end)
{
	unsigned long i;

	for (i = pgd_index(start); i <= pgd_index(end - 1); i++)
		hcall_queue(LG32_SET_PGD, __pa(pgd), i, 0);
}

/*
 * Everything of @mm below the kernel.  Nobody will run again in an address
 * space without users, and its tables are freed after a context switch if it
 * is loaded: then there is no hurry.
 */
static void flush_mm(struct mm_struct *mm)
{
	struct mm_struct *loaded = this_cpu_read(cpu_tlbstate.loaded_mm);

	if (mm == loaded && !atomic_read(&mm->mm_users)) {
		hcall_queue(LG32_FLUSH_TLB, 0, 0, 0);
	} else if (mm == loaded) {
		lguest_flush_user();
	} else {
		hcall_queue(LG32_NEW_PGTABLE, __pa(mm->pgd), 0, 0);
		hcall_queue(LG32_FLUSH_TLB, 0, 0, 0);
		hcall(LG32_NEW_PGTABLE, __pa(loaded->pgd), 0, 0);
	}
}

void lguest_flush_mm(struct mm_struct *mm, unsigned long start,
		     unsigned long end, bool freed_tables)
{
	unsigned long flags;

	local_irq_save(flags);
	start &= PAGE_MASK;
	if (end != TLB_FLUSH_ALL && end - start <= MAX_PAGES * PAGE_SIZE) {
		if (freed_tables)
			set_pgds(mm->pgd, start, end);
		set_ptes(mm->pgd, start, PAGE_ALIGN(end));
	} else {
		flush_mm(mm);
	}
	local_irq_restore(flags);
}

/*
 * A fault was answered with a new entry.  To tell costs a trip, but less than
 * the second fault that the user would take on it.
 */
void lguest_update_mmu_cache(struct vm_area_struct *vma, unsigned long addr)
{
	if (vma_is_anonymous(vma) &&
	    !((lguest_data.cr2 ^ addr) & PAGE_MASK))
		hcall(LG32_SET_PTE, __pa(vma->vm_mm->pgd), addr & PAGE_MASK,
		      pte_of(vma->vm_mm->pgd, addr));
}

void lguest_flush_kernel(unsigned long start, unsigned long end)
{
	unsigned long flags;

	local_irq_save(flags);
	start &= PAGE_MASK;
	if (end != TLB_FLUSH_ALL && end - start <= MAX_PAGES * PAGE_SIZE)
		set_ptes(init_mm.pgd, start, PAGE_ALIGN(end));
	else
		lguest_flush_all();
	local_irq_restore(flags);
}
