// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first state of a xenpv guest: what Xen calls building a domain.  The
 * kernel is in memory, at its addresses, on page tables that we made; behind
 * it lie the pages it is told of in its struct start_info.
 *
 *	gfn 0		nothing, mapped
 *			the kernel
 *			initrd, where the kernel wants it mapped
 *			list of frames, where it does not name an address
 *			start_info, xenstore ring, console ring
 *			page tables: top, third, second, first level
 *			boot stack
 *			nothing, mapped, to the end of the next 4 MiB but for
 *			half a MiB at least
 *	mapped end	initrd
 *			list of frames and the page tables that map it
 *
 * Frame numbers are page numbers, so that list says i for i.  The kernel file
 * may be anything: every number in it is checked against the guest's memory.
 */
#include "boot/boot.h"

#include <errno.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/foreign/x86_64.h>

#include "mem.h"
#include "report.h"

#define PAGE_SHIFT		12
#define TABLE_ENTRIES		512
#define LEVEL_SHIFT(level)	(PAGE_SHIFT + 9 * ((level) - 1))
#define TOP_LEVEL		4

#define PTE_READ_ONLY		0x65	/* present, user, accessed, dirty */
#define PTE_WRITABLE		0x67

#define MAPPED_STEP		(4ull * MIB)
#define MAPPED_SLACK		(512ull * 1024)
#define MAPPED_MAX		(1024ull * MIB)	/* one second-level table */

/* The hypervisor's own: no kernel can want to be there. */
#define HOLE_START		0xffff800000000000ull
#define HOLE_END		0xffff880000000000ull

#define HYPERCALL_STUBS		128
#define HYPERCALL_STUB_BYTES	32
#define HYPERCALL_IRET		23

#define P2M_PER_PAGE		(PAGE_BYTES / sizeof(u64))

/**
 * struct builder - a domain while it is built
 * @boot: files
 * @notes: what the kernel wants
 * @mem: guest memory
 * @domain: what else we were told
 * @next: first page that is not taken
 * @root: page of the top-level table
 * @tables: page of the first table: mapped read-only, up to
 * @tables_end: here
 * @free_table: page of the next new table
 * @initrd: its first page
 * @initrd_bytes: 0 for none
 * @p2m: first page of the list of frames
 * @p2m_pages: of the list
 * @p2m_frames: with what maps it
 * @mapped_end: first address after the kernel's mapping
 */
struct builder {
	const struct boot *boot;
	const struct xen_notes *notes;
	struct mem *mem;
	const struct xen_domain *domain;
	u64 next;
	u64 root;
	u64 tables;
	u64 tables_end;
	u64 free_table;
	u64 initrd;
	u64 initrd_bytes;
	u64 p2m;
	u64 p2m_pages;
	u64 p2m_frames;
	u64 mapped_end;
};

static u64 pages_of(u64 bytes)
{
	return bytes / PAGE_BYTES + !!(bytes % PAGE_BYTES);
}

static void *xen_page(const struct builder *b, u64 gfn)
{
	return mem_at(b->mem, gfn * PAGE_BYTES, PAGE_BYTES);
}

static u64 xen_gva(const struct builder *b, u64 gfn)
{
	return b->notes->virt_base + gfn * PAGE_BYTES;
}

/* The next @pages of the guest's memory, from @gfn on. */
static int xen_take(struct builder *b, u64 pages, u64 *gfn)
{
	u64 ram = b->domain->ram_pages;

	if (pages > ram - b->next)
		return complain(STATUS_DATA,
				"%s: does not fit: with what it needs to start it takes more than the guest's %lluM of memory; use a larger --memory",
				b->boot->kernel_path, (unsigned long long)
				(ram * PAGE_BYTES / MIB));
	*gfn = b->next;
	b->next += pages;
	return 0;
}

static int xen_damaged(const struct builder *b, const char *what, u64 number)
{
	return complain(STATUS_DATA, "%s: damaged: its Xen note says %s is %#llx",
			b->boot->kernel_path, what, (unsigned long long)number);
}

static bool gva_is_canonical(u64 gva)
{
	return (u64)((int64_t)(gva << 16) >> 16) == gva;
}

