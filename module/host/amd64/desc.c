// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's descriptor tables, made harmless. The ABI folder calls; nothing it
 * passes is trusted, for it comes from the guest.
 *
 * What the CPU reads is always our copy. It holds code and data of privilege 3
 * and nothing else: no gates, no TSS, no LDT. SDM volume 3, section 3.4.5.
 */
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/nospec.h>
#include <asm/desc.h>
#include "lg.h"

#define SEG_A		BIT_ULL(40)	/* accessed */
#define SEG_WRITABLE	BIT_ULL(41)	/* data: writable; code: readable */
#define SEG_CONFORMING	BIT_ULL(42)	/* code: conforming; data: expand down */
#define SEG_CODE	BIT_ULL(43)
#define SEG_S		BIT_ULL(44)	/* code or data, not system */
#define SEG_DPL3	GENMASK_ULL(46, 45)
#define SEG_P		BIT_ULL(47)
#define SEG_L		BIT_ULL(53)	/* 64-bit code */
#define SEG_DB		BIT_ULL(54)	/* 32-bit code or stack */
#define SEG_G		BIT_ULL(55)	/* the limit counts pages */

#define PER_PAGE	(PAGE_SIZE / sizeof(u64))

/**
 * host_descriptor_is_ok - a claim: a guest may have such a descriptor
 * @desc: what the guest wants
 */
bool host_descriptor_is_ok(u64 desc)
{
	if (!(desc & SEG_P))
		return true;
	if (!(desc & SEG_S))
		return false;
	/* The CPU reserves it. */
	return !(desc & SEG_CODE) || (desc & (SEG_L | SEG_DB)) !=
	       (SEG_L | SEG_DB);
}

static u64 sanitise(u64 desc)
{
	/* Not present: only its type is of interest, for the right fault. */
	if (!(desc & SEG_P))
		return desc & SEG_S ? (desc | SEG_DPL3) : 0;
	return desc | SEG_DPL3 | SEG_A;
}

static int table_set(struct lg_vcpu *vcpu, u64 **table, unsigned int index,
		     u64 desc)
{
	u64 **page = &table[index / PER_PAGE];

	desc = sanitise(desc);
	if (!*page) {
		if (!desc)
			return 0;
		*page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!*page)
			return -ENOMEM;
		window_show_tables(vcpu);
	}
	if ((*page)[index % PER_PAGE] != desc) {
		WRITE_ONCE((*page)[index % PER_PAGE], desc);
		vcpu->host.check = true;
	}
	return 0;
}

/**
 * host_set_gdt_entry - set an entry of the guest's part of the GDT
 * @vcpu: its lock is held; may sleep
 * @index: any number
 * @desc: what the guest wants; gets privilege 3 and the accessed bit
 *
 * Returns 0; -EINVAL (no such entry, or not for guests), -ENOMEM.
 */
int host_set_gdt_entry(struct lg_vcpu *vcpu, unsigned int index, u64 desc)
{
	if (index >= LG_GDT_PAGES * PER_PAGE || !host_descriptor_is_ok(desc))
		return -EINVAL;
	index = array_index_nospec(index, LG_GDT_PAGES * PER_PAGE);
	return table_set(vcpu, vcpu->host.gdt, index, desc);
}

static void table_clear(u64 **table, unsigned int pages)
{
	unsigned int i;

	for (i = 0; i < pages; i++)
		if (table[i])
			clear_page(table[i]);
}

/**
 * host_clear_gdt - empty the guest's part of the GDT
 * @vcpu: its lock is held
 */
void host_clear_gdt(struct lg_vcpu *vcpu)
{
	table_clear(vcpu->host.gdt, LG_GDT_PAGES);
	vcpu->host.check = true;
}

/**
 * host_set_ldt_entry - set an entry of the guest's LDT
 * @vcpu: its lock is held; may sleep
 * @index: any number
 * @desc: as for host_set_gdt_entry()
 *
 * Returns 0; -EINVAL, -ENOMEM.
 */
int host_set_ldt_entry(struct lg_vcpu *vcpu, unsigned int index, u64 desc)
{
	if (index >= LG_LDT_PAGES * PER_PAGE || !host_descriptor_is_ok(desc))
		return -EINVAL;
	index = array_index_nospec(index, LG_LDT_PAGES * PER_PAGE);
	return table_set(vcpu, vcpu->host.ldt, index, desc);
}

/**
 * host_set_ldt_size - how much of the LDT exists
 * @vcpu: its lock is held
 * @entries: 0 for no LDT; what is beyond becomes empty
 */
