/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The interface of /dev/lguest: what lg.ko and whoever drives it agree on.
 *
 * Three kinds of file: the device (who are you, make me a guest), the guest
 * (memory, interrupts, doorbells, statistics) and the vCPU (run, registers).
 * Every struct has the same layout for 32- and 64-bit callers; every reserved
 * field must be zero and is checked; no number is ever used again for
 * something else.  docs/abi/dev-lguest.md is the prose to this header.
 */
#ifndef LGUEST_API_H
#define LGUEST_API_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define LG_API_VERSION		1

#define LG_IOC			0xB7

/* What a guest speaks: struct lg_guest_config.abi, bits of lg_info.abis. */
#define LG_ABI_LG32		1	/* the 32-bit lguest ABI; 32-bit hosts */
#define LG_ABI_XENPV		2	/* the 64-bit Xen PV guest ABI; 64-bit hosts */

/**
 * struct lg_info - what this module offers; LG_GET_INFO
 * @api_version: LG_API_VERSION of the module; refuse to run on another
 * @abis: bitmap of (1 << LG_ABI_x) that guests may speak
 * @max_vcpus: most vCPUs a guest may have
 * @tsc_khz: frequency guests are told, 0 where the TSC cannot be trusted
 * @window_gva: lowest address a guest may not use: the switcher lives above
 * @max_memory: most bytes of memory a guest may have
 * @reserved: zero
 */
struct lg_info {
	__u32 api_version;
	__u32 abis;
	__u32 max_vcpus;
	__u32 tsc_khz;
	__aligned_u64 window_gva;
	__aligned_u64 max_memory;
	__u32 reserved[8];
};

/* struct lg_guest_config.paging: which page tables the guest builds. */
#define LG_PAGING_AUTO		0	/* told from the first table it loads */
#define LG_PAGING_2LEVEL	1	/* 4-byte entries, two levels */
#define LG_PAGING_PAE		2	/* 8-byte entries, three levels */

/**
 * struct lg_guest_config - LG_CREATE_GUEST
 * @abi: LG_ABI_x
 * @paging: LG_PAGING_x; xenpv: 0
 * @reserved: zero
 *
 * The guest belongs to the address space that made it: every later call that
 * runs it or gives it memory must come from the same one (-EIO otherwise).
 *
 * Returns a guest file descriptor; -EINVAL (unknown abi, paging, reserved
 * not zero), -ENOMEM, -EMFILE.
 */
struct lg_guest_config {
	__u32 abi;
	__u32 paging;
	__u32 reserved[6];
};

/**
 * struct lg_memory - LG_SET_MEMORY: guest-physical memory, once per guest
 * @hva: page-aligned address in the caller, mapped readable and writable
 * @size: bytes of memory from guest-physical 0; page-aligned, at least 1 MiB
 * @mmio_gpa: start of the guest-physical range whose accesses become
 *	LG_EXIT_MMIO; page-aligned, at or above @size
 * @mmio_size: its bytes; page-aligned; 0 for none, then @mmio_gpa must be 0;
 *	xenpv: none
 * @reserved: zero
 *
 * xenpv: machine frame numbers are page numbers in this memory; what lies beyond
 * lg_xen_start.ram_pages is no RAM to the guest (shared info, grant tables).
 *
 * The module takes (pins) a page when the guest first touches it and keeps it
 * until the guest is gone. It must be anonymous or shared memory, not a file's.
 * Unmapping @hva confuses the guest, and only the guest.
 *
 * Returns 0; -EINVAL, -EEXIST (already set), -EIO (not the guest's mm),
 * -ENOMEM.
 */
struct lg_memory {
	__aligned_u64 hva;
	__aligned_u64 size;
	__aligned_u64 mmio_gpa;
	__aligned_u64 mmio_size;
	__u32 reserved[4];
};

/**
 * struct lg_vcpu_config - LG_CREATE_VCPU
 * @index: number of the vCPU, below lg_info.max_vcpus
 * @reserved: zero
 *
 * Returns a vCPU file descriptor, whose page at offset 0 (mmap, shared) is a
 * struct lg_run; -EINVAL (no such index, no memory set yet), -EEXIST.
 */
struct lg_vcpu_config {
	__u32 index;
	__u32 reserved[3];
};

/**
 * struct lg_irq - LG_IRQ: make a virtual interrupt pending
 * @irq: line; 0 to 31 for lg32, where 0 is the timer; xenpv: event-channel port
 * @reserved: zero
 *
 * Any thread that holds the guest may send; a line already pending stays
 * so.  Returns 0; -EINVAL (no such line, no vCPU yet).
 */
struct lg_irq {
	__u32 irq;
	__u32 reserved[3];
};

#define LG_FD_DEASSIGN		1	/* take back what the same fields gave */

/**
 * struct lg_irqfd - LG_IRQFD: an eventfd that sends an interrupt
 * @fd: eventfd; each signal makes @irq pending
 * @irq: as in struct lg_irq
 * @flags: 0 or LG_FD_DEASSIGN
 * @reserved: zero
 *
 * Returns 0; -EBADF, -EINVAL, -ENOENT (nothing to take back), -ENOSPC,
 * -ENOMEM.
 */
