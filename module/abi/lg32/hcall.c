// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls: one at a time by `int $0x1f`, or up to 64 through the ring in the
 * shared page, which is emptied before the call that came by itself.
 *
 * Arguments are the guest's: every function that takes one checks it. A call
 * that makes no sense kills the guest; none returns an error.
 */
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include "lg32.h"

#define HCALL_BYTES	2	/* int $0x1f */

/* Order and checks as docs/abi/lg32.md has them. */
static void call_init(struct lg_vcpu *vcpu, u32 gpa)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	struct lg32_data *data;

	if (a->data) {
		lg_kill(vcpu, "INIT a second time");
		return;
	}
	data = lg_mem_map(vcpu->guest, gpa, sizeof(*data), &a->mapping);
	if (!data) {
		lg_kill(vcpu, "bad guest page %#x", gpa);
		return;
	}
	WRITE_ONCE(data->tsc_khz, lg_tsc_khz());
	a->syscall_vec = READ_ONCE(data->syscall_vec);
	if (a->syscall_vec != LG32_SYSCALL_VECTOR) {
		lg_kill(vcpu, "bad syscall vector %#x", a->syscall_vec);
		return;
	}
	a->noirq_iret = READ_ONCE(data->noirq_iret);
	a->kernel_address = READ_ONCE(data->kernel_address);
	WRITE_ONCE(data->reserve_mem, -host_window_gva());
	if (a->kernel_address >= host_window_gva()) {
		lg_kill(vcpu, "bad kernel address %#x", a->kernel_address);
		return;
	}
	a->data = data;
	a->wall_ns = ktime_get_real_ns() - ktime_get_ns();
	lg32_write_time(vcpu);
	lg_shadow_reset(vcpu, a->kernel_address);
	if (lg_shadow_load(vcpu, LG_CR3_LINEAR))
		lg_kill(vcpu, "the host is out of memory");
}

static void call_shutdown(struct lg_vcpu *vcpu, u32 gpa, u32 how)
{
	char text[LG32_TEXT_BYTES];

	if (lg_mem_read(vcpu->guest, gpa, text, sizeof(text))) {
		/* Linux of old restarts with the address of no text at all. */
		if (how != LG32_RESTART) {
			lg_kill(vcpu, "bad shutdown text at %#x", gpa);
			return;
		}
		text[0] = '\0';
	}
	text[sizeof(text) - 1] = '\0';
	lg_guest_end(vcpu->guest,
		     how == LG32_POWEROFF ? LG_EXIT_SHUTDOWN :
		     how == LG32_RESTART ? LG_EXIT_RESTART : LG_EXIT_CRASH,
		     text);
}

/* The address in CR3: the low bits mean other things, or nothing. */
static u32 lg32_cr3(struct lg_vcpu *vcpu, u32 cr3)
{
	return cr3 & (vcpu->guest->paging == LG_PAGING_PAE ? ~0x1f : ~0xfff);
}

/**
 * lg32_new_pgtable - the guest loads CR3
 * @vcpu: its first load ends linear mode
 * @cr3: guest-physical address of the table
 */
void lg32_new_pgtable(struct lg_vcpu *vcpu, u32 cr3)
{
	struct lg_guest *guest = vcpu->guest;

	if (guest->paging == LG_PAGING_AUTO)
		lg_walk_settle(guest, cr3, lg32_vcpu(vcpu)->kernel_address);
	cr3 = lg32_cr3(vcpu, cr3);
	if ((cr3 >> PAGE_SHIFT) >= guest->ram_pages) {
		lg_kill(vcpu, "page table %#x outside memory", cr3);
		return;
	}
	if (lg_shadow_load(vcpu, cr3))
		lg_kill(vcpu, "the host is out of memory");
}

static void call_set_pte(struct lg_vcpu *vcpu, u32 cr3, u32 gva)
{
	if (gva >= host_window_gva())
		lg_kill(vcpu, "attempt to set pte into switcher pages (%#x)",
			gva);
	else
		lg_shadow_set(vcpu, lg32_cr3(vcpu, cr3), gva);
}

static void call_set_pgd(struct lg_vcpu *vcpu, u32 cr3, u32 index)
{
	bool is_pae = vcpu->guest->paging == LG_PAGING_PAE;
	unsigned int shift = is_pae ? 30 : 22;
	u32 first = index << shift;

	if (index >= BIT(32 - shift))
		lg_kill(vcpu, "attempt to set pgd %u/%lu", index,
			BIT(32 - shift));
	else
		lg_shadow_sync(vcpu, lg32_cr3(vcpu, cr3), first,
			       first + (u32)(BIT(shift) - 1));
}

