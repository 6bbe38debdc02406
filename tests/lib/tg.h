/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test-guest runtime: a bare-metal lg32 guest in one header.
 *
 * A test guest is one main.c with a title and a test_main().  The runtime
 * brings it up (INIT, page tables, segments, traps, stack), calls it, and ends
 * the guest with the worst verdict that was given.  The same objects are
 * linked once per environment: "linear" (no page tables: the memory mode a
 * guest boots in), "2level" and "pae".
 *
 * Nothing here trusts the host: what it promises is what the guests check.
 */
#ifndef TESTS_LIB_TG_H
#define TESTS_LIB_TG_H

#include <lguest/lg32.h>
#include <lguest/api.h>
#include "tg-port.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#include "tg-common.h"

#define TG_PAGE			4096u
#define TG_KERNEL		0xC0000000u	/* kernel_address of every guest */
#define TG_KTEST		0xD0000000u	/* 4 MiB of kernel gva for tests */
#define TG_UTEST		0x10000000u	/* user gva for tests */
#define TG_BOOT_MAP		(16u << 20)	/* memory the kernel maps */

#define TG_USER_CS		0x73
#define TG_USER_DS		0x7b


static inline void barrier(void)
{
	asm volatile("" : : : "memory");
}

/* What a test provides. */
extern const char tg_title[];
void test_main(void);
/* Called before the INIT hypercall, in linear mode; usually the empty one. */
void tg_early(void);

/* env-*.c: which of the environments this image was linked for */
struct tg_env {
	const char *name;
	u32 offset;		/* gva - gpa of the image */
	bool paged;
	bool pae;
};
extern const struct tg_env tg_env;

/* start.S: the registers the guest was started with */
struct tg_first {
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 eflags;
	u32 cs, ss, ds, es, fs, gs;
};
extern struct tg_first tg_first;

/* init.c */
extern struct lg32_data tg_data;
extern u32 tg_memory;			/* bytes of guest memory */
extern char tg_trap_stack[2 * TG_PAGE];	/* stack for traps out of ring 3 */
#define TG_TRAP_ESP ((u32)tg_trap_stack + sizeof(tg_trap_stack))

void tg_read_boot_params(void);		/* for tg_early(): memory, arg */
u32 tg_gpa(const volatile void *p);	/* of an object in the image */
void *tg_va(u32 gpa);			/* of memory below TG_BOOT_MAP */
u32 tg_page_alloc(void);		/* gpa of a zeroed page */

/* hypercalls */
static inline u32 tg_hcall(u32 nr, u32 a, u32 b, u32 c, u32 d)
{
	u32 ret;

	asm volatile("int $0x1f"
		     : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "memory");
	return ret;
}

/* Put a call into the asynchronous ring; false if the ring is full. */
bool tg_ring_put(u32 nr, u32 a, u32 b, u32 c, u32 d);
u32 tg_ring_slot(void);			/* where the next one goes */

#define TG_EQ(got, want, what) \
	do { \
		u32 got_ = (u32)(got), want_ = (u32)(want); \
		if (got_ != want_) \
			tg_failure("%s is %#x, not %#x", what, got_, want_); \
	} while (0)

/* ports */
static inline void tg_outb(u32 port, u8 v)
{
	asm volatile("outb %0, %w1" : : "a"(v), "d"(port));
}

static inline void tg_outw(u32 port, u16 v)
{
	asm volatile("outw %0, %w1" : : "a"(v), "d"(port));
}

static inline void tg_outl(u32 port, u32 v)
{
	asm volatile("outl %0, %w1" : : "a"(v), "d"(port));
}

static inline u8 tg_inb(u32 port)
{
	u8 v;

	asm volatile("inb %w1, %0" : "=a"(v) : "d"(port));
	return v;
}

static inline u16 tg_inw(u32 port)
{
	u16 v;

	asm volatile("inw %w1, %0" : "=a"(v) : "d"(port));
	return v;
}

static inline u32 tg_inl(u32 port)
{
	u32 v;

	asm volatile("inl %w1, %0" : "=a"(v) : "d"(port));
	return v;
}

/* Does anything answer the ports of tg-port.h?  What needs it is skipped without. */
static inline bool tg_has_device(void)
{
	return tg_inl(TG_PORT_MAGIC) == TG_MAGIC;
}

static inline bool tg_needs_device(void)
{
	if (!tg_has_device())
		tg_skip("no test device");
	return tg_has_device();
}

static inline u64 tg_rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/* A counter of struct lg_stats, low half, as the runner sees it. */
static inline u32 tg_stat(u32 index)
{
	tg_outl(TG_PORT_STAT, index);
	return tg_inl(TG_PORT_STAT);
}

/* segment.c */
#define TG_DESC_CODE1	0x00cfbb000000ffffull	/* flat, DPL 1 */
#define TG_DESC_DATA1	0x00cfb3000000ffffull
#define TG_DESC_CODE3	0x00cffb000000ffffull
#define TG_DESC_DATA3	0x00cff3000000ffffull
#define TG_GATE_INTR	0xE
#define TG_GATE_TRAP	0xF
void tg_gdt_set(u32 index, u64 desc);
void tg_idt_set(u32 vector, u32 type, u32 dpl, const void *handler);
void tg_idt_default(u32 vector);	/* back to the runtime's own handler */
void tg_segments_init(void);

