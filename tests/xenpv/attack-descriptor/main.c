// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of every type, in the GDT and the LDT.
 *
 * Claim: only code and data of privilege 3 can be loaded; gates, TSS, LDT and the
 * reserved are refused or not there. Selectors lead to ring 3 or to a fault;
 * changing a descriptor in use, the GDT's or LDT's page or the table itself
 * harms nobody. The CPU's copy is never the guest's memory.
 *
 * Source: XSA-9, XSA-191; docs/abi/xenpv.md.
 */
#include "tg.h"

const char tg_title[] = "descriptors";

#define CODE64	0x00affb000000fffful
#define CODE32	0x00cffb000000fffful
#define DATA	0x00cff3000000fffful
#define SLOT	8			/* of the entry that we play with */

static u64 gdt_gfn, ldt_gfn;

static long set_gdt(u64 entries)
{
	u64 frames[16];
	u32 i;

	for (i = 0; i < 16; i++)
		frames[i] = gdt_gfn;
	return tg_hcall(set_gdt, frames, entries, 0, 0);
}

static long update(u64 gfn, u32 index, u64 desc)
{
	return tg_hcall(update_descriptor, gfn * TG_PAGE + index * 8, desc, 0,
			0);
}

static u64 with_type(u32 type, u32 dpl, bool l, bool d)
{
	u64 desc = 0x008f80000000fffful | (u64)type << 40 | (u64)dpl << 45;

	return desc | (u64)l << 53 | (u64)d << 54;
}

/*
 * Data of any privilege, accessed or not, was made privilege 3 and accessed: else
 * the CPU would refuse the one, and write to our copy of the table for the other.
 */
static void check_data(u32 type, u32 dpl)
{
	u32 vector = tg_try("movl %0, %%es", : : "r"(SLOT * 8 | 3));

	TG_CHECK(vector == TG_NO_TRAP, "data of type %u, privilege %u: trap %u",
		 type, dpl, vector);
	asm volatile("movl %0, %%es" : : "r"(0));
}

/* What may be in a segment register never gives more than ring 3 has. */
static void use(u16 selector)
{
	u64 cs;

	tg_try("movl %0, %%ds\n\tmovl %1, %%ds", : : "r"((u32)selector), "r"(0));
	tg_try("movl %0, %%fs\n\tmovl %1, %%fs", : : "r"((u32)selector), "r"(0));
	tg_try("movl %0, %%gs\n\tmovl %1, %%gs", : : "r"((u32)selector), "r"(0));
	asm volatile("movl %0, %%ds\n\tmovl %0, %%fs\n\tmovl %0, %%gs" : : "r"(0));
	tg_try("movl %0, %%ss", : : "r"((u32)selector));
	asm volatile("movl %0, %%ss" : : "r"(FLAT_KERNEL_SS64));
	/* A far call through whatever it is. */
	if (tg_try("pushq %1\n\tpushq $1f\n\tlretq\n"
		   "1:\tmovq %%cs, %0", : "=r"(cs)
		   : "r"((u64)selector) : "memory") == TG_NO_TRAP)
		TG_EQ(cs & 3, 3, "privilege of cs");
	asm volatile("pushq %0\n\tpushq $1f\n\tlretq\n1:"
		     : : "i"(FLAT_KERNEL_CS64) : "memory");
}

static void check_types(void)
{
	u32 type, dpl, size;
	u64 desc;
	long rc;

	for (type = 0; type < 32; type++)
		for (dpl = 0; dpl < 4; dpl++)
			for (size = 0; size < 4; size++) {
				desc = with_type(type, dpl, size & 1, size & 2);
				rc = update(gdt_gfn, SLOT, desc);
				if (type < 16)
					TG_CHECK(rc < 0, "type %u was taken",
						 type);
				else if (type < 24)
					check_data(type, dpl);
				/*
				 * 32-bit code cannot run here, not even what
				 * is left of the one before.
				 */
				if (type >= 24 && size != 1)
					continue;
				use(SLOT * 8 | 3);
				use(SLOT * 8);
			}
	update(gdt_gfn, SLOT, 0);
	TG_EQ(update(gdt_gfn, SLOT, CODE64 | 1ul << 54), -22,
	      "code with L and D");
}

/* The same, in memory when the table is set. */
static void check_set(void)
{
	u64 *desc = tg_va(gdt_gfn);
	u32 type;

	for (type = 0; type < 32; type++) {
		desc[SLOT] = with_type(type, 0, true, false);
		set_gdt(512);
		use(SLOT * 8 | 3);
		use(SLOT * 8);
	}
	desc[SLOT] = 0;
	/* Call gates of 16 bytes to our own code, at privilege 0. */
	desc[SLOT] = 0x80108c0000000000ul | 0xe008ul << 16;
	desc[SLOT + 1] = 0xffffffff;
	set_gdt(512);
	TG_CHECK(tg_try("rex.W lcall *%0", : : "m"((struct { u64 rip; u16 cs; })
		 { 0, SLOT * 8 }) : "memory") != TG_NO_TRAP, "a call gate opened");
	desc[SLOT] = desc[SLOT + 1] = 0;
	set_gdt(512);
	/* The guest writes its own copy afterwards: nobody looks. */
	desc[SLOT] = DATA;
	TG_CHECK(tg_try("movl %0, %%fs", : : "r"(SLOT * 8 | 3)) == 13,
		 "the CPU reads the guest's memory");
	desc[SLOT] = 0;
}

