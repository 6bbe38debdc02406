// SPDX-License-Identifier: GPL-2.0
/*
 * What a fault is to a program: which signal, its code, address and registers,
 * and that the program goes on behind it as if nothing had happened.
 */
#define _GNU_SOURCE
#include "same.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CODE	(ARENA + 16 * PAGE)
#define RO	(ARENA + 20 * PAGE)
#define VSYSCALL (-0xa00000ul)		/* 64 bits: see vsyscall() */
#define GONE	(ARENA + 24 * PAGE)

static void tell(const char *what, unsigned long n, int faulted)
{
	if (!faulted) {
		printf("%s %#lx: nothing\n", what, n);
		return;
	}
	printf("%s %#lx: signal %d code %d trap %d address %#lx ip %#lx flags %#lx\n",
	       what, n, caught.sig, caught.code, caught.trap, caught.addr,
	       caught.ip, caught.flags & 0x47700);
}

static void tell_page(const char *what, unsigned long n, int faulted)
{
	tell(what, n, faulted);
	if (faulted)
		printf("  error %#lx\n", caught.error);
}

static void accesses(void)
{
	static const unsigned long at[] = {
		0, 8, GONE, RO, CODE,
#ifdef __x86_64__
		0x7ffffffff000, 0x800000000000, 0xffff7fffffffffff,
		0xffff800000000000, 0xffff808000000000, 0xffff888000000000,
		0xffffffff81000000, VSYSCALL, 0xfffffffffffffff8,
#else
		0xc0000000, 0xfffffff8,
#endif
	};
	unsigned int i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		volatile unsigned long *p = (void *)at[i];

		tell_page("read", at[i], FAULTS((void)*p));
		tell_page("write", at[i], FAULTS(*p = 1));
		if (at[i] != CODE && at[i] != VSYSCALL)
			tell_page("jump", at[i],
				  FAULTS(((void (*)(void))at[i])()));
	}
}

/* Each vector there is. 0x80 is a system call, getpid, if it is that. */
static void vectors(void)
{
	uint8_t *code = (void *)CODE;
	unsigned int n;
	long ret;

	for (n = 0; n < 256; n++) {
		mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
		code[0] = 0xcd;
		code[1] = n;
		code[2] = 0xc3;
		mprotect(code, PAGE, PROT_READ | PROT_EXEC);
		ret = 0;
		tell("int", n, FAULTS(asm volatile("call *%1"
			: "=a"(ret) : "r"(code), "0"(n == 0x80 ? 20 : 0)
			: "memory", "cc")));
		if (n == 0x80)
			printf("  %s\n", ret == getpid() ? "our number" : "?");
	}
}

/* Instructions that a program may not use, or that are none. */
static void forbidden(void)
{
	static const uint8_t codes[][8] = {
		{ 1, 0xfa }, { 1, 0xfb }, { 1, 0xf4 }, { 1, 0xec },
		{ 1, 0xef }, { 1, 0x6c }, { 2, 0xe4, 0x80 }, { 2, 0x0f, 0x32 },
		{ 2, 0x0f, 0x30 }, { 2, 0x0f, 0x06 }, { 2, 0x0f, 0x09 },
		{ 2, 0x0f, 0x08 }, { 3, 0x0f, 0x20, 0xc0 },
		{ 3, 0x0f, 0x22, 0xd8 }, { 3, 0x0f, 0x23, 0xf8 },
		{ 3, 0x0f, 0x01, 0xf8 }, { 3, 0x0f, 0x01, 0x10 },
		{ 3, 0x0f, 0x01, 0x18 }, { 3, 0x0f, 0x01, 0x38 },
		{ 3, 0x0f, 0x00, 0xd0 }, { 3, 0x0f, 0x00, 0xd8 },
		{ 3, 0x0f, 0x01, 0xd1 }, { 2, 0x0f, 0x33 }, { 2, 0x0f, 0x07 },
		{ 2, 0x0f, 0x35 }, { 2, 0x0f, 0x0b }, { 3, 0x0f, 0xff, 0xc0 },
		{ 3, 0x0f, 0x01, 0xc1 }, { 3, 0x0f, 0x01, 0xd9 }, { 1, 0xf1 },
		{ 1, 0xcc }, { 3, 0x0f, 0x01, 0xf0 }, { 2, 0x8e, 0xd0 },
		{ 2, 0x8e, 0xc8 }, { 5, 0xf0, 0x48, 0x89, 0xc0, 0xc3 },
		{ 3, 0xd9, 0xd0, 0xc3 }, { 2, 0x0f, 0xa2 },
	};
	uint8_t *code = (void *)CODE;
	unsigned int i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
		memcpy(code, codes[i] + 1, codes[i][0]);
		code[codes[i][0]] = 0xc3;
		tell("code", i, FAULTS(asm volatile("call *%1"
			: : "a"(3), "S"(code), "c"(0), "d"(0x80)
			: "memory", "cc", "ebx")));
	}
}

