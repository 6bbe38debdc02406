// SPDX-License-Identifier: GPL-2.0
/*
 * Privileged instructions in ring 1.
 *
 * Claim: the rare ones are emulated: cli and sti move irq_enabled, but not cli
 * behind pushf; hlt is HALT; control and debug registers are virtual; lgdt and
 * lidt read the whole table; invlpg, wbinvd, invd, ltr and lldt 0 are taken;
 * rdmsr reads zero and wrmsr is ignored; no register but the destination
 * changes.  Real IF, IOPL and VM never move, whatever popf tries.
 *
 * Source: docs/design.md, emulated instructions.
 *
 * A failure names the instruction.
 */
#include "tg.h"

const char tg_title[] = "privileged instructions";

#define data ((volatile struct lg32_data *)&tg_data)

#define TAKEN(what, text, ...) \
	do { \
		u32 v_ = tg_try(text, __VA_ARGS__); \
		TG_CHECK(v_ == TG_NO_TRAP, "%s: trap %u", what, v_); \
	} while (0)

static void check_interrupt_flag(void)
{
	data->irq_enabled = LG32_IF;
	TAKEN("cli", "cli", : : : "memory");
	TG_EQ(data->irq_enabled, 0, "irq_enabled after cli");
	TAKEN("sti", "sti", : : : "memory");
	TG_EQ(data->irq_enabled, LG32_IF, "irq_enabled after sti");
	TAKEN("sti", "sti", : : : "memory");
	TAKEN("cli", "cli", : : : "memory");
	TG_EQ(data->irq_enabled, 0, "irq_enabled after cli");
	TAKEN("pushf, cli, popf while off", "pushfl\n\tcli\n\tpopfl",
	      : : : "memory");
	TG_EQ(data->irq_enabled, 0, "irq_enabled while off");
	data->irq_enabled = LG32_IF;
	TAKEN("pushf, cli, popf", "pushfl\n\tcli\n\tpopfl", : : : "memory");
	TG_EQ(data->irq_enabled, LG32_IF, "irq_enabled after pushf, cli, popf");
	tg_irq_disable();
}

/* hlt is HALT: the timer wakes it, with interrupts on, off as they are. */
static void check_halt(void)
{
	tg_irq_unmask(0);
	tg_hcall(LG32_SET_CLOCKEVENT, 1000000, 0, 0, 0);
	TAKEN("hlt", "hlt\n\tcli", : : : "memory");
	TG_EQ(tg_irq_count[0], 1, "timer interrupts after hlt");
	tg_irq_mask(0);
}

/*
 * sti holds interrupts off for one more instruction, so that a hlt behind it
 * cannot miss what was pending already.  Should it, the timer ends the wait.
 */
static void check_sti_shadow(void)
{
	u32 before = tg_irq_count[0];

	if (!tg_has_device())
		return;
	tg_irq_unmask(0);
	tg_irq_unmask(6);
	tg_irq_disable();
	tg_outl(TG_PORT_IRQ, 6);
	tg_hcall(LG32_SET_CLOCKEVENT, 2000000000, 0, 0, 0);
	TAKEN("sti and hlt", "sti\n\thlt\n\tcli", : : : "memory");
	tg_hcall(LG32_SET_CLOCKEVENT, 0, 0, 0, 0);
	TG_EQ(tg_irq_count[6], 1, "interrupts pending before sti");
	TG_EQ(tg_irq_count[0], before, "timer interrupts: hlt slept");
	tg_irq_mask(0);
	tg_irq_mask(6);
}

static void check_cr0(void)
{
	u32 cr0 = 0, msw = 0;

	TAKEN("mov from cr0", "movl %%cr0, %0", : "=r"(cr0));
	TG_EQ(cr0 & 0x80000001, tg_env.paged ? 0x80000001 : 1, "PG and PE");
	TAKEN("mov to cr0", "movl %0, %%cr0", : : "r"(cr0 | 8));
	TAKEN("mov from cr0", "movl %%cr0, %0", : "=r"(cr0));
	TG_EQ(cr0 & 8, 8, "TS after mov to cr0");
	TG_EQ(tg_try("fnop", :), 7, "FPU with TS");
	TAKEN("clts", "clts", :);
	TAKEN("mov from cr0", "movl %%cr0, %0", : "=r"(cr0));
	TG_EQ(cr0 & 8, 0, "TS after clts");
	TG_EQ(tg_try("fnop", :), TG_NO_TRAP, "FPU after clts");
	/* smsw only traps where the CPU has UMIP. */
	TAKEN("smsw", "smsw %0", : "=r"(msw));
	TAKEN("lmsw", "lmsw %w0", : : "r"(cr0 | 8));
	TG_EQ(tg_try("fnop", :), 7, "FPU after lmsw with TS");
	TAKEN("lmsw", "lmsw %w0", : : "r"(0));
	TAKEN("mov from cr0", "movl %%cr0, %0", : "=r"(cr0));
	TG_EQ(cr0 & 9, 1, "PE after lmsw of nothing");
	/* Whatever MOD says, and be it a displacement, it is EBP. */
	TAKEN("mov from cr0", "pushl %%ebp\n\t.byte 0x0f, 0x20, 0x05\n\t"
	      "movl %%ebp, %0\n\tpopl %%ebp", : "=r"(msw));
	TG_EQ(msw, cr0, "cr0 by another MOD");
	TAKEN("clts", "clts", :);
}

