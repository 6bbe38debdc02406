// SPDX-License-Identifier: GPL-2.0
/*
 * The window: the slot of the top-level page table, the same in both worlds,
 * where the switcher and the tables it uses are mapped. host.h has the map of it.
 *
 * The host's view hangs in the launcher's own top-level table and nowhere else;
 * its tables live as long as the module. Each guest has a view of its own, which
 * hangs in all of its shadow roots and shows, of each CPU, the vCPU that ran
 * there last.
 */
#include <linux/cc_platform.h>
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/desc.h>
#include <asm/io.h>
#include <asm/tlbflush.h>
#include <asm/irq_vectors.h>
#include <asm/trapnr.h>
#include "compat.h"
#include "lg.h"

extern const char switcher_text[];
extern const u32 switcher_size, switcher_entry, switcher_syscall,
		 switcher_syscall32, switcher_vectors, switcher_gp,
		 switcher_int80, switcher_pf, switcher_nmi, switcher_mc,
		 switcher_db, switcher_df;

#define STUB_BYTES	16
#define AREAS_PER_TABLE	(PTRS_PER_PTE / WINDOW_AREA_PAGES)
#define MAX_CPUS	((unsigned int)(PTRS_PER_PMD * AREAS_PER_TABLE))

#define TABLE_BITS	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED)
#define DATA_BITS	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | \
			 _PAGE_DIRTY | _PAGE_NX)
#define TEXT_BITS	(_PAGE_PRESENT | _PAGE_ACCESSED)

static struct host_guest host_view;
static struct window_cpu *window_cpus;
static void *text, *zero;

struct window_cpu *window_cpu(int cpu)
{
	return &window_cpus[cpu];
}

unsigned long window_page_gva(int cpu, unsigned int page)
{
	return WINDOW_BASE + ((unsigned long)cpu << WINDOW_AREA_SHIFT) +
	       page * PAGE_SIZE;
}

unsigned long window_entry(int cpu)
{
	return window_page_gva(cpu, WINDOW_TEXT) + switcher_entry;
}

unsigned long window_syscall(int cpu)
{
	return window_page_gva(cpu, WINDOW_TEXT) + switcher_syscall;
}

unsigned long window_syscall32(int cpu)
{
	return window_page_gva(cpu, WINDOW_TEXT) + switcher_syscall32;
}

/* The guest may use nothing from here to the end of the hypervisor's hole. */
lg_gva_t host_window_gva(void)
{
	return WINDOW_BASE;
}

/* ---- views ---- */

