/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Xen PV ABI inside the module: what its files share. Numbers and layouts of
 * the interface come from the kernel's xen/interface headers.
 *
 * Guest kernel and programs both run in ring 3; which of the two is running is
 * xenpv_vcpu.kernel, changed only by a bounce to the kernel and by its iret
 * hypercall. Frame numbers: the guest's "machine" frames are its own pages.
 */
#ifndef LG_ABI_XENPV_H
#define LG_ABI_XENPV_H

#include <linux/mutex.h>
#include <xen/interface/xen.h>
#include <xen/interface/callback.h>
#include <xen/interface/vcpu.h>
#include "lg.h"

#define XENPV_VERSION		(4 << 16 | 17)	/* of Xen, whose behaviour we show */
#define XENPV_PORTS		4096	/* 2-level event channels, 64-bit guest */
#define XENPV_PORT_WORDS	(XENPV_PORTS / BITS_PER_LONG)
#define XENPV_POLL_PORTS	128	/* most that sched_op:poll waits for */
#define XENPV_GRANT_FRAMES	32	/* pages of grant table, behind shared_info */
#define XENPV_CALLBACKS		8

/* Selectors of the guest's programs that SYSCALL implies, in its own GDT. */
#define XENPV_USER_CS32		0x23
#define XENPV_USER_CS64		0x33
#define XENPV_USER_DS		0x2b

#define XENPV_SYSCALL_BYTES	2	/* of the SYSCALL instruction */

/* Bits of lg_vcpu.irqs beside LG_IRQ_TIMER. */
#define XENPV_IRQ_EVENT		1	/* ports were raised */

/* What an event channel leads to. */
enum xenpv_port_kind {
	XENPV_PORT_FREE,
	XENPV_PORT_RESERVED,	/* port 0 */
	XENPV_PORT_UNBOUND,	/* for a device: the launcher may pick it up */
	XENPV_PORT_LAUNCHER,	/* console, xenstore */
	XENPV_PORT_VIRQ,
	XENPV_PORT_IPI,
};

/**
 * struct xenpv_port - an event channel
 * @kind: enum xenpv_port_kind
 * @virq: for XENPV_PORT_VIRQ
 * @remote: domain number the guest gave for XENPV_PORT_UNBOUND
 * @vcpu: which vCPU is told
 */
struct xenpv_port {
	u8 kind;
	u8 virq;
	u16 remote;
	u32 vcpu;
};

/**
 * struct xenpv_domain - what the ABI keeps per guest
 * @shared: the guest's shared_info, mapped: hostile
 * @mapping: for lg_mem_unmap()
 * @ram_pages: pages of RAM; what the guest's memory has beyond is special
 * @shared_gfn: page number of @shared; the grant frames follow it
 * @grant_frames: how many of them the guest has asked for
 * @vm_assist: what it has enabled
 * @boot_ns: host time when its system time was 0
 * @port: event channels
 * @raised_words: words of @raised that may not be 0. Atomic
 * @raised: ports the launcher raised, for before_run(). Atomic
 */
struct xenpv_domain {
	struct shared_info *shared;
	void *mapping;
	u64 ram_pages, shared_gfn;
	u32 grant_frames;
	u64 vm_assist;
	u64 boot_ns;
	struct xenpv_port port[XENPV_PORTS];

	unsigned long raised_words;
	unsigned long raised[XENPV_PORT_WORDS];
};

/**
 * struct xenpv_callback - an entry point of the guest kernel
 * @rip: where; canonical; 0: none
 * @mask: events are masked on entry
 * @dpl: who may enter by an INT instruction: 1, 2 the kernel, 3 everybody
 */
struct xenpv_callback {
	u64 rip;
	bool mask;
	u8 dpl;
};

/**
 * struct xenpv_call - a hypercall being done
 * @nr: which
 * @arg: arguments; whoever returns XENPV_AGAIN leaves those that go on
 * @exit: the launcher has something to do first
 * @no_result: the registers are set already: iret
 */
struct xenpv_call {
	u64 nr;
	u64 arg[6];
	bool exit;
	bool no_result;
};

/*
 * Result of a hypercall that has to give way: it is called again with the
 * arguments now in xenpv_vcpu.call, after signals and events had their turn. No
 * error number of the ABI is that large.
 */
#define XENPV_AGAIN		-512L

