// SPDX-License-Identifier: GPL-2.0
/*
 * Dice: random hypercalls, descriptors, gates, page-table entries, accesses and
 * instructions in both rings, as "SEED STEPS" on the command line says.
 *
 * Claim: whatever comes of it stays in this guest.  It may get to the end or be
 * killed on the way; tests/host/fuzz-guest runs many, with something to lose
 * around them.
 *
 * Source: reliability finding 4 (throughput beats cleverness), classes 2, 3, 7,
 * 8, 11, 15, 20.
 *
 * The arguments are not uniform: most are nearly right, or the guest would be
 * dead at its first step.  A trap anywhere is the end of a step, not of the run.
 */
#include "tg.h"

const char tg_title[] = "dice";

#define STACK_BYTES	(4 * TG_PAGE)
#define ROOTS		6
#define FRAMES		24
#define CODE_BYTES	96
#define STEP_NS		300000		/* no step takes longer than that */

static char stack[STACK_BYTES] __attribute__((aligned(4096), used));
static u8 code[TG_PAGE] __attribute__((aligned(4096)));
static u32 root[ROOTS], frame[FRAMES];
static u32 steps, step;

extern const char fuzz_resume[];
void fuzz_go_on(void);

/* Where every trap leads: a new stack, flat segments, the next step. */
asm(".pushsection .text\n"
    "fuzz_resume:\n\t"
    "movl $0x69, %eax\n\t"
    "movl %eax, %ds\n\t"
    "movl %eax, %es\n\t"
    "movl $stack + 4 * 4096, %esp\n\t"
    "call fuzz_go_on\n\t"
    "ud2\n"
    ".popsection");

/* The linear environment has no page tables; these are never called there. */
u32 __attribute__((weak)) tg_root_new(void)
{
	return tg_page_alloc();
}

void __attribute__((weak)) tg_dir_put(u32 r, u32 gva, u64 entry)
{
	(void)r;
	(void)gva;
	(void)entry;
}

static u32 pick(u32 n)
{
	return (tg_rand() >> 8) % n;
}

static bool one_in(u32 n)
{
	return !pick(n);
}

/* ---- traps ---- */

static bool resume(struct tg_regs *regs)
{
	regs->eip = (u32)fuzz_resume;
	regs->cs = LG32_KERNEL_CS;
	regs->eflags = 0x202;
	regs->ds = LG32_KERNEL_DS;
	regs->es = LG32_KERNEL_DS;
	regs->fs = 0;
	regs->gs = 0;
	return true;
}

static void time_is_up(u32 irq, struct tg_regs *regs)
{
	(void)irq;
	resume(regs);
}

/* ---- numbers ---- */

static u32 edge(void)
{
	static const u32 edges[] = {
		0, 1, 0xfff, 0x1000, 0xfffff, TG_KERNEL - 1, TG_KERNEL,
		0xf7800000, 0xffbff000, 0xffc00000, 0xffc01000, 0xffc03fff,
		0xffc04000, 0xffe00000, 0xfffff000, 0xffffffff, 0x7fffffff,
		0x80000000, TG_MMIO_GPA, TG_MMIO_GPA + TG_MMIO_BYTES - 2,
	};

	return edges[pick(ARRAY_SIZE(edges))];
}

static u32 random_gva(void)
{
	/* Without page tables an address outside memory is the end. */
	if (!tg_env.paged && !one_in(128))
		return frame[pick(FRAMES)] + pick(TG_PAGE);
	switch (pick(8)) {
	case 0:
		return edge() + pick(16) - 8;
	case 1:
		return tg_rand();
	case 2:
	case 3:
		return TG_KTEST + pick(64) * TG_PAGE + pick(TG_PAGE);
	default:
		return TG_UTEST + pick(64) * TG_PAGE + pick(4) * 0x00200000 +
		       pick(TG_PAGE);
	}
}

