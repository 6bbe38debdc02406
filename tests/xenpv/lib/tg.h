/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test-guest runtime for 64-bit guests: a bare Xen PV kernel in one header.
 *
 * A test guest is one main.c with a title and a test_main(). The domain is built
 * by whoever starts it (tests/host/lgdev-xenpv.c, or the launcher: there is an
 * ELF note for each); the runtime registers traps and callbacks, calls
 * test_main(), and ends the guest with the worst verdict that was given.
 *
 * Numbers and layouts of the ABI come from Xen's own headers (libxen-dev). Nothing
 * here trusts the host: what it promises is what the guests check.
 */
#ifndef TESTS_XENPV_LIB_TG_H
#define TESTS_XENPV_LIB_TG_H

#include <stdint.h>
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include "tg-box.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#include "../../lib/tg-common.h"

#define TG_PAGE		4096ul
#define TG_KERNEL	0xffffffff80000000ul	/* where page 0 is mapped */
#define TG_KTEST	0xffffffffa0000000ul	/* kernel addresses for tests */
#define TG_UTEST	0x10000000ul		/* user addresses for tests */
#define TG_NOWHERE	0xffffffffb0000000ul	/* never mapped */

/* Linux's, in a GDT of the runtime's own: only with these is there a short way. */
#define TG_USER_CS	0x33
#define TG_USER_CS32	0x23
#define TG_USER_SS	0x2b

#define ONCE(x)		(*(volatile typeof(x) *)&(x))

static inline void barrier(void)
{
	asm volatile("" : : : "memory");
}

/* What a test provides. */
extern const char tg_title[];
void test_main(void);

/* start.S: the registers the guest was started with, in push order */
struct tg_first {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	u64 rax, rcx, rdx, rsi, rdi, rsp, rflags;
	u16 cs, ss, ds, es, fs, gs;
};
extern struct tg_first tg_first;

/* init.c */
extern struct start_info *tg_start_info;
extern struct shared_info *tg_shared;
extern char tg_trap_stack[2 * TG_PAGE];	/* for traps out of user mode */
#define TG_TRAP_SP	((u64)tg_trap_stack + sizeof(tg_trap_stack))
extern volatile struct tg_box *tg_box;	/* or NULL: nobody is there */

static inline struct vcpu_info *tg_info(void)
{
	return &tg_shared->vcpu_info[0];
}

u64 tg_gfn(const volatile void *p);	/* of an object in the kernel map */
void *tg_va(u64 gfn);			/* the kernel map's address of a page */
u64 tg_page_alloc(void);		/* gfn of a zeroed, writable page */

/* hypercalls */
static inline long tg_hcall6(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 asm("r10") = d;
	register u64 r8 asm("r8") = e;
	register u64 r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret), "+D"(a), "+S"(b), "+d"(c), "+r"(r10),
		       "+r"(r8), "+r"(r9)
		     : "a"(nr)
		     : "rcx", "r11", "memory");
	return ret;
}

