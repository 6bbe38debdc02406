// SPDX-License-Identifier: GPL-2.0
/*
 * A program that prints what the kernel and the CPU make of it, to be run on a
 * host and in a guest on that host.
 *
 * Claim: both print the same.  Nothing that is printed depends on time, on
 * addresses that the kernel chooses or on process numbers.  Built for 64 bits
 * and for 32, which a 64-bit kernel runs, too.
 *
 * Source: what kselftest x86 looks at; reliability goal "guest fidelity".
 */
#define _GNU_SOURCE
#include "same.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct caught caught;
sigjmp_buf after_signal;

void give_up(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(": %s\n", strerror(errno));
	exit(1);
}

void *map_at(unsigned long at, size_t size, int prot)
{
	void *p = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)at)
		give_up("mmap at %#lx", at);
	return p;
}

uint32_t dice(void)
{
	static uint32_t state = 0x12345678;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

uint32_t mix(uint32_t hash, unsigned long value)
{
	while (value) {
		hash = (hash ^ (value & 0xff)) * 16777619;
		value >>= 8;
	}
	return hash * 16777619;
}

/* Alignment is checked while AC is set, in the library, too. */
static void clear_ac(void)
{
#ifdef __x86_64__
	asm volatile("pushfq\n\tandq $~0x40000, (%%rsp)\n\tpopfq" : : : "cc");
#else
	asm volatile("pushfl\n\tandl $~0x40000, (%%esp)\n\tpopfl" : : : "cc");
#endif
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	caught = (struct caught) {
		.sig = sig,
		.code = info->si_code,
		.addr = (unsigned long)info->si_addr,
		.trap = regs[REG_TRAPNO],
		.error = regs[REG_ERR],
		.ip = regs[REG_IP],
		.flags = regs[REG_FLAGS],
	};
	clear_ac();
	siglongjmp(after_signal, 1);
}

static void catch_signals(void)
{
	static const int all[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	static char stack[65536];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction act = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	unsigned int i;

	sigaltstack(&alt, NULL);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sigaction(all[i], &act, NULL);
}

/* How long it took is for stderr, which nobody compares. */
static void part(const char *name, void (*run)(void))
{
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	run();
	clock_gettime(CLOCK_MONOTONIC, &after);
	fprintf(stderr, "%s: %ld ms\n", name,
		(after.tv_sec - before.tv_sec) * 1000 +
		(after.tv_nsec - before.tv_nsec) / 1000000);
}

int main(int argc, char **argv)
{
	/* processes.c starts us again and again. */
	if (argc == 3 && !strcmp(argv[1], "exec")) {
		int left = atoi(argv[2]);
		char text[16];

		if (!left)
			return 42;
		snprintf(text, sizeof(text), "%d", left - 1);
		execl(argv[0], argv[0], "exec", text, NULL);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	catch_signals();
	part("signals", signals);
	part("memory", memory);
	part("processes", processes);
	part("threads", threads);
	part("steps", steps);
	part("segments", segments);
	printf("end\n");
	return 0;
}
