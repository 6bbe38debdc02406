// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory: the launcher's own, taken page by page as the guest touches it.
 *
 * The only place where a guest address becomes a pointer. A page once taken
 * stays pinned until the guest is gone, whatever the launcher does to its
 * mappings; VmPin in its /proc/PID/status counts them. Callers hold the vCPU's
 * lock and run in the launcher's address space; all addresses are the guest's
 * and checked here.
 */
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "lg.h"

/* Pages are remembered in groups, made as they are needed. */
#define GROUP	(PAGE_SIZE / sizeof(struct page *))

/* Pages taken at once. */
#define TAKE	16

/**
 * lg_mem_init - make room to remember pages
 * @guest: its ram_pages is set
 *
 * Returns 0 or -ENOMEM.
 */
int lg_mem_init(struct lg_guest *guest)
{
	guest->pages = kvcalloc(DIV_ROUND_UP(guest->ram_pages, GROUP),
				sizeof(*guest->pages), GFP_KERNEL_ACCOUNT);
	return guest->pages ? 0 : -ENOMEM;
}

static void group_free(struct page **group)
{
	unsigned int i;

	for (i = 0; i < GROUP; i++)
		if (group[i])
			unpin_user_pages_dirty_lock(&group[i], 1, true);
	free_page((unsigned long)group);
}

/**
 * lg_mem_free - give all pages back
 * @guest: no shadow refers to its memory any more
 */
void lg_mem_free(struct lg_guest *guest)
{
	unsigned int i;

	for (i = 0; guest->pages && i < DIV_ROUND_UP(guest->ram_pages, GROUP);
	     i++) {
		if (guest->pages[i])
			group_free(guest->pages[i]);
		cond_resched();
	}
	atomic64_sub(guest->pinned, &guest->mm->pinned_vm);
	kvfree(guest->pages);
	guest->pages = NULL;
}

/**
 * lg_mem_taken - the page behind a guest frame, if it was ever touched
 * @guest: any
 * @gfn: any number
 *
 * Returns the page or NULL.
 */
struct page *lg_mem_taken(struct lg_guest *guest, u64 gfn)
{
	struct page **group;

	if (gfn >= guest->ram_pages)
		return NULL;
	gfn = array_index_nospec((lg_gfn_t)gfn, guest->ram_pages);
	group = guest->pages[(lg_gfn_t)gfn / GROUP];
	return group ? group[(lg_gfn_t)gfn % GROUP] : NULL;
}

/*
 * Files have ideas of their own about when their pages may be written: only
 * anonymous and shared memory will do.
 */
static void remember(struct lg_guest *guest, struct page **place,
		     struct page *page)
{
	if (!folio_test_swapbacked(page_folio(page))) {
		unpin_user_page(page);
		return;
	}
	*place = page;
	guest->pinned++;
	atomic64_inc(&guest->mm->pinned_vm);
}

/* As many of @count pages as can be had. */
static void take_pages(struct lg_guest *guest, lg_gfn_t gfn, unsigned int count,
		       struct page **place)
{
	unsigned long hva = guest->hva + ((unsigned long)gfn << PAGE_SHIFT);
	struct page *pages[TAKE];
	int i, got;

	got = pin_user_pages_fast(hva, count, FOLL_WRITE | FOLL_LONGTERM, pages);
	for (i = 0; i < got; i++)
		remember(guest, place + i, pages[i]);
}

static bool none_taken(struct page **place, unsigned int count)
{
	while (count--)
		if (place[count])
			return false;
	return true;
}

/* Memory of which the host has found out that it has an error is nobody's. */
static struct page *page_if_sound(struct page *page)
{
	return page && PageHWPoison(page) ? NULL : page;
}

/*
 * A guest that touches a page will touch its neighbours: take an aligned few at
 * once. Where that is not possible, take the one.
 */
static void take_around(struct lg_guest *guest, lg_gfn_t gfn,
			struct page **group)
{
	lg_gfn_t first = round_down(gfn, TAKE);
	unsigned int count = min_t(lg_gfn_t, TAKE, guest->ram_pages - first);
	struct page **place = group + first % GROUP;

	if (none_taken(place, count))
		take_pages(guest, first, count, place);
	if (!group[gfn % GROUP])
		take_pages(guest, gfn, 1, group + gfn % GROUP);
}

/**
 * lg_mem_page - the page behind a guest frame, taken now if need be
 * @guest: may sleep
 * @gfn: any number
 *
 * Returns the page or NULL: no such frame, the launcher has no memory there or bad
 * one, or the host none to remember it by.
 */
struct page *lg_mem_page(struct lg_guest *guest, u64 gfn)
{
	struct page *page = lg_mem_taken(guest, gfn);
	struct page ***group;

	if (likely(page) || gfn >= guest->ram_pages)
		return page_if_sound(page);
	group = &guest->pages[(lg_gfn_t)gfn / GROUP];
	if (!*group)
		*group = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!*group)
		return NULL;
	take_around(guest, gfn, *group);
	return page_if_sound((*group)[(lg_gfn_t)gfn % GROUP]);
}

/**
 * lg_mem_bytes - host memory it takes to remember the pages
 * @guest: has memory
 */
unsigned long lg_mem_bytes(struct lg_guest *guest)
{
	unsigned int i, groups = DIV_ROUND_UP(guest->ram_pages, GROUP);
	unsigned long bytes = groups * sizeof(*guest->pages);

	for (i = 0; i < groups; i++)
		if (guest->pages[i])
			bytes += PAGE_SIZE;
	return bytes;
}

/* ---- copies ---- */

