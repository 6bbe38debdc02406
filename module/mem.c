// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory: the launcher's own, taken page by page as the guest touches it.
 *
 * The only place where a guest address becomes a pointer. A page once taken
 * stays pinned until the guest is gone, so that whatever the launcher does to
 * its mappings, shadows and copies always mean the same page. Callers hold the
 * vCPU's lock and run in the launcher's address space; all addresses are the
 * guest's and checked here.
 */
#include <linux/highmem.h>
#include <linux/overflow.h>
#include <linux/vmalloc.h>
#include "lg.h"

/**
 * lg_mem_init - make room to remember pages
 * @guest: its ram_pages is set
 *
 * Returns 0 or -ENOMEM.
 */
int lg_mem_init(struct lg_guest *guest)
{
	guest->pages = __vmalloc(array_size(guest->ram_pages,
					    sizeof(*guest->pages)),
				 GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	return guest->pages ? 0 : -ENOMEM;
}

/**
 * lg_mem_free - give all pages back
 * @guest: no shadow refers to its memory any more
 */
void lg_mem_free(struct lg_guest *guest)
{
	lg_gfn_t gfn;

	if (!guest->pages)
		return;
	for (gfn = 0; gfn < guest->ram_pages; gfn++) {
		if (guest->pages[gfn])
			unpin_user_pages_dirty_lock(&guest->pages[gfn], 1, true);
		if (!(gfn & 1023))
			cond_resched();
	}
	vfree(guest->pages);
	guest->pages = NULL;
}

/**
 * lg_mem_page - the page behind a guest frame, taken now if need be
 * @guest: may sleep
 * @gfn: any number
 *
 * Returns the page or NULL: no such frame, or the launcher has nothing there.
 */
struct page *lg_mem_page(struct lg_guest *guest, lg_gfn_t gfn)
{
	struct page *page;

	if (gfn >= guest->ram_pages)
		return NULL;
	if (likely(guest->pages[gfn]))
		return guest->pages[gfn];
	if (pin_user_pages_fast(guest->hva + ((unsigned long)gfn << PAGE_SHIFT),
				1, FOLL_WRITE | FOLL_LONGTERM, &page) != 1)
		return NULL;
	guest->pages[gfn] = page;
	guest->pinned++;
	return page;
}

static bool range_is_ram(struct lg_guest *guest, lg_gpa_t gpa, size_t len)
{
	lg_gpa_t end;

	return !check_add_overflow(gpa, (lg_gpa_t)len, &end) &&
	       end <= (lg_gpa_t)guest->ram_pages << PAGE_SHIFT;
}

static int mem_copy(struct lg_guest *guest, lg_gpa_t gpa, void *buf,
		    size_t len, bool write)
{
	if (!range_is_ram(guest, gpa, len))
		return -EFAULT;
	while (len) {
		unsigned int offset = offset_in_page(gpa);
		size_t n = min_t(size_t, len, PAGE_SIZE - offset);
		struct page *page = lg_mem_page(guest, gpa >> PAGE_SHIFT);
		void *p;

		if (!page)
			return -EFAULT;
		p = kmap_local_page(page);
		if (write)
			memcpy(p + offset, buf, n);
		else
			memcpy(buf, p + offset, n);
		kunmap_local(p);
		gpa += n;
		buf += n;
		len -= n;
	}
	return 0;
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
	return mem_copy(guest, gpa, to, len, false);
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
	return mem_copy(guest, gpa, (void *)from, len, true);
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
