// SPDX-License-Identifier: GPL-2.0
/*
 * The window: the range of addresses, the same in both worlds, where the
 * switcher and the per-CPU pages are mapped. This file finds it a place, maps
 * it in the host, and shows it to the guest.
 *
 * Two places serve. At 0xFFC00000, where it always was, if the host was booted
 * with reservetop=4M and so keeps nothing above its fixmap: then through a page
 * table of our own, which every address space that runs guests gets (with PTI
 * each has its own kernel half). Or else inside the vmalloc area, which every
 * address space shares.
 */
#include <linux/cpu.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include <asm/desc.h>
#include <asm/fixmap.h>
#include "lg.h"

extern const char switcher_text[];
extern const u32 switcher_stubs[LG_IDT_ENTRIES];
extern const u32 switcher_size, switcher_entry, switcher_home_offset;

#define WINDOW_TOP	0xFFC00000ul	/* free with reservetop=4M */
#define FLAT_CODE	0x00cf9b000000ffffull	/* ring 0, accessed */
#define FLAT_DATA	0x00cf93000000ffffull

static bool vmalloc_window;
module_param(vmalloc_window, bool, 0444);
MODULE_PARM_DESC(vmalloc_window, "Map the switcher in the vmalloc area even where 0xFFC00000 is free");

static unsigned long window_base;
static unsigned int window_count;	/* pages */
static struct page **window_page;
static pte_t *window_ptes;		/* page table of the fixed place */
static struct lg_pages_host *window_cpus;

#define PAGES_PER_CPU	(sizeof(struct lg_pages) / PAGE_SIZE)

u32 window_cpu_gva(int cpu)
{
	return window_base + LG_TEXT_COPIES * PAGE_SIZE +
	       cpu * sizeof(struct lg_pages);
}

struct lg_pages_host *window_cpu(int cpu)
{
	return &window_cpus[cpu];
}

unsigned int window_text_copy(u32 eip)
{
	return (eip - window_base) >> PAGE_SHIFT;
}

u32 window_stub(unsigned int vector)
{
	return window_base + switcher_stubs[vector];
}

u32 window_entry(void)
{
	return window_base + switcher_entry;
}

/* The guest must leave all of the last-level tables we use to us. */
lg_gva_t host_window_gva(void)
{
	return window_base & PMD_MASK;
}

unsigned int host_window_pages(void)
{
	return window_count;
}

lg_gva_t host_window_page_gva(unsigned int page)
{
	return window_base + page * PAGE_SIZE;
}

/* The first pages of the window are the same page of text. */
unsigned int host_window_text_pages(void)
{
	return LG_TEXT_COPIES;
}

phys_addr_t host_window_text_phys(void)
{
	return page_to_phys(window_page[0]);
}

/* ---- the host's tables ---- */

static pmd_t *window_pmd(struct mm_struct *mm)
{
	pgd_t *pgd = pgd_offset(mm, window_base);

	return pmd_offset(pud_offset(p4d_offset(pgd, window_base), window_base),
			  window_base);
}

static void window_flush(void *unused)
{
	native_write_cr3(__native_read_cr3());
}

static void window_install(struct mm_struct *mm)
{
	set_pmd(window_pmd(mm), __pmd(__pa(window_ptes) | _KERNPG_TABLE));
	on_each_cpu(window_flush, NULL, 1);
}

static void window_remove(struct mm_struct *mm)
{
	set_pmd(window_pmd(mm), __pmd(0));
	on_each_cpu(window_flush, NULL, 1);
}

static bool window_is_per_mm(void)
{
	return window_ptes && boot_cpu_has(X86_FEATURE_PTI);
}

/**
 * host_mm_show - make the window visible in an address space
 * @mm: the caller's own
 *
 * Returns 0.
 */
int host_mm_show(struct mm_struct *mm)
{
	if (window_is_per_mm())
		window_install(mm);
	return 0;
}

/**
 * host_mm_hide - undo host_mm_show()
 * @mm: the same; its users may all be gone by now, its tables are not
 */
void host_mm_hide(struct mm_struct *mm)
{
	if (window_is_per_mm())
		window_remove(mm);
}

static pgprot_t window_prot(unsigned int page)
{
	pteval_t common = _PAGE_PRESENT | _PAGE_ACCESSED;

	if (page < LG_TEXT_COPIES)
		return __pgprot(common);
	return __pgprot(common | _PAGE_RW | _PAGE_DIRTY |
			(__supported_pte_mask & _PAGE_NX));
}

