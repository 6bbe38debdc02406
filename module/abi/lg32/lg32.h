/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lg32 ABI inside the module: what its files share. The interface to the
 * guest is include/lguest/lg32.h.
 */
#ifndef LG_ABI_LG32_H
#define LG_ABI_LG32_H

#include "lg.h"
#include "../../../include/lguest/lg32.h"

#define GUEST_PL	1		/* the guest kernel's privilege */

/**
 * struct lg32_vcpu - what the ABI keeps per vCPU
 * @data: the shared area, mapped; NULL before INIT; the guest writes there
 *	whenever it runs, so every field is read once and checked
 * @mapping: for lg_mem_unmap()
 * @ring_next: slot of the ring we look at next
 * @noirq_iret: where no interrupt may be injected
 * @kernel_address: start of the guest kernel's part
 * @syscall_vec: the vector beyond 31 that may be direct
 * @direct_entry: its handler while it is direct, or 0
 * @sti_shadow: the instruction after an emulated STI, or PUSHF and CLI, which
 *	comes first, or 0
 * @wall_ns: what CLOCK_MONOTONIC lacks to the wall clock that was at INIT
 * @irq_enabled: before INIT, what lg32_data.irq_enabled is after it
 * @ss1: kernel stack segment
 * @esp1: kernel stack pointer
 * @cr0: as far as the guest may see them
 * @cr4: see @cr0
 * @dr: debug registers: kept, without effect
 * @idt: gates as the guest gave them, 0 for none
 */
struct lg32_vcpu {
	struct lg32_data *data;
	void *mapping;
	unsigned int ring_next;
	u32 noirq_iret;
	u32 kernel_address;
	u32 syscall_vec;
	u32 direct_entry;
	u32 sti_shadow;
	s64 wall_ns;
	u32 irq_enabled;
	u32 ss1, esp1;
	u32 cr0, cr4;
	u32 dr[8];
	u64 idt[256];
};

static inline struct lg32_vcpu *lg32_vcpu(struct lg_vcpu *vcpu)
{
	return vcpu->abi;
}

static inline bool lg32_from_user(struct lg_vcpu *vcpu)
{
	return (host_frame(vcpu)->cs & 3) != GUEST_PL;
}

/* hcall.c */
bool lg32_ring(struct lg_vcpu *vcpu);
void lg32_hypercall(struct lg_vcpu *vcpu);
void lg32_new_pgtable(struct lg_vcpu *vcpu, u32 cr3);
void lg32_halt(struct lg_vcpu *vcpu);

/* segments.c */
void lg32_segments_init(struct lg_vcpu *vcpu);
void lg32_load_gdt_entry(struct lg_vcpu *vcpu, u32 index, u64 desc);
void lg32_load_idt_entry(struct lg_vcpu *vcpu, u32 index, u64 gate);
void lg32_load_tls(struct lg_vcpu *vcpu, u32 gpa);
void lg32_set_stack(struct lg_vcpu *vcpu, u32 ss, u32 esp, u32 pages);

/* traps.c */
bool lg32_irq_enabled(struct lg_vcpu *vcpu);
void lg32_set_irq_enabled(struct lg_vcpu *vcpu, bool on);
void lg32_reflect(struct lg_vcpu *vcpu, unsigned int vector);
void lg32_deliver_irq(struct lg_vcpu *vcpu);
void lg32_write_time(struct lg_vcpu *vcpu);
bool lg32_can_wake(struct lg_vcpu *vcpu);

/* emulate.c */
void lg32_set_ts(struct lg_vcpu *vcpu, bool ts);
bool lg32_emulate(struct lg_vcpu *vcpu, bool *exit);
bool lg32_mmio(struct lg_vcpu *vcpu, lg_gpa_t gpa, bool *exit);
void lg32_complete(struct lg_vcpu *vcpu);

#endif