static void check_cr(void)
{
	u32 v = 0;

	TAKEN("mov to cr2", "movl %0, %%cr2", : : "r"(0x12345678));
	TAKEN("mov from cr2", "movl %%cr2, %0", : "=r"(v));
	if (tg_env.paged) {
		tg_try_read(0x90000010, NULL);
		TAKEN("mov from cr2", "movl %%cr2, %0", : "=r"(v));
		TG_EQ(v, 0x90000010, "cr2 after a fault");
		TAKEN("mov from cr3", "movl %%cr3, %0", : "=r"(v));
		TG_EQ(v, tg_root, "cr3");
		TAKEN("mov to cr3", "movl %0, %%cr3", : : "r"(tg_root));
	}
	TAKEN("mov from cr4", "movl %%cr4, %0", : "=r"(v));
	TAKEN("mov to cr4", "movl %0, %%cr4", : : "r"(v ^ 0x80));
	TAKEN("mov to cr4", "movl %0, %%cr4", : : "r"(v));
}

static void check_dr(void)
{
	u32 v = 1;

	TAKEN("mov to dr0", "movl %0, %%dr0", : : "r"(tg_stubs[0]));
	TAKEN("mov to dr7", "movl %0, %%dr7", : : "r"(0x400 | 1));
	TAKEN("mov from dr7", "movl %%dr7, %0", : "=r"(v));
	TAKEN("mov to dr7", "movl %0, %%dr7", : : "r"(0x400));
	TAKEN("mov from dr6", "movl %%dr6, %0", : "=r"(v));
	TAKEN("mov from dr3", "movl %%dr3, %0", : "=r"(v));
	TAKEN("mov to dr6", "movl %0, %%dr6", : : "r"(0));
}

struct pseudo {
	u16 limit;
	u32 base;
} __attribute__((packed));

static u64 gdt[LG32_GDT_ENTRIES] __attribute__((aligned(8)));
static u64 idt[256] __attribute__((aligned(8)));
static u32 word = 0x600df00d;

static void check_lgdt(void)
{
	struct pseudo p = { sizeof(gdt) - 1, (u32)gdt };
	u32 v = 0, base = (u32)&word;

	gdt[12] = TG_DESC_CODE1;
	gdt[13] = TG_DESC_DATA1;
	gdt[14] = TG_DESC_CODE3;
	gdt[15] = TG_DESC_DATA3;
	gdt[28] = TG_DESC_DATA1 | (u64)(base & 0xffffff) << 16 |
		(u64)(base >> 24) << 56;
	TAKEN("lgdt", "lgdt %0", : : "m"(p) : "memory");
	TAKEN("load of a segment after lgdt", "movl %1, %%gs\n\tmovl %%gs:0, %0",
	      : "+r"(v) : "r"(28 * 8 | 1));
	TG_EQ(v, word, "word in the new segment");
	asm volatile("movl %0, %%gs" : : "r"(0));
	/* What is beyond the limit is not of the table. */
	p.limit = 28 * 8 - 1;
	TAKEN("lgdt of a short table", "lgdt %0", : : "m"(p) : "memory");
	TG_EQ(tg_try("movl %0, %%gs", : : "r"(28 * 8 | 1)), 13,
	      "a segment beyond the table");
}

/* Whatever the guest's own tables say of the window: it is not the guest's. */
static void check_lgdt_in_window(void)
{
	struct pseudo p = { sizeof(gdt) - 1, (u32)gdt };
	u32 window = -tg_data.reserve_mem, page;

	if (!tg_env.paged)
		return;
	page = tg_page_alloc();
	*(struct pseudo *)tg_va(page) = p;
	tg_pte_put(tg_root, window, page | TG_P | TG_W | TG_A | TG_D);
	TG_EQ(tg_try("lgdt (%0)", : : "r"(window) : "memory"), 13,
	      "lgdt in the switcher's window");
	tg_pte_put(tg_root, window, 0);
}

