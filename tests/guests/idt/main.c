// SPDX-License-Identifier: GPL-2.0
/*
 * Gates of the guest's IDT.
 *
 * Claim: an interrupt gate clears irq_enabled on the way in and a trap gate
 * leaves it; the frame's IF tells what irq_enabled was; the selector in the
 * gate is ignored (handlers run with 0x61); entries for 2, 8, 15 and 31 are
 * ignored, so a hypercall stays one; a gate can be replaced; an absent gate
 * may be loaded.
 *
 * Source: docs/abi/lg32.md, IDT and reflection.
 *
 * A failure names the gate type and the flag.
 */
#include "tg.h"

const char tg_title[] = "IDT gates";

static u32 in_handler;		/* irq_enabled as the handler found it */
static u32 in_flags;		/* the real flags there */
static u32 in_cs;

static bool look(struct tg_regs *regs)
{
	(void)regs;
	in_handler = ((volatile struct lg32_data *)&tg_data)->irq_enabled;
	asm volatile("pushfl; popl %0" : "=r"(in_flags));
	asm volatile("movl %%cs, %0" : "=r"(in_cs));
	return false;
}

static void trap_with(u32 type, u32 enabled)
{
	u32 want = type == TG_GATE_INTR ? 0 : enabled;
	const char *name = type == TG_GATE_INTR ? "interrupt" : "trap";

	/* #GP: never taken by the CPU itself, unlike #UD with a trap gate. */
	tg_idt_set(13, type, 0, (void *)tg_stubs[13]);
	tg_data.irq_enabled = enabled;
	in_handler = ~0u;
	TG_EQ(tg_try("int $0x30", : : : "memory"), 13, "vector");
	TG_CHECK(in_handler == want, "%s gate: irq_enabled %#x, not %#x", name,
		 in_handler, want);
	TG_CHECK((tg_fault.eflags & LG32_IF) == enabled,
		 "%s gate: frame has eflags %#x", name, tg_fault.eflags);
	TG_EQ(((volatile struct lg32_data *)&tg_data)->irq_enabled, enabled,
	      "irq_enabled after");
	TG_EQ(in_cs & 0xffff, LG32_KERNEL_CS, "cs in the handler");
	/* IF is on for real, always. */
	TG_EQ(in_flags & 0x200, 0x200, "real IF in the handler");
	tg_data.irq_enabled = 0;
}

static void other_selector(u32 selector)
{
	u32 handler = tg_stubs[6];

	tg_hcall(LG32_LOAD_IDT_ENTRY, 6, selector << 16 | (handler & 0xffff),
		 (handler & 0xffff0000) | 0x8e00, 0);
	TG_EQ(tg_try("ud2", : : : "memory"), 6, "vector");
	TG_EQ(in_cs & 0xffff, LG32_KERNEL_CS, "cs with another selector");
}

/* As trap_with(), for a gate the CPU may take by itself. */
static void breakpoint_with(u32 type)
{
	u32 eip;

	tg_idt_set(3, type, 3, (void *)tg_stubs[3]);
	TG_EQ(tg_try("movl $1f, %0\n\tint3\n1:", : "=&r"(eip) : : "memory"), 3,
	      "vector");
	TG_EQ(tg_fault.eip, eip, "eip after int3");
	TG_EQ(tg_fault.error, 0, "error code of int3");
}

static void ignored(void)
{
	static const u32 vectors[] = { 2, 8, 15, 31 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		tg_idt_set(vectors[i], TG_GATE_TRAP, 3, (void *)0xdeadbeef);
		tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	}
}

/* Replace the gate many times: the last one counts. */
static void replaced(void)
{
	u32 i;

	for (i = 0; i < 300; i++)
		tg_idt_set(i % 32, i & 1 ? TG_GATE_INTR : TG_GATE_TRAP, 0,
			   (void *)0x12345678);
	for (i = 0; i < 256; i++)
		tg_idt_default(i);
	TG_EQ(tg_try("ud2", : : : "memory"), 6, "vector after replacing");
}

/* int3 without a gate: the CPU's #GP or #NP for that entry. */
static void absent(void)
{
	u32 vector;

	tg_hcall(LG32_LOAD_IDT_ENTRY, 3, 0, 0, 0);
	vector = tg_try("int3", : : : "memory");
	TG_CHECK((vector == 13 || vector == 11) && tg_fault.error == 3 * 8 + 2,
		 "int3 without a gate: trap %u, error %#x", vector,
		 tg_fault.error);
	tg_idt_default(3);
	TG_EQ(tg_try("int3", : : : "memory"), 3, "int3 with a gate again");
}

void test_main(void)
{
	tg_trap_hook = look;
	trap_with(TG_GATE_INTR, 0);
	trap_with(TG_GATE_INTR, LG32_IF);
	trap_with(TG_GATE_TRAP, 0);
	trap_with(TG_GATE_TRAP, LG32_IF);
	other_selector(0);
	other_selector(LG32_GDT_CODE * 8);
	other_selector(0xffff);
	breakpoint_with(TG_GATE_INTR);
	breakpoint_with(TG_GATE_TRAP);
	ignored();
	replaced();
	absent();
}