/* The place above the fixmap; -EBUSY if the host has something there. */
static int window_map_top(void)
{
	unsigned int i;

	if (vmalloc_window || FIXADDR_TOP >= WINDOW_TOP ||
	    window_count > PTRS_PER_PTE)
		return -EBUSY;
	window_base = WINDOW_TOP;
	if (!pmd_none(*window_pmd(current->mm)))
		return -EBUSY;
	window_ptes = (pte_t *)get_zeroed_page(GFP_KERNEL);
	if (!window_ptes)
		return -ENOMEM;
	for (i = 0; i < window_count; i++)
		set_pte(window_ptes + i,
			pfn_pte(page_to_pfn(window_page[i]), window_prot(i)));
	if (!window_is_per_mm())
		window_install(current->mm);
	return 0;
}

/* Anywhere vmap() likes. It makes everything NX: the text is mended before use. */
static int window_map_vmalloc(void)
{
	unsigned int i, level;
	pte_t *pte;

	window_base = (unsigned long)vmap(window_page, window_count, VM_MAP,
					  window_prot(LG_TEXT_COPIES));
	if (!window_base)
		return -ENOMEM;
	for (i = 0; i < LG_TEXT_COPIES; i++) {
		pte = lookup_address(window_base + i * PAGE_SIZE, &level);
		if (!pte || level != PG_LEVEL_4K) {
			vunmap((void *)window_base);
			return -EFAULT;
		}
		set_pte(pte, pfn_pte(page_to_pfn(window_page[i]),
				     window_prot(i)));
	}
	return 0;
}

static void window_unmap(void)
{
	if (!window_ptes) {
		vunmap((void *)window_base);
		return;
	}
	if (!window_is_per_mm())
		window_remove(current->mm);
	free_page((unsigned long)window_ptes);
}

/* ---- the guest's view ---- */

static void window_show_page(struct lg_vcpu *vcpu, unsigned int page, u64 pte)
{
	*lg_shadow_fixed(vcpu->guest, page) = pte;
}

/**
 * window_show - let the guest's shadow show the pages of one CPU only
 * @vcpu: not running
 * @cpu: the CPU it will run on next
 *
 * Page A is the vCPU's own, page B this CPU's, page C nobody's. None holds code.
 */
void window_show(struct lg_vcpu *vcpu, int cpu)
{
	struct host_vcpu *host = &vcpu->host;
	unsigned int page = LG_TEXT_COPIES + cpu * PAGES_PER_CPU;
	u64 nx = __supported_pte_mask & _PAGE_NX;

	if (host->cpu >= 0) {
		unsigned int old = LG_TEXT_COPIES +
				   host->cpu * PAGES_PER_CPU;

		window_show_page(vcpu, old, 0);
		window_show_page(vcpu, old + 1, 0);
	}
	window_show_page(vcpu, page, __pa(host->page_a) | nx | _PAGE_PRESENT |
			 _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY);
	window_show_page(vcpu, page + 1, page_to_phys(window_page[page + 1]) |
			 nx | _PAGE_PRESENT | _PAGE_ACCESSED);
	host->cpu = cpu;
	host->dirty = HOST_DIRTY_ALL;
}

/* ---- set-up ---- */

/* All that is in a CPU's pages for good. */
static void window_fill(int cpu)
{
	struct lg_page_b *b = window_cpus[cpu].b;
	struct lg_page_c *c = window_cpus[cpu].c;
	u32 gva = window_cpu_gva(cpu);
	u32 b_gva = gva + offsetof(struct lg_pages, b);
	u32 tss = b_gva + offsetof(struct lg_page_b, tss);

	b->tss.sp0 = gva + PAGE_SIZE;
	b->tss.ss0 = LG_DS;
	b->tss.io_bitmap_base = sizeof(b->tss);	/* none: every port traps */
	b->gdt[LG_GDT_CODE] = FLAT_CODE;
	b->gdt[LG_GDT_DATA] = FLAT_DATA;
	b->gdt[LG_GDT_TSS] = 0x0000890000000067ull |
		(u64)(tss & 0xffffff) << 16 | (u64)(tss >> 24) << 56;
	c->frame_eip = gva + offsetof(struct lg_pages, a.frame.eip);
	c->guest_gdt.size = sizeof(b->gdt) - 1;
	c->guest_gdt.address = b_gva + offsetof(struct lg_page_b, gdt);
	c->guest_idt.size = sizeof(b->idt) - 1;
	c->guest_idt.address = b_gva + offsetof(struct lg_page_b, idt);
}

