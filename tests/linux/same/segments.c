// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that a program may have: an LDT, thread areas, bases, and code of the
 * other width.
 */
#define _GNU_SOURCE
#include "same.h"

#include <asm/ldt.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#include <asm/prctl.h>
#endif

#define LDT(n)	((n) * 8 + 7)

static long set_ldt(unsigned int entry, unsigned long base, unsigned int limit,
		    unsigned int contents, unsigned int bits32)
{
	struct user_desc d = {
		.entry_number = entry,
		.base_addr = base,
		.limit = limit,
		.seg_32bit = bits32,
		.contents = contents,
		.useable = 1,
	};

	return syscall(SYS_modify_ldt, 0x11, &d, sizeof(d));
}

/* Of the registers, one that nothing else needs and that has a base. */
#ifdef __x86_64__
#define SPARE		"gs"
#define SPARE_NORMAL	0
#else
#define SPARE		"es"
#define SPARE_NORMAL	0x2b
#endif

/* Loads a selector and reads the first word behind it. */
static void use(unsigned int selector)
{
	unsigned int got = 0;
	int faulted = FAULTS(asm volatile("movw %w1, %%" SPARE "\n\t"
		"movl %%" SPARE ":0, %0" : "=r"(got) : "r"(selector)));

	asm volatile("movw %w0, %%" SPARE : : "r"(SPARE_NORMAL));
	printf("selector %#x: %#x %d\n", selector, faulted ? 0 : got,
	       faulted ? caught.trap : -1);
}

static void ldt(void)
{
	uint32_t *p = map_at(ARENA, 2 * PAGE, PROT_READ | PROT_WRITE);
	unsigned int i;

	p[0] = 0x11111111;
	p[1024] = 0x22222222;
	for (i = 0; i < 8; i++)
		use(LDT(i));
	printf("ldt 0: %ld\n", set_ldt(0, ARENA, 0xfff, 0, 1));
	printf("ldt 5: %ld\n", set_ldt(5, ARENA + PAGE, 0xfff, 0, 1));
	printf("ldt 8191: %ld\n", set_ldt(8191, ARENA, 0xfff, 0, 1));
	printf("ldt 8192: %ld\n", set_ldt(8192, ARENA, 0xfff, 0, 1));
	for (i = 0; i < 8; i++)
		use(LDT(i));
	use(LDT(8191));
	/* A child has its own copy. */
	if (!fork()) {
		set_ldt(0, ARENA + PAGE, 0xfff, 0, 1);
		use(LDT(0));
		_exit(0);
	}
	wait(NULL);
	use(LDT(0));
	printf("ldt 0: %ld\n", set_ldt(0, ARENA + PAGE, 0xfff, 0, 1));
	use(LDT(0));
	munmap(p, 2 * PAGE);
}

#ifdef __x86_64__
/* Code of 32 bits in a program of 64: there by lret, and back again. */
static void other_width(void)
{
	static const uint8_t code[] = {
		0x8c, 0xc9,			/* mov %cs, %ecx */
		0x31, 0xc0, 0x48,		/* xor %eax, %eax; dec %eax */
		0xcb,				/* lret */
	};
	uint8_t *p = map_at(ARENA, 16 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	uint64_t ax = 0, cx = 0;

	memcpy(p, code, sizeof(code));
	/* lret of 32 bits takes 8 bytes: back to CS 0x33. */
	*(uint32_t *)(p + 8 * PAGE) = ARENA + 0x100;
	*(uint32_t *)(p + 8 * PAGE + 4) = 0x33;
	/* mov %rbx, %rsp; ret */
	memcpy(p + 0x100, "\x48\x89\xdc\xc3", 4);
	asm volatile("call 1f\n\tjmp 2f\n"
		     "1:\tmovq %%rsp, %%rbx\n\t"
		     "movq %2, %%rsp\n\t"
		     "pushq $0x23\n\tpushq %3\n\tlretq\n2:"
		     : "=&a"(ax), "=&c"(cx)
		     : "r"(ARENA + 8 * PAGE), "r"(ARENA)
		     : "rbx", "memory", "cc");
	printf("32-bit code: %#lx, cs %#lx\n", ax, cx);
	munmap(p, 16 * PAGE);
}

static void bases(void)
{
	static const unsigned long at[] = {
		0, 0x12345678, 0x7ffffffff000, 0x800000000000,
		0xffff800000000000, 0xfffffffffffff000,
	};
	unsigned long got = 0, i;
	long rc;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		rc = syscall(SYS_arch_prctl, ARCH_SET_GS, at[i]);
		syscall(SYS_arch_prctl, ARCH_GET_GS, &got);
		printf("gs base %#lx: %ld, %#lx\n", at[i], rc, got);
	}
	rc = syscall(SYS_arch_prctl, ARCH_SET_GS, 0x4711000);
	for (i = 0; i < 200; i++)
		sched_yield();
	syscall(SYS_arch_prctl, ARCH_GET_GS, &got);
	printf("gs base kept: %#lx\n", got);
}
#else
static void thread_area(void)
{
	uint32_t *p = map_at(ARENA, PAGE, PROT_READ | PROT_WRITE);
	struct user_desc d = {
		.entry_number = -1, .base_addr = ARENA, .limit = 0xfff,
		.seg_32bit = 1, .useable = 1,
	};
	long rc = syscall(SYS_set_thread_area, &d);

	p[0] = 0x33333333;
	printf("thread area: %ld, entry %u\n", rc, d.entry_number);
	use(d.entry_number * 8 + 3);
	munmap(p, PAGE);
}
#endif

void segments(void)
{
	ldt();
#ifdef __x86_64__
	other_width();
	bases();
#else
	thread_area();
#endif
}