/* Can [@gva, @gva + @bytes) be mapped for a guest? */
static bool gva_is_good(u64 gva, u64 bytes)
{
	u64 last = gva + bytes - 1;

	return !(gva % PAGE_BYTES) && last >= gva &&
	       gva_is_canonical(gva) && gva_is_canonical(last) &&
	       gva >> 63 == last >> 63 &&
	       (last < HOLE_START || gva >= HOLE_END);
}

static int xen_check_notes(const struct builder *b, const struct loaded *kernel)
{
	const struct xen_notes *notes = b->notes;
	u64 gpa = notes->entry - notes->virt_base;

	if (!gva_is_good(notes->virt_base, kernel->end))
		return xen_damaged(b, "the address of memory",
				   notes->virt_base);
	if (gpa < kernel->start || gpa >= kernel->end)
		return xen_damaged(b, "the entry point", notes->entry);
	gpa = notes->hypercall_page - notes->virt_base;
	if (notes->has_hypercall_page &&
	    (gpa % PAGE_BYTES || gpa < kernel->start || gpa >= kernel->end ||
	     kernel->end - gpa < PAGE_BYTES))
		return xen_damaged(b, "the hypercall page",
				   notes->hypercall_page);
	return 0;
}

/*
 * A kernel that calls by number through a page of stubs: each saves what the
 * syscall instruction destroys.  That of iret does not come back, and leaves
 * on the stack what that hypercall pops.
 */
static void xen_fill_hypercall_page(const struct builder *b)
{
	static const u8 call[] = {
		0x51,				/* push %rcx */
		0x41, 0x53,			/* push %r11 */
		0xb8, 0, 0, 0, 0,		/* mov $number, %eax */
		0x0f, 0x05,			/* syscall */
		0x41, 0x5b,			/* pop %r11 */
		0x59,				/* pop %rcx */
		0xc3,				/* ret */
	};
	static const u8 iret[] = {
		0x51,				/* push %rcx */
		0x41, 0x53,			/* push %r11 */
		0x50,				/* push %rax */
		0xb8, HYPERCALL_IRET, 0, 0, 0,	/* mov $23, %eax */
		0x0f, 0x05,			/* syscall */
	};
	u64 gpa = b->notes->hypercall_page - b->notes->virt_base;
	u8 *page = mem_at(b->mem, gpa, PAGE_BYTES);

	memset(page, 0xcc, PAGE_BYTES);
	for (u8 i = 0; i < HYPERCALL_STUBS; i++) {
		u8 *stub = page + i * HYPERCALL_STUB_BYTES;

		memcpy(stub, call, sizeof(call));
		stub[4] = i;
		if (i == HYPERCALL_IRET)
			memcpy(stub, iret, sizeof(iret));
	}
}

static int xen_load_initrd(struct builder *b)
{
	const char *path = b->boot->initrd_path;
	struct image initrd;
	int status, err;

	if (b->boot->initrd_fd < 0)
		return 0;
	status = image_open(&initrd, path, b->boot->initrd_fd);
	if (status)
		return status;
	if (!initrd.size)
		return complain(STATUS_DATA, "%s: empty initrd", path);
	if (pages_of(initrd.size) > b->domain->ram_pages - b->next)
		return complain(STATUS_DATA,
				"%s: initrd of %lluK does not fit beside the kernel in %lluM; use a larger --memory",
				path, (unsigned long long)(initrd.size / 1024),
				(unsigned long long)(b->domain->ram_pages *
						     PAGE_BYTES / MIB));
	status = xen_take(b, pages_of(initrd.size), &b->initrd);
	if (status)
		return status;
	b->initrd_bytes = initrd.size;
	err = image_read(&initrd, 0,
			 mem_at(b->mem, b->initrd * PAGE_BYTES, initrd.size),
			 initrd.size);
	if (err)
		return complain(STATUS_INPUT, "%s: cannot read: %s", path,
				err == -ENODATA ? "it shrank" : strerror(-err));
	return 0;
}

