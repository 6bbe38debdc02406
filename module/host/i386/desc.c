// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors and gates as the guest asks for them, made harmless. The ABI
 * folder calls; nothing it passes is trusted, for it comes from the guest.
 *
 * SDM volume 3, sections 3.4.5 (segment descriptors), 5.8 (privilege) and 6.11
 * (gates) say what the bits mean.
 */
#include <linux/bits.h>
#include <linux/nospec.h>
#include <asm/irq_vectors.h>
#include <asm/trapnr.h>
#include "lg.h"

#define DESC_A		BIT_ULL(40)	/* accessed */
#define DESC_WRITABLE	BIT_ULL(41)	/* data: writable; code: readable */
#define DESC_CODE	BIT_ULL(43)
#define DESC_S		BIT_ULL(44)	/* code or data, not system */
#define DESC_DPL	GENMASK_ULL(46, 45)
#define DESC_DPL1	BIT_ULL(45)
#define DESC_P		BIT_ULL(47)

#define GATE_INTERRUPT	0xe
#define GATE_TRAP	0xf
#define GATE_DPL(gate)	((unsigned int)((gate) >> 45) & 3)

/* Vectors for which the CPU pushes an error code: never by `int n`. */
#define HAS_ERROR_CODE	(BIT(8) | GENMASK(14, 10) | BIT(17) | BIT(21) | \
			 BIT(29) | BIT(30))
#define HCALL_VECTOR	31

static bool desc_is_ours(unsigned int index)
{
	return index == LG_GDT_CODE || index == LG_GDT_DATA ||
	       index == LG_GDT_TSS || index == LG_GDT_ENTRIES - 1;
}

/**
 * host_set_descriptor - set an entry of the guest's GDT
 * @vcpu: its lock is held
 * @index: entry; the switcher's own, the TSS and the last are left alone
 * @desc: what the guest wants: code and data lose privilege 0, gates, TSSs and
 *	LDTs become empty
 */
void host_set_descriptor(struct lg_vcpu *vcpu, unsigned int index, u64 desc)
{
	struct host_vcpu *host = &vcpu->host;

	if (index >= LG_GDT_ENTRIES || desc_is_ours(index) || !index)
		return;
	index = array_index_nospec(index, LG_GDT_ENTRIES);
	if (!(desc & DESC_S))
		desc = 0;
	else
		desc |= DESC_A;		/* the CPU cannot: page B is read-only */
	if (desc && !(desc & DESC_DPL))
		desc |= DESC_DPL1;
	if (host->gdt[index] == desc)
		return;
	host->gdt[index] = desc;
	host->dirty |= index - LG_GDT_TLS_FIRST < LG_GDT_TLS_COUNT ?
		       HOST_DIRTY_TLS : HOST_DIRTY_GDT;
	host->check = true;
}

static u64 make_gate(u32 selector, u32 offset, u32 type, u32 dpl)
{
	u32 high = (offset & 0xffff0000) | 0x8000 | dpl << 13 | type << 8;

	return (u64)high << 32 | selector << 16 | (offset & 0xffff);
}

/**
 * host_set_gate - tell the CPU what the guest wants of a vector
 * @vcpu: its lock is held
 * @vector: any
 * @gate: the guest's gate, or 0 for none; only offset and DPL count
 * @direct: deliver to the guest without entering the switcher, on its kernel
 *	stack; the CPU's interrupt flag stays on, whatever the gate's type
 */
