/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as module/stats.c asks for, in a program.  Each access
 * that another processor could come between calls between().
 */
#ifndef TESTS_STATS_KERNEL_H
#define TESTS_STATS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;

typedef struct {
	unsigned int n;
} seqcount_t;

void between(void);

#define likely(x)	(x)
#define READ_ONCE(x)	({ between(); (x); })
#define WRITE_ONCE(x, v) do { (x) = (v); between(); } while (0)
#define preempt_disable() ((void)0)
#define preempt_enable() ((void)0)

#define seqcount_init(s) ((s)->n = 0)
#define write_seqcount_begin(s) WRITE_ONCE((s)->n, (s)->n + 1)
#define write_seqcount_end(s) WRITE_ONCE((s)->n, (s)->n + 1)
#define read_seqcount_begin(s) READ_ONCE((s)->n)
#define read_seqcount_retry(s, seq) (READ_ONCE((s)->n) != (seq))

#endif