static u32 random_gpa(void)
{
	switch (pick(8)) {
	case 0:
		return edge();
	case 1:
		return tg_rand();
	case 2:
		return tg_memory - TG_PAGE + pick(2 * TG_PAGE);
	case 3:
		return root[pick(ROOTS)];
	default:
		return frame[pick(FRAMES)] + pick(TG_PAGE);
	}
}

static u64 random_pte(void)
{
	u64 pte = (random_gpa() & -TG_PAGE) | (tg_rand() & 0xe7e) | TG_P;

	if (one_in(8))
		pte &= ~(u64)TG_P;
	if (one_in(16))
		pte |= TG_PS;
	if (tg_env.pae && one_in(16))
		pte |= (u64)tg_rand() << 32;
	return pte;
}

static u64 random_desc(void)
{
	static const u64 nearly[] = {
		TG_DESC_CODE1, TG_DESC_DATA1, TG_DESC_CODE3, TG_DESC_DATA3
	};
	u64 desc = nearly[pick(4)];

	switch (pick(4)) {
	case 0:
		return (u64)tg_rand() << 32 | tg_rand();
	case 1:
		return desc ^ 1ull << pick(64);
	case 2:	/* any type, any privilege */
		return (desc & ~(0xffull << 40)) | (u64)pick(256) << 40;
	default:
		return desc;
	}
}

static u64 random_gate(void)
{
	u32 to = one_in(4) ? tg_rand() : tg_stubs[pick(256)];
	u32 type = one_in(64) ? pick(32) : one_in(2) ? TG_GATE_INTR :
						       TG_GATE_TRAP;

	return (u64)((to & 0xffff0000) | 0x8000 | pick(4) << 13 | type << 8)
		<< 32 | (tg_rand() & 0xffff0000) | (to & 0xffff);
}

/* ---- steps ---- */

/* Into the ring, or by itself. */
static void call(u32 nr, u32 a, u32 b, u32 c)
{
	if (one_in(3) && tg_ring_put(nr, a, b, c, tg_rand()))
		return;
	tg_hcall(nr, a, b, c, tg_rand());
}

static void do_call_tables(void)
{
	u32 r = one_in(16) ? random_gpa() : root[pick(ROOTS)];
	u64 pte;

	switch (pick(7)) {
	case 0:
		if (tg_env.paged)
			call(LG32_NEW_PGTABLE, one_in(64) ? random_gpa() :
			     root[pick(ROOTS)], 0, 0);
		break;
	case 1:
		call(LG32_FLUSH_TLB, pick(2), 0, 0);
		break;
	case 2:
		if (tg_env.pae)
			call(LG32_SET_PMD, r, pick(one_in(64) ? 600 : 512), 0);
		break;
	case 3:
		call(LG32_SET_PGD, r, pick(one_in(64) ? 2000 :
					   tg_env.pae ? 4 : 1024), 0);
		break;
	default:
		pte = random_pte();
		call(LG32_SET_PTE, r, one_in(64) ? tg_rand() :
		     TG_UTEST + pick(4096) * TG_PAGE, pte);
		break;
	}
}

static void do_call_other(void)
{
	u64 v;

	switch (pick(10)) {
	case 0:
		v = random_gate();
		call(LG32_LOAD_IDT_ENTRY, one_in(4) ? pick(32) : pick(256), v,
		     v >> 32);
		break;
	case 1:
		v = random_desc();
		call(LG32_LOAD_GDT_ENTRY, one_in(3) ? pick(32) :
		     16 + pick(16), v, v >> 32);
		break;
	case 2:
		call(LG32_LOAD_TLS, random_gpa() & (one_in(4) ? ~0u : 0xfffff8),
		     0, 0);
		break;
	case 3:
		call(LG32_SET_STACK, one_in(64) ? tg_rand() & 0xffff :
		     LG32_KERNEL_DS, one_in(8) ? random_gva() : TG_TRAP_ESP,
		     pick(3));
		break;
	case 4:
		call(LG32_TS, pick(2), 0, 0);
		break;
	case 5:
		tg_hcall(LG32_HALT, 0, 0, 0, 0);
		break;
	case 6:
		call(LG32_SEND_INTERRUPTS, 0, 0, 0);
		break;
	case 7:
		if (one_in(200))
			call(pick(32), random_gpa(), random_gva(), tg_rand());
		break;
	default:
		call(LG32_FLUSH_ASYNC, 0, 0, 0);
		break;
	}
}

