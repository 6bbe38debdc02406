// SPDX-License-Identifier: GPL-2.0
/*
 * The limits of 32-bit programs' segments.
 *
 * Claim: a program that is beyond the limit of its code gets a #GP there, as it
 * would without us, and nobody dies: whether its kernel sent it there, an
 * instruction at the end trapped, or it just ran over the end. The CPU would
 * fault in ring 0, on the IRET that enters the guest. 64-bit code has no limit.
 * Data and stack beyond theirs are a #GP and a #SS.
 *
 * Source: SDM volume 2, IRET; volume 3, 5.3. QEMU checks no limits, so what only
 * the CPU can see is asked only of one that does.
 */
#include "tg.h"

const char tg_title[] = "segment limits";

#define CODE	0x10000000ul		/* two pages, the segment is the first */
#define SIZE	TG_PAGE
#define CODE32	8			/* entries of the GDT and the LDT */
#define CODE64	9
#define DATA	10
#define GDT(entry)	((entry) * 8 | 3)
#define LDT(entry)	((entry) * 8 | 7)

enum { UD2 = 0x10, READ = 0x20, PUSH = 0x40, NOP = SIZE - 1 };

static u8 *code;

/* Byte-granular, at CODE, privilege 3. */
static u64 descriptor(u64 type, u64 limit)
{
	return type << 40 | (CODE & 0xffffff) << 16 | CODE >> 24 << 56 |
	       (limit & 0xffff) | (limit & 0xf0000) << 32;
}

static void set_gdt_entry(u32 entry, u64 desc)
{
	TG_EQ(tg_hcall(update_descriptor, tg_gdt * TG_PAGE + entry * 8, desc, 0,
		       0), 0, "update_descriptor");
}

static void make_tables(void)
{
	u64 ldt_gfn = tg_page_alloc();
	u64 *desc = tg_va(ldt_gfn);
	u32 i;

	desc[CODE32] = descriptor(0xfb, SIZE - 1) | 1ul << 54;
	desc[CODE64] = descriptor(0xfb, 0) | 1ul << 53;
	desc[DATA] = descriptor(0xf3, SIZE - 1) | 1ul << 54;
	for (i = CODE32; i <= DATA; i++)
		set_gdt_entry(i, desc[i]);
	tg_table_protect(ldt_gfn);
	TG_EQ(tg_mmuext(MMUEXT_SET_LDT, (u64)desc, 512), 0, "SET_LDT");
}

static void make_code(void)
{
	static const u8 read[] = {
		0x8e, 0xd8,				/* mov %eax, %ds */
		0xa1, 0xfc, 0x0f, 0, 0,			/* mov 0xffc, %eax */
		0xa1, 0x00, 0x10, 0, 0,			/* mov 0x1000, %eax */
		0x0f, 0x0b,
	};
	static const u8 push[] = { 0x50, 0x0f, 0x0b };	/* push %eax */
	u64 first = tg_page_alloc(), second = tg_page_alloc();

	code = tg_va(first);
	memset(code, 0x0f, SIZE);
	code[UD2] = 0x0f;
	code[UD2 + 1] = 0x0b;
	memcpy(code + READ, read, sizeof(read));
	memcpy(code + PUSH, push, sizeof(push));
	*(u16 *)tg_va(second) = 0x0b0f;
	tg_user_map(CODE, tg_pte(first, TG_RW));
	tg_user_map(CODE + SIZE, tg_pte(second, TG_RW));
}

static void start(struct tg_user *u, u16 cs, u64 rip)
{
	tg_user_start(u, (void *)rip);
	u->cs = cs;
}

/* Where it is, it shall trap; the kernel is told of that place. */
static void expect(struct tg_user *u, u32 vector, u64 rip, const char *what)
{
	u16 cs = u->cs;
	u32 got = tg_user_run(u);

	TG_CHECK(got == vector, "%s: trap %u, not %u", what, got, vector);
	TG_CHECK(u->rip == rip && (u16)u->cs == cs, "%s: trap at %#lx:%#lx", what,
		 u->cs, u->rip);
}

