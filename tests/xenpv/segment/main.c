// SPDX-License-Identifier: GPL-2.0
/*
 * Segments: GDT, LDT, bases.
 *
 * Claim: FS and GS bases are what was set last, by hypercall or MSR, in kernel
 * and user mode each its own GS base; selectors that a program loads are there
 * when it goes on, with the base of their descriptor; GS_USER_SEL loads the GS of
 * programs; stale selectors become null, not faults.
 *
 * No data segment here has a base: QEMU 7.2 adds it in 64-bit mode where there is
 * a DS prefix, which a host's kernel on one CPU has wherever others have LOCK.
 *
 * Source: Xen's set_segment_base; docs/abi/xenpv.md.
 */
#include <lguest/api.h>
#include "tg.h"

const char tg_title[] = "segments";

#define DATA_AT(base) (0x00cff3000000fffful | ((base) & 0xfffffful) << 16 | \
		       ((base) & 0xff000000ul) << 32)
#define SLOT	8


static u64 msr(u32 which)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(which));
	return (u64)hi << 32 | lo;
}

/* RAX gets what lies at FS:0, RDX what lies at GS:0. */
static void tg_user_code user_look(void)
{
	asm volatile("movq %fs:0, %rax\n\tmovq %gs:0, %rdx\n\tsyscall");
}

static void tg_user_code user_selectors(void)
{
	asm volatile("movl %edi, %fs\n\tmovl %edi, %gs\n\tmovl %esi, %ds\n\t"
		     "syscall\n\t"
		     "movl %fs, %eax\n\tmovl %gs, %edx\n\tmovl %ds, %ecx\n\t"
		     "movl %ecx, %esi\n\tsyscall");
}

static void check_bases(void)
{
	u64 gfn = tg_page_alloc(), *word = tg_va(gfn);
	struct tg_user u;

	word[0] = 0xf5;
	word[32] = 0x65;
	tg_user_map(TG_UTEST, tg_pte(gfn, TG_RW));
	tg_hcall(set_segment_base, SEGBASE_FS, TG_UTEST, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER, TG_UTEST + 256, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_KERNEL, (u64)word, 0, 0);
	TG_EQ(msr(0xc0000100), TG_UTEST, "FS base");
	TG_EQ(msr(0xc0000101), (u64)word, "GS base");
	TG_EQ(msr(0xc0000102), TG_UTEST + 256, "GS base of programs");
	tg_user_start(&u, user_look);
	TG_EQ(tg_user_run(&u), TG_SYSCALL, "program that uses FS and GS");
	TG_EQ(u.rax, 0xf5, "at FS");
	TG_EQ(u.rdx, 0x65, "at GS");
	asm volatile("movq %%gs:0, %0" : "=r"(u.rax));
	TG_EQ(u.rax, 0xf5, "at GS, in the kernel");
	asm volatile("wrmsr" : : "c"(0xc0000102), "a"((u32)TG_UTEST), "d"(0));
	tg_user_start(&u, user_look);
	tg_user_run(&u);
	TG_EQ(u.rdx, 0xf5, "at GS after wrmsr");
	TG_EQ(msr(0xc0000101), (u64)word, "GS base of the kernel");
}

static void check_selectors(void)
{
	struct tg_user u;
	u32 selector = SLOT * 8 | 3, flat = (SLOT + 1) * 8 | 3;

	tg_hcall(update_descriptor, tg_gdt * TG_PAGE + SLOT * 8,
		 DATA_AT(TG_UTEST), 0, 0);
	tg_hcall(update_descriptor, tg_gdt * TG_PAGE + (SLOT + 1) * 8,
		 DATA_AT(0ul), 0, 0);
	tg_user_start(&u, user_selectors);
	u.rdi = selector;
	u.rsi = flat;
	TG_EQ(tg_user_run(&u), TG_SYSCALL, "program that loads segments");
	tg_sleep(1000000);
	TG_EQ(tg_user_run(&u), TG_SYSCALL, "program that goes on");
	TG_EQ(u.rax & 0xffff, selector, "fs");
	TG_EQ(u.rdx & 0xffff, selector, "gs");
	TG_EQ(u.rsi & 0xffff, flat, "ds");
	TG_EQ(msr(0xc0000100), TG_UTEST, "FS base by selector");
	TG_EQ(msr(0xc0000102), TG_UTEST, "GS base by selector");
	/* The descriptor goes while they are in use. */
	tg_hcall(update_descriptor, tg_gdt * TG_PAGE + SLOT * 8, 0, 0, 0);
	tg_sleep(1000000);
	asm volatile("movl %0, %%ds\n\tmovl %0, %%fs\n\tmovl %0, %%gs" : : "r"(0));
}