#define tg_hcall(nr, a, b, c, d) \
	tg_hcall6(__HYPERVISOR_##nr, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)

/* box.c: what the program that runs us does for us; errors end the guest */
u64 tg_ask(u32 op, u64 arg);

#define TG_EQ(got, want, what) \
	do { \
		u64 got_ = (u64)(got), want_ = (u64)(want); \
		if (got_ != want_) \
			tg_failure("%s is %#lx, not %#lx", what, got_, want_); \
	} while (0)

static inline u64 tg_rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/* trap.c and entry.S */
#define TG_NO_TRAP	0xffffffffu
#define TG_SYSCALL	256		/* "vectors" of the callbacks */
#define TG_SYSCALL32	257
#define TG_EVENT	258
#define TG_FAILSAFE	259
#define TG_STUBS	260

/* What the entry stubs leave on the stack, lowest address first. */
struct tg_regs {
	u64 r15, r14, r13, r12, rbp, rbx, r10, r9, r8;
	u64 rax, rdx, rsi, rdi;
	u64 rcx, r11;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

/* The last trap that was expected: by tg_try(), tg_catch() or tg_user_run() */
struct tg_fault {
	u32 vector;
	u64 error, cr2, rip, cs, rflags, rsp, ss;
	u64 handler_rflags, frame;
	u8 mask;		/* evtchn_upcall_mask as the handler found it */
};
extern volatile struct tg_fault tg_fault;
extern u64 tg_try_sp, tg_try_to;

/* Sees every trap but events first; true if it dealt with it. */
extern bool (*tg_trap_hook)(struct tg_regs *regs);
extern void (*tg_event_hook)(u32 port, struct tg_regs *regs);
extern volatile u64 tg_event_count[EVTCHN_2L_NR_CHANNELS];
extern volatile u64 tg_upcalls;
extern const u64 tg_stubs[TG_STUBS];

/*
 * Run instructions that may trap; the value is the vector or TG_NO_TRAP.
 * After a trap, wherever the instructions led, execution goes on behind them,
 * with the stack pointer as it was before.
 */
#define tg_try(text, ...) \
	({ \
		tg_fault.vector = TG_NO_TRAP; \
		asm volatile("movq %%rsp, tg_try_sp\n\t" \
			     "movq $772f, tg_try_to\n\t" text "\n" \
			     "772:\tmovq $0, tg_try_to\n\t" \
			     "movq tg_try_sp, %%rsp\n\t" __VA_ARGS__); \
		tg_fault.vector; \
	})

/* A claim: the host uses XSAVE. Where it does not, XSETBV and the like are #UD. */
static inline bool tg_has_xsave(void)
{
	u32 a = 1, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c & 1u << 27;
}

u32 tg_try_read(u64 gva, u64 *value);
u32 tg_try_write(u64 gva, u64 value);
/* Call fn(arg); a trap anywhere in it abandons it.  As tg_try(). */
u32 tg_catch(void (*fn)(void *arg), void *arg);

long tg_trap_set(u32 vector, u32 flags, const void *handler);
void tg_trap_default(u32 vector);	/* back to the runtime's own handler */
long tg_callback(u16 type, u16 flags, u64 address);
void tg_traps_init(void);

/* event.c */
long tg_event_op(u32 cmd, void *arg);
u32 tg_bind_virq(u32 virq);
u32 tg_bind_ipi(void);
long tg_send(u32 port);
void tg_port_unmask(u32 port);
void tg_port_mask(u32 port);
void tg_events_on(void);
void tg_events_off(void);
void tg_upcall(struct tg_regs *regs);
u64 tg_now(void);			/* ns, by pvclock */
void tg_sleep(u64 ns);			/* events are off before and after */
u32 tg_timer_port(void);

/* paging.c; tables go by gfn of the root */
#define TG_P	0x001ul
#define TG_W	0x002ul
#define TG_U	0x004ul
#define TG_A	0x020ul
#define TG_D	0x040ul
#define TG_PS	0x080ul
#define TG_G	0x100ul
#define TG_NX	(1ul << 63)
#define TG_RO	(TG_P | TG_U | TG_A | TG_D)
#define TG_RW	(TG_RO | TG_W)
#define TG_FRAME 0x000ffffffffff000ul

extern u64 tg_root;		/* the kernel's */
extern u64 tg_user_root;	/* 0 until tg_user_init() */

static inline u64 tg_pte(u64 gfn, u64 flags)
{
	return gfn << 12 | flags;
}

u64 tg_entry_get(u64 table_gfn, u32 index);
long tg_entry_put(u64 table_gfn, u32 index, u64 entry);	/* mmu_update */
/* Read-only in the kernel map, as Xen wants its tables. */
void tg_table_protect(u64 gfn);
void tg_table_release(u64 gfn);
u64 tg_table_alloc(void);
/* "Machine" address of the entry of gva at a level (1 to 4); 0: none */
u64 tg_entry_at(u64 root, u64 gva, u32 level);
/* Makes tables on the way. */
void tg_map(u64 root, u64 gva, u64 pte);
u64 tg_pte_get(u64 root, u64 gva);
long tg_va_mapping(u64 gva, u64 pte, u64 flags);
long tg_mmu_update(u64 ptr, u64 val);
long tg_mmuext(u32 cmd, u64 arg1, u64 arg2);
u64 tg_root_new(void);		/* pinned; has the kernel's entries */

/* user.c: code for user mode is in section .user, linked at TG_USER */
#define TG_USER		0x400000ul
#define TG_USER_STACK	0x800000ul	/* top; one page */
#define tg_user_code	__attribute__((section(".user"), noinline, used))

struct tg_user {
	u64 r15, r14, r13, r12, rbp, rbx, r10, r9, r8;
	u64 rax, rdx, rsi, rdi;
	u64 rcx, r11;
	u64 rip, cs, rflags, rsp, ss;
};

extern u64 tg_gdt;			/* gfn of the GDT, once there is user mode */
void tg_user_init(void);		/* page tables for user mode, and code */
void tg_user_map(u64 gva, u64 pte);	/* in both roots */
void tg_user_start(struct tg_user *u, const void *rip);
/*
 * Run until the next trap out of user mode that is no event: its vector. u and
 * tg_fault say where it was.
 */
u32 tg_user_run(struct tg_user *u);
u32 tg_user_call(const void *rip, u64 rdi, u64 *rax);

/* ../../lib/rand.c's, wider: the same numbers for the same seed, everywhere */
u64 tg_rand(void);
void tg_rand_seed(u64 seed);

#endif