/**
 * struct xenpv_vcpu - what the ABI keeps per vCPU
 * @dom: the guest's
 * @kernel: the guest's kernel is running, not a program
 * @info: the vCPU's vcpu_info, mapped: hostile
 * @info_mapping: for lg_mem_unmap(), once it has been moved
 * @call: the hypercall being done
 * @in_multicall: it is part of a multicall
 * @trap: the guest's trap table
 * @callback: its other entry points, by CALLBACKTYPE_x
 * @kernel_sp: stack that a bounce from user mode uses
 * @gs_kernel: GS base of the kernel while a program is running
 * @gs_user: the other way round
 * @segments_ok: programs may change modes without an exit
 * @given: epoch of the page tables that the switcher knows; 0: none
 * @faults: lg_direct.faults, as we saw it last
 * @iopl: virtual IOPL
 * @io_ports: how many ports the bitmap of programs covers
 * @io_bitmap_gva: where it is
 * @ts: virtual CR0.TS
 * @cr4: what it wrote to CR4
 * @xcr0: what it wrote to XCR0
 * @tsc_aux: what it wrote to TSC_AUX
 * @dr: debug registers: kept, without effect but for DR6
 * @gdt_gfn: pages the GDT was copied from
 * @gdt_pages: how many
 * @ldt_gva: where the LDT was copied from
 * @ldt_entries: its size
 * @nmi_pending: send_nmi
 * @nmi_blocked: until the next iret
 * @timer_ns: system time of the singleshot timer; 0: off
 * @period_ns: of the periodic timer; 0: off
 * @period_next_ns: when it is due
 * @poll_ns: when sched_op:poll ends by itself; 0: never
 * @poll_count: ports it waits for; -1: no poll
 * @poll_port: which
 * @time: what vcpu_info.time was last
 * @time_area_gva: where another copy goes; 0: nowhere
 * @time_cpu: CPU whose TSC it is
 * @time_khz: frequency that @time has been scaled for
 * @runstate: as the guest may see it
 * @runstate_gva: where it goes; 0: nowhere
 * @run_delay: what this thread had waited for a CPU when we last looked
 */
struct xenpv_vcpu {
	struct xenpv_domain *dom;
	bool kernel;
	struct vcpu_info *info;
	void *info_mapping;

	struct xenpv_call *call;
	bool in_multicall;

	struct xenpv_callback trap[256];
	struct xenpv_callback callback[XENPV_CALLBACKS];
	u64 kernel_sp;
	u64 gs_kernel, gs_user;
	bool segments_ok;
	u64 given;
	u64 faults;
	u8 iopl;
	u32 io_ports;
	u64 io_bitmap_gva;
	bool ts;
	u64 cr4;
	u64 xcr0;
	u64 tsc_aux;
	u64 dr[8];

	u64 gdt_gfn[FIRST_RESERVED_GDT_PAGE];
	unsigned int gdt_pages;
	u64 ldt_gva;
	unsigned int ldt_entries;

	bool nmi_pending, nmi_blocked;

	u64 timer_ns;
	u64 period_ns, period_next_ns;
	u64 poll_ns;
	int poll_count;
	u16 poll_port[XENPV_POLL_PORTS];

	struct pvclock_vcpu_time_info time;
	u64 time_area_gva;
	int time_cpu;
	u32 time_khz;

	struct vcpu_runstate_info runstate;
	u64 runstate_gva;
	u64 run_delay;
};

static inline struct xenpv_vcpu *xenpv_vcpu(struct lg_vcpu *vcpu)
{
	return vcpu->abi;
}

/* Xen takes an address for the guest's if it is canonical and not in its own part. */
static inline bool xenpv_gva_is_guests(u64 gva)
{
	return !(gva >> 47) || gva >= __HYPERVISOR_VIRT_END;
}

/* The error for what is to be done to somebody else: there is a domain 0 alone. */
static inline long xenpv_other_domain(u32 domid)
{
	return domid ? -ESRCH : -EPERM;
}

static inline long xenpv_give(struct lg_vcpu *vcpu, u64 gva, const void *from,
			      size_t bytes)
{
	return lg_shadow_write(vcpu, gva, from, bytes) ? -EFAULT : 0;
}

/* mmu.c */
long xenpv_mmu_update(struct lg_vcpu *vcpu, u64 requests, u64 count, u64 done,
		      u64 domid);
long xenpv_update_va_mapping(struct lg_vcpu *vcpu, u64 gva, u64 pte, u64 flags,
			     u64 domid);
long xenpv_mmuext_op(struct lg_vcpu *vcpu, u64 requests, u64 count, u64 done,
		     u64 domid);

/* hcall.c */
bool xenpv_hypercall(struct lg_vcpu *vcpu);
bool xenpv_must_give_way(void);

/* physdev.c */
long xenpv_physdev_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva);
long xenpv_physdev_op_compat(struct lg_vcpu *vcpu, u64 gva);

