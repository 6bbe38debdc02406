/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of this program share: see main.c.
 */
#ifndef TESTS_LINUX_SAME_H
#define TESTS_LINUX_SAME_H

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#ifdef __x86_64__
#define REG_IP		REG_RIP
#define REG_SP		REG_RSP
#define REG_FLAGS	REG_EFL
#else
#define REG_IP		REG_EIP
#define REG_SP		REG_ESP
#define REG_FLAGS	REG_EFL
#endif

#define PAGE		4096ul
/*
 * Where each part maps what it wants: the same everywhere, for segments below 4 GiB, and
 * above the heap, which Linux puts up to 1 GiB behind a program of 64 bits.
 */
#define ARENA		0x60000000ul

/* The last signal that catch_signal() caught. */
struct caught {
	int sig, code, trap;
	unsigned long error, addr, ip, flags;
};
extern struct caught caught;
extern sigjmp_buf after_signal;

/*
 * Run a statement that changes no variable but its own result; true if it ended in a signal, which is in
 * `caught`.
 */
#define FAULTS(statement) \
	({ \
		int s_ = sigsetjmp(after_signal, 1); \
		if (!s_) { \
			statement; \
		} \
		s_; \
	})

/* Memory of our own at a fixed address; the program ends if it cannot be. */
void *map_at(unsigned long at, size_t size, int prot);
uint32_t dice(void);
uint32_t mix(uint32_t hash, unsigned long value);
void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *fmt, ...);

void signals(void);
void memory(void);
void processes(void);
void threads(void);
void steps(void);
void segments(void);

#endif