static void *zeroed_page(void)
{
	return (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

static void view_free(struct host_guest *view)
{
	unsigned int i;

	for (i = 0; view->pte && i < DIV_ROUND_UP(nr_cpu_ids, AREAS_PER_TABLE);
	     i++)
		free_page((unsigned long)view->pte[i]);
	kfree(view->pte);
	free_page((unsigned long)view->pmd);
	free_page((unsigned long)view->pud);
}

/* On error the view is half made: view_free(). */
static int view_alloc(struct host_guest *view)
{
	unsigned int i, tables = DIV_ROUND_UP(nr_cpu_ids, AREAS_PER_TABLE);

	view->pud = zeroed_page();
	view->pmd = zeroed_page();
	view->pte = kcalloc(tables, sizeof(*view->pte), GFP_KERNEL_ACCOUNT);
	if (!view->pud || !view->pmd || !view->pte)
		return -ENOMEM;
	view->pud[0] = __pa(view->pmd) | TABLE_BITS;
	for (i = 0; i < tables; i++) {
		view->pte[i] = zeroed_page();
		if (!view->pte[i])
			return -ENOMEM;
		view->pmd[i] = __pa(view->pte[i]) | TABLE_BITS;
	}
	return 0;
}

/* The entries of a CPU's area. */
static u64 *view_area(struct host_guest *view, int cpu)
{
	return view->pte[cpu / AREAS_PER_TABLE] +
	       cpu % AREAS_PER_TABLE * WINDOW_AREA_PAGES;
}

/* What both views show, and is not the same as in other areas. */
static void view_fill(struct host_guest *view, int cpu)
{
	struct window_cpu *w = &window_cpus[cpu];
	u64 *area = view_area(view, cpu);
	unsigned int i;

	for (i = 0; i < WINDOW_TEXT_PAGES; i++)
		area[WINDOW_TEXT + i] = (__pa(text) + i * PAGE_SIZE) |
					TEXT_BITS;
	area[WINDOW_STATE] = __pa(w->state) | DATA_BITS;
	area[WINDOW_GDT_OURS] = __pa(w->gdt) | DATA_BITS;
	/* The limit covers them, so they had better be there. */
	for (i = 0; i < LG_GDT_PAGES; i++)
		area[WINDOW_GDT + i] = (__pa(zero) | DATA_BITS) & ~_PAGE_RW;
}

/**
 * host_guest_init - make the window as the guest's page tables will show it
 * @guest: new
 *
 * Returns 0 or -ENOMEM.
 */
int host_guest_init(struct lg_guest *guest)
{
	int rc = view_alloc(&guest->host);

	if (rc)
		view_free(&guest->host);
	return rc;
}

/**
 * host_guest_free - undo host_guest_init()
 * @guest: no shadow refers to the window any more
 */
void host_guest_free(struct lg_guest *guest)
{
	view_free(&guest->host);
}

/**
 * host_window_entry - what stands in entry WINDOW_SLOT of all shadow roots
 * @guest: any
 */
u64 host_window_entry(struct lg_guest *guest)
{
	return __pa(guest->host.pud) | TABLE_BITS;
}

/**
 * host_window_frames - show the switcher a second-level table at WINDOW_FRAMES
 * @guest: will not run meanwhile
 * @table: where it lies; 0: none
 */
void host_window_frames(struct lg_guest *guest, phys_addr_t table)
{
	guest->host.pud[1] = table ? table | TABLE_BITS : 0;
}

static void show_pages(u64 *area, u64 *const *page, unsigned int count,
		       u64 empty)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		area[i] = page[i] ? (__pa(page[i]) | DATA_BITS) & ~_PAGE_RW :
				    empty;
}

/**
 * window_show_tables - the vCPU's descriptor tables got another page
 * @vcpu: not in the guest
 */
void window_show_tables(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	u64 empty = (__pa(zero) | DATA_BITS) & ~_PAGE_RW;
	u64 *area;

	if (host->cpu < 0)
		return;
	area = view_area(&vcpu->guest->host, host->cpu);
	show_pages(area + WINDOW_GDT, host->gdt, LG_GDT_PAGES, empty);
	show_pages(area + WINDOW_LDT, host->ldt, LG_LDT_PAGES, empty);
}

/**
 * window_show_hot - the switcher is to see other page tables of the guest's
 * @vcpu: not in the guest
 */
void window_show_hot(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	unsigned int i;
	u64 *area;

	if (host->cpu < 0)
		return;
	area = view_area(&vcpu->guest->host, host->cpu) + WINDOW_HOT;
	for (i = 0; i < ARRAY_SIZE(host->hot); i++)
		area[i] = host->hot[i] ? host->hot[i] | DATA_BITS : 0;
}

/**
 * window_show - let the guest's page tables show the vCPU on a CPU
 * @vcpu: not in the guest
 * @cpu: where it will run next
 *
 * The next load of CR3 makes it true: no entry here is global.
 */
void window_show(struct lg_vcpu *vcpu, int cpu)
{
	struct host_guest *view = &vcpu->guest->host;
	struct host_vcpu *host = &vcpu->host;
	struct window_cpu *w = &window_cpus[cpu];
	u64 *area;

	if (host->cpu >= 0 && host->cpu != cpu)
		memset(view_area(view, host->cpu), 0,
		       WINDOW_AREA_PAGES * sizeof(u64));
	host->cpu = cpu;
	view_fill(view, cpu);
	area = view_area(view, cpu);
	area[WINDOW_FRAME] = __pa(host->page) | DATA_BITS;
	area[WINDOW_IDT] = (__pa(w->idt) | DATA_BITS) & ~_PAGE_RW;
	area[WINDOW_TSS] = __pa(w->tss) | DATA_BITS;
	area[WINDOW_INFO] = host->info ?
			    page_to_phys(host->info) | DATA_BITS : 0;
	window_show_tables(vcpu);
	window_show_hot(vcpu);
}

/* ---- the launcher's page tables ---- */

static u64 *mm_slot(struct mm_struct *mm)
{
	return (u64 *)mm->pgd + WINDOW_SLOT;
}

/**
 * host_mm_show - make the window visible in an address space
 * @mm: the caller's own
 *
 * Returns 0, or -EBUSY if somebody else uses the slot.
 */
int host_mm_show(struct mm_struct *mm)
{
	if (*mm_slot(mm))
		return -EBUSY;
	WRITE_ONCE(*mm_slot(mm), __pa(host_view.pud) | TABLE_BITS);
	return 0;
}

/**
 * host_mm_hide - undo host_mm_show()
 * @mm: the same; its users may all be gone by now, its tables are not
 *
 * What a CPU may still remember of the slot leads to tables that stay.
 */
void host_mm_hide(struct mm_struct *mm)
{
	WRITE_ONCE(*mm_slot(mm), 0);
}

/* ---- set-up ---- */

static void set_gate(struct window_cpu *w, int cpu, unsigned int vector,
		     u32 offset, unsigned int ist)
{
	unsigned long address = window_page_gva(cpu, WINDOW_TEXT) + offset;
	bool from_ring_3 = vector == X86_TRAP_BP || vector == X86_TRAP_OF ||
			   vector == IA32_SYSCALL_VECTOR;

	w->idt[vector] = (gate_desc) {
		.offset_low = (u16)address,
		.offset_middle = (u16)(address >> 16),
		.offset_high = (u32)(address >> 32),
		.segment = LG_CS,
		.bits = {
			.ist = ist,
			.type = GATE_INTERRUPT,
			.dpl = from_ring_3 ? 3 : 0,
			.p = 1,
		},
	};
}

static void fill_idt(struct window_cpu *w, int cpu)
{
	unsigned int i;

	for (i = 0; i < LG_IDT_ENTRIES; i++)
		set_gate(w, cpu, i, switcher_vectors + i * STUB_BYTES, 0);
	set_gate(w, cpu, X86_TRAP_GP, switcher_gp, 0);
	set_gate(w, cpu, X86_TRAP_PF, switcher_pf, 0);
	set_gate(w, cpu, IA32_SYSCALL_VECTOR, switcher_int80, 0);
	set_gate(w, cpu, X86_TRAP_NMI, switcher_nmi, LG_IST_NMI);
	set_gate(w, cpu, X86_TRAP_MC, switcher_mc, LG_IST_MC);
	set_gate(w, cpu, X86_TRAP_DB, switcher_db, LG_IST_DB);
	set_gate(w, cpu, X86_TRAP_DF, switcher_df, LG_IST_DF);
}

static void fill_tss(struct window_cpu *w, int cpu)
{
	unsigned long page = window_page_gva(cpu, WINDOW_TSS);
	unsigned int i;

	w->tss->tss.sp0 = window_page_gva(cpu, WINDOW_FRAME + 1);
	for (i = 0; i < ARRAY_SIZE(w->tss->ist); i++)
		w->tss->tss.ist[i] = page + offsetof(struct lg_tss_page, ist) +
				     (i + 1) * LG_IST_BYTES;
	/* No permission bitmap: every port traps. */
	w->tss->tss.io_bitmap_base = sizeof(struct x86_hw_tss);
}

static u64 *our_descriptor(struct window_cpu *w, u16 selector)
{
	return &w->gdt[(selector & (PAGE_SIZE - 1)) / sizeof(u64)];
}

static void fill_gdt(struct window_cpu *w, int cpu)
{
	*our_descriptor(w, LG_CS) = 0x00af9b000000ffff;
	*our_descriptor(w, LG_SS) = 0x00cf93000000ffff;
	*our_descriptor(w, LG_FLAT_CS32) = 0x00cffb000000ffff;
	*our_descriptor(w, LG_FLAT_DS) = 0x00cff3000000ffff;
	*our_descriptor(w, LG_FLAT_CS64) = 0x00affb000000ffff;
	set_tssldt_descriptor(our_descriptor(w, LG_TSS),
			      window_page_gva(cpu, WINDOW_TSS), DESC_TSS,
			      sizeof(struct x86_hw_tss) - 1);
}

/* Where the host keeps its own tables for a CPU: the pages themselves. */
static void show_host(int cpu, phys_addr_t idt)
{
	u64 *area = view_area(&host_view, cpu);

	view_fill(&host_view, cpu);
	area[WINDOW_IDT] = (idt | DATA_BITS) & ~_PAGE_RW;
	area[WINDOW_TSS] = (slow_virt_to_phys(per_cpu_ptr(&cpu_tss_rw, cpu)) |
			    DATA_BITS) & ~_PAGE_RW;
	area[WINDOW_GDT] = slow_virt_to_phys(per_cpu_ptr(&gdt_page, cpu)) |
			   DATA_BITS;
}

static int area_alloc(struct window_cpu *w)
{
	w->state = zeroed_page();
	w->idt = zeroed_page();
	w->tss = zeroed_page();
	w->gdt = zeroed_page();
	return w->state && w->idt && w->tss && w->gdt ? 0 : -ENOMEM;
}

static void area_init(int cpu)
{
	struct window_cpu *w = &window_cpus[cpu];

	fill_idt(w, cpu);
	fill_tss(w, cpu);
	fill_gdt(w, cpu);
	w->state->verw = LG_SS;
	if (boot_cpu_has(X86_FEATURE_FSGSBASE))
		w->state->flags |= LG_STATE_FSGSBASE;
	if (boot_cpu_has(X86_FEATURE_SMAP))
		w->state->flags |= LG_STATE_SMAP;
	if (lg_wants_verw())
		w->state->flags |= LG_STATE_VERW;
}

static void window_free(void)
{
	unsigned int cpu;

	for (cpu = 0; window_cpus && cpu < nr_cpu_ids; cpu++) {
		free_page((unsigned long)window_cpus[cpu].state);
		free_page((unsigned long)window_cpus[cpu].idt);
		free_page((unsigned long)window_cpus[cpu].tss);
		free_page((unsigned long)window_cpus[cpu].gdt);
	}
	kvfree(window_cpus);
	view_free(&host_view);
	free_page((unsigned long)zero);
	free_pages((unsigned long)text, get_order(WINDOW_TEXT_PAGES * PAGE_SIZE));
}

static int window_alloc(void)
{
	unsigned int cpu;

	text = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
					get_order(WINDOW_TEXT_PAGES * PAGE_SIZE));
	zero = zeroed_page();
	window_cpus = kvcalloc(nr_cpu_ids, sizeof(*window_cpus), GFP_KERNEL);
	if (!text || !zero || !window_cpus || view_alloc(&host_view))
		goto err_free;
	for_each_possible_cpu(cpu)
		if (area_alloc(&window_cpus[cpu]))
			goto err_free;
	memcpy(text, switcher_text, switcher_size);
	return 0;

err_free:
	window_free();
	return -ENOMEM;
}

