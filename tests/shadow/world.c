// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world around the shadow: the host's pages, whose addresses are physical
 * and virtual at once; the guest's memory; and a CPU that walks what it is given
 * and knows only which pages it must never see.
 */
#include <sanitizer/asan_interface.h>
#include <stdarg.h>

#include "world.h"

#define HOST_PAGES	4096

static u8 *arena;		/* the host's pages, then the guest's */
static struct page pages[HOST_PAGES + GUEST_PAGES];
static u64 window;

u8 *guest_memory;
unsigned int failures, pages_used, seed;

void unsafe(const char *what, u64 a, u64 b)
{
	printf("FAILURE %s: %#lx %#lx (seed %u)\n", what, a, b, seed);
	exit(1);
}

/* ---- the kernel ---- */

bool allocation_fails(void)
{
	return failures && rand() % failures == 0;
}

static unsigned int page_index(const void *p)
{
	u64 index = ((u64)p - (u64)arena) >> PAGE_SHIFT;

	if (index >= HOST_PAGES + GUEST_PAGES)
		unsafe("no page of ours", (u64)p, 0);
	return index;
}

unsigned long get_zeroed_page(int flags)
{
	unsigned int i;
	u8 *page;

	if (allocation_fails())
		return 0;
	for (i = 0; pages[i].used; i++)
		assert(i < HOST_PAGES);
	page = arena + i * PAGE_SIZE;
	pages[i].used = true;
	pages_used++;
	ASAN_UNPOISON_MEMORY_REGION(page, PAGE_SIZE);
	memset(page, 0, PAGE_SIZE);
	return (unsigned long)page;
}

void free_page(unsigned long address)
{
	struct page *page;

	if (!address)
		return;
	page = virt_to_page((void *)address);
	assert(page->used && !page->private);
	page->used = false;
	pages_used--;
	ASAN_POISON_MEMORY_REGION((void *)address, PAGE_SIZE);
}

struct page *virt_to_page(const void *p)
{
	return &pages[page_index(p)];
}

struct page *pfn_to_page(u64 pfn)
{
	return virt_to_page((void *)(pfn << PAGE_SHIFT));
}

phys_addr_t page_to_phys(const struct page *page)
{
	return (phys_addr_t)arena + (page - pages) * PAGE_SIZE;
}

/* ---- the rest of the module ---- */

struct page *lg_mem_taken(struct lg_guest *guest, u64 gfn)
{
	return gfn < GUEST_PAGES && guest->taken[gfn] ?
	       &pages[HOST_PAGES + gfn] : NULL;
}

struct page *lg_mem_page(struct lg_guest *guest, u64 gfn)
{
	if (gfn < GUEST_PAGES)
		guest->taken[gfn] = true;
	return lg_mem_taken(guest, gfn);
}

static bool range_is_ram(u64 gpa, size_t len)
{
	return gpa + len >= gpa && gpa + len <= GUEST_PAGES * PAGE_SIZE;
}

int lg_mem_read(struct lg_guest *guest, lg_gpa_t gpa, void *to, size_t len)
{
	if (!range_is_ram(gpa, len))
		return -EFAULT;
	memcpy(to, guest_memory + gpa, len);
	return 0;
}

int lg_mem_write(struct lg_guest *guest, lg_gpa_t gpa, const void *from,
		 size_t len)
{
	if (!range_is_ram(gpa, len))
		return -EFAULT;
	memcpy(guest_memory + gpa, from, len);
	return 0;
}

int lg_mem_entry(struct lg_guest *guest, lg_gpa_t gpa, unsigned int bytes,
		 u64 *entry)
{
	return lg_mem_read(guest, gpa, entry, bytes);
}

/* Now and then another vCPU was there first. */
int lg_mem_exchange(struct lg_guest *guest, lg_gpa_t gpa, u64 *old, u64 entry)
{
	u64 now;

	if (lg_mem_read(guest, gpa, &now, sizeof(now)))
		return -EFAULT;
	if (now != *old || rand() % 1000 == 0) {
		*old = now;
		return -EAGAIN;
	}
	return lg_mem_write(guest, gpa, &entry, sizeof(entry));
}

u64 host_window_entry(struct lg_guest *guest)
{
	return window | 0x23;
}

void host_window_frames(struct lg_guest *guest, phys_addr_t table)
{
}

/* Only the want of memory may kill here. */
void lg_kill(struct lg_vcpu *vcpu, const char *fmt, ...)
{
	if (!failures)
		unsafe(fmt, 0, 0);
	vcpu->dead = true;
}

