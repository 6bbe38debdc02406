// SPDX-License-Identifier: GPL-2.0
/*
 * Threads: locks that sleep, memory of their own, and a CPU state of their own,
 * which no other thread or process changes.
 */
#define _GNU_SOURCE
#include "same.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define THREADS	6
#define ROUNDS	800

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static unsigned long total, whose;
static __thread unsigned long mine;
static volatile unsigned int wrong;

static void *adds(void *arg)
{
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		pthread_mutex_lock(&lock);
		total += (unsigned long)arg;
		pthread_mutex_unlock(&lock);
		mine += (unsigned long)arg;
	}
	return (void *)mine;
}

/* Round and round, each thread when it is its turn. */
static void *turns(void *arg)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		pthread_mutex_lock(&lock);
		while (whose % THREADS != (unsigned long)arg)
			pthread_cond_wait(&turn, &lock);
		whose++;
		pthread_cond_broadcast(&turn);
		pthread_mutex_unlock(&lock);
	}
	return (void *)(unsigned long)i;
}

static int has_avx;

/* Registers full of one thread's number stay so. */
static void *holds(void *arg)
{
	unsigned int n = (unsigned long)arg + 1, i, k;
	uint32_t in[8], out[8], mxcsr = 0x1f80 | (n & 3) << 13, got;
	uint16_t cw = 0x37f & ~((n & 1) << 8), cw_got;
	double x87 = n * 1.5, x87_got;

	for (i = 0; i < ROUNDS; i++) {
		for (k = 0; k < 8; k++)
			in[k] = n * 0x1000193 + i * 8 + k;
		asm volatile("ldmxcsr %0\n\tfldcw %1\n\tfldl %2\n\t"
			     "movups %3, %%xmm0\n\tmovups %3, %%xmm7"
			     : : "m"(mxcsr), "m"(cw), "m"(x87), "m"(in)
			     : "xmm0", "xmm7");
		if (has_avx)
			asm volatile("vmovups %0, %%ymm5" : : "m"(in) : "xmm5");
		/* Bare: a library would use the registers. */
#ifdef __x86_64__
		asm volatile("syscall" : : "a"(24) : "rcx", "r11", "memory");
#else
		asm volatile("int $0x80" : : "a"(158) : "memory");
#endif
		if (has_avx)
			asm volatile("vmovups %%ymm5, %0" : "=m"(out));
		else
			asm volatile("movups %%xmm7, %0\n\tmovups %%xmm7, 16%0"
				     : "=m"(out));
		if (memcmp(in, out, has_avx ? 32 : 16))
			wrong++;
		asm volatile("movups %%xmm0, %0\n\tstmxcsr %1\n\tfnstcw %2\n\t"
			     "fstpl %3" : "=m"(out), "=m"(got), "=m"(cw_got),
			     "=m"(x87_got));
		if (memcmp(in, out, 16) || got != mxcsr || cw_got != cw ||
		    x87_got != x87)
			wrong++;
	}
	return NULL;
}

static void all(const char *what, void *(*body)(void *))
{
	pthread_t threads[THREADS];
	unsigned long i, sum = 0;
	void *ret;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, body, (void *)i))
			give_up("thread %lu", i);
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &ret);
		sum += (unsigned long)ret;
	}
	printf("%s: %lu, total %lu, turns %lu, wrong %u\n", what, sum, total,
	       whose, wrong);
}

void threads(void)
{
#ifdef __x86_64__
	/* In 32-bit code QEMU 7.2 gives back something else, on hosts, too. */
	has_avx = __builtin_cpu_supports("avx");
#endif
	all("adds", adds);
	all("turns", turns);
	all("holds", holds);
}
