// SPDX-License-Identifier: GPL-2.0
/*
 * The table that tells guest kernels which page number of theirs has a frame
 * number: entry n is n, for the two are the same. It stands at the start of the
 * hypervisor's hole, read-only, in kernel roots alone; pages of it appear as
 * they are touched.
 */
#include <linux/slab.h>
#include <asm/trap_pf.h>
#include "shadow.h"

#define ENTRIES_PER_PAGE	(PAGE_SIZE / sizeof(u64))
#define UPPER_BITS	(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define LEAF_BITS	(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED | \
			 _PAGE_DIRTY | _PAGE_NX)

/* One table of the third level covers more memory than a guest can have. */
static_assert(HOST_MAX_MEMORY / PAGE_SIZE / ENTRIES_PER_PAGE <=
	      TABLE_ENTRIES * TABLE_ENTRIES);

static u64 *m2p_page(struct lg_m2p *m2p)
{
	u64 *page = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (page)
		m2p->pages++;
	return page;
}

/**
 * m2p_init - a table without pages
 * @m2p: zero
 *
 * Returns 0 or -ENOMEM.
 */
int m2p_init(struct lg_m2p *m2p)
{
	m2p->pud = m2p_page(m2p);
	m2p->pmd = m2p_page(m2p);
	if (!m2p->pud || !m2p->pmd) {
		m2p_free(m2p);
		return -ENOMEM;
	}
	m2p->pud[0] = __pa(m2p->pmd) | UPPER_BITS;
	return 0;
}

static u64 *entry_page(u64 entry)
{
	return entry ? __va(entry & LG_PTE_FRAME) : NULL;
}

/**
 * m2p_free - undo m2p_init()
 * @m2p: in no root any more; may be half made
 */
void m2p_free(struct lg_m2p *m2p)
{
	unsigned int i, j;

	for (i = 0; m2p->pmd && i < TABLE_ENTRIES; i++) {
		u64 *pte = entry_page(m2p->pmd[i]);

		for (j = 0; pte && j < TABLE_ENTRIES; j++)
			free_page((unsigned long)entry_page(pte[j]));
		free_page((unsigned long)pte);
		cond_resched();
	}
	free_page((unsigned long)m2p->pmd);
	free_page((unsigned long)m2p->pud);
}

static int m2p_fill(struct lg_guest *guest, unsigned long nr)
{
	struct lg_m2p *m2p = &guest->shadow->m2p;
	u64 *upper = &m2p->pmd[nr / TABLE_ENTRIES], first, *pte, *page;
	unsigned int i;

	if (!*upper) {
		pte = m2p_page(m2p);
		if (!pte)
			return -ENOMEM;
		*upper = __pa(pte) | UPPER_BITS;
	}
	pte = entry_page(*upper) + nr % TABLE_ENTRIES;
	if (*pte)
		return 0;
	page = m2p_page(m2p);
	if (!page)
		return -ENOMEM;
	first = nr * ENTRIES_PER_PAGE;
	for (i = 0; i < ENTRIES_PER_PAGE; i++)
		page[i] = first + i < guest->ram_pages ? first + i : ~0ull;
	*pte = __pa(page) | LEAF_BITS;
	return 0;
}

/**
 * m2p_fault - the guest's kernel touched the table
 * @vcpu: in kernel mode
 * @gva: in the first top-level slot of the hole
 * @error: the CPU's error code
 *
 * Returns what is to be done.
 */
enum lg_fault m2p_fault(struct lg_vcpu *vcpu, lg_gva_t gva, u64 *error)
{
	unsigned long nr = (gva - HOLE_START) >> PAGE_SHIFT;

	if (*error & (X86_PF_WRITE | X86_PF_INSTR | X86_PF_PROT) ||
	    nr * ENTRIES_PER_PAGE >= vcpu->guest->ram_pages)
		return LG_FAULT_GUEST;
	if (m2p_fill(vcpu->guest, nr)) {
		lg_kill(vcpu, "the host is out of memory");
		return LG_FAULT_DEAD;
	}
	lg_count(vcpu, LG_STAT_FILL);
	return LG_FAULT_FILLED;
}