void host_set_ldt_size(struct lg_vcpu *vcpu, unsigned int entries)
{
	struct host_vcpu *host = &vcpu->host;
	unsigned int i, max = LG_LDT_PAGES * PER_PAGE;

	entries = min(entries, max);
	for (i = entries; i < host->ldt_entries; i++)
		if (host->ldt[i / PER_PAGE])
			host->ldt[i / PER_PAGE][i % PER_PAGE] = 0;
	host->ldt_entries = entries;
	host->ldt_changed = true;
	host->check = true;
}

/**
 * host_descriptor - what a selector means
 * @vcpu: its lock is held
 * @selector: any
 *
 * Returns the descriptor, 0 if there is none.
 */
u64 host_descriptor(struct lg_vcpu *vcpu, u16 selector)
{
	struct host_vcpu *host = &vcpu->host;
	unsigned int index = selector >> 3;
	u64 *const *table = host->gdt;
	unsigned int limit = LG_GDT_PAGES * PER_PAGE;

	switch (selector | 3) {
	case LG_FLAT_CS32:
	case LG_FLAT_DS:
	case LG_FLAT_CS64:
		return window_cpu(raw_smp_processor_id())->gdt[index % PER_PAGE];
	}
	if (selector & 4) {
		table = host->ldt;
		limit = host->ldt_entries;
	}
	if (index >= limit)
		return 0;
	index = array_index_nospec(index, limit);
	return table[index / PER_PAGE] ?
	       table[index / PER_PAGE][index % PER_PAGE] : 0;
}

/**
 * host_code_selector_is_ok - a claim: it may be in CS, at privilege 3
 * @vcpu: its lock is held
 * @selector: any
 */
bool host_code_selector_is_ok(struct lg_vcpu *vcpu, u16 selector)
{
	u64 want = SEG_P | SEG_S | SEG_CODE;

	return (selector & 3) == 3 &&
	       (host_descriptor(vcpu, selector) & want) == want;
}

static u64 seg_limit(u64 desc)
{
	u64 limit = (desc & 0xffff) | (desc >> 32 & 0xf0000);

	return desc & SEG_G ? limit << PAGE_SHIFT | ~PAGE_MASK : limit;
}

/**
 * host_code_address_is_ok - a claim: with that in CS, the CPU can go there
 * @vcpu: its lock is held
 * @selector: may be in CS; if not, that is not what is asked
 * @rip: any
 *
 * Programs of 32 bits have a limit, and are beyond it after a trap at its end.
 */
bool host_code_address_is_ok(struct lg_vcpu *vcpu, u16 selector, u64 rip)
{
	u64 desc = host_descriptor(vcpu, selector);

	if (!desc || desc & SEG_L)
		return host_is_canonical(rip);
	return rip <= seg_limit(desc);
}

/**
 * host_stack_selector_is_ok - a claim: it may be in SS, at privilege 3
 * @vcpu: its lock is held
 * @selector: any
 */
bool host_stack_selector_is_ok(struct lg_vcpu *vcpu, u16 selector)
{
	u64 want = SEG_P | SEG_S | SEG_WRITABLE;

	return (selector & 3) == 3 &&
	       (host_descriptor(vcpu, selector) & (want | SEG_CODE)) == want;
}

/**
 * host_data_selector_is_ok - a claim: it may be in DS, ES, FS or GS
 * @vcpu: its lock is held
 * @selector: any; null is fine
 */
bool host_data_selector_is_ok(struct lg_vcpu *vcpu, u16 selector)
{
	u64 desc;

	if (!(selector & ~3))
		return true;
	desc = host_descriptor(vcpu, selector);
	return (desc & (SEG_P | SEG_S)) == (SEG_P | SEG_S) &&
	       (!(desc & SEG_CODE) || desc & SEG_WRITABLE);
}

/**
 * host_recheck_segments - selectors in the run frame come from the guest
 * @vcpu: host_check_segments() will look at them before it runs
 */
void host_recheck_segments(struct lg_vcpu *vcpu)
{
	vcpu->host.check = true;
}

/*
 * The data selectors are in the CPU while the vCPU is loaded: what it holds may
 * be of a descriptor that is gone, and no harm done.
 */
static void selectors_take(struct host_vcpu *host)
{
	struct lg_state *state = window_cpu(smp_processor_id())->state;

	if (!host->loaded || state->flags & LG_STATE_SELECTORS)
		return;
	savesegment(ds, host->ds);
	savesegment(es, host->es);
	savesegment(fs, host->fs);
	savesegment(gs, host->gs);
}