static void check_iret(u16 cs)
{
	static const u64 beyond[] = {
		SIZE, SIZE + 2, 0xffffffff, (1ul << 32) + UD2,
		0x7fffffffffff, 0xffff808000000000, -1ul,
	};
	struct tg_user u;
	u32 i;

	start(&u, cs, UD2);
	expect(&u, 6, UD2, "iret to the middle");
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		start(&u, cs, beyond[i]);
		expect(&u, 13, beyond[i], "iret beyond the limit");
	}
	start(&u, GDT(CODE64), CODE + UD2);
	expect(&u, 6, CODE + UD2, "iret to 64-bit code");
}

/* The last bytes of the segment; then go on as if nothing were. */
static void check_end(u16 cs)
{
	struct tg_user u;

	code[SIZE - 1] = 0xcc;
	start(&u, cs, SIZE - 1);
	expect(&u, 3, SIZE, "int3 at the end");
	expect(&u, 13, SIZE, "after int3 at the end");
	code[SIZE - 2] = 0xcd;
	code[SIZE - 1] = 0x80;
	start(&u, cs, SIZE - 2);
	expect(&u, 0x80, SIZE, "int 0x80 at the end");
	expect(&u, 13, SIZE, "after int 0x80 at the end");
}

/* The segment shrinks while its program is not running. */
static void check_shrink(void)
{
	struct tg_user u;

	start(&u, GDT(CODE32), UD2);
	expect(&u, 6, UD2, "before it shrinks");
	set_gdt_entry(CODE32, descriptor(0xfb, UD2 - 1) | 1ul << 54);
	expect(&u, 13, UD2, "after it shrank");
	/* Pages: the limit is their end. */
	set_gdt_entry(CODE32, descriptor(0xfb, 0) | 3ul << 54);
	expect(&u, 6, UD2, "in a segment of one page");
	start(&u, GDT(CODE32), SIZE);
	expect(&u, 13, SIZE, "behind a segment of one page");
}

/* There is a short way for that, too, which must not open the other one. */
static void load_roots(void)
{
	struct mmuext_op op[] = {
		{ .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = tg_root },
		{ .cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = tg_user_root },
	};

	TG_EQ(tg_hcall(mmuext_op, op, 2, 0, DOMID_SELF), 0, "loading of roots");
}

/* Those of all programs, which have a short way into them. */
static void check_usual(void)
{
	static const u16 cs[] = { TG_USER_CS32, TG_USER_CS };
	struct tg_user u;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cs); i++) {
		set_gdt_entry(cs[i] / 8, descriptor(0xfb, SIZE - 1) | 1ul << 54);
		start(&u, cs[i], UD2);
		expect(&u, 6, UD2, "iret to the usual code");
		start(&u, cs[i], SIZE);
		load_roots();
		expect(&u, 13, SIZE, "iret beyond the usual code");
	}
}

/*
 * Only a CPU that checks limits always stops by itself. An interrupt behind the end
 * has the host look, and it stops the program where such a CPU would have.
 */
static bool cpu_has_limits(void)
{
	struct tg_user u;
	u32 vector, i;

	code[NOP] = 0x90;
	for (i = 0; i < 10; i++) {
		start(&u, GDT(CODE32), NOP);
		vector = tg_user_run(&u);
		TG_CHECK(vector == 6 || vector == 13,
			 "at the end: trap %u, error %#lx, cr2 %#lx", vector,
			 tg_fault.error, tg_fault.cr2);
		if (vector == 6)
			return false;
	}
	return true;
}

static void check_cpu(void)
{
	struct tg_user u;

	start(&u, GDT(CODE32), NOP);
	expect(&u, 13, SIZE, "running over the end");
	start(&u, GDT(CODE32), READ);
	u.rax = GDT(DATA);
	expect(&u, 13, READ + 7, "read behind the data");
	start(&u, LDT(CODE32), PUSH);
	u.ss = LDT(DATA);
	u.rsp = SIZE;
	expect(&u, 6, PUSH + 1, "push in the stack");
	start(&u, LDT(CODE32), PUSH);
	u.ss = LDT(DATA);
	u.rsp = SIZE + 4;
	expect(&u, 12, PUSH, "push behind the stack");
}

void test_main(void)
{
	tg_user_init();
	make_code();
	make_tables();
	check_iret(GDT(CODE32));
	check_iret(LDT(CODE32));
	check_end(GDT(CODE32));
	check_end(LDT(CODE32));
	if (cpu_has_limits())
		check_cpu();
	else
		tg_printf("# this CPU checks no limits\n");
	check_shrink();
	check_usual();
}