static void arithmetic(void)
{
	volatile int zero = 0, one = 1;
	uint32_t mxcsr = 0x1f80 & ~0x200, old = 0x1f80;
	uint16_t word = 0x37b, normal = 0x37f;
	volatile double d = 0;

	tell("divide", 0, FAULTS(one = 1 / zero));
	one = 0x80000000;
	zero = -1;
	tell("divide", 1, FAULTS(one = one / zero));
	tell("sse", 0, FAULTS(asm volatile("ldmxcsr %0\n\tmovsd %1, %%xmm0\n\t"
		"movsd %2, %%xmm1\n\tdivsd %%xmm0, %%xmm1"
		: : "m"(mxcsr), "m"(d), "m"((double){ 1 }) : "xmm0", "xmm1")));
	asm volatile("ldmxcsr %0" : : "m"(old));
	tell("x87", 0, FAULTS(asm volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\t"
		"fdivrp\n\tfwait" : : "m"(word))));
	asm volatile("fnclex\n\tfninit\n\tfldcw %0" : : "m"(normal));
	tell("alignment", 0, FAULTS(asm volatile("pushf\n\t"
#ifdef __x86_64__
		"orq $0x40000, (%%rsp)\n\tpopf\n\tmovl 1(%0), %%eax\n\t"
#else
		"orl $0x40000, (%%esp)\n\tpopf\n\tmovl 1(%0), %%eax\n\t"
#endif
		: : "r"(ARENA) : "eax", "memory", "cc")));
}

/* A handler that changes what it returns to. */
static volatile int visits;

static void skips(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	visits++;
	regs[REG_IP] += 2;			/* the ud2 */
	regs[REG_FLAGS] |= 0x400;		/* DF */
#ifdef __x86_64__
	regs[REG_R15] = 0x1122334455667788;
#endif
}

static void returns(void)
{
	struct sigaction act = { .sa_sigaction = skips, .sa_flags = SA_SIGINFO },
			 old;
	unsigned long flags, r15 = 0;
	int i;

	sigaction(SIGILL, &act, &old);
	for (i = 0; i < 1000; i++)
#ifdef __x86_64__
		asm volatile("ud2\n\tpushfq\n\tpopq %0\n\tcld\n\tmovq %%r15, %1"
			     : "=r"(flags), "=r"(r15) : : "r15", "cc");
#else
		asm volatile("ud2\n\tpushfl\n\tpopl %0\n\tcld"
			     : "=r"(flags) : : "cc");
#endif
	sigaction(SIGILL, &old, NULL);
	printf("handler: %d visits, flags %#lx, r15 %#lx\n", visits,
	       flags & 0x400, r15);
}

static volatile unsigned int depth;

/* The stack ends; the handler has one of its own. */
static __attribute__((noinline)) unsigned int deeper(volatile char *above)
{
	volatile char here[4096];

	here[0] = above[0];
	if (depth++ > 1000000)
		return 0;
	return deeper(here) + here[0];
}

static void overflow(void)
{
	volatile char top = 1;
	int faulted = FAULTS((void)deeper(&top));

	printf("overflow: %d, signal %d code %d, deep: %s\n", faulted,
	       caught.sig, caught.code, depth > 1000 ? "yes" : "no");
}

#ifdef __x86_64__
/* Three addresses that are system calls. */
static void vsyscall(void)
{
	long (*get_time)(long *) = (void *)0xffffffffff600400;
	long now = 0, other = time(NULL);
	int faulted = FAULTS(now = get_time(NULL));

	if (faulted)
		tell("vsyscall", 0, 1);
	else
		printf("vsyscall: %s\n", now - other < 2 ? "now" : "?");
	tell("vsyscall", 1, FAULTS(((void (*)(void))0xffffffffff600123)()));
}

/* 32-bit system calls of a 64-bit program keep the upper registers. */
static void int80(void)
{
	register unsigned long r8 asm("r8") = 0x8888888888888888;
	register unsigned long r11 asm("r11") = 0xbbbbbbbbbbbbbbbb;
	register unsigned long r15 asm("r15") = 0xffffffff00000000;
	long ret;

	asm volatile("int $0x80" : "=a"(ret), "+r"(r8), "+r"(r11), "+r"(r15)
		     : "0"(20) : "memory");
	printf("int 0x80: %s %#lx %#lx %#lx\n", ret == getpid() ? "pid" : "?",
	       r8, r11, r15);
	asm volatile("int $0x80" : "=a"(ret) : "0"(0x7fffffff) : "r8", "r9",
		     "r10", "r11", "memory");
	printf("int 0x80 of no number: %ld\n", ret);
	asm volatile("syscall" : "=a"(ret) : "0"(-1l) : "rcx", "r11", "memory");
	printf("syscall -1: %ld\n", ret);
	asm volatile("syscall" : "=a"(ret) : "0"(0x4000000000000027)
		     : "rcx", "r11", "memory");
	printf("syscall 39 and more: %s\n", ret == getpid() ? "pid" : "not pid");
}
#endif

void signals(void)
{
	map_at(ARENA, PAGE, PROT_READ | PROT_WRITE);
	map_at(CODE, PAGE, PROT_READ | PROT_WRITE);
	memset((void *)CODE, 0xc3, PAGE);
	mprotect((void *)CODE, PAGE, PROT_READ | PROT_EXEC);
	map_at(RO, PAGE, PROT_READ);
	accesses();
	vectors();
	forbidden();
	arithmetic();
	returns();
	overflow();
#ifdef __x86_64__
	vsyscall();
	int80();
#endif
	munmap((void *)ARENA, 64 * PAGE);
}
