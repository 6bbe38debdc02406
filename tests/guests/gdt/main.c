// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of every type in the guest's GDT.
 *
 * Claim: whatever the guest loads, no descriptor the CPU sees has DPL 0 and
 * none is a system descriptor, but for those of the switcher, which no guest
 * can load.  A present data segment can be loaded, DPL 0 becomes 1; one that
 * is absent or no segment cannot: #GP or #NP with the selector.  No gate can
 * be called.  Selectors beyond the table and in the (empty) LDT fault.
 *
 * Source: docs/abi/lg32.md, GDT; reliability class 11.  Historic lguest
 * checked nothing and counted on the fault in the switcher.
 *
 * A failure names the access byte of the descriptor.
 */
#include "tg.h"

const char tg_title[] = "GDT entries";

#define ENTRY	5
#define SEL	(ENTRY * 8)

static u64 descriptor(u32 access, u32 flags)
{
	return 0x000000000000ffffull | (u64)access << 40 |
	       (u64)(flags << 4 | 0xf) << 48;
}

/* Access rights the CPU shows us; false if it does not. */
static bool lar(u32 selector, u32 *rights)
{
	u8 ok;

	asm volatile("larl %2, %0\n\tsetz %1"
		     : "=&r"(*rights), "=q"(ok) : "r"(selector) : "cc");
	return ok;
}

static u32 load_fs(u32 selector)
{
	return tg_try("movl %0, %%fs", : : "r"(selector) : "memory");
}

static void clear_fs(void)
{
	asm volatile("movl %0, %%fs" : : "r"(0));
}

static bool is_data(u32 access)
{
	return (access & 0x98) == 0x90;
}

static void check_rights(u32 access, u32 flags)
{
	u32 rights;

	if (!lar(SEL | 1, &rights))
		return;
	TG_CHECK(rights & 0x1000, "access %#x.%x: system descriptor visible: %#x",
		 access, flags, rights);
	TG_CHECK(rights & 0x6000, "access %#x.%x: DPL 0 visible: %#x", access,
		 flags, rights);
}

static void check_load(u32 access, u32 flags)
{
	u32 vector = load_fs(SEL | 1);

	if (vector == TG_NO_TRAP) {
		TG_CHECK((access & 0x90) == 0x90,
			 "access %#x.%x could be loaded", access, flags);
		clear_fs();
		return;
	}
	TG_CHECK(!is_data(access), "data access %#x.%x: trap %u", access, flags,
		 vector);
	TG_CHECK(vector == 11 || vector == 13, "access %#x.%x: trap %u", access,
		 flags, vector);
	TG_CHECK(tg_fault.error == SEL, "access %#x.%x: error %#x", access,
		 flags, tg_fault.error);
}

/* Far calls through anything that is no segment: always a trap. */
static u32 far_call(u32 selector)
{
	struct {
		u32 offset;
		u16 selector;
	} __attribute__((packed)) to = { 0, selector };

	return tg_try("lcall *%0", : : "m"(to) : "memory");
}

static void check_call(u32 access, u32 flags)
{
	u32 vector;

	if (access & 0x10)
		return;
	vector = far_call(SEL | 1);
	TG_CHECK(vector == 10 || vector == 11 || vector == 13,
		 "far call to system descriptor %#x.%x: trap %u", access, flags,
		 vector);
}

static void check_all_types(void)
{
	static const u32 flags[] = { 0xc, 0x4, 0x0, 0xf };
	u32 access, f;

	for (f = 0; f < ARRAY_SIZE(flags); f++) {
		for (access = 0; access < 256; access++) {
			tg_gdt_set(ENTRY, descriptor(access, flags[f]));
			check_rights(access, flags[f]);
			check_load(access, flags[f]);
			check_call(access, flags[f]);
		}
	}
	tg_gdt_set(ENTRY, 0);
}

/* A call gate into the switcher's own code segment, and other targets. */
static void check_call_gates(void)
{
	static const u32 targets[] = { 0x50, 0x60, 0x61, 0x58, 0x08 };
	u32 i, dpl, type;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		for (dpl = 0; dpl < 4; dpl++) {
			for (type = 4; type < 16; type += 8) {
				u64 gate = targets[i] << 16 |
					(u64)(0x80 | dpl << 5 | type) << 40;

				tg_gdt_set(ENTRY, gate);
				check_call(0x80 | dpl << 5 | type, 0);
			}
		}
	}
	tg_gdt_set(ENTRY, 0);
}

/* The entries that are not the guest's: writes have no effect that shows. */
static void check_reserved_entries(void)
{
	static const u32 entries[] = {
		LG32_GDT_CODE, LG32_GDT_DATA, LG32_GDT_TSS, LG32_GDT_DF_TSS
	};
	u32 i, rpl, vector;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		tg_gdt_set(entries[i], TG_DESC_DATA3);
		for (rpl = 0; rpl < 4; rpl++) {
			vector = load_fs(entries[i] * 8 | rpl);
			TG_CHECK(vector == 13 || vector == 11,
				 "entry %u rpl %u: trap %u", entries[i], rpl,
				 vector);
			vector = far_call(entries[i] * 8 | rpl);
			TG_CHECK(vector != TG_NO_TRAP && vector != 14,
				 "far call to entry %u rpl %u: trap %u",
				 entries[i], rpl, vector);
		}
	}
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
}

/* Selectors outside the table or in the LDT. */
static void check_selectors(void)
{
	u32 sel, vector;

	for (sel = 4; sel < 0x10000; sel += sel < 0x400 ? 1 : 97) {
		u32 index = sel >> 3;
		bool there = !(sel & 4) && index >= 12 && index <= 15;
		bool may = (sel & 3) <= 1 || index >= 14;

		vector = load_fs(sel);
		if (there && may) {
			TG_CHECK(vector == TG_NO_TRAP, "selector %#x: trap %u",
				 sel, vector);
			continue;
		}
		if (sel < 4)
			continue;
		TG_CHECK(vector == 13 && tg_fault.error == (sel & ~3u),
			 "selector %#x: trap %u, error %#x", sel, vector,
			 tg_fault.error);
	}
	clear_fs();
}

/* A base and a limit the guest chose are used. */
static void check_base(void)
{
	static u32 words[4] = { 1, 2, 3, 4 };
	u32 i, base, value;

	for (i = 0; i < 4; i++) {
		base = (u32)&words[i];
		tg_gdt_set(ENTRY, TG_DESC_DATA1 | (u64)(base & 0xffffff) << 16 |
			   (u64)(base >> 24) << 56);
		asm volatile("movl %1, %%fs\n\tmovl %%fs:0, %0"
			     : "=&r"(value) : "r"(SEL | 1));
		TG_EQ(value, i + 1, "word at the base");
	}
	clear_fs();
	tg_gdt_set(ENTRY, 0);
}

void test_main(void)
{
	check_base();
	check_selectors();
	check_all_types();
	check_call_gates();
	check_reserved_entries();
}
