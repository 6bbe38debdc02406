// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that break a rule: each case must end with the guest killed.
 *
 * Claim: an unknown number, an argument that names memory the guest does not
 * have, or a value the ABI forbids kills the guest with a reason; the host is
 * unharmed.
 *
 * Source: docs/abi/lg32.md; every kill reason of historic lguest.  Index
 * checks of LOAD_GDT_ENTRY and SET_PGD were where it had off-by-one errors.
 *
 * A failure shows as "still alive".
 */
#include "tg.h"

const char tg_title[] = "forbidden hypercalls";

static void call(u32 nr, u32 a, u32 b, u32 c, u32 d)
{
	tg_hcall(nr, a, b, c, d);
	tg_failure("still alive after hypercall %u (%#x, %#x, %#x)", nr, a, b,
		   c);
}

static void unknown(void)
{
	call(20, 0, 0, 0, 0);
}

static void unknown_3(void)
{
	call(3, 0, 0, 0, 0);
}

static void unknown_11(void)
{
	call(11, 0, 0, 0, 0);
}

static void unknown_17(void)
{
	call(17, 0, 0, 0, 0);
}

static void unknown_32(void)
{
	call(32, 0, 0, 0, 0);
}

static void unknown_max(void)
{
	call(~0u, ~0u, ~0u, ~0u, ~0u);
}

static void unknown_sign(void)
{
	call(0x80000001, 0, 0, 0, 0);
}

static void unknown_in_ring(void)
{
	tg_ring_put(0x12345678, 0, 0, 0, 0);
	call(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
}

static void init_twice(void)
{
	call(LG32_INIT, tg_gpa(&tg_data), 0, 0, 0);
}

static void init_twice_in_ring(void)
{
	tg_ring_put(LG32_INIT, tg_gpa(&tg_data), 0, 0, 0);
	call(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
}

static void shutdown_text_outside(void)
{
	call(LG32_SHUTDOWN, tg_memory, 0, 0, 0);
}

static void shutdown_text_end(void)
{
	call(LG32_SHUTDOWN, tg_memory - 1, 0, 0, 0);
}

static void shutdown_text_wraps(void)
{
	call(LG32_SHUTDOWN, -64u, 0, 0, 0);
}

/* Not of the hypercall: what reads it must not be a terminal that obeys. */
static void shutdown_text_odd(void)
{
	static const char text[LG32_TEXT_BYTES] = "red \033[31m\n\200.";

	tg_hcall(LG32_SHUTDOWN, tg_gpa(text), 0, 0, 0);
}

static void idt_type_5(void)	/* a task gate */
{
	call(LG32_LOAD_IDT_ENTRY, 3, LG32_GDT_TSS * 8 << 16, 0x8500 | 3 << 13,
	     0);
}

static void idt_type_c(void)	/* a call gate */
{
	call(LG32_LOAD_IDT_ENTRY, 3, LG32_KERNEL_CS << 16, 0x8c00 | 3 << 13, 0);
}

static void idt_type_6(void)	/* a 16-bit interrupt gate */
{
	call(LG32_LOAD_IDT_ENTRY, 3, LG32_KERNEL_CS << 16, 0x8600, 0);
}

static void idt_index(void)
{
	call(LG32_LOAD_IDT_ENTRY, 256, LG32_KERNEL_CS << 16, 0x8e00, 0);
}

static void idt_index_max(void)
{
	call(LG32_LOAD_IDT_ENTRY, ~0u, LG32_KERNEL_CS << 16, 0x8e00, 0);
}

static void gdt_index(void)
{
	call(LG32_LOAD_GDT_ENTRY, LG32_GDT_ENTRIES, 0x0000ffff, 0x00cfb300, 0);
}

static void gdt_index_max(void)
{
	call(LG32_LOAD_GDT_ENTRY, ~0u, 0x0000ffff, 0x00cfb300, 0);
}

static void tls_outside(void)
{
	call(LG32_LOAD_TLS, tg_memory, 0, 0, 0);
}

static void tls_end(void)
{
	call(LG32_LOAD_TLS, tg_memory - 20, 0, 0, 0);
}

static void tls_wraps(void)
{
	call(LG32_LOAD_TLS, -8u, 0, 0, 0);
}

static void stack_ring_0(void)
{
	call(LG32_SET_STACK, LG32_KERNEL_DS & ~3u, TG_TRAP_ESP, 2, 0);
}

static void stack_ring_3(void)
{
	call(LG32_SET_STACK, TG_USER_DS, TG_TRAP_ESP, 2, 0);
}

static void stack_high(void)	/* a selector has 16 bits */
{
	call(LG32_SET_STACK, 0x10000 | LG32_KERNEL_DS, TG_TRAP_ESP, 2, 0);
}

static void stack_pages(void)
{
	call(LG32_SET_STACK, LG32_KERNEL_DS, TG_TRAP_ESP, 3, 0);
}

static void stack_pages_max(void)
{
	call(LG32_SET_STACK, LG32_KERNEL_DS, TG_TRAP_ESP, ~0u, 0);
}

static void pgtable_outside(void)
{
	call(LG32_NEW_PGTABLE, (tg_memory + 0xfff) & ~0xfffu, 0, 0, 0);
}

static void pgtable_max(void)
{
	call(LG32_NEW_PGTABLE, 0xfffff000, 0, 0, 0);
}

static const struct tg_case cases[] = {
	{ "unknown", unknown },
	{ "unknown-3", unknown_3 },
	{ "unknown-11", unknown_11 },
	{ "unknown-17", unknown_17 },
	{ "unknown-32", unknown_32 },
	{ "unknown-max", unknown_max },
	{ "unknown-sign", unknown_sign },
	{ "unknown-in-ring", unknown_in_ring },
	{ "init-twice", init_twice },
	{ "init-twice-in-ring", init_twice_in_ring },
	{ "shutdown-text-outside", shutdown_text_outside },
	{ "shutdown-text-end", shutdown_text_end },
	{ "shutdown-text-wraps", shutdown_text_wraps },
	{ "shutdown-text-odd", shutdown_text_odd },
	{ "idt-type-5", idt_type_5 },
	{ "idt-type-c", idt_type_c },
	{ "idt-type-6", idt_type_6 },
	{ "idt-index", idt_index },
	{ "idt-index-max", idt_index_max },
	{ "gdt-index", gdt_index },
	{ "gdt-index-max", gdt_index_max },
	{ "tls-outside", tls_outside },
	{ "tls-end", tls_end },
	{ "tls-wraps", tls_wraps },
	{ "stack-ring-0", stack_ring_0 },
	{ "stack-ring-3", stack_ring_3 },
	{ "stack-high", stack_high },
	{ "stack-pages", stack_pages },
	{ "stack-pages-max", stack_pages_max },
	{ "pgtable-outside", pgtable_outside },
	{ "pgtable-max", pgtable_max },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