static void check_set_refused(void)
{
	u64 frames[16] = { 1ul << 40 };

	TG_EQ(tg_hcall(set_gdt, frames, 512, 0, 0), -22, "GDT in no page");
	TG_EQ(set_gdt(14 * 512 + 1), -22, "GDT too long");
	TG_EQ(set_gdt(-1ul), -22, "GDT of -1 entries");
	TG_EQ(tg_hcall(set_gdt, TG_NOWHERE, 512, 0, 0), -14, "no frames");
	((u64 *)tg_va(gdt_gfn))[SLOT] = DATA;
	TG_EQ(set_gdt(512), 0, "GDT with one entry");
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(SLOT * 8 | 3)), TG_NO_TRAP,
	      "that entry");
	TG_EQ(set_gdt(0), 0, "no GDT");
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(SLOT * 8 | 3)), 13,
	      "entry of no GDT");
	((u64 *)tg_va(gdt_gfn))[SLOT] = 0;
	TG_EQ(set_gdt(14 * 512), 0, "longest GDT");
}

/* Xen's own entries, and what is beyond the guest's. */
static void check_reserved(void)
{
	u32 selector;

	for (selector = 0xe000; selector <= 0xffff; selector += 8) {
		u32 vector = tg_try("movl %0, %%fs", : : "r"(selector | 3));

		if (selector == FLAT_KERNEL_SS64 - 3 ||
		    selector == (FLAT_RING3_CS32 & ~3) ||
		    selector == (FLAT_RING3_CS64 & ~3))
			continue;
		TG_CHECK(vector == 13 || vector == 11, "selector %#x: trap %u",
			 selector | 3, vector);
	}
	asm volatile("movl %0, %%fs" : : "r"(0));
}

static void check_ldt(void)
{
	u64 *desc = tg_va(ldt_gfn);
	u32 type;

	desc[0] = desc[511] = DATA;
	tg_table_protect(ldt_gfn);
	TG_EQ(tg_mmuext(MMUEXT_SET_LDT, (u64)desc, 1), 0, "SET_LDT of one");
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(7)), TG_NO_TRAP, "entry 0 of one");
	TG_EQ(tg_mmuext(MMUEXT_SET_LDT, (u64)desc, 512), 0, "SET_LDT");
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(511 * 8 | 7)), TG_NO_TRAP,
	      "the last LDT entry");
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(7)), TG_NO_TRAP, "LDT entry 0");
	for (type = 0; type < 32; type++) {
		update(ldt_gfn, 1, with_type(type, 0, true, false));
		use(0xf);
		use(0xc);
	}
	TG_EQ(update(ldt_gfn, 2, DATA), 0, "update of the LDT");
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(0x17)), TG_NO_TRAP,
	      "updated LDT entry");
	TG_EQ(tg_mmuext(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(7)), 13, "entry of no LDT");
	TG_CHECK(tg_mmuext(MMUEXT_SET_LDT, (u64)desc + 8, 16) < 0,
		 "LDT off the page");
	TG_CHECK(tg_mmuext(MMUEXT_SET_LDT, (u64)desc, 8193) < 0, "LDT too long");
	tg_mmuext(MMUEXT_SET_LDT, TG_NOWHERE, 8192);
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(7)), 13, "LDT that is not there");
	tg_mmuext(MMUEXT_SET_LDT, 0xffff808000000000, 8192);
	TG_EQ(tg_try("movl %0, %%fs", : : "r"(7)), 13, "LDT in the window");
	tg_mmuext(MMUEXT_SET_LDT, -TG_PAGE, 8192);
	tg_mmuext(MMUEXT_SET_LDT, 0, 0);
	asm volatile("movl %0, %%fs" : : "r"(0));
}

/* A segment that is in use goes away. */
static void check_gone(void)
{
	update(gdt_gfn, SLOT, DATA);
	update(gdt_gfn, SLOT + 1, CODE64);
	asm volatile("movl %0, %%fs\n\tmovl %0, %%ds"
		     : : "r"(SLOT * 8 | 3));
	update(gdt_gfn, SLOT, 0);
	tg_sleep(1000000);
	asm volatile("movl %0, %%fs\n\tmovl %0, %%ds" : : "r"(0));
	TG_EQ(update(gdt_gfn, -1u, DATA), -22, "descriptor in no page");
	TG_EQ(update(tg_start_info->nr_pages + TG_EXTRA_PAGES, 0, DATA), -22,
	      "descriptor behind all pages");
	TG_EQ(tg_hcall(update_descriptor, gdt_gfn * TG_PAGE + 4, DATA, 0, 0),
	      -22, "descriptor off its place");
	TG_EQ(tg_hcall(update_descriptor, -8ul, DATA, 0, 0), -22,
	      "descriptor at -8");
}

/* One that is a page table, too. */
static void check_table(void)
{
	u64 gfn = tg_entry_at(tg_root, TG_KTEST, 1) / TG_PAGE;

	tg_map(tg_root, TG_KTEST, tg_pte(gdt_gfn, TG_RW));
	gfn = tg_entry_at(tg_root, TG_KTEST, 1) / TG_PAGE;
	update(gfn, 5, DATA);
	tg_try_read(TG_KTEST + 5 * TG_PAGE, NULL);
	update(gfn, 5, 0);
	TG_EQ(tg_try_read(TG_KTEST + 5 * TG_PAGE, NULL), 14,
	      "trap of a mapping that is gone");
}

void test_main(void)
{
	gdt_gfn = tg_page_alloc();
	ldt_gfn = tg_page_alloc();
	TG_EQ(set_gdt(512), 0, "set_gdt");
	check_types();
	check_set();
	check_set_refused();
	set_gdt(512);
	check_reserved();
	check_ldt();
	check_gone();
	check_table();
}
