/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of this guest share: how a call is made and its answer told, and
 * the pages they make calls about.
 */
#ifndef TESTS_XENPV_ERRORS_ERRORS_H
#define TESTS_XENPV_ERRORS_ERRORS_H

#include "tg.h"

#define NON_CANONICAL	0x0000800000000000ul
#define HOLE		0xffff840000000000ul	/* the hypervisor's */
#define NO_MFN		(1ul << 38)		/* no machine has it */
#define DOMID_NOBODY	999

/* Numbers that libxen-dev has for tools alone. */
#define XEN_NR_argo	39
#define XEN_NR_hypfs	42
#define XEN_NR_mca	48

/* main.c */
void answer(const char *name, long got);
bool may_ask(const char *name);	/* no: what comes after would suffer */

#define ASK(name, nr, a, b, c, d) answer(name, tg_hcall(nr, a, b, c, d))

/* "Machine" frames: Xen's are not the page numbers, ours are. */
u64 mfn_of(u64 gfn);
u64 mfn_here(const volatile void *p);
u64 page_rw(void);		/* a fresh page's number, mapped writable */
u64 page_ro(void);		/* mapped read-only: may become a table */
u64 pte_at(u64 gva);		/* machine address of the entry that maps gva */

/* the parts */
void ask_tables(void);		/* tables.c: mmu_update, update_va_mapping */
void ask_mmuext(void);		/* mmuext.c */
void ask_cpu(void);		/* cpu.c: segments, entries, debug registers */
void ask_events(void);		/* events.c */
void ask_time(void);		/* time.c: vcpu_op, sched_op, timers */
void ask_domain(void);		/* domain.c: xen_version, memory, grants */
void ask_others(void);		/* others.c: all that is left */
void ask_last(void);		/* time.c: what changes where things are */

#endif