/* Written and not told, or told; the tables themselves are fair game. */
static void do_tables(void)
{
	u32 r = root[pick(ROOTS)], gva = random_gva();

	if (!tg_env.paged)
		return;
	if (gva >= TG_KERNEL && (gva < TG_KTEST || gva >= TG_KTEST + 0x400000) &&
	    !one_in(256))
		return;
	if (one_in(16))
		tg_dir_put(r, gva, random_pte());
	else
		tg_pte_put(r, gva, random_pte());
	if (one_in(2))
		tg_hcall_set_pte(r, gva, 0);
}

static void do_access(void)
{
	volatile u32 *p = (void *)random_gva();

	if (one_in(2))
		(void)*p;
	else if ((u32)p < TG_KERNEL || (u32)p >= TG_KTEST || one_in(64))
		*p = one_in(2) ? random_pte() : tg_rand();
}

static void do_segment(void)
{
	u32 selector = one_in(4) ? tg_rand() & 0xffff :
				   pick(32) << 3 | pick(4);

	switch (pick(6)) {
	case 0:
		asm volatile("movw %w0, %%ds" : : "r"(selector));
		break;
	case 1:
		asm volatile("movw %w0, %%es" : : "r"(selector));
		break;
	case 2:
		asm volatile("movw %w0, %%fs" : : "r"(selector));
		break;
	case 3:
		asm volatile("movw %w0, %%gs" : : "r"(selector));
		break;
	case 4:
		asm volatile("pushl %0\n\tpushl $1f\n\tlretl\n1:"
			     : : "r"(selector) : "memory");
		break;
	default:
		asm volatile("movw %w0, %%ss" : : "r"(selector) : "memory");
		break;
	}
}

/* Without VM: QEMU's emulation would go there from any ring, and no further. */
static u32 random_flags(void)
{
	return one_in(2) ? 0x202 : tg_rand() & ~0x20000u;
}

/* Any state, by iret; half of the time something near a sane one. */
static void do_iret(void)
{
	u32 cs = one_in(2) ? LG32_KERNEL_CS : one_in(2) ? TG_USER_CS :
							  pick(256);
	u32 ss = (cs & 3) == 3 ? TG_USER_DS : one_in(2) ? LG32_KERNEL_DS :
							  pick(256);
	u32 eip = one_in(2) ? (u32)code + pick(CODE_BYTES) : random_gva();
	u32 flags = random_flags();

	if (one_in(4))
		tg_data.noirq_iret = 0;		/* too late: read at INIT */
	asm volatile("pushl %0\n\tpushl %1\n\tpushl %2\n\tpushl %3\n\t"
		     "pushl %4\n\tiret"
		     : : "r"(ss), "i"(TG_USER_STACK - 64), "r"(flags), "r"(cs),
		       "r"(eip) : "memory");
}

static void fill_code(void)
{
	/* What has to do with privilege, memory or control. */
	static const u8 opcode[] = {
		0x07, 0x17, 0x1f, 0x62, 0x63, 0x66, 0x67, 0x6c, 0x6e, 0x8e,
		0x8f, 0x9a, 0x9c, 0x9d, 0xa0, 0xa3, 0xa4, 0xaa, 0xc3, 0xc4,
		0xc5, 0xc8, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xd9, 0xdb,
		0xdd, 0xe4, 0xe7, 0xea, 0xec, 0xef, 0xf0, 0xf1, 0xf3, 0xf4,
		0xfa, 0xfb, 0xfc, 0xfd, 0xff,
	};
	static const u8 second[] = {
		0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x08, 0x09, 0x0b, 0x20,
		0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x77,
		0xa0, 0xa1, 0xa2, 0xa8, 0xa9, 0xae, 0xb1, 0xb2, 0xb4, 0xb5,
		0xc7,
	};
	u32 i = 0;

	while (i < CODE_BYTES) {
		if (one_in(3)) {
			code[i++] = 0x0f;
			code[i++] = second[pick(ARRAY_SIZE(second))];
		} else if (one_in(2)) {
			code[i++] = opcode[pick(ARRAY_SIZE(opcode))];
		}
		code[i++] = tg_rand() >> 9;
		if (one_in(2))
			code[i++] = tg_rand() >> 9;
	}
	/* No iret: see random_flags(). */
	for (i = 0; i < CODE_BYTES + 4; i++)
		if (code[i] == 0xcf)
			code[i] = 0x90;
	memset(code + CODE_BYTES, 0xcc, 32);
}