static void call_set_pmd(struct lg_vcpu *vcpu, u32 index)
{
	if (vcpu->guest->paging != LG_PAGING_PAE || index >= 512)
		lg_kill(vcpu, "bad page middle directory entry %u", index);
	else
		lg_shadow_sync_middle(vcpu, index);
}

static void call_flush_tlb(struct lg_vcpu *vcpu, bool kernel)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	if (kernel)
		lg_shadow_sync_all(vcpu);
	else if (a->kernel_address)
		lg_shadow_sync(vcpu, lg_shadow_cr3(vcpu), 0,
			       a->kernel_address - 1);
}

/**
 * lg32_halt - the guest has nothing to do until an interrupt
 * @vcpu: goes on if one is pending already
 */
void lg32_halt(struct lg_vcpu *vcpu)
{
	vcpu->halted = true;
}

static void do_call(struct lg_vcpu *vcpu, u32 nr, u32 a1, u32 a2, u32 a3)
{
	if (nr < 32)
		lg_count(vcpu, LG_STAT_HCALL_FIRST + array_index_nospec(nr, 32));
	switch (nr) {
	case LG32_FLUSH_ASYNC:
	case LG32_SEND_INTERRUPTS:
		break;
	case LG32_INIT:
		call_init(vcpu, a1);
		break;
	case LG32_SHUTDOWN:
		call_shutdown(vcpu, a1, a2);
		break;
	case LG32_NEW_PGTABLE:
		lg32_new_pgtable(vcpu, a1);
		break;
	case LG32_FLUSH_TLB:
		call_flush_tlb(vcpu, a1);
		break;
	case LG32_LOAD_IDT_ENTRY:
		lg32_load_idt_entry(vcpu, a1, (u64)a3 << 32 | a2);
		break;
	case LG32_SET_STACK:
		lg32_set_stack(vcpu, a1, a2, a3);
		break;
	case LG32_TS:
		lg32_set_ts(vcpu, a1);
		break;
	case LG32_SET_CLOCKEVENT:
		lg_timer_set(vcpu, a1);
		break;
	case LG32_HALT:
		lg32_halt(vcpu);
		break;
	case LG32_SET_PMD:
		call_set_pmd(vcpu, a2);
		break;
	case LG32_SET_PTE:
		call_set_pte(vcpu, a1, a2);
		break;
	case LG32_SET_PGD:
		call_set_pgd(vcpu, a1, a2);
		break;
	case LG32_LOAD_TLS:
		lg32_load_tls(vcpu, a1);
		break;
	case LG32_LOAD_GDT_ENTRY:
		lg32_load_gdt_entry(vcpu, a1, (u64)a3 << 32 | a2);
		break;
	default:
		lg_kill(vcpu, "bad hypercall %u", nr);
	}
}

/**
 * lg32_ring - do what the guest left in the ring
 * @vcpu: any state
 *
 * In order, at most one round, up to the first free slot. Returns false if a
 * signal came first: the rest must wait for the next time.
 */
bool lg32_ring(struct lg_vcpu *vcpu)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	unsigned int i;

	for (i = 0; a->data && i < LG32_RING_SLOTS; i++) {
		unsigned int slot = a->ring_next;
		struct lg32_hcall call;

		if (READ_ONCE(a->data->hcall_status[slot]) == LG32_RING_FREE)
			break;
		if (signal_pending(current))
			return false;
		memcpy(&call, &a->data->hcalls[slot], sizeof(call));
		barrier();	/* the copy is what is checked and used */
		a->ring_next = (slot + 1) % LG32_RING_SLOTS;
		lg_count(vcpu, LG_STAT_RING);
		do_call(vcpu, call.arg[0], call.arg[1], call.arg[2],
			call.arg[3]);
		WRITE_ONCE(a->data->hcall_status[slot], LG32_RING_FREE);
		if (lg_guest_is_dead(vcpu->guest))
			break;
	}
	return true;
}

/**
 * lg32_hypercall - the guest executed `int $0x1f`
 * @vcpu: came from ring 1: the gate asks for it
 */
void lg32_hypercall(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);

	lg_count(vcpu, LG_STAT_HYPERCALL);
	if (!lg32_vcpu(vcpu)->data && f->eax != LG32_INIT) {
		lg_kill(vcpu, "hypercall %u before INIT", f->eax);
		return;
	}
	if (!lg32_ring(vcpu)) {
		/* The ring comes first: let the guest make its call again. */
		f->eip -= HCALL_BYTES;
		return;
	}
	if (!lg_guest_is_dead(vcpu->guest))
		do_call(vcpu, f->eax, f->ebx, f->ecx, f->edx);
}
