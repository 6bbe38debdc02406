// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's descriptor tables and kernel stack, as hypercalls (or emulated
 * LGDT and LIDT) give them. What the CPU sees of them is made harmless in the
 * host folder; here is what the ABI says about them.
 */
#include <linux/nospec.h>
#include <asm/trapnr.h>
#include "lg32.h"

#define GATE_TYPE(gate)		((unsigned int)((gate) >> 40) & 0x1f)
#define GATE_P			BIT_ULL(47)
#define GATE_INTERRUPT		0x0e
#define GATE_TRAP		0x0f

#define FLAT_CODE		0x00cfbb000000ffffull	/* DPL 1 */
#define FLAT_DATA		0x00cfb3000000ffffull

/**
 * lg32_segments_init - the GDT a guest starts with
 * @vcpu: new
 */
void lg32_segments_init(struct lg_vcpu *vcpu)
{
	host_set_descriptor(vcpu, LG32_KERNEL_CS >> 3, FLAT_CODE);
	host_set_descriptor(vcpu, LG32_KERNEL_DS >> 3, FLAT_DATA);
}

/**
 * lg32_load_gdt_entry - LOAD_GDT_ENTRY
 * @vcpu: running guest
 * @index: entry
 * @desc: descriptor
 */
void lg32_load_gdt_entry(struct lg_vcpu *vcpu, u32 index, u64 desc)
{
	if (index >= LG32_GDT_ENTRIES)
		lg_kill(vcpu, "too many gdt entries: %u", index);
	else
		host_set_descriptor(vcpu, index, desc);
}

/**
 * lg32_load_tls - LOAD_TLS
 * @vcpu: running guest
 * @gpa: three descriptors
 */
void lg32_load_tls(struct lg_vcpu *vcpu, u32 gpa)
{
	u64 tls[LG32_GDT_TLS_COUNT];
	unsigned int i;

	if (lg_mem_read(vcpu->guest, gpa, tls, sizeof(tls))) {
		lg_kill(vcpu, "bad read of tls at %#x", gpa);
		return;
	}
	for (i = 0; i < LG32_GDT_TLS_COUNT; i++)
		host_set_descriptor(vcpu, LG32_GDT_TLS_FIRST + i, tls[i]);
}

/* These the host keeps for itself; the guest's gates for them are ignored. */
static bool vector_is_ours(u32 vector)
{
	return vector == X86_TRAP_NMI || vector == X86_TRAP_DF ||
	       vector == X86_TRAP_SPURIOUS || vector == LG32_HCALL_VECTOR;
}

/*
 * Trap gates need not pass through us, unless there is something to do first:
 * count FPU use (7), find the address (14), look at the instruction (13), tell
 * the guest which debug event it was (1). One that is not present is 0 here.
 */
static bool may_be_direct(struct lg32_vcpu *a, u32 vector, u64 gate)
{
	if (GATE_TYPE(gate) != GATE_TRAP)
		return false;
	if (vector >= 32)
		return vector == a->syscall_vec;
	return vector != X86_TRAP_DB && vector != X86_TRAP_NM &&
	       vector != X86_TRAP_GP && vector != X86_TRAP_PF &&
	       vector != X86_TRAP_MC;
}

/**
 * lg32_load_idt_entry - LOAD_IDT_ENTRY
 * @vcpu: running guest
 * @index: vector
 * @gate: interrupt or trap gate, or not present
 */
void lg32_load_idt_entry(struct lg_vcpu *vcpu, u32 index, u64 gate)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	bool direct;

	if (index >= ARRAY_SIZE(a->idt)) {
		lg_kill(vcpu, "setting idt entry %u", index);
		return;
	}
	index = array_index_nospec(index, ARRAY_SIZE(a->idt));
	if (vector_is_ours(index))
		return;
	if (!(gate & GATE_P)) {
		gate = 0;
	} else if (GATE_TYPE(gate) != GATE_INTERRUPT &&
		   GATE_TYPE(gate) != GATE_TRAP) {
		lg_kill(vcpu, "bad IDT type %u for entry %u", GATE_TYPE(gate),
			index);
		return;
	}
	a->idt[index] = gate;
	direct = may_be_direct(a, index, gate);
	if (index >= 32 && index == a->syscall_vec)
		a->direct_entry = direct ? (gate & 0xffff) |
					   (gate >> 32 & 0xffff0000) : 0;
	host_set_gate(vcpu, index, gate, direct);
}

/**
 * lg32_set_stack - SET_STACK
 * @vcpu: running guest
 * @ss: selector of privilege 1
 * @esp: top
 * @pages: size, 0 to 2
 */
void lg32_set_stack(struct lg_vcpu *vcpu, u32 ss, u32 esp, u32 pages)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	if ((ss & 3) != GUEST_PL || ss >> 16) {
		lg_kill(vcpu, "bad stack segment %#x", ss);
		return;
	}
	if (pages > 2) {
		lg_kill(vcpu, "bad stack pages %u", pages);
		return;
	}
	a->ss1 = ss;
	a->esp1 = esp;
	host_set_stack(vcpu, ss, esp);
}
