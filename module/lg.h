/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lg.ko's internal interface, grouped by the file that implements it.
 *
 * Three parties share it: the core (this folder), the host folder, which
 * knows how to switch worlds on this CPU, and the ABI folder, which knows what
 * the guest speaks. The last two never see each other.
 *
 * Locks, outermost first: lg_vcpu.lock (whoever runs or looks at a vCPU), then
 * lg_guest.lock (configuration). What other contexts may touch without them
 * (pending interrupts, the reason of death) is atomic and says so.
 */
#ifndef LG_H
#define LG_H

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/hrtimer.h>
#include <linux/wait.h>
#include <linux/kref.h>
#include <linux/preempt.h>
#include <asm/fpu/api.h>
#include <asm/processor-flags.h>

#include "../include/lguest/api.h"

#define LG_MAX_VCPUS	1

typedef unsigned long lg_gva_t;	/* guest virtual, as wide as the host's */
typedef u64 lg_gpa_t;	/* guest physical */
typedef u32 lg_gfn_t;	/* guest frame number */

struct lg_vcpu;
struct lg_guest;
struct lg_xen_start;

#include "stats.h"
#include "host.h"
#include "mmu.h"

/**
 * struct lg_abi - what the core asks of a guest ABI
 * @lines: how many interrupt lines (lg32) or event-channel ports (xenpv) it has
 * @has_ports: lines are ports: the guest can ring the launcher through them, too
 * @vcpu_init: allocate and set the vCPU's first state; 0 or -errno
 * @vcpu_free: undo @vcpu_init
 * @before_run: everything owed to the guest before it runs (calls, virtual
 *	interrupts); may kill it, may put it to sleep
 * @can_wake: a claim: a sleeping guest has a reason to run
 * @trap: the guest came back with a trap; true: LG_RUN returns to the launcher
 * @complete: the launcher answered the access in lg_vcpu.access
 * @raise: an interrupt line or port was raised; any context; to make the vCPU
 *	notice it calls lg_irq_raise() with a bit of its own
 * @start: LG_XEN_START, or NULL
 */
struct lg_abi {
	unsigned int lines;
	bool has_ports;
	int (*vcpu_init)(struct lg_vcpu *vcpu);
	void (*vcpu_free)(struct lg_vcpu *vcpu);
	void (*before_run)(struct lg_vcpu *vcpu);
	bool (*can_wake)(struct lg_vcpu *vcpu);
	bool (*trap)(struct lg_vcpu *vcpu, unsigned int trap);
	void (*complete)(struct lg_vcpu *vcpu);
	void (*raise)(struct lg_vcpu *vcpu, unsigned int line);
	int (*start)(struct lg_vcpu *vcpu, const struct lg_xen_start *start);
};

/**
 * struct lg_access - a port or memory access that waits for the launcher
 * @pending: an answer is owed
 * @is_mmio: memory, else port
 * @is_write: the guest wrote
 * @size: 1, 2 or 4 bytes
 * @reg: register an input goes to, in instruction encoding
 * @zero_extend: MOVZX clears the rest of the register, MOV keeps it
 * @insn_len: bytes to skip when it is done
 */
struct lg_access {
	bool pending;
	bool is_mmio;
	bool is_write;
	bool zero_extend;
	u8 size;
	u8 reg;
	u8 insn_len;
};

/*
 * struct lg_vcpu - one virtual CPU
 */
struct lg_vcpu {
	struct lg_guest *guest;
	unsigned int index;

	/* Under lock: held by whoever runs the vCPU or looks at its registers. */
	struct mutex lock;
	struct host_vcpu host;		/* run frame, tables the CPU uses */
	void *abi;			/* struct lg32_vcpu, ... */
	struct lg_run *run;		/* shared with the launcher: hostile */
	struct lg_access access;
	struct fpu_guest fpu;
	struct lg_mmu mmu;		/* page tables in use */
	bool started;			/* LG_XEN_START was done, if there is one */
	bool halted;
	unsigned long irqs_seen;	/* what before_run() knew of */
	struct lg_counters stats;	/* anybody may read */

	/* Atomic. */
	unsigned long irqs;		/* what waits for before_run(), by the ABI's own bits */
	int running_on;			/* CPU that is in the guest, or -1 */

	wait_queue_head_t wait;		/* a halted vCPU sleeps here */
	struct hrtimer timer;
	struct preempt_notifier notifier;
};

/*
 * struct lg_guest - one guest: memory, shadow tables, vCPUs
 */
struct lg_guest {
	struct kref ref;		/* one per open file */
	const struct lg_abi *abi;
	struct mm_struct *mm;		/* of the launcher: only it may run us */
	u64 id;				/* no other guest ever had it */
	u32 paging;			/* LG_PAGING_x, settled at first use */

	/* Under lock, and constant once a vCPU exists. */
	struct mutex lock;
	unsigned long hva;
	lg_gfn_t ram_pages;
	lg_gpa_t mmio_gpa, mmio_size;
	struct lg_vcpu *vcpu[LG_MAX_VCPUS];

	/* Under the running vCPU's lock. */
	struct page ***pages;		/* by gfn, in groups: see mem.c */
	unsigned long pinned;
	struct lg_shadow *shadow;
	struct host_guest host;		/* the window, as the guest's tables show it */

	spinlock_t doorbell_lock;
	struct list_head doorbells;	/* under doorbell_lock */

	spinlock_t irqfd_lock;
	struct list_head irqfds;	/* under irqfd_lock */

	/* First reason wins. */
	atomic_t dead;			/* LG_EXIT_x or 0 */
	char reason[LG_REASON_BYTES];
};