static void check_lidt(void)
{
	struct pseudo p = { sizeof(idt) - 1, (u32)idt };
	u32 i;

	for (i = 0; i < 256; i++)
		idt[i] = (u64)((tg_stubs[i] & 0xffff0000) | 0x8e00) << 32 |
			LG32_KERNEL_CS << 16 | (tg_stubs[i] & 0xffff);
	/* Entry 6 shows that it is this table: it leads to the stub of 5. */
	idt[6] = idt[5];
	TAKEN("lidt", "lidt %0", : : "m"(p) : "memory");
	TG_EQ(tg_try("ud2", :), 5, "vector seen after lidt");
	tg_idt_default(6);
	TG_EQ(tg_try("ud2", :), 6, "vector seen after LOAD_IDT_ENTRY");
}

static void check_rest(void)
{
	u32 lo = 1, hi = 1;

	TAKEN("invlpg", "invlpg %0", : : "m"(word));
	/* With addresses of 16 bits nothing is taken. */
	TG_EQ(tg_try(".byte 0x67\n\tinvlpg (%0)", : : "D"(&word)), 13,
	      "invlpg by a short address");
	TAKEN("wbinvd", "wbinvd", :);
	TAKEN("invd", "invd", :);
	TAKEN("lldt", "lldt %w0", : : "r"(0));
	TAKEN("ltr", "ltr %w0", : : "r"(LG32_GDT_TSS * 8));
	TAKEN("rdmsr", "rdmsr", : "=a"(lo), "=d"(hi) : "c"(0x1b));
	TG_EQ(lo, 0, "low half of an MSR");
	TG_EQ(hi, 0, "high half of an MSR");
	TAKEN("rdmsr", "rdmsr", : "=a"(lo), "=d"(hi) : "c"(0xc0000082));
	TG_EQ(lo | hi, 0, "LSTAR");
	TAKEN("wrmsr", "wrmsr", : : "a"(0xdeadbeef), "d"(0), "c"(0x176));
	TAKEN("wrmsr", "wrmsr", : : "a"(0x60), "d"(0), "c"(0x174));
	TAKEN("wrmsr", "wrmsr", : : "a"(0), "d"(0), "c"(0xc0000080));
}

/* At the end of a page, behind which there is none. */
static void check_page_end(void)
{
	u8 *page;

	if (!tg_env.paged)
		return;
	page = tg_va(tg_page_alloc());
	memcpy(page + TG_PAGE - 3, "\x0f\x09\xc3", 3);	/* wbinvd; ret */
	tg_set_pte(tg_root, TG_UTEST, tg_gpa(page) | TG_P);
	TAKEN("wbinvd at the end of a page", "call *%0",
	      : : "r"(TG_UTEST + TG_PAGE - 3) : "memory");
	tg_set_pte(tg_root, TG_UTEST, 0);
}

static void check_popf(void)
{
	u32 flags;

	asm volatile("pushl %1\n\tpopfl\n\tpushfl\n\tpushl $2\n\tpopfl\n\t"
		     "popl %0" : "=r"(flags) : "r"(0x00247000) : "cc");
	TG_EQ(flags & 0x23200, 0x200, "VM, IOPL and IF after popf");
	asm volatile("pushl %1\n\tpopfl\n\tint $0x1f\n\tpushfl\n\tpushl $2\n\t"
		     "popfl\n\tpopl %0"
		     : "=r"(flags) : "r"(0x00207000), "a"(LG32_FLUSH_ASYNC)
		     : "cc", "memory");
	TG_EQ(flags & 0x23200, 0x200, "VM, IOPL and IF after a hypercall");
}

/* Nothing but the destination changes. */
static void check_registers(void)
{
	u32 ebx, ecx, edx, esi, edi;

	asm volatile("movl %%cr0, %%eax\n\tcli\n\tmovl %%cr4, %%eax"
		     : "=b"(ebx), "=c"(ecx), "=d"(edx), "=S"(esi), "=D"(edi)
		     : "b"(1), "c"(2), "d"(3), "S"(4), "D"(5) : "eax");
	TG_EQ(ebx, 1, "ebx");
	TG_EQ(ecx, 2, "ecx");
	TG_EQ(edx, 3, "edx");
	TG_EQ(esi, 4, "esi");
	TG_EQ(edi, 5, "edi");
}

/* The guest's kernel saves no state beyond FXSAVE's, so none is to be had. */
static void check_no_xsave(void)
{
	u32 lo, hi;

	TG_EQ(tg_try("xgetbv", : "=a"(lo), "=d"(hi) : "c"(0)), 6, "xgetbv");
}

void test_main(void)
{
	check_interrupt_flag();
	check_halt();
	check_sti_shadow();
	check_cr0();
	check_cr();
	check_dr();
	check_lgdt();
	check_lgdt_in_window();
	check_lidt();
	check_rest();
	check_page_end();
	check_popf();
	check_registers();
	check_no_xsave();
}