static int xen_load_p2m(struct builder *b)
{
	u64 *list;
	int status;

	b->p2m_pages = pages_of(b->domain->ram_pages * sizeof(*list));
	b->p2m_frames = b->p2m_pages;
	status = xen_take(b, b->p2m_pages, &b->p2m);
	if (status)
		return status;
	list = mem_at(b->mem, b->p2m * PAGE_BYTES, b->p2m_pages * PAGE_BYTES);
	for (u64 i = 0; i < b->domain->ram_pages; i++)
		list[i] = i;
	return 0;
}

/* How many tables of @level it takes to map [@gva, @end). */
static u64 xen_tables(u64 gva, u64 end, unsigned int level)
{
	unsigned int shift = LEVEL_SHIFT(level + 1);

	return ((end - 1) >> shift) - (gva >> shift) + 1;
}

/* The entry of the first-level table that maps @gva, tables made on the way. */
static u64 *xen_pte(struct builder *b, u64 gva)
{
	u64 gfn = b->root;

	for (unsigned int level = TOP_LEVEL; ; level--) {
		u64 *pte = xen_page(b, gfn);

		pte += (gva >> LEVEL_SHIFT(level)) % TABLE_ENTRIES;
		if (level == 1)
			return pte;
		if (!*pte)
			*pte = b->free_table++ * PAGE_BYTES | PTE_WRITABLE;
		gfn = *pte / PAGE_BYTES;
	}
}

/*
 * Room for the tables and the stack, and the end of what is mapped: that
 * depends on the number of tables, which depends on that end.
 */
static int xen_take_tables(struct builder *b, u64 *stack)
{
	u64 start = b->notes->virt_base, end = start + 1, count = 0, unused;
	int status;

	for (u64 was = 0; end != was; ) {
		was = end;
		count = 1 + xen_tables(start, end, 3) +
			xen_tables(start, end, 2) + xen_tables(start, end, 1);
		end = xen_gva(b, b->next + count + 1) + MAPPED_SLACK;
		end = (end + MAPPED_STEP - 1) & ~(MAPPED_STEP - 1);
		if (end - start > MAPPED_MAX || !gva_is_good(start, end - start))
			return complain(STATUS_DATA,
					"%s: too large: with what it needs to start it must be mapped in a gigabyte",
					b->boot->kernel_path);
	}
	status = xen_take(b, count, &b->tables);
	if (!status)
		status = xen_take(b, 1, stack);
	if (!status)
		status = xen_take(b, (end - start) / PAGE_BYTES - b->next,
				  &unused);
	b->tables_end = b->tables + count;
	b->mapped_end = end;
	return status;
}

static void xen_map_kernel(struct builder *b)
{
	u64 pages = (b->mapped_end - b->notes->virt_base) / PAGE_BYTES;

	b->root = b->tables;
	b->free_table = b->root + 1;
	for (u64 gfn = 0; gfn < pages; gfn++) {
		bool table = gfn >= b->tables && gfn < b->tables_end;

		*xen_pte(b, xen_gva(b, gfn)) = gfn * PAGE_BYTES |
			(table ? PTE_READ_ONLY : PTE_WRITABLE);
	}
}

/* At the address the kernel named, by tables of its own behind the list. */
static int xen_map_p2m(struct builder *b)
{
	u64 gva = b->notes->init_p2m, kernel = b->notes->virt_base;
	u64 end = gva + b->p2m_pages * PAGE_BYTES, tables;
	int status;

	if (!gva_is_good(gva, b->p2m_pages * PAGE_BYTES) ||
	    (gva <= b->mapped_end - 1 && end - 1 >= kernel))
		return xen_damaged(b, "the address of the list of frames", gva);
	tables = xen_tables(gva, end, 3) + xen_tables(gva, end, 2) +
		 xen_tables(gva, end, 1);
	status = xen_take(b, tables, &b->free_table);
	if (status)
		return status;
	b->p2m_frames += tables;
	for (u64 i = 0; i < b->p2m_pages; i++)
		*xen_pte(b, gva + i * PAGE_BYTES) =
			(b->p2m + i) * PAGE_BYTES | PTE_WRITABLE;
	return 0;
}