struct lg_irqfd {
	__s32 fd;
	__u32 irq;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct lg_doorbell - LG_DOORBELL: an eventfd that a guest write signals
 * @gpa: guest-physical address inside the MMIO range; xenpv: the event-channel
 *	port the guest sends through
 * @fd: eventfd
 * @len: 1, 2 or 4: width of the write that rings; xenpv: 0
 * @flags: 0 or LG_FD_DEASSIGN
 * @reserved: zero
 *
 * A matching write rings and the guest goes on; LG_RUN does not return.
 * Returns 0; -EBADF, -EINVAL, -EEXIST, -ENOENT, -ENOSPC, -ENOMEM.
 */
struct lg_doorbell {
	__aligned_u64 gpa;
	__s32 fd;
	__u32 len;
	__u32 flags;
	__u32 reserved;
};

/* Index into lg_stats.count. */
#define LG_STAT_SWITCH		0	/* world switches, host to guest and back */
#define LG_STAT_HYPERCALL	1	/* hypercall exits */
#define LG_STAT_RING		2	/* calls taken from the asynchronous ring */
#define LG_STAT_FAULT		3	/* page-fault exits */
#define LG_STAT_FAULT_FILLED	4	/* ... answered by filling the shadow */
#define LG_STAT_FAULT_GUEST	5	/* ... given to the guest */
#define LG_STAT_FILL		6	/* shadow entries written */
#define LG_STAT_FLUSH		7	/* shadow flushes, of any size */
#define LG_STAT_EMULATED	8	/* privileged instructions emulated */
#define LG_STAT_IO		9	/* port accesses given to the launcher */
#define LG_STAT_MMIO		10	/* memory accesses given to the launcher */
#define LG_STAT_DOORBELL	11	/* doorbells rung */
#define LG_STAT_REFLECTED	12	/* traps given to the guest */
#define LG_STAT_IRQ_INJECTED	13	/* virtual interrupts given to the guest */
#define LG_STAT_HOST_IRQ	14	/* host interrupts that hit the guest */
#define LG_STAT_NMI		15	/* NMIs that hit the guest or the switch */
#define LG_STAT_FPU		16	/* device-not-available exits */
#define LG_STAT_HALT		17	/* times the guest slept */
#define LG_STAT_ROOT_MISS	18	/* page-table loads that found no shadow */
#define LG_STAT_EVICT		19	/* shadow roots dropped to make room */
#define LG_STAT_SHADOW_PAGES	20	/* now: pages in shadow tables */
#define LG_STAT_PINNED_PAGES	21	/* now: guest pages taken */
#define LG_STAT_OVERHEAD	22	/* now: bytes of host memory beyond the guest's own */
#define LG_STAT_DIRECT		23	/* xenpv: system calls, returns, hypercalls without an exit */
#define LG_STAT_STALE		24	/* xenpv, audit=N: entries found that the guest's tables do not justify */
#define LG_STAT_HCALL_FIRST	32	/* + n: hypercall number n, 0 to 31 */
#define LG_STAT_COUNT		64

/**
 * struct lg_stats - LG_GET_STATS
 * @count: see LG_STAT_x; monotonic unless marked "now"
 */
struct lg_stats {
	__aligned_u64 count[LG_STAT_COUNT];
};

/**
 * struct lg_regs32 - LG_GET_REGS, LG_SET_REGS of a 32-bit vCPU
 *
 * Setting checks what the guest could not have reached by itself: @cs and @ss
 * must have the same privilege, 1 or 3, data segments must not have
 * privilege 0 descriptors (selectors are checked when the guest is entered: a bad
 * @cs or @ss kills it, a bad data segment becomes null); of @eflags only the arithmetic flags, TF, DF, NT, AC, ID
 * and RF are taken.  Returns 0; -EINVAL; -EBUSY (another thread runs it).
 */
struct lg_regs32 {
	__u32 eax, ebx, ecx, edx, esi, edi, ebp, esp;
	__u32 eip, eflags;
	__u32 cs, ss, ds, es, fs, gs;
	__u32 reserved[4];
};

/**
 * struct lg_regs64 - LG_GET_REGS64, LG_SET_REGS64 of a 64-bit vCPU
 *
 * xenpv: both the guest's kernel and its programs run in ring 3; @cs tells what
 * the CPU has (0xe033 for the kernel). @fs_base and @gs_base are those in force.
 * Setting wants canonical addresses and selectors of privilege 3 (or null data
 * selectors); of @rflags only the arithmetic flags, TF, DF, NT, AC, ID and RF are
 * taken.  Returns 0; -EINVAL; -EBUSY (another thread runs it).
 */
struct lg_regs64 {
	__aligned_u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	__aligned_u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__aligned_u64 rip, rflags;
	__aligned_u64 fs_base, gs_base;
	__u16 cs, ss, ds, es, fs, gs;
	__u32 reserved[5];
};

/**
 * struct lg_xen_start - LG_XEN_START: what a xenpv vCPU needs beside its registers
 * @cr3_gfn: page of the first top-level page table (kernel and only root)
 * @ram_pages: RAM of the guest, in pages from 0; at most lg_memory.size says
 * @shared_info_gfn: page of the struct shared_info; the module fills it in
 * @start_info_gfn: page of the struct start_info, for resuming; not looked at yet
 * @console_port: event-channel port of the console; 0 for none
 * @store_port: event-channel port of the xenstore; 0 for none
 * @reserved: zero
 *
 * Once, before the first LG_RUN; a vCPU that was not started does not run
 * (-EINVAL). The ports above are then open: the guest may send through them
 * (LG_DOORBELL), the launcher may raise them (LG_IRQ, LG_IRQFD).
 *
 * Returns 0; -EINVAL (no such page, bad port, started already), -ENOMEM,
 * -ENOTTY (not xenpv), -EIO (not the guest's mm), -EBUSY.
 */
struct lg_xen_start {
	__aligned_u64 cr3_gfn;
	__aligned_u64 ram_pages;
	__aligned_u64 shared_info_gfn;
	__aligned_u64 start_info_gfn;
	__u32 console_port;
	__u32 store_port;
	__u32 reserved[8];
};

/* struct lg_run.exit_reason */
#define LG_EXIT_NONE		0	/* LG_RUN failed with an errno */
#define LG_EXIT_IO		1	/* port access: lg_run.io */
#define LG_EXIT_MMIO		2	/* memory access: lg_run.mmio */
#define LG_EXIT_SHUTDOWN	3	/* clean power-off: lg_run.reason */
#define LG_EXIT_RESTART		4	/* reboot wanted: lg_run.reason */
#define LG_EXIT_CRASH		5	/* the guest gave up: lg_run.reason */
#define LG_EXIT_KILLED		6	/* it broke a rule: lg_run.reason */
#define LG_EXIT_CONSOLE		7	/* xenpv, console_io: lg_run.console */

#define LG_REASON_BYTES		128
#define LG_CONSOLE_BYTES	256

/**
 * struct lg_run - the page shared with a vCPU
 * @exit_reason: out: LG_EXIT_x
 * @immediate_exit: in: non-zero makes LG_RUN return -EINTR at once
 * @reserved: not looked at
 * @io: port access; for input put the value in @io.data and call LG_RUN
 * @mmio: the same for memory
 * @console: @len bytes for the console, as the guest wrote them
 * @reason: text, always terminated, printable ASCII only
 *
 * After SHUTDOWN, RESTART, CRASH and KILLED the guest never runs again, and
 * every LG_RUN returns the same.
 *
 * LG_RUN returns 0 (see @exit_reason), -EINTR (signal, immediate_exit),
 * -EIO (not the guest's mm), -EBUSY (another thread runs it).
 */
struct lg_run {
	__u32 exit_reason;
	__u32 immediate_exit;
	__u32 reserved[2];
	union {
		struct {
			__u32 port;
			__u32 data;
			__u8 size;	/* 1, 2, 4 */
			__u8 is_write;
			__u8 pad[2];
		} io;
		struct {
			__aligned_u64 gpa;
			__u32 data;
			__u8 size;	/* 1, 2, 4 */
			__u8 is_write;
			__u8 pad[2];
		} mmio;
		struct {
			__u32 len;	/* 1 to LG_CONSOLE_BYTES */
			__u8 data[LG_CONSOLE_BYTES];
		} console;
		char reason[LG_REASON_BYTES];
	};
};

/* /dev/lguest */
#define LG_GET_INFO	_IOR(LG_IOC, 0x00, struct lg_info)
#define LG_CREATE_GUEST	_IOW(LG_IOC, 0x01, struct lg_guest_config)
/* guest */
#define LG_SET_MEMORY	_IOW(LG_IOC, 0x10, struct lg_memory)
#define LG_CREATE_VCPU	_IOW(LG_IOC, 0x11, struct lg_vcpu_config)
#define LG_IRQ		_IOW(LG_IOC, 0x12, struct lg_irq)
#define LG_IRQFD	_IOW(LG_IOC, 0x13, struct lg_irqfd)
#define LG_DOORBELL	_IOW(LG_IOC, 0x14, struct lg_doorbell)
#define LG_GET_STATS	_IOR(LG_IOC, 0x15, struct lg_stats)
/* vCPU */
#define LG_RUN		_IO(LG_IOC, 0x20)
#define LG_GET_REGS	_IOR(LG_IOC, 0x21, struct lg_regs32)
#define LG_SET_REGS	_IOW(LG_IOC, 0x22, struct lg_regs32)
#define LG_GET_REGS64	_IOR(LG_IOC, 0x23, struct lg_regs64)
#define LG_SET_REGS64	_IOW(LG_IOC, 0x24, struct lg_regs64)
#define LG_XEN_START	_IOW(LG_IOC, 0x25, struct lg_xen_start)

#endif