void world_init(void)
{
	arena = aligned_alloc(PAGE_SIZE, sizeof(pages) / sizeof(pages[0]) *
			      PAGE_SIZE);
	guest_memory = arena + HOST_PAGES * PAGE_SIZE;
	ASAN_POISON_MEMORY_REGION(arena, HOST_PAGES * PAGE_SIZE);
	window = get_zeroed_page(0);
}

/* ---- the CPU ---- */

#define FRAME	GENMASK_ULL(51, 12)

/* Where an access ends up, or NULL: it would fault; the window is ring 0's. */
u64 *cpu_access(u64 root_phys, u64 gva, bool write)
{
	u64 phys = root_phys, entry;
	int level;

	if ((gva >> 39) % 512 == WINDOW_SLOT || (gva >> 39) % 512 == SELF_SLOT)
		return NULL;
	for (level = 3; level >= 0; level--) {
		entry = ((u64 *)phys)[(gva >> (12 + 9 * level)) % 512];
		if (!(entry & _PAGE_PRESENT) || (write && !(entry & _PAGE_RW)))
			return NULL;
		phys = entry & FRAME;
	}
	return (u64 *)(phys + (offset_in_page(gva) & ~7ul));
}

/* Does the switcher take a fault of a program for the guest's own? */
bool switcher_sees(u64 root_phys, u64 gva, bool write)
{
	u64 phys = root_phys, entry;
	int level;

	if (gva >> 47)
		return false;
	for (level = 3;; level--) {
		entry = ((u64 *)phys)[(gva >> (12 + 9 * level)) % 512];
		if (!level)
			break;
		if (!(entry & _PAGE_PRESENT))
			return false;
		phys = entry & FRAME;
	}
	if (entry == LG_SHADOW_ABSENT)
		return true;
	if (entry == LG_SHADOW_READ_ONLY)
		return write;
	return write && (entry & (_PAGE_PRESENT | _PAGE_RW |
				  LG_SHADOW_NARROWED)) == _PAGE_PRESENT;
}

static void check_leaf(struct lg_guest *guest, u64 entry)
{
	unsigned int index = page_index((void *)(entry & FRAME));

	if (entry & ~(FRAME | 0x267 | _PAGE_NX) || (entry & 5) != 5)
		unsafe("bits of a leaf", entry, 0);
	if (index < HOST_PAGES || !guest->taken[index - HOST_PAGES])
		unsafe("frame of a leaf", entry, 0);
}

static void check_table(struct lg_guest *guest, u64 phys, int level)
{
	struct page *page = pfn_to_page(phys >> PAGE_SHIFT);
	const struct lg_table *t = (void *)page->private;
	unsigned int i;

	if (!page->used || !t || (int)kind_level(t->kind) != level)
		unsafe("no table of this level", phys, level);
	for (i = 0; i < TABLE_ENTRIES; i++) {
		u64 entry = t->entry[i];

		if (!entry || (level == 4 && (i == WINDOW_SLOT || i == 256)))
			continue;
		if (level == 4 && i == 258 &&
		    entry == (__pa(t->entry) | 0x21 | _PAGE_NX))
			continue;
		if (level == 4 && i > 257 && i <= 271)
			unsafe("entry in the hole", entry, i);
		if (level == 1 && !(entry & 1) && (entry == LG_SHADOW_ABSENT ||
				   entry == LG_SHADOW_READ_ONLY))
			continue;
		if (level == 1) {
			check_leaf(guest, entry);
			continue;
		}
		if (entry & ~(FRAME | 0x27 | _PAGE_NX) || (entry & 5) != 5)
			unsafe("bits of an entry", entry, level);
		check_table(guest, entry & FRAME, level - 1);
	}
}

/* The next table is made of one of these. */
static void check_spare(const u64 *entry)
{
	unsigned int i;

	for (i = 0; i < TABLE_ENTRIES; i++)
		if (entry[i])
			unsafe("entry of a spare page", entry[i], i);
}

/* All that any CPU could get to see from any table that is in use, or will be. */
void cpu_check(struct lg_guest *guest)
{
	struct lg_shadow *s = guest->shadow;
	unsigned int kind, i;
	unsigned long gfn;
	struct lg_pt *pt;

	xa_for_each(&s->pts, gfn, pt)
		for (kind = 0; kind < KINDS; kind++)
			if (pt->table[kind])
				check_table(guest, __pa(pt->table[kind]->entry),
					    kind_level(kind));
	for (i = 0; i < s->spare_count; i++)
		check_spare(s->spare[i]);
	if (pages_used != s->pages + s->spare_count + s->m2p.pages +
			  s->frames.pages + 1)
		unsafe("pages lost or counted twice", pages_used, s->pages);
}