static void xen_fill_start_info(const struct builder *b,
				const struct xen_start *start)
{
	const struct xen_domain *domain = b->domain;
	struct start_info_x86_64 *info = xen_page(b, start->start_info_gfn);

	strcpy(info->magic, "xen-3.0-x86_64");
	info->nr_pages = domain->ram_pages;
	info->shared_info = domain->shared_info_gfn * PAGE_BYTES;
	info->flags = SIF_VIRT_P2M_4TOOLS;
	info->store_mfn = start->store_gfn;
	info->store_evtchn = domain->store_port;
	info->console.domU.mfn = start->console_gfn;
	info->console.domU.evtchn = domain->console_port;
	info->pt_base = xen_gva(b, b->tables);
	info->nr_pt_frames = b->tables_end - b->tables;
	info->mfn_list = b->notes->has_init_p2m ? b->notes->init_p2m :
						  xen_gva(b, b->p2m);
	info->first_p2m_pfn = b->p2m;
	info->nr_p2m_frames = b->p2m_frames;
	if (b->initrd_bytes) {
		info->mod_start = b->notes->mod_start_pfn ?
				  b->initrd : xen_gva(b, b->initrd);
		info->mod_len = b->initrd_bytes;
		if (b->notes->mod_start_pfn)
			info->flags |= SIF_MOD_START_PFN;
	}
	strcpy((char *)info->cmd_line, domain->cmdline);
}

/* What the kernel's mapping covers. */
static int xen_load_mapped(struct builder *b, struct xen_start *start)
{
	u64 stack = 0;
	int status = 0;

	if (!b->notes->mod_start_pfn)
		status = xen_load_initrd(b);
	if (!status && !b->notes->has_init_p2m)
		status = xen_load_p2m(b);
	if (!status)
		status = xen_take(b, 1, &start->start_info_gfn);
	if (!status)
		status = xen_take(b, 1, &start->store_gfn);
	if (!status)
		status = xen_take(b, 1, &start->console_gfn);
	if (!status)
		status = xen_take_tables(b, &stack);
	if (status)
		return status;
	xen_map_kernel(b);
	start->rip = b->notes->entry;
	start->rsp = xen_gva(b, stack + 1);
	start->rsi = xen_gva(b, start->start_info_gfn);
	start->cr3_gfn = b->root;
	return 0;
}

static int xen_load_unmapped(struct builder *b)
{
	int status = 0;

	if (b->notes->mod_start_pfn)
		status = xen_load_initrd(b);
	if (!status && b->notes->has_init_p2m)
		status = xen_load_p2m(b);
	if (!status && b->notes->has_init_p2m)
		status = xen_map_p2m(b);
	return status;
}

static int xen_check_cmdline(const struct xen_domain *domain)
{
	if (strlen(domain->cmdline) < MAX_GUEST_CMDLINE_X86_64)
		return 0;
	return complain(STATUS_USAGE,
			"kernel command line of %zu bytes; at most %u",
			strlen(domain->cmdline), MAX_GUEST_CMDLINE_X86_64 - 1);
}

int xen_load(const struct boot *boot, const struct kernel *kernel,
	     struct mem *mem, const struct xen_domain *domain,
	     struct xen_start *start)
{
	struct builder b = {
		.boot = boot,
		.notes = &kernel->elf.notes,
		.mem = mem,
		.domain = domain,
	};
	struct loaded loaded;
	int status;

	status = xen_check_cmdline(domain);
	if (!status)
		status = elf_load(&kernel->image, &kernel->elf,
				  kernel->elf.notes.paddr_offset, mem,
				  domain->ram_pages * PAGE_BYTES, &loaded);
	if (!status)
		status = xen_check_notes(&b, &loaded);
	if (status)
		return status;
	if (kernel->elf.notes.has_hypercall_page)
		xen_fill_hypercall_page(&b);
	b.next = pages_of(loaded.end);
	status = xen_load_mapped(&b, start);
	if (!status)
		status = xen_load_unmapped(&b);
	if (!status)
		xen_fill_start_info(&b, start);
	return status;
}