/* guest.c */
struct lg_guest *lg_guest_create(const struct lg_guest_config *config);
void lg_guest_put(struct lg_guest *guest);
u32 lg_guest_abis(void);
int lg_guest_set_memory(struct lg_guest *guest, const struct lg_memory *m);
void lg_guest_stats(struct lg_guest *guest, struct lg_stats *stats);
void lg_guest_end(struct lg_guest *guest, u32 exit_reason, const char *text);
__printf(2, 3) void lg_kill(struct lg_vcpu *vcpu, const char *fmt, ...);

static inline bool lg_guest_is_dead(struct lg_guest *guest)
{
	return atomic_read(&guest->dead) != 0;
}

static inline void lg_count(struct lg_vcpu *vcpu, unsigned int stat)
{
	lg_counter_inc(&vcpu->stats, stat);
}

/* mm.c */
int lg_mm_attach(struct mm_struct *mm);
void lg_mm_detach(struct mm_struct *mm);

/* vcpu.c */
struct lg_vcpu *lg_vcpu_create(struct lg_guest *guest, unsigned int index);
void lg_vcpu_free(struct lg_vcpu *vcpu);
int lg_vcpu_run(struct lg_vcpu *vcpu);
void lg_vcpu_kick(struct lg_vcpu *vcpu);
void lg_vcpu_machine_check(void);

/* branches.S */
asmlinkage void lg_forget_branches(void);

/* dev.c */
int lg_dev_init(void);
void lg_dev_exit(void);

/* mem.c: the only place where a guest address becomes a pointer */
int lg_mem_init(struct lg_guest *guest);
void lg_mem_free(struct lg_guest *guest);
struct page *lg_mem_taken(struct lg_guest *guest, u64 gfn);
struct page *lg_mem_page(struct lg_guest *guest, u64 gfn);
unsigned long lg_mem_bytes(struct lg_guest *guest);
int lg_mem_read(struct lg_guest *guest, lg_gpa_t gpa, void *to, size_t len);
int lg_mem_write(struct lg_guest *guest, lg_gpa_t gpa, const void *from,
		 size_t len);
int lg_mem_entry(struct lg_guest *guest, lg_gpa_t gpa, unsigned int bytes,
		 u64 *entry);
int lg_mem_exchange(struct lg_guest *guest, lg_gpa_t gpa, u64 *old, u64 entry);
void *lg_mem_map(struct lg_guest *guest, lg_gpa_t gpa, size_t len,
		 void **mapping);
void lg_mem_unmap(void *mapping);

static inline bool lg_gpa_is_mmio(struct lg_guest *guest, lg_gpa_t gpa)
{
	return gpa >= guest->mmio_gpa &&
	       gpa - guest->mmio_gpa < guest->mmio_size;
}

/* irq.c */
#define LG_IRQ_TIMER	0	/* bit of lg_vcpu.irqs: the timer, in all ABIs */

void lg_irq_raise(struct lg_vcpu *vcpu, unsigned int bit);
int lg_irqfd(struct lg_guest *guest, const struct lg_irqfd *arg);
int lg_doorbell(struct lg_guest *guest, const struct lg_doorbell *arg);
bool lg_doorbell_ring(struct lg_guest *guest, lg_gpa_t gpa, unsigned int len);
void lg_events_free(struct lg_guest *guest);
int lg_irq_init(void);
void lg_irq_exit(void);

/* timer.c */
void lg_timer_init(struct lg_vcpu *vcpu);
void lg_timer_set(struct lg_vcpu *vcpu, u64 delta_ns);
void lg_timer_stop(struct lg_vcpu *vcpu);
u32 lg_tsc_khz(void);

/* host/<machine>/: what every host folder offers; the rest is in its host.h */
int host_init(void);
void host_exit(void);
lg_gva_t host_window_gva(void);
int host_mm_show(struct mm_struct *mm);
void host_mm_hide(struct mm_struct *mm);
int host_vcpu_init(struct lg_vcpu *vcpu);
void host_vcpu_free(struct lg_vcpu *vcpu);
void host_vcpu_load(struct lg_vcpu *vcpu);
void host_vcpu_put(struct lg_vcpu *vcpu);
unsigned int host_switch(struct lg_vcpu *vcpu);
bool host_trap_is_host(unsigned int trap);
void host_recheck_segments(struct lg_vcpu *vcpu);
const char *host_check_segments(struct lg_vcpu *vcpu);
int host_get_regs(struct lg_vcpu *vcpu, lg_regs_t *regs);
int host_set_regs(struct lg_vcpu *vcpu, const lg_regs_t *regs);

/* Flags that may come from outside: never IF, IOPL, VM. */
#define LG_EFLAGS_LOADABLE \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
	 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF | \
	 X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT | \
	 X86_EFLAGS_AC | X86_EFLAGS_ID | X86_EFLAGS_RF)

/* A claim: what the guest loaded last need not be checked again. */
static inline bool host_segments_are_ok(struct lg_vcpu *vcpu)
{
	return !vcpu->host.check;
}

/* The guest's registers, in the host's own layout; it is not running. */
static inline struct lg_frame *host_frame(struct lg_vcpu *vcpu)
{
	return vcpu->host.frame;
}

/* Address of the last page fault. */
static inline lg_gva_t host_cr2(struct lg_vcpu *vcpu)
{
	return vcpu->host.cr2;
}

/* What the last debug trap was: bits of DR6, those that read as one cleared. */
static inline unsigned long host_dr6(struct lg_vcpu *vcpu)
{
	return vcpu->host.dr6;
}

/* abi/<abi>/abi.c */
extern const struct lg_abi lg32_abi;
extern const struct lg_abi xenpv_abi;

#endif