/**
 * host_get_data_selectors - what is in DS, ES, FS and GS
 * @vcpu: its lock is held
 * @ds: set
 * @es: set
 * @fs: set
 * @gs: set
 */
void host_get_data_selectors(struct lg_vcpu *vcpu, u16 *ds, u16 *es, u16 *fs,
			     u16 *gs)
{
	struct host_vcpu *host = &vcpu->host;

	preempt_disable();
	selectors_take(host);
	*ds = host->ds;
	*es = host->es;
	*fs = host->fs;
	*gs = host->gs;
	preempt_enable();
}

static u16 ok_or_null(struct lg_vcpu *vcpu, u16 selector)
{
	return host_data_selector_is_ok(vcpu, selector) ? selector : 0;
}

static void selectors_push(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	struct lg_state *state = window_cpu(smp_processor_id())->state;

	state->ds = host->ds = ok_or_null(vcpu, host->ds);
	state->es = host->es = ok_or_null(vcpu, host->es);
	state->fs = host->fs = ok_or_null(vcpu, host->fs);
	state->gs = host->gs = ok_or_null(vcpu, host->gs);
	state->flags |= LG_STATE_SELECTORS;
}

/**
 * host_set_data_selectors - set DS, ES, FS and GS
 * @vcpu: its lock is held
 * @ds: selector; and @es, @fs, @gs: what would not load becomes null
 * @es: see @ds
 * @fs: see @ds
 * @gs: see @ds
 *
 * The bases of FS and GS stay as they are in the run frame.
 */
void host_set_data_selectors(struct lg_vcpu *vcpu, u16 ds, u16 es, u16 fs,
			     u16 gs)
{
	struct host_vcpu *host = &vcpu->host;

	preempt_disable();
	host->ds = ds;
	host->es = es;
	host->fs = fs;
	host->gs = gs;
	if (host->loaded)
		selectors_push(vcpu);
	preempt_enable();
}

/**
 * desc_load_ldt - see that LDTR is the guest's
 * @vcpu: about to run on this CPU; interrupts are off
 *
 * Before every entry: another thread's modify_ldt() puts the host's LDT into our
 * CPU, whose address would mean the guest's own memory.
 */
void desc_load_ldt(struct lg_vcpu *vcpu)
{
	struct host_vcpu *host = &vcpu->host;
	u16 want = host->ldt_entries ? LG_LDT : 0;
	int cpu = smp_processor_id();
	u64 *gdt = window_cpu(cpu)->gdt;
	unsigned long now;

	store_ldt(now);
	if (!host->ldt_changed && (u16)now == want)
		return;
	/* Also when the guest's has changed, too. */
	if ((u16)now && (u16)now != LG_LDT)
		host->host_ldt = now;
	host->ldt_changed = false;
	if (want)
		set_tssldt_descriptor(&gdt[(LG_LDT & (PAGE_SIZE - 1)) /
					   sizeof(u64)],
				      window_page_gva(cpu, WINDOW_LDT),
				      DESC_LDT,
				      host->ldt_entries * sizeof(u64) - 1);
	asm volatile("lldt %0" : : "m" (want));
}

/**
 * desc_load - the guest's selectors will be in the CPU from the next entry on
 * @vcpu: being loaded; preemption is off
 */
void desc_load(struct lg_vcpu *vcpu)
{
	selectors_push(vcpu);
}

/**
 * desc_put - keep the guest's selectors, for the CPU will hold others
 * @vcpu: being put; preemption is off
 */
void desc_put(struct lg_vcpu *vcpu)
{
	selectors_take(&vcpu->host);
	window_cpu(smp_processor_id())->state->flags &= ~LG_STATE_SELECTORS;
}

/**
 * host_check_segments - will CS and SS in the run frame load?
 * @vcpu: not running
 *
 * Data selectors are looked at again, too: a descriptor may be gone.
 * CS and SS are looked at where they are loaded, and who changes a descriptor is
 * in the kernel's flat segments by then: bad ones would be a mistake of ours.
 *
 * Returns NULL or why the guest cannot go on.
 */
const char *host_check_segments(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);

	vcpu->host.check = false;
	preempt_disable();
	if (vcpu->host.loaded &&
	    window_cpu(smp_processor_id())->state->flags & LG_STATE_SELECTORS)
		selectors_push(vcpu);
	preempt_enable();
	if (!host_code_selector_is_ok(vcpu, f->cs))
		return "bad code segment";
	if (!host_stack_selector_is_ok(vcpu, f->ss))
		return "bad stack segment";
	return NULL;
}
