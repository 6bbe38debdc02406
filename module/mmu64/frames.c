// SPDX-License-Identifier: GPL-2.0
/*
 * What the shadow of a page-table entry is, by the page it names: a table that
 * the switcher can read, at WINDOW_FRAMES in the guest's page tables, for ring 0
 * alone. An entry is what leaf_entry() would make of an entry of the guest's
 * that allows everything; FRAME_TABLE; 0: nothing is known but that it is no table
 * page, unless memory was short.
 */
#include <linux/io.h>
#include <linux/nospec.h>
#include "shadow.h"

#define ENTRIES_PER_PAGE	(PAGE_SIZE / sizeof(u64))
#define UPPER_BITS	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED)
#define LEAF_BITS	(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_NX)

/* One table of the second level covers more memory than a guest can have. */
static_assert(HOST_MAX_MEMORY / PAGE_SIZE / ENTRIES_PER_PAGE <=
	      TABLE_ENTRIES * TABLE_ENTRIES);

static u64 *frames_page(struct lg_frames *frames)
{
	u64 *page = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (page)
		frames->pages++;
	return page;
}

static u64 *entry_page(u64 entry)
{
	return entry ? __va(entry & LG_PTE_FRAME) : NULL;
}

/**
 * frames_init - a table that knows nothing
 * @guest: in whose window it is
 * @frames: zero
 *
 * Returns 0 or -ENOMEM.
 */
int frames_init(struct lg_guest *guest, struct lg_frames *frames)
{
	frames->pmd = frames_page(frames);
	if (!frames->pmd)
		return -ENOMEM;
	host_window_frames(guest, __pa(frames->pmd));
	return 0;
}

/**
 * frames_free - undo frames_init()
 * @guest: will not run again
 * @frames: its
 */
void frames_free(struct lg_guest *guest, struct lg_frames *frames)
{
	unsigned int i, j;

	host_window_frames(guest, 0);
	for (i = 0; i < TABLE_ENTRIES; i++) {
		u64 *pte = entry_page(frames->pmd[i]);

		for (j = 0; pte && j < TABLE_ENTRIES; j++)
			free_page((unsigned long)entry_page(pte[j]));
		free_page((unsigned long)pte);
		cond_resched();
	}
	free_page((unsigned long)frames->pmd);
}

/* The table below an entry, made if need be and wanted; or NULL. */
static u64 *frames_below(struct lg_frames *frames, u64 *entry, u64 bits,
			 bool make)
{
	u64 *page;

	if (*entry || !make)
		return entry_page(*entry);
	page = frames_page(frames);
	if (page)
		WRITE_ONCE(*entry, __pa(page) | bits);
	return page;
}

/**
 * frames_get - what frames_set() said last
 * @frames: the guest's
 * @gfn: any number
 *
 * Returns it, or 0: nothing is known.
 */
u64 frames_get(struct lg_frames *frames, u64 gfn)
{
	u64 nr = gfn / ENTRIES_PER_PAGE, *pte, *page;

	if (nr / TABLE_ENTRIES >= TABLE_ENTRIES)
		return 0;
	nr = array_index_nospec(nr, TABLE_ENTRIES * TABLE_ENTRIES);
	pte = entry_page(frames->pmd[nr / TABLE_ENTRIES]);
	page = pte ? entry_page(pte[nr % TABLE_ENTRIES]) : NULL;
	return page ? page[gfn % ENTRIES_PER_PAGE] : 0;
}

/**
 * frames_set - what the shadow of an entry that names this page may be
 * @frames: the guest's
 * @gfn: a page of the guest
 * @entry: it; for 0 nothing is allocated
 *
 * Without memory nothing is known, which is no error.
 */
void frames_set(struct lg_frames *frames, u64 gfn, u64 entry)
{
	u64 nr = gfn / ENTRIES_PER_PAGE, *pte, *page;

	pte = frames_below(frames, &frames->pmd[nr / TABLE_ENTRIES], UPPER_BITS,
			   entry);
	if (!pte)
		return;
	page = frames_below(frames, &pte[nr % TABLE_ENTRIES], LEAF_BITS, entry);
	if (page)
		WRITE_ONCE(page[gfn % ENTRIES_PER_PAGE], entry);
}