/* traps.c */
void xenpv_inject(struct lg_vcpu *vcpu, unsigned int vector, u32 error);
bool xenpv_soft_int(struct lg_vcpu *vcpu, unsigned int vector);
void xenpv_inject_page_fault(struct lg_vcpu *vcpu, lg_gva_t gva, u32 error);
void xenpv_syscall(struct lg_vcpu *vcpu);
void xenpv_syscall32(struct lg_vcpu *vcpu);
long xenpv_iret(struct lg_vcpu *vcpu);
void xenpv_deliver(struct lg_vcpu *vcpu);
long xenpv_set_trap_table(struct lg_vcpu *vcpu, u64 gva);
long xenpv_callback_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva);
long xenpv_set_callbacks(struct lg_vcpu *vcpu, u64 event, u64 failsafe,
			 u64 syscall);
long xenpv_nmi_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva);

/* direct.c */
void xenpv_direct_give(struct lg_vcpu *vcpu);
void xenpv_direct_take(struct lg_vcpu *vcpu);

/* ptwr.c */
bool xenpv_table_store(struct lg_vcpu *vcpu, lg_gva_t gva);

/* segments.c */
long xenpv_set_gdt(struct lg_vcpu *vcpu, u64 frames_gva, u64 entries);
long xenpv_update_descriptor(struct lg_vcpu *vcpu, u64 gpa, u64 desc);
long xenpv_set_ldt(struct lg_vcpu *vcpu, u64 gva, u64 entries);
long xenpv_set_segment_base(struct lg_vcpu *vcpu, u64 which, u64 base);
u64 xenpv_descriptor_base(u64 desc);

/* events.c */
void xenpv_events_init(struct xenpv_domain *dom, u32 console, u32 store);
void xenpv_raise(struct lg_vcpu *vcpu, unsigned int port);
void xenpv_raised(struct lg_vcpu *vcpu);
void xenpv_virq(struct lg_vcpu *vcpu, unsigned int virq);
bool xenpv_port_is_open(struct xenpv_domain *dom, u32 port);
bool xenpv_port_is_pending(struct xenpv_domain *dom, u32 port);
long xenpv_event_channel_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva);
long xenpv_event_channel_op_compat(struct lg_vcpu *vcpu, u64 gva);

/* memory.c */
long xenpv_memory_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva);

/* grants.c */
long xenpv_grant_table_op(struct lg_vcpu *vcpu, u32 cmd, u64 gva, u32 count);

/* debugreg.c */
long xenpv_set_debugreg(struct lg_vcpu *vcpu, u64 reg, u64 value);
long xenpv_get_debugreg(struct lg_vcpu *vcpu, u64 reg);

/* clock.c */
void xenpv_time_init(struct lg_vcpu *vcpu);
u64 xenpv_now(struct lg_vcpu *vcpu);
void xenpv_time_refresh(struct lg_vcpu *vcpu);
void xenpv_publish_time(struct pvclock_vcpu_time_info *to,
			const struct pvclock_vcpu_time_info *t);
void xenpv_check_tsc(struct lg_vcpu *vcpu);
long xenpv_register_time(struct lg_vcpu *vcpu, u64 gva);

/* timer.c */
void xenpv_timer(struct lg_vcpu *vcpu);
void xenpv_program_timer(struct lg_vcpu *vcpu);
void xenpv_set_timer(struct lg_vcpu *vcpu, u64 when_ns);
long xenpv_set_periodic(struct lg_vcpu *vcpu, u64 gva);
long xenpv_set_singleshot(struct lg_vcpu *vcpu, u64 gva);

/* vcpu.c */
void xenpv_runstate(struct lg_vcpu *vcpu, int state);
long xenpv_vcpu_op(struct lg_vcpu *vcpu, u64 cmd, u64 index, u64 gva);

/* sched.c */
bool xenpv_has_reason(struct lg_vcpu *vcpu);
long xenpv_sched_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva);
long xenpv_sched_op_compat(struct lg_vcpu *vcpu, u64 cmd, u64 arg);

/* refused.c */
long xenpv_refuse(struct lg_vcpu *vcpu, u32 nr, u32 cmd, u64 gva);
long xenpv_refuse_grants(struct lg_vcpu *vcpu, u32 cmd, u64 gva, u32 count);
long xenpv_refuse_tool(struct lg_vcpu *vcpu, u32 nr, u64 gva);

/* emulate.c */
void xenpv_general_protection(struct lg_vcpu *vcpu);
void xenpv_invalid_opcode(struct lg_vcpu *vcpu);

/* cpuid.c */
u64 xenpv_xcr0_offered(void);
void xenpv_cpuid(struct lg_vcpu *vcpu, u32 leaf, u32 subleaf, u32 reg[4]);

#endif
