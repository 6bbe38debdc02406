// SPDX-License-Identifier: GPL-2.0
/*
 * The first state of a guest.
 *
 * Claim: a guest starts in ring 1 with flat code and data segments 0x61 and
 * 0x69, all general registers zero (no stack: ESP is 0; boot_params is at
 * gpa 0, so is ESI), FS and GS null, interrupts "on" in the real flags;
 * memory is there 1:1 before any page table; INIT fills in its fields of the
 * data page and leaves the guest's own alone.
 *
 * Source: docs/abi/lg32.md, boot protocol; historic lguest.
 *
 * A failure shows as the name of the register or field and its value.
 */
#include "tg.h"

const char tg_title[] = "first state";

static void check_first_registers(void)
{
	TG_EQ(tg_first.eax, 0, "eax");
	TG_EQ(tg_first.ebx, 0, "ebx");
	TG_EQ(tg_first.ecx, 0, "ecx");
	TG_EQ(tg_first.edx, 0, "edx");
	TG_EQ(tg_first.esi, 0, "esi");
	TG_EQ(tg_first.edi, 0, "edi");
	TG_EQ(tg_first.ebp, 0, "ebp");
	TG_EQ(tg_first.esp, 0, "esp");
	TG_EQ(tg_first.cs & 0xffff, LG32_KERNEL_CS, "cs");
	TG_EQ(tg_first.ss & 0xffff, LG32_KERNEL_DS, "ss");
	TG_EQ(tg_first.ds & 0xffff, LG32_KERNEL_DS, "ds");
	TG_EQ(tg_first.es & 0xffff, LG32_KERNEL_DS, "es");
	TG_EQ(tg_first.fs & 0xffff, 0, "fs");
	TG_EQ(tg_first.gs & 0xffff, 0, "gs");
	/* IF on, IOPL 0, no NT, AC, VM, DF, TF; arithmetic flags are ours. */
	TG_EQ(tg_first.eflags & ~0x8d5u, 0x202, "eflags");
}

static void check_data_page(void)
{
	TG_EQ(tg_data.kernel_address, TG_KERNEL, "kernel_address");
	TG_EQ(tg_data.noirq_iret, tg_iret, "noirq_iret");
	TG_EQ(tg_data.syscall_vec, LG32_SYSCALL_VECTOR, "syscall_vec");
	TG_EQ(tg_data.blocked_interrupts, 0xffffffff, "blocked_interrupts");
	TG_CHECK(tg_data.reserve_mem >= TG_PAGE, "reserve_mem is %#x",
		 tg_data.reserve_mem);
	/* Last-level tables, PAE's too, are the host's altogether or ours. */
	TG_EQ(tg_data.reserve_mem % (2u << 20), 0, "reserve_mem in 2 MiB");
	TG_CHECK(-tg_data.reserve_mem > TG_KERNEL + TG_BOOT_MAP,
		 "reserve_mem is %#x: no room for a kernel",
		 tg_data.reserve_mem);
	TG_CHECK(tg_data.time_sec > 1000000000, "time is %u", tg_data.time_sec);
	TG_CHECK(tg_data.time_nsec < 1000000000, "time_nsec is %u",
		 tg_data.time_nsec);
	TG_CHECK(!tg_data.tsc_khz || tg_data.tsc_khz > 10000, "tsc_khz is %u",
		 tg_data.tsc_khz);
}

/* Every page up to the end of memory is there and is its own. */
static void check_memory(void)
{
	u32 gpa, end = tg_memory < TG_BOOT_MAP ? tg_memory : TG_BOOT_MAP;
	u32 first = tg_page_alloc();

	TG_CHECK(tg_memory >= 1 << 20, "memory is %#x", tg_memory);
	for (gpa = first; gpa < end; gpa += TG_PAGE)
		*(volatile u32 *)tg_va(gpa) = gpa;
	for (gpa = first; gpa < end; gpa += TG_PAGE)
		TG_EQ(*(volatile u32 *)tg_va(gpa), gpa, "memory");
}

void test_main(void)
{
	check_first_registers();
	check_data_page();
	check_memory();
}
