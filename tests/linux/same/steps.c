// SPDX-License-Identifier: GPL-2.0
/*
 * One instruction at a time: by a debugger, and by the program itself.  Printed
 * is how many steps there were, and a hash of where.
 */
#define _GNU_SOURCE
#include "same.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#define user_ip(r)	((r).rip)
#define PUSHF		"pushfq"
#define POPF		"popfq"
#define TOP		"(%%rsp)"
#define GETPPID		"movl $110, %%eax\n\tsyscall\n\t"
#else
#define user_ip(r)	((unsigned long)(r).eip)
#define PUSHF		"pushfl"
#define POPF		"popfl"
#define TOP		"(%%esp)"
#define GETPPID		"movl $64, %%eax\n\tint $0x80\n\t"
#endif

/* What is stepped through: a bit of everything. */
static __attribute__((noinline)) void walk(void)
{
	static char from[16], to[16];
	const char *s = from;
	char *d = to;
	unsigned long n = 16;

	asm volatile("nop\n\t"
		     PUSHF "\n\t" POPF "\n\t"
		     "rep movsb\n\t"
		     GETPPID
		     "cpuid\n\t"
		     PUSHF "\n\t"
		     "orl $0x40, " TOP "\n\t"
		     POPF "\n\t"
		     "movw %%ss, %%ax\n\tmovw %%ax, %%ss\n\tnop\n\t"
		     "call 1f\n\tjmp 2f\n1:\tret\n2:\t"
		     "int $0x80\n\t"
		     "nop"
		     : "+S"(s), "+D"(d), "+c"(n)
		     : : "eax", "ebx", "edx", "memory", "cc"
#ifdef __x86_64__
		     , "r11", "r8", "r9", "r10"
#endif
		     );
}

static void by_debugger(int request)
{
	struct user_regs_struct regs;
	unsigned int count = 0, hash = 1;
	int status, pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		walk();
		_exit(7);
	}
	waitpid(pid, &status, 0);
	while (!ptrace(request, pid, 0, 0) && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status)) {
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		/* Of the library's there may be more or less. */
		if (user_ip(regs) >= (unsigned long)walk &&
		    user_ip(regs) < (unsigned long)by_debugger) {
			count++;
			hash = mix(hash, user_ip(regs));
		}
		hash = mix(hash, WSTOPSIG(status));
		if (count > 10000)
			break;
	}
	printf("debugger %d: %u steps, %s, status %#x\n", request, count,
	       hash ? "" : "", status);
	printf("  hash %#x\n", count ? hash : 0);
}

static volatile unsigned int traps, trap_hash = 1;

static void on_trap(int sig, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	traps++;
	trap_hash = mix(mix(trap_hash, regs[REG_IP]), info->si_code);
}

static void by_itself(void)
{
	struct sigaction act = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO },
			 old;

	sigaction(SIGTRAP, &act, &old);
	asm volatile(PUSHF "\n\torl $0x100, " TOP "\n\t" POPF "\n\t"
		     "nop\n\tnop\n\t"
		     GETPPID
		     "nop\n\tcpuid\n\t"
		     "movl $20, %%eax\n\tint $0x80\n\tnop\n\t"
		     PUSHF "\n\tandl $~0x100, " TOP "\n\t" POPF "\n\t"
		     "nop"
		     : : : "eax", "ebx", "ecx", "edx", "memory", "cc"
#ifdef __x86_64__
		     , "r11", "r8", "r9", "r10"
#endif
		     );
	sigaction(SIGTRAP, &old, NULL);
	printf("trap flag: %u steps, hash %#x\n", traps, trap_hash);
}

/* A debugger that changes memory, registers and system calls. */
static void changes(void)
{
	static volatile unsigned long value = 1;
	int status, pid = fork();
	long word;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(value == 0x1234 ? 5 : 6);
	}
	waitpid(pid, &status, 0);
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, pid, &value, 0);
	printf("peek: %ld %d\n", word, errno);
	printf("poke: %ld\n", ptrace(PTRACE_POKEDATA, pid, &value, 0x1234));
	printf("poke of code: %ld\n", ptrace(PTRACE_POKETEXT, pid, walk, 0xcc));
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	printf("changed: %#x\n", status);
}

void steps(void)
{
	by_debugger(PTRACE_SINGLESTEP);
	by_debugger(PTRACE_SYSCALL);
	by_itself();
	changes();
}