static u64 *host_gdt(int cpu)
{
	return (u64 *)get_cpu_gdt_rw(cpu);
}

/* Entries 10 and 11 must be ours in the host's GDTs too: an NMI's iret in the
 * middle of a switch reloads CS from whichever is in force.
 */
static bool host_gdt_is_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (host_gdt(cpu)[LG_GDT_CODE] || host_gdt(cpu)[LG_GDT_DATA])
			return false;
	return true;
}

static void host_gdt_set(u64 code, u64 data)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		host_gdt(cpu)[LG_GDT_CODE] = code;
		host_gdt(cpu)[LG_GDT_DATA] = data;
	}
}

static void window_free_pages(void)
{
	unsigned int i;

	for (i = LG_TEXT_COPIES - 1; i < window_count; i++)
		if (window_page[i])
			__free_page(window_page[i]);
	kvfree(window_page);
	kfree(window_cpus);
}

static int window_alloc_pages(void)
{
	unsigned int i, cpu;

	window_count = LG_TEXT_COPIES + nr_cpu_ids * PAGES_PER_CPU;
	window_page = kvcalloc(window_count, sizeof(*window_page), GFP_KERNEL);
	if (!window_page)
		return -ENOMEM;
	window_cpus = kcalloc(nr_cpu_ids, sizeof(*window_cpus), GFP_KERNEL);
	if (!window_cpus) {
		kvfree(window_page);
		return -ENOMEM;
	}
	for (i = LG_TEXT_COPIES - 1; i < window_count; i++) {
		window_page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!window_page[i]) {
			window_free_pages();
			return -ENOMEM;
		}
	}
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		i = LG_TEXT_COPIES + cpu * PAGES_PER_CPU;
		window_cpus[cpu].b = page_address(window_page[i + 1]);
		window_cpus[cpu].c = page_address(window_page[i + 2]);
	}
	for (i = 0; i < LG_TEXT_COPIES; i++)
		window_page[i] = window_page[LG_TEXT_COPIES - 1];
	memcpy(page_address(window_page[0]), switcher_text, switcher_size);
	return 0;
}

/* Say no before anything is touched. */
static int host_check(void)
{
	if (boot_cpu_has(X86_FEATURE_XENPV)) {
		pr_err("lg: this kernel is itself a paravirtual guest\n");
		return -ENODEV;
	}
	if (!boot_cpu_has(X86_FEATURE_PAE)) {
		pr_err("lg: this kernel does not use PAE\n");
		return -ENODEV;
	}
	if (!host_gdt_is_free()) {
		pr_err("lg: GDT entries 10 and 11 are in use by somebody else\n");
		return -EBUSY;
	}
	return 0;
}

/**
 * host_init - find the window a place and make this host ready for guests
 *
 * Returns 0; -ENODEV (this CPU or kernel will not do), -EBUSY, -ENOMEM,
 * -EFAULT; the reason is in the log.
 */
int host_init(void)
{
	unsigned int cpu;
	int rc = host_check();

	if (rc)
		return rc;
	rc = window_alloc_pages();
	if (rc)
		return rc;
	rc = window_map_top();
	if (rc == -EBUSY)
		rc = window_map_vmalloc();
	if (rc) {
		pr_err("lg: no place for the switcher: error %d\n", rc);
		goto err_free_pages;
	}
	if (host_window_gva() < 0xd0000000) {
		pr_err("lg: the switcher would lie at %#lx, amid the guest; boot with reservetop=4M\n",
		       window_base);
		rc = -ENODEV;
		goto err_unmap;
	}
	*(u32 *)(page_address(window_page[0]) + switcher_home_offset) =
		window_base;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		window_fill(cpu);
	host_gdt_set(FLAT_CODE, FLAT_DATA);
	pr_info("lg: switcher at %#lx%s, %u bytes, %u pages\n", window_base,
		window_ptes ? "" : ", in the vmalloc area",
		switcher_size, window_count);
	return 0;

err_unmap:
	window_unmap();
err_free_pages:
	window_free_pages();
	return rc;
}

/**
 * host_exit - undo host_init(); no guest may be left
 */
void host_exit(void)
{
	host_gdt_set(0, 0);
	window_unmap();
	window_free_pages();
}