void host_set_gate(struct lg_vcpu *vcpu, unsigned int vector, u64 gate,
		   bool direct)
{
	struct host_vcpu *host = &vcpu->host;
	u32 offset = (gate & 0xffff) | ((gate >> 32) & 0xffff0000);
	u32 dpl = GATE_DPL(gate);
	u64 hw;

	if (vector >= LG_IDT_ENTRIES)
		return;
	if (direct) {
		u32 selector = LG_GDT_GUEST_CS * 8 + 1;

		hw = make_gate(selector, offset, GATE_TRAP, dpl);
	} else {
		/* Only real exceptions may arrive where an error code is due,
		 * and only the host's interrupts at its vectors.
		 */
		if (vector == HCALL_VECTOR)
			dpl = 1;
		else if (vector == X86_TRAP_NMI || vector == X86_TRAP_MC ||
			 (vector < 32 && HAS_ERROR_CODE & BIT(vector)) ||
			 (vector >= 32 && vector != IA32_SYSCALL_VECTOR))
			dpl = 0;
		hw = make_gate(LG_CS, window_stub(vector), GATE_INTERRUPT, dpl);
	}
	if (host->idt[vector] == hw)
		return;
	host->idt[vector] = hw;
	host->dirty |= HOST_DIRTY_IDT;
}

/**
 * host_set_stack - where traps from guest user mode land
 * @vcpu: its lock is held
 * @ss: selector, privilege 1 (the caller checked)
 * @esp: top of the stack
 */
void host_set_stack(struct lg_vcpu *vcpu, u32 ss, u32 esp)
{
	vcpu->host.ss1 = ss;
	vcpu->host.esp1 = esp;
	vcpu->host.dirty |= HOST_DIRTY_STACK;
}

static u64 selector_desc(struct host_vcpu *host, u32 selector)
{
	unsigned int index = (selector & 0xffff) >> 3;

	if (selector & 4 || index >= LG_GDT_ENTRIES || desc_is_ours(index))
		return 0;
	return host->gdt[index];
}

/**
 * host_segment_base - where a segment of the guest starts
 * @vcpu: not running
 * @selector: any
 *
 * Returns the base, 0 for what is no segment.
 */
u32 host_segment_base(struct lg_vcpu *vcpu, u32 selector)
{
	u64 desc = selector_desc(&vcpu->host, selector);

	return (desc >> 16 & 0xffffff) | (desc >> 32 & 0xff000000);
}

/**
 * host_recheck_segments - selectors in the run frame come from the guest
 * @vcpu: host_check_segments() will look at them before it runs
 */
void host_recheck_segments(struct lg_vcpu *vcpu)
{
	vcpu->host.check = true;
}

/**
 * host_set_ts - should FPU instructions trap in the guest?
 * @vcpu: its lock is held
 * @ts: CR0.TS as the guest wants it
 */
void host_set_ts(struct lg_vcpu *vcpu, bool ts)
{
	vcpu->host.ts = ts;
}

/* May be in DS, ES, FS or GS at this privilege. */
static bool data_selector_is_ok(struct host_vcpu *host, u32 selector, u32 cpl)
{
	u64 desc = selector_desc(host, selector);

	if (!(selector & 0xfffc))
		return true;
	if (!(desc & DESC_P) || (desc & DESC_CODE && !(desc & DESC_WRITABLE)))
		return false;
	return GATE_DPL(desc) >= max(selector & 3, cpl);
}

/**
 * host_check_segments - will the selectors in the run frame load?
 * @vcpu: not running
 *
 * Data selectors that would not are cleared: a CPU with segment caches would
 * not have noticed that their descriptors are gone, and the guest will load
 * them anew. Code and stack cannot be mended.
 *
 * Returns NULL or why the guest cannot go on.
 */
const char *host_check_segments(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	struct lg_frame *f = host->frame;
	u32 *data[] = { &f->ds, &f->es, &f->fs, &f->gs };
	u32 cpl = f->cs & 3;
	unsigned int i;
	u64 cs, ss;

	host->check = false;
	cs = selector_desc(host, f->cs);
	ss = selector_desc(host, f->ss);
	if (!cpl || (f->ss & 3) != cpl)
		return "bad privilege";
	if (!(cs & DESC_P) || !(cs & DESC_CODE))
		return "bad code segment";
	if (!(ss & DESC_P) || (ss & (DESC_CODE | DESC_WRITABLE)) != DESC_WRITABLE)
		return "bad stack segment";
	for (i = 0; i < ARRAY_SIZE(data); i++)
		if (!data_selector_is_ok(host, *data[i], cpl))
			*data[i] = 0;
	return NULL;
}
