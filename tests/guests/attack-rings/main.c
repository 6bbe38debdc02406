// SPDX-License-Identifier: GPL-2.0
/*
 * The rings nobody uses: code of privilege 2, conforming code, kernel code that
 * is none when a trap needs it.
 *
 * Claim: ring 2, which the guest's kernel can go to by iret, can do no more than
 * ring 1, less even: nothing is emulated for it, it cannot call us, and its traps
 * land on the kernel's stack.  Programs that call conforming code stay in ring 3.
 * Direct gates whose code segment is gone end in a double fault, which is ours,
 * or are the #GP or #NP of a program.
 *
 * Source: SDM volume 3, 5.8.1 (conforming code), 6.12.1 (gates' privilege), 6.15
 * (double faults); docs/design.md, section 5.
 *
 * A failure is a trap that did not come, or one that came from another ring.
 */
#include "tg.h"

const char tg_title[] = "odd rings";

#define CODE_ENTRY	5
#define DATA_ENTRY	9
#define CODE2_CS	(CODE_ENTRY * 8 | 2)
#define DATA2_SS	(DATA_ENTRY * 8 | 2)
#define DESC_CODE2	0x00cfdb000000ffffull	/* flat, DPL 2 */
#define DESC_DATA2	0x00cfd3000000ffffull
#define DESC_CONFORMING	0x00cfbf000000ffffull	/* flat, DPL 1 */
#define STACK_TOP	(TG_UTEST + TG_PAGE)

/* Until the next trap in ring 2, code of the kernel's own: it is a supervisor. */
static u32 ring2(const void *eip, u32 ebx, struct tg_user *u)
{
	tg_user_start(u, eip);
	u->ebx = ebx;
	u->esp = STACK_TOP;
	u->cs = CODE2_CS;
	u->ss = u->ds = u->es = DATA2_SS;
	return tg_user_run(u);
}

#define IN_RING_2(name, text) \
	asm(".pushsection .text\n" #name ":\t" text "\n\tud2\n\t.popsection"); \
	extern const char name[]

IN_RING_2(ring2_nothing, "nop");
IN_RING_2(ring2_call, "movl $0, %eax\n\tint $0x1f");
IN_RING_2(ring2_cli, "cli");
IN_RING_2(ring2_cr3, "movl %cr3, %eax\n\tmovl %eax, %cr3");
IN_RING_2(ring2_port, "outb %al, $0x80");
IN_RING_2(ring2_read, "movl (%ebx), %eax");
IN_RING_2(ring2_popf, "pushl $0x3202\n\tpopfl\n\tpushfl\n\tpopl %eax");
IN_RING_2(ring2_spin, "movl $20000000, %ecx\n1:\tloop 1b");

static void expect(const char *what, const void *eip, u32 vector)
{
	struct tg_user u;
	u32 got = ring2(eip, 0, &u);

	TG_CHECK(got == vector, "%s in ring 2: trap %u, not %u", what, got,
		 vector);
	TG_CHECK(u.cs == CODE2_CS && u.ss == DATA2_SS,
		 "%s: back from %#x, %#x", what, u.cs, u.ss);
	TG_CHECK(!(u.eflags & 0x23000), "%s: flags %#x", what, u.eflags);
}

static void two(void)
{
	struct tg_user u;
	u32 page_c;

	tg_user_map(tg_root);
	tg_set_pte(tg_root, TG_UTEST, tg_page_alloc() | TG_P | TG_W);
	tg_gdt_set(CODE_ENTRY, DESC_CODE2);
	tg_gdt_set(DATA_ENTRY, DESC_DATA2);
	expect("ud2", ring2_nothing, 6);
	expect("a hypercall", ring2_call, 13);
	expect("cli", ring2_cli, 13);
	expect("a load of CR3", ring2_cr3, 13);
	expect("a port", ring2_port, 13);
	expect("a long loop", ring2_spin, 6);
	TG_EQ(ring2(ring2_popf, 0, &u), 6, "trap after popf");
	TG_EQ(u.eax & 0x3200, 0x200, "IOPL and IF in ring 2");
	/* Page C of the window, where that begins at our end of memory. */
	page_c = -tg_data.reserve_mem + 6 * TG_PAGE;
	if (tg_try_read(page_c, NULL) != TG_NO_TRAP)
		TG_EQ(ring2(ring2_read, page_c, &u), 14, "trap of a read");
}

/* From ring 3 into ring-1 code that says all may come: still ring 3. */
static void tg_user_code user_conforming(void)
{
	asm volatile("lcall %0, $1f\n"
		     "1:\tmovl %%cs, %%eax\n\t"
		     "int3" : : "i"(CODE_ENTRY * 8));
}

static void tg_user_code user_conforming_read(void)
{
	asm volatile("movl %%eax, %%ebx\n\tlcall %0, $1f\n"
		     "1:\tmovl (%%ebx), %%eax\n\tint3" : : "i"(CODE_ENTRY * 8));
}

static void conforming(void)
{
	u32 eax = 0, vector;

	tg_user_map(tg_root);
	tg_gdt_set(CODE_ENTRY, DESC_CONFORMING);
	vector = tg_user_call(user_conforming, 0, &eax);
	TG_EQ(vector, 3, "trap");
	TG_EQ(eax & 3, 3, "privilege in conforming code");
	vector = tg_user_call(user_conforming_read, TG_KERNEL + 0x100000, &eax);
	TG_EQ(vector, 14, "trap of a read of the kernel");
	vector = tg_user_call(user_conforming_read, -tg_data.reserve_mem, &eax);
	TG_EQ(vector, 14, "trap of a read of the window");
}

static void divide(void)
{
	asm volatile("xorl %%ecx, %%ecx\n\tdivl %%ecx" : : : "eax", "ecx", "edx");
}

/* A fault whose direct gate faults: the second contributes to a #DF. */
static void no_code(u64 code)
{
	tg_idt_set(0, TG_GATE_TRAP, 0, (const void *)tg_stubs[0]);
	/* The call that does this returns: the selector in use is checked. */
	tg_gdt_set(CODE_ENTRY, TG_DESC_CODE1);
	asm volatile("ljmp %0, $1f\n1:" : : "i"(CODE_ENTRY * 8 | 1));
	tg_gdt_set(12, code);
	divide();
	tg_failure("a divide error went by");
}

static void code_is_gone(void)
{
	no_code(0);
}

static void code_is_not_present(void)
{
	no_code(TG_DESC_CODE1 & ~(1ull << 47));
}

static void code_is_data(void)
{
	no_code(TG_DESC_DATA1);
}

/* More privilege than the trap comes from has only ring 1; 2 has no stack. */
static void tg_user_code user_int80(void)
{
	asm volatile("int $0x80");
}

static void gate_to_two(void)
{
	tg_user_map(tg_root);
	tg_idt_set(0x80, TG_GATE_TRAP, 3, (const void *)tg_stubs[0x80]);
	tg_gdt_set(CODE_ENTRY, TG_DESC_CODE1);
	asm volatile("ljmp %0, $1f\n1:" : : "i"(CODE_ENTRY * 8 | 1));
	tg_gdt_set(12, DESC_CODE2);
	tg_user_call(user_int80, 0, NULL);
	tg_failure("went to ring 2 without a stack");
}

static const struct tg_case cases[] = {
	{ "two", two },
	{ "conforming", conforming },
	{ "code-is-gone", code_is_gone },
	{ "code-is-not-present", code_is_not_present },
	{ "code-is-data", code_is_data },
	{ "gate-to-two", gate_to_two },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