/* trap.c and entry.S */
#define TG_NO_TRAP	0xffffffffu

/*
 * What the entry stubs push, lowest address first; esp and ss are only there
 * if the trap came from ring 3.
 */
struct tg_regs {
	u32 edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
	u32 gs, fs, es, ds;
	u32 vector, error;
	u32 eip, cs, eflags;
	u32 esp, ss;
};

/* The last trap that was expected: by tg_try(), tg_catch() or tg_user_run() */
struct tg_fault {
	u32 vector, error, cr2, eip, cs, eflags, esp;
};
extern volatile struct tg_fault tg_fault;
extern u32 tg_try_esp;

/* Sees every trap that is no IRQ first; true if it dealt with it. */
extern bool (*tg_trap_hook)(struct tg_regs *regs);
/* Called for each IRQ after it was counted. */
extern void (*tg_irq_hook)(u32 irq, struct tg_regs *regs);
extern volatile u32 tg_irq_count[LG32_IRQS];
extern const u32 tg_stubs[256];
extern const char tg_iret[], tg_iret_store[];

#define TG_EX(from, to) \
	".pushsection .ex_table, \"a\"\n\t" \
	".long " #from ", " #to "\n\t" \
	".popsection\n\t"

/*
 * Run instructions that may trap; the value is the vector or TG_NO_TRAP.
 * After a trap anywhere in the text, execution goes on behind it, with the
 * stack pointer as it was before.
 */
#define tg_try(text, ...) \
	({ \
		tg_fault.vector = TG_NO_TRAP; \
		asm volatile("movl %%esp, tg_try_esp\n771:\t" text "\n772:\n\t" \
			     "movl tg_try_esp, %%esp\n\t" TG_EX(771b, 772b) \
			     __VA_ARGS__); \
		tg_fault.vector; \
	})

u32 tg_try_read(u32 gva, u32 *value);
u32 tg_try_write(u32 gva, u32 value);
/* Call fn(arg); a trap anywhere in it abandons it.  As tg_try(). */
u32 tg_catch(void (*fn)(void *arg), void *arg);

void tg_irq_enable(void);
void tg_irq_disable(void);
void tg_irq_unmask(u32 irq);
/*
 * Sleep until a timer of ns, or another unmasked IRQ.  Interrupts are off on
 * the way in, or the timer might come before the HALT; and off afterwards.
 */
void tg_sleep(u32 ns);
void tg_irq_mask(u32 irq);

/* paging-*.c; not in the linear environment */
#define TG_P	0x001u
#define TG_W	0x002u
#define TG_U	0x004u
#define TG_A	0x020u
#define TG_D	0x040u
#define TG_PS	0x080u
#define TG_G	0x100u
#define TG_TABLE (TG_P | TG_W | TG_U | TG_A | TG_D)

extern u32 tg_root;		/* gpa of the table test_main() starts on */
extern u32 tg_boot_root;	/* the one before: has identity mappings, too */

u32 tg_top_entries(void);
u32 tg_top_shift(void);
u64 tg_top_get(u32 root, u32 index);
void tg_top_put(u32 root, u32 index, u64 entry);
/* The entry that points to the page table of gva: top or PMD */
u64 tg_dir_get(u32 root, u32 gva);
void tg_dir_put(u32 root, u32 gva, u64 entry);
/* The leaf entry; put makes tables on the way and tells nobody. */
u64 tg_pte_get(u32 root, u32 gva);
void tg_pte_put(u32 root, u32 gva, u64 pte);
u32 tg_pte_gpa(u32 root, u32 gva);	/* of the leaf entry itself, or 0 */
u32 tg_root_new(void);			/* only the kernel half is there */
void tg_paging_init(void);

void tg_hcall_set_pte(u32 root, u32 gva, u64 pte);
void tg_set_pte(u32 root, u32 gva, u64 pte);	/* put and tell */

static inline void tg_load_root(u32 root)
{
	tg_hcall(LG32_NEW_PGTABLE, root, 0, 0, 0);
}

static inline void tg_flush_user(void)
{
	tg_hcall(LG32_FLUSH_TLB, 0, 0, 0, 0);
}

static inline void tg_flush_all(void)
{
	tg_hcall(LG32_FLUSH_TLB, 1, 0, 0, 0);
}

/* user.c: ring 3.  Code for it lives in section .user, linked at TG_USER. */
#define TG_USER		0x08048000u
#define TG_USER_STACK	0x08100000u	/* top; one page */
#define tg_user_code	__attribute__((section(".user"), noinline, used))

struct tg_user {
	u32 eip, esp, eflags;
	u32 eax, ebx, ecx, edx, esi, edi, ebp;
	u32 ds, es, fs, gs, cs, ss;
};

void tg_user_map(u32 root);		/* code and a stack */
void tg_user_start(struct tg_user *u, const void *eip);
/*
 * Run until the next trap out of ring 3 that is no IRQ: its vector.  u and
 * tg_fault say where it was.
 */
u32 tg_user_run(struct tg_user *u);
/* The two together; eax is the argument and *result what eax was at the end. */
u32 tg_user_call(const void *eip, u32 eax, u32 *result);

/* rand.c: the same numbers for the same seed, everywhere */
u32 tg_rand(void);
void tg_rand_seed(u32 seed);

#endif
