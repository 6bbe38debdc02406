// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's GDT and IDT: kept by the host, changed by hypercall.  Every
 * vector starts as an interrupt gate to its stub in entry.S; ring 3 may use
 * those of int3, into and the system call.
 */
#include "tg.h"

void tg_gdt_set(u32 index, u64 desc)
{
	tg_hcall(LG32_LOAD_GDT_ENTRY, index, desc, desc >> 32, 0);
}

void tg_idt_set(u32 vector, u32 type, u32 dpl, const void *handler)
{
	u32 addr = (u32)handler;

	tg_hcall(LG32_LOAD_IDT_ENTRY, vector,
		 LG32_KERNEL_CS << 16 | (addr & 0xffff),
		 (addr & 0xffff0000) | 0x8000 | dpl << 13 | type << 8, 0);
}

void tg_idt_default(u32 vector)
{
	bool user = vector == 3 || vector == 4 || vector == LG32_SYSCALL_VECTOR;

	tg_idt_set(vector, TG_GATE_INTR, user ? 3 : 0,
		   (const void *)tg_stubs[vector]);
}

void tg_segments_init(void)
{
	u32 v;

	tg_gdt_set(12, TG_DESC_CODE1);
	tg_gdt_set(13, TG_DESC_DATA1);
	tg_gdt_set(14, TG_DESC_CODE3);
	tg_gdt_set(15, TG_DESC_DATA3);
	for (v = 0; v < 256; v++)
		tg_idt_default(v);
	tg_hcall(LG32_SET_STACK, LG32_KERNEL_DS, TG_TRAP_ESP, 2, 0);
}