/* What the CPU would not load into GS. */
static void check_no_selector(u32 selector, u64 desc, const char *what)
{
	tg_hcall(set_segment_base, SEGBASE_GS_USER, TG_UTEST, 0, 0);
	TG_EQ(tg_hcall(update_descriptor, tg_gdt * TG_PAGE + SLOT * 8, desc, 0,
		       0), 0, what);
	TG_EQ(tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, selector, 0, 0),
	      0, what);
	TG_EQ(msr(0xc0000102), 0, what);
}

static void check_user_selector(void)
{
	u32 selector = SLOT * 8 | 3;

	tg_hcall(update_descriptor, tg_gdt * TG_PAGE + SLOT * 8,
		 DATA_AT(0x12345000ul), 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_KERNEL, 0xffffffff80000000, 0, 0);
	TG_EQ(tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, selector, 0, 0),
	      0, "GS_USER_SEL");
	TG_EQ(msr(0xc0000102), 0x12345000, "GS base of programs");
	TG_EQ(msr(0xc0000101), 0xffffffff80000000, "GS base of the kernel");
	TG_EQ(tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, 0, 0, 0), 0,
	      "GS_USER_SEL of null");
	TG_EQ(msr(0xc0000102), 0, "GS base of programs with a null selector");
	check_no_selector(selector, DATA_AT(0x12345000ul) & ~(1ul << 47),
			  "data that is not present");
	check_no_selector(selector, (DATA_AT(0x12345000ul) | 1ul << 43) & ~(1ul << 41),
			  "code that cannot be read");
	tg_hcall(update_descriptor, tg_gdt * TG_PAGE + SLOT * 8,
		 DATA_AT(0x12345000ul), 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, 0xffff, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, 0x10, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, -1ul, 0, 0);
	TG_CHECK(tg_hcall(set_segment_base, 4, 0, 0, 0) < 0, "base 4");
}

/* As Linux asks at each change of tasks: for null, which is there. No exit. */
static void check_null_again(void)
{
	u32 selector = SLOT * 8 | 3;
	u64 direct;

	tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, 0, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER, TG_UTEST, 0, 0);
	direct = tg_ask(TG_ASK_STAT, LG_STAT_DIRECT);
	TG_EQ(tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, 0, 0, 0), 0,
	      "GS_USER_SEL of null, again");
	direct = tg_ask(TG_ASK_STAT, LG_STAT_DIRECT) - direct;
	TG_EQ(msr(0xc0000102), 0, "GS base of programs with null, again");
	if (tg_box && tg_try("rdfsbase %%rax", : : : "rax") == TG_NO_TRAP)
		TG_EQ(direct, 1, "calls without an exit");
	/* Another one is loaded, be it from null or to null. */
	tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, selector, 0, 0);
	TG_EQ(msr(0xc0000102), 0x12345000, "GS base of programs after null");
	tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, 1, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, selector, 0, 0);
	tg_hcall(set_segment_base, SEGBASE_GS_USER_SEL, selector, 0, 0);
	TG_EQ(msr(0xc0000102), 0x12345000, "GS base of programs, twice");
}

void test_main(void)
{
	tg_user_init();
	check_bases();
	check_selectors();
	check_user_selector();
	check_null_again();
}
