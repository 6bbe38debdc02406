/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The lg32 guest ABI: what a 32-bit lguest guest and the module say to each
 * other.  For C and assembly, module, launcher and bare test guests alike.
 * docs/abi/lg32.md is the prose to this header.
 */
#ifndef LGUEST_LG32_H
#define LGUEST_LG32_H

/*
 * A hypercall is `int $0x1f` in ring 1: number in EAX, arguments in EBX, ECX,
 * EDX, ESI; all registers are preserved.
 */
#define LG32_HCALL_VECTOR	0x1f

#define LG32_FLUSH_ASYNC	0	/* nothing; the exit drains the ring */
#define LG32_INIT		1	/* gpa of struct lg32_data; first, once */
#define LG32_SHUTDOWN		2	/* gpa of text, LG32_POWEROFF/RESTART/0 */
#define LG32_NEW_PGTABLE	4	/* gpa of top-level table */
#define LG32_FLUSH_TLB		5	/* 0: user half of this table; else all */
#define LG32_LOAD_IDT_ENTRY	6	/* index, low word, high word */
#define LG32_SET_STACK		7	/* ss (RPL 1), esp, pages (at most 2) */
#define LG32_TS			8	/* non-zero: set CR0.TS */
#define LG32_SET_CLOCKEVENT	9	/* ns until IRQ 0; 0: off */
#define LG32_HALT		10	/* sleep until an unblocked IRQ */
#define LG32_SET_PMD		13	/* PAE: gpa of PMD page, index */
#define LG32_SET_PTE		14	/* gpa of top table, gva, low[, high] */
#define LG32_SET_PGD		15	/* gpa of top table, index */
#define LG32_LOAD_TLS		16	/* gpa of three descriptors, cpu */
#define LG32_LOAD_GDT_ENTRY	18	/* index, low word, high word */
#define LG32_SEND_INTERRUPTS	19	/* nothing; the exit delivers IRQs */

/* LG32_SHUTDOWN, second argument; anything else is a crash. */
#define LG32_POWEROFF		1
#define LG32_RESTART		2
#define LG32_TEXT_BYTES		128	/* copied from the first argument */

/* Boot: selectors of the GDT a guest starts with, flat, DPL 1. */
#define LG32_GDT_ENTRIES	32
#define LG32_KERNEL_CS		0x61	/* entry 12 */
#define LG32_KERNEL_DS		0x69	/* entry 13 */
#define LG32_GDT_CODE		10	/* the switcher's, never the guest's */
#define LG32_GDT_DATA		11
#define LG32_GDT_TLS_FIRST	6
#define LG32_GDT_TLS_COUNT	3
#define LG32_GDT_TSS		16
#define LG32_GDT_DF_TSS		31
/* boot_params.hdr.hardware_subarch; the boot_params page is at gpa 0. */
#define LG32_SUBARCH		1

/* Virtual IRQ n is delivered through guest vector 32 + n. */
#define LG32_IRQS		32
#define LG32_IRQ_VECTOR		32
#define LG32_IRQ_TIMER		0
#define LG32_SYSCALL_VECTOR	0x80

#define LG32_IF			0x200	/* irq_enabled, irq_pending */

#define LG32_RING_SLOTS		64
#define LG32_RING_FREE		0xff	/* hcall_status: done, or never used */
#define LG32_RING_READY		0

/* Offsets in struct lg32_data, for assembly. */
#define LG32_DATA_irq_enabled		0
#define LG32_DATA_blocked_interrupts	4
#define LG32_DATA_cr2			8
#define LG32_DATA_time			12
#define LG32_DATA_irq_pending		20
#define LG32_DATA_hcall_status		24
#define LG32_DATA_hcalls		88
#define LG32_DATA_reserve_mem		1368
#define LG32_DATA_tsc_khz		1372
#define LG32_DATA_noirq_iret		1376
#define LG32_DATA_kernel_address	1380
#define LG32_DATA_syscall_vec		1384
#define LG32_DATA_SIZE			1388

#ifndef __ASSEMBLER__
#include <linux/types.h>

/**
 * struct lg32_hcall - one call in the asynchronous ring
 * @arg: number, then four arguments
 */
struct lg32_hcall {
	__u32 arg[5];
};

/**
 * struct lg32_data - the page area guest and host share, in guest memory
 * @irq_enabled: both write; 0 or LG32_IF
 * @blocked_interrupts: guest; bitmap of IRQs that must wait
 * @cr2: host; address of the last reflected page fault
 * @time_sec: host; wall clock, at INIT and with every delivered IRQ
 * @time_nsec: host
 * @irq_pending: host; LG32_IF asks for SEND_INTERRUPTS on re-enabling
 * @hcall_status: ring state, LG32_RING_x
 * @hcalls: ring calls
 * @reserve_mem: host, at INIT; bytes at the top of the address space that
 *	the guest must leave alone
 * @tsc_khz: host, at INIT; 0 if the TSC cannot be trusted
 * @noirq_iret: guest; address of the one iret where no IRQ may be injected
 * @kernel_address: guest; start of the kernel part of the address space
 * @syscall_vec: guest; the vector that may be direct, LG32_SYSCALL_VECTOR
 */
struct lg32_data {
	__u32 irq_enabled;
	__u32 blocked_interrupts;
	__u32 cr2;
	__u32 time_sec;
	__u32 time_nsec;
	__u32 irq_pending;
	__u8 hcall_status[LG32_RING_SLOTS];
	struct lg32_hcall hcalls[LG32_RING_SLOTS];
	__u32 reserve_mem;
	__u32 tsc_khz;
	__u32 noirq_iret;
	__u32 kernel_address;
	__u32 syscall_vec;
};

#define LG32_ASSERT(field) \
	_Static_assert(__builtin_offsetof(struct lg32_data, field) == \
		       LG32_DATA_##field, "struct lg32_data: " #field)
LG32_ASSERT(irq_enabled);
LG32_ASSERT(blocked_interrupts);
LG32_ASSERT(cr2);
LG32_ASSERT(irq_pending);
LG32_ASSERT(hcall_status);
LG32_ASSERT(hcalls);
LG32_ASSERT(reserve_mem);
LG32_ASSERT(tsc_khz);
LG32_ASSERT(noirq_iret);
LG32_ASSERT(kernel_address);
LG32_ASSERT(syscall_vec);
_Static_assert(sizeof(struct lg32_data) == LG32_DATA_SIZE, "lg32_data size");
#undef LG32_ASSERT

#endif /* __ASSEMBLER__ */
#endif