static void do_code(void)
{
	fill_code();
	asm volatile("pushl %0\n\tpushl %1\n\tpopfl\n\tret"
		     : : "r"((u32)code), "r"(one_in(2) ? 2 : tg_rand()),
		       "a"(random_gva()), "b"(random_gpa()), "c"(pick(512)),
		       "d"(pick(0x600)) : "memory");
}

/* The same bytes in ring 3, if there is one. */
static void do_user_code(void)
{
	if (!tg_env.paged) {
		do_code();
		return;
	}
	fill_code();
	tg_set_pte(root[0], TG_USER, tg_gpa(code) | TG_P | TG_W | TG_U);
	tg_set_pte(root[0], TG_USER_STACK - TG_PAGE,
		   frame[0] | TG_P | TG_W | TG_U);
	tg_load_root(root[0]);
	asm volatile("pushl %0\n\tpushl %1\n\tpushl %2\n\tpushl %3\n\t"
		     "pushl %4\n\tiret"
		     : : "i"(TG_USER_DS), "i"(TG_USER_STACK - 64),
		       "r"(random_flags()), "i"(TG_USER_CS),
		       "i"(TG_USER), "a"(random_gva()), "c"(pick(512)),
		       "d"(pick(0x600)) : "memory");
}

static void do_irq(void)
{
	volatile struct lg32_data *data = &tg_data;

	data->irq_enabled = one_in(4) ? tg_rand() : LG32_IF;
	data->irq_pending = one_in(4) ? tg_rand() : 0;
	data->blocked_interrupts = one_in(2) ? tg_rand() & ~1u : 0;
}

static void do_step(void)
{
	static void (*const kind[])(void) = {
		do_call_tables, do_call_tables, do_call_other, do_tables,
		do_tables, do_access, do_access, do_segment, do_iret, do_code,
		do_user_code, do_irq,
	};

	kind[pick(ARRAY_SIZE(kind))]();
}

void fuzz_go_on(void)
{
	volatile struct lg32_data *data = &tg_data;

	while (step++ < steps) {
		/* Whatever was done to them: these are needed to go on. */
		tg_gdt_set(12, TG_DESC_CODE1);
		tg_gdt_set(13, TG_DESC_DATA1);
		data->blocked_interrupts &= ~1u;
		data->irq_enabled = LG32_IF;
		tg_hcall(LG32_SET_CLOCKEVENT, STEP_NS, 0, 0, 0);
		do_step();
	}
	data->irq_enabled = 0;
	tg_exit();
}

void test_main(void)
{
	const char *arg = tg_arg;
	u32 i;

	tg_rand_seed(tg_number(&arg));
	steps = tg_number(&arg);
	for (i = 0; i < FRAMES; i++)
		frame[i] = tg_page_alloc();
	for (i = 0; i < ROOTS; i++)
		root[i] = tg_root_new();
	if (tg_env.paged) {
		for (i = 0; i < 32; i++)
			tg_pte_put(root[i % ROOTS], TG_UTEST + i * TG_PAGE,
				   frame[pick(FRAMES)] | TG_P | TG_W | TG_U);
	}
	tg_trap_hook = resume;
	tg_irq_hook = time_is_up;
	asm volatile("jmp fuzz_resume");
}
