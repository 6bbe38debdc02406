/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of the kernel as module/mmu64 asks for, in a program. Included before
 * every file; world.c has what is more than a line.
 */
#ifndef TESTS_SHADOW_KERNEL_H
#define TESTS_SHADOW_KERNEL_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t u16;
typedef uint8_t u8;
typedef u64 phys_addr_t;

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ul
#define BIT_ULL(n)	(1ull << (n))
#define GENMASK_ULL(h, l) ((~0ull << (l)) & (~0ull >> (63 - (h))))

#define _PAGE_PRESENT	0x001ul
#define _PAGE_RW	0x002ul
#define _PAGE_USER	0x004ul
#define _PAGE_ACCESSED	0x020ul
#define _PAGE_DIRTY	0x040ul
#define _PAGE_NX	(1ul << 63)

#define X86_PF_PROT	1
#define X86_PF_WRITE	2
#define X86_PF_USER	4
#define X86_PF_RSVD	8
#define X86_PF_INSTR	16

#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define round_down(x, y) ((x) / (y) * (y))
#define offset_in_page(x) ((u64)(x) & (PAGE_SIZE - 1))
#define likely(x)	(x)
#define array_index_nospec(i, size) (i)
#define READ_ONCE(x)	(x)
#define WRITE_ONCE(x, v) ((x) = (v))
#define WARN_ON_ONCE(x)	({ assert(!(x)); false; })
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))

#define IS_ERR(p)	((unsigned long)(p) >= -4095ul)
#define PTR_ERR(p)	((long)(p))
#define ERR_PTR(e)	((void *)(long)(e))

#define module_param(name, type, mode) static_assert(true, "")
#define MODULE_PARM_DESC(name, text) static_assert(true, "")

static inline void cond_resched(void)
{
}

static inline void *memchr_inv(const void *p, int c, size_t n)
{
	const u8 *byte = p;

	for (; n; n--, byte++)
		if (*byte != (u8)c)
			return (void *)byte;
	return NULL;
}

/* ---- lists: as the kernel's, but checked at every step ---- */

struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list->prev = list;
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	entry->next = head->next;
	entry->prev = head;
	head->next->prev = entry;
	head->next = entry;
}

static inline void list_cut(struct list_head *entry)
{
	assert(entry->next->prev == entry && entry->prev->next == entry);
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
}

static inline void list_del(struct list_head *entry)
{
	list_cut(entry);
	entry->next = entry->prev = NULL;
}

static inline void list_del_init(struct list_head *entry)
{
	list_cut(entry);
	INIT_LIST_HEAD(entry);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	list_cut(entry);
	list_add(entry, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_last_entry(head, type, member) \
	container_of((head)->prev, type, member)
#define list_for_each_entry(p, head, member)				\
	for (p = container_of((head)->next, typeof(*p), member);	\
	     &p->member != (head);					\
	     p = container_of(p->member.next, typeof(*p), member))
#define list_for_each_entry_reverse(p, head, member)			\
	for (p = container_of((head)->prev, typeof(*p), member);	\
	     &p->member != (head);					\
	     p = container_of(p->member.prev, typeof(*p), member))

/* ---- memory ---- */

#define GFP_KERNEL_ACCOUNT 0

bool allocation_fails(void);

static inline void *kzalloc(size_t size, int flags)
{
	return allocation_fails() ? NULL : calloc(1, size);
}

#define kvzalloc(size, flags) calloc(1, size)
#define kvmalloc_array(n, size, flags) \
	(allocation_fails() ? NULL : malloc((n) * (size)))
#define sort(base, n, size, compare, swap) qsort(base, n, size, compare)
#define kfree free
#define kvfree free

struct page {
	unsigned long private;
	bool used;
};

unsigned long get_zeroed_page(int flags);
void free_page(unsigned long address);
struct page *virt_to_page(const void *p);
struct page *pfn_to_page(u64 pfn);
phys_addr_t page_to_phys(const struct page *page);

#define memset64(p, value, n) \
	({ for (size_t i_ = 0; i_ < (n); i_++) (p)[i_] = (value); })
#define __ffs64(x) __builtin_ctzll(x)

#define page_address(page) ((void *)page_to_phys(page))

/* No memory goes bad here. */
static inline bool PageHWPoison(const struct page *page)
{
	return false;
}

/* Returns the bytes that are left. */
static inline size_t copy_mc_to_kernel(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return 0;
}
#define page_private(page) ((page)->private)
#define set_page_private(page, value) ((page)->private = (value))
#define __pa(p) ((phys_addr_t)(p))
#define __va(phys) ((void *)(phys))

/* ---- an xarray for small numbers ---- */

#define XA_ENTRIES 256

struct xarray {
	void *entry[XA_ENTRIES];
};

static inline void xa_init(struct xarray *xa)
{
	memset(xa, 0, sizeof(*xa));
}

static inline void xa_destroy(struct xarray *xa)
{
}

static inline void *xa_load(struct xarray *xa, unsigned long i)
{
	return i < XA_ENTRIES ? xa->entry[i] : NULL;
}

static inline void *xa_store(struct xarray *xa, unsigned long i, void *entry,
			     int flags)
{
	assert(i < XA_ENTRIES);
	if (allocation_fails())
		return ERR_PTR(-ENOMEM);
	xa->entry[i] = entry;
	return NULL;
}

static inline int xa_err(void *entry)
{
	return IS_ERR(entry) ? -ENOMEM : 0;
}

static inline void xa_erase(struct xarray *xa, unsigned long i)
{
	xa->entry[i] = NULL;
}

static inline void *xa_from(struct xarray *xa, unsigned long *i)
{
	while (*i < XA_ENTRIES && !xa->entry[*i])
		++*i;
	return *i < XA_ENTRIES ? xa->entry[*i] : NULL;
}

#define xa_for_each(xa, i, p) \
	for ((i) = 0; ((p) = xa_from(xa, &(i))); (i)++)

#endif
