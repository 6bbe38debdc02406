// SPDX-License-Identifier: GPL-2.0
/*
 * From the first C function to the test's own, and what all of them need:
 * memory, the command line, shared_info and the box.
 */
#include "tg.h"

struct start_info *tg_start_info;
struct shared_info *tg_shared;
char tg_arg[128];
char tg_trap_stack[2 * TG_PAGE] __attribute__((aligned(4096)));
volatile struct tg_box *tg_box;

/* Where shared_info and the box are mapped: our own pages' places. */
static char shared_page[TG_PAGE] __attribute__((aligned(4096)));
static char box_page[TG_PAGE] __attribute__((aligned(4096)));

static u64 next_page;
void tg_main(struct start_info *start);

u64 tg_gfn(const volatile void *p)
{
	return ((u64)p - TG_KERNEL) / TG_PAGE;
}

void *tg_va(u64 gfn)
{
	return (void *)(TG_KERNEL + gfn * TG_PAGE);
}

u64 tg_page_alloc(void)
{
	if (next_page >= tg_start_info->nr_pages) {
		tg_error("out of pages");
		tg_exit();
	}
	memset(tg_va(next_page), 0, TG_PAGE);
	return next_page++;
}

static bool map_special(void *page, u64 gfn)
{
	return !tg_va_mapping((u64)page, tg_pte(gfn, TG_RW), UVMF_INVLPG);
}

static void find_box(void)
{
	volatile struct tg_box *box = (void *)box_page;

	if (map_special(box_page, tg_start_info->nr_pages + TG_BOX_GFN) &&
	    box->magic == TG_MAGIC)
		tg_box = box;
}

/*
 * Behind the boot stack nothing is in use; a builder may have put the page
 * tables before or behind it.
 */
static void find_memory(struct start_info *start)
{
	u64 tables = tg_gfn((void *)start->pt_base) + start->nr_pt_frames;
	u64 stack = tg_gfn((void *)tg_first.rsp);

	tg_start_info = start;
	next_page = tables > stack ? tables : stack;
	tg_root = tg_gfn((void *)start->pt_base);
}

/* Called by start.S, on our own stack. */
void tg_main(struct start_info *start)
{
	u32 i;

	find_memory(start);
	if (map_special(shared_page, start->shared_info / TG_PAGE))
		tg_shared = (void *)shared_page;
	find_box();
	for (i = 0; i < sizeof(tg_arg) - 1 && start->cmd_line[i]; i++)
		tg_arg[i] = start->cmd_line[i];
	if (!tg_shared) {
		tg_error("no shared_info");
		tg_exit();
	}
	tg_traps_init();
	tg_printf("# %s%s%s\n", tg_title, tg_arg[0] ? ": " : "", tg_arg);
	test_main();
	tg_exit();
}