/* Say no before anything is touched. */
static int host_check(void)
{
	if (boot_cpu_has(X86_FEATURE_XENPV)) {
		pr_err("lg: this kernel is itself a paravirtual guest\n");
		return -ENODEV;
	}
	if (native_read_cr4() & X86_CR4_LA57) {
		pr_err("lg: 5-level paging is not supported; boot with no5lvl\n");
		return -ENODEV;
	}
#ifdef X86_CR4_FRED
	if (native_read_cr4() & X86_CR4_FRED) {
		pr_err("lg: FRED is not supported; boot with fred=off\n");
		return -ENODEV;
	}
#endif
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
		pr_err("lg: encrypted memory (SME, SEV, TDX) is not supported\n");
		return -ENODEV;
	}
	if (!boot_cpu_has(X86_FEATURE_NX)) {
		pr_err("lg: this CPU has no NX bit, or it is off\n");
		return -ENODEV;
	}
	if (nr_cpu_ids > MAX_CPUS) {
		pr_err("lg: more than %u CPUs\n", MAX_CPUS);
		return -ENODEV;
	}
	if (*mm_slot(current->mm)) {
		pr_err("lg: somebody else uses the hypervisor's part of the address space\n");
		return -EBUSY;
	}
	return 0;
}

/**
 * host_init - make the window, and this host ready for guests
 *
 * Returns 0; -ENODEV (this CPU or kernel will not do), -EBUSY, -ENOMEM; the
 * reason is in the log.
 */
int host_init(void)
{
	struct desc_ptr idt;
	phys_addr_t phys;
	int cpu, rc;

	rc = host_check();
	if (rc)
		return rc;
	rc = window_alloc();
	if (rc)
		return rc;
	rc = msr_init();
	if (rc) {
		window_free();
		return rc;
	}
	store_idt(&idt);
	phys = slow_virt_to_phys((void *)idt.address);
	for_each_possible_cpu(cpu) {
		area_init(cpu);
		show_host(cpu, phys);
	}
	pr_info("lg: switcher at %#lx, %u bytes\n", WINDOW_BASE,
		switcher_size);
	return 0;
}

/* Changing CR4.PGE drops all that the CPU remembers of any page table. */
static void flush_all(void *unused)
{
	unsigned long flags;

	local_irq_save(flags);
	if (cr4_read_shadow() & X86_CR4_PGE) {
		cr4_update_irqsoff(0, X86_CR4_PGE);
		cr4_update_irqsoff(X86_CR4_PGE, 0);
	}
	local_irq_restore(flags);
}

/**
 * host_exit - undo host_init(); no guest may be left
 */
void host_exit(void)
{
	msr_exit();
	on_each_cpu(flush_all, NULL, 1);
	window_free();
}
