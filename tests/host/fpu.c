// SPDX-License-Identifier: GPL-2.0
/*
 * The host's x87, SSE, MXCSR and PKRU state beside guests that use the same: the
 * thread that runs a guest has patterns of its own in all registers, and so
 * have other threads on the same CPUs; none of them ever changes, and the
 * guests (which look at theirs) succeed.
 *
 * Source: reliability class 13.
 */
#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

struct fxsave {
	uint8_t head[24];
	uint32_t mxcsr, mask;
	uint8_t st[8][16];
	uint8_t xmm[8][16];
	uint8_t rest[224];
} __attribute__((aligned(16)));

static atomic_int stop;

/* Protection keys: a register of ring 3 that XSAVE covers, and Linux does not so. */
static bool has_pkru(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && c & bit_OSPKE;
}

static uint32_t pkru_get(void)
{
	uint32_t a = 0, d;

	if (has_pkru())
		asm volatile("rdpkru" : "=a"(a), "=d"(d) : "c"(0));
	return a;
}

static void pkru_set(uint32_t value)
{
	if (has_pkru())
		asm volatile("wrpkru" : : "a"(value), "c"(0), "d"(0));
}

/* Key 0 is that of all memory here; what the others may do is all the same. */
static uint32_t pkru_of(unsigned int seed)
{
	return has_pkru() ? seed << 4 : 0;
}

static void pattern(struct fxsave *f, unsigned int seed)
{
	unsigned int i, j;

	asm volatile("fxsave %0" : "=m"(*f));
	f->mxcsr = 0x1f80 | (seed & 3) << 13;
	f->head[4] = 0xff;	/* all x87 registers in use */
	for (i = 0; i < 8; i++) {
		for (j = 0; j < 16; j++)
			f->xmm[i][j] = seed * 31 + i * 17 + j * 7;
		for (j = 0; j < 8; j++)
			f->st[i][j] = seed * 13 + i * 5 + j;
		f->st[i][7] |= 0x80;
		f->st[i][8] = 0xff;
		f->st[i][9] = 0x3f;
	}
}

static bool same(const struct fxsave *a, const struct fxsave *b)
{
	unsigned int i;

	if (a->mxcsr != b->mxcsr || memcmp(a->xmm, b->xmm, sizeof(a->xmm)))
		return false;
	for (i = 0; i < 8; i++)
		if (memcmp(a->st[i], b->st[i], 10))
			return false;
	return true;
}

/* Load, do something with the kernel, look. */
static void *beside(void *arg)
{
	struct fxsave want, got;
	unsigned int n = 0;

	pattern(&want, (uintptr_t)arg);
	pkru_set(pkru_of((uintptr_t)arg));
	while (!stop) {
		asm volatile("fxrstor %0" : : "m"(want));
		if (n++ % 8 == 0) {
			int ret;

			/* sched_yield by hand: no C in between. */
			asm volatile("int $0x80" : "=a"(ret) : "0"(158)
				     : "memory");
		} else {
			unsigned int i;

			for (i = 0; i < 200000; i++)
				asm volatile("");
		}
		asm volatile("fxsave %0" : "=m"(got));
		if (!same(&want, &got) ||
		    pkru_get() != pkru_of((uintptr_t)arg)) {
			failure("a thread beside lost its FPU state");
			break;
		}
	}
	asm volatile("fninit; emms");
	return NULL;
}

/* LG_RUN by hand, with our own state loaded before and looked at after. */
static int run_with(struct lgdev *g, const struct fxsave *want,
		    struct fxsave *got)
{
	int ret;

	asm volatile("fxrstor %2\n\t"
		     "int $0x80\n\t"
		     "fxsave %1\n\t"
		     "fninit"
		     : "=a"(ret), "=m"(*got)
		     : "m"(*want), "0"(54 /* ioctl */), "b"(g->vcpu),
		     "c"(LG_RUN), "d"(0)
		     : "memory");
	return ret;
}

static void run_guest(const char *name, unsigned int seed)
{
	struct fxsave want, got;
	struct lgdev g;
	unsigned int runs = 0;
	uint32_t normal = 0x1f80;

	lgdev_start(&g, lgdev_guest_path(name), "");
	g.quiet = true;
	pattern(&want, seed);
	pkru_set(pkru_of(seed));
	for (;;) {
		int ret = run_with(&g, &want, &got);

		asm volatile("ldmxcsr %0" : : "m"(normal));
		runs++;
		if (!same(&want, &got) || pkru_get() != pkru_of(seed)) {
			failure("the runner lost its FPU state, run %u", runs);
			break;
		}
		if (ret)
			continue;
		if (lgdev_answer(&g))
			continue;
		CHECK(g.run->exit_reason == LG_EXIT_SHUTDOWN, "%s: %.100s",
		      name, lgdev_verdict(&g));
		break;
	}
	note("%s: %u runs", name, runs);
}

/*
 * Once more as a program that has no restartable sequences: the C library's make
 * LG_RUN end whenever its thread loses the CPU.
 */
static void again_without_rseq(char *argv[])
{
	int status;
	pid_t pid;

	if (getenv("GLIBC_TUNABLES"))
		return;
	pid = fork();
	if (!pid) {
		setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	CHECK(!status, "without restartable sequences: status %#x", status);
}

int main(int argc, char *argv[])
{
	static const char *const guests[] = { "fpu-linear", "fpu-2level" };
	pthread_t threads[2];
	unsigned int i;
	int status;

	(void)argc;
	again_without_rseq(argv);
	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, beside,
			       (void *)(uintptr_t)(i + 100));
	/* A second runner in another process. */
	if (!fork()) {
		run_guest(guests[1], 77);
		finish();
	}
	run_guest(guests[0], 55);
	wait(&status);
	CHECK(!status, "the other runner: status %#x", status);
	stop = 1;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	finish();
}