static bool range_is_ram(struct lg_guest *guest, lg_gpa_t gpa, size_t len)
{
	lg_gpa_t end;

	return !check_add_overflow(gpa, (lg_gpa_t)len, &end) &&
	       end <= (lg_gpa_t)guest->ram_pages << PAGE_SHIFT;
}

/*
 * Copies go through the launcher's mapping: no page need be mapped for us, and
 * if the launcher changed it, only its own guest is confused.
 */
static void __user *mem_user(struct lg_guest *guest, lg_gpa_t gpa)
{
	return (void __user *)(guest->hva + (unsigned long)gpa);
}

/*
 * Where an address lies, if the host can reach it at once: its page is taken and
 * sound, and all memory is mapped. Else NULL.
 */
static void *taken_at(struct lg_guest *guest, lg_gpa_t gpa)
{
	struct page *page;

	if (IS_ENABLED(CONFIG_HIGHMEM))
		return NULL;
	page = page_if_sound(lg_mem_taken(guest, gpa >> PAGE_SHIFT));
	return page ? page_address(page) + offset_in_page(gpa) : NULL;
}

/**
 * lg_mem_read - copy from guest memory
 * @guest: may sleep
 * @gpa: any address
 * @to: filled; undefined on error
 * @len: bytes
 *
 * Returns 0 or -EFAULT.
 */
int lg_mem_read(struct lg_guest *guest, lg_gpa_t gpa, void *to, size_t len)
{
	if (!range_is_ram(guest, gpa, len) ||
	    copy_from_user(to, mem_user(guest, gpa), len))
		return -EFAULT;
	return 0;
}

/**
 * lg_mem_write - copy to guest memory
 * @guest: may sleep
 * @gpa: any address
 * @from: bytes to copy
 * @len: how many
 *
 * Returns 0 or -EFAULT, then part may have been written.
 */
int lg_mem_write(struct lg_guest *guest, lg_gpa_t gpa, const void *from,
		 size_t len)
{
	if (!range_is_ram(guest, gpa, len) ||
	    copy_to_user(mem_user(guest, gpa), from, len))
		return -EFAULT;
	return 0;
}

/**
 * lg_mem_entry - read a page-table entry
 * @guest: may sleep
 * @gpa: any address
 * @bytes: 4 or 8
 * @entry: set
 *
 * Returns 0 or -EFAULT.
 */
int lg_mem_entry(struct lg_guest *guest, lg_gpa_t gpa, unsigned int bytes,
		 u64 *entry)
{
	void __user *at = mem_user(guest, gpa);
	u64 *taken;
	u32 narrow;

	taken = bytes == 8 && gpa % 8 == 0 ? taken_at(guest, gpa) : NULL;
	if (taken) {
		*entry = READ_ONCE(*taken);
		return 0;
	}
	if (!range_is_ram(guest, gpa, bytes))
		return -EFAULT;
	if (bytes == 8)
		return get_user(*entry, (u64 __user *)at) ? -EFAULT : 0;
	if (get_user(narrow, (u32 __user *)at))
		return -EFAULT;
	*entry = narrow;
	return 0;
}

/**
 * lg_mem_exchange - replace a page-table entry, if it is still what it was
 * @guest: may sleep
 * @gpa: any address; 8 bytes there, aligned
 * @old: what it should be; set to what it is
 * @entry: what it becomes
 *
 * Returns 0; -EAGAIN (it was something else); -EFAULT.
 */
int lg_mem_exchange(struct lg_guest *guest, lg_gpa_t gpa, u64 *old, u64 entry)
{
	u64 __user *at = mem_user(guest, gpa);
	u64 *taken;
	bool done;

	if (gpa % sizeof(*at))
		return -EFAULT;
	taken = taken_at(guest, gpa);
	if (taken)
		return try_cmpxchg64(taken, old, entry) ? 0 : -EAGAIN;
	if (!range_is_ram(guest, gpa, sizeof(*at)) ||
	    !user_access_begin(at, sizeof(*at)))
		return -EFAULT;
	done = unsafe_try_cmpxchg_user(at, old, entry, efault);
	user_access_end();
	return done ? 0 : -EAGAIN;

efault:
	user_access_end();
	return -EFAULT;
}

/**
 * lg_mem_map - a lasting pointer to guest memory, for what is used all the time
 * @guest: may sleep
 * @gpa: any address
 * @len: bytes, at most a page, on at most two pages
 * @mapping: what lg_mem_unmap() wants
 *
 * The guest may write there at any moment.
 * Returns the pointer or NULL.
 */
void *lg_mem_map(struct lg_guest *guest, lg_gpa_t gpa, size_t len,
		 void **mapping)
{
	unsigned int count = offset_in_page(gpa) + len > PAGE_SIZE ? 2 : 1;
	lg_gfn_t gfn = gpa >> PAGE_SHIFT;
	struct page *pages[2];

	if (len > PAGE_SIZE || !range_is_ram(guest, gpa, len))
		return NULL;
	pages[0] = lg_mem_page(guest, gfn);
	pages[1] = count > 1 ? lg_mem_page(guest, gfn + 1) : NULL;
	if (!pages[0] || (count > 1 && !pages[1]))
		return NULL;
	*mapping = vmap(pages, count, VM_MAP, PAGE_KERNEL);
	return *mapping ? *mapping + offset_in_page(gpa) : NULL;
}

/**
 * lg_mem_unmap - undo lg_mem_map()
 * @mapping: what it gave, or NULL
 */
void lg_mem_unmap(void *mapping)
{
	vunmap(mapping);
}
