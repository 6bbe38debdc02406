// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that never end, for host programs that do something to them:
 *
 *	spin		nothing but instructions, events on
 *	off		the same with events off
 *	hypercall	as many hypercalls as there is time for
 *	syscall		a program that makes system calls
 *	fault		page faults that the guest's kernel handles
 *	console		text for the launcher
 *	sleep		blocked, for a timer that comes every millisecond
 *	halt		blocked for ever
 *	roots		from one root to the next
 *	trap		traps that the guest's kernel handles
 *	flush		flushes
 *	ring		lists of hypercalls
 *	ac		hypercalls, traps and nothing, with AC and DF set
 *	refill		page tables that go and come, and use of them
 *	args		hypercalls that read long arguments
 *	batch		hypercalls about page tables that take long
 *	balloon		lists of pages, the same
 */
#include "tg.h"

#include <xen/memory.h>

const char tg_title[] = "for ever";

static void spin(void)
{
	tg_events_on();
	for (;;)
		barrier();
}

static void off(void)
{
	tg_events_off();
	for (;;)
		barrier();
}

static void hypercall(void)
{
	for (;;)
		tg_hcall(xen_version, 0, 0, 0, 0);
}

static void tg_user_code user_syscalls(void)
{
	asm volatile("1:\tsyscall\n\tjmp 1b");
}

static void sys(void)
{
	struct tg_user u;

	tg_user_init();
	tg_user_start(&u, user_syscalls);
	for (;;)
		tg_user_run(&u);
}

static void fault(void)
{
	for (;;)
		tg_try_read(TG_NOWHERE, NULL);
}

static void trap(void)
{
	for (;;)
		tg_try("ud2", :);
}

static void flush(void)
{
	for (;;) {
		tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
		barrier();
	}
}

static void multicall(void)
{
	static struct multicall_entry e[32];
	u32 i;

	for (;;) {
		for (i = 0; i < ARRAY_SIZE(e); i++)
			e[i].op = __HYPERVISOR_xen_version;
		tg_hcall(multicall, e, ARRAY_SIZE(e), 0, 0);
	}
}

static void ac(void)
{
	u32 i;

	for (;;) {
		asm volatile("pushfq\n\torq $0x40400, (%%rsp)\n\tpopfq"
			     : : : "cc", "memory");
		tg_hcall(xen_version, 0, 0, 0, 0);
		tg_hcall(sched_op, SCHEDOP_yield, 0, 0, 0);
		for (i = 0; i < 1000; i++)
			barrier();
		tg_try("ud2", :);
	}
}

static void console(void)
{
	for (;;)
		tg_console("# text\n", 7);
}

static void doze(void)
{
	for (;;)
		tg_sleep(1000000);
}

static void halt(void)
{
	for (;;)
		tg_hcall(sched_op, SCHEDOP_block, 0, 0, 0);
}

static void roots(void)
{
	u64 other = tg_root_new();

	for (;;) {
		tg_mmuext(MMUEXT_NEW_BASEPTR, other, 0);
		tg_mmuext(MMUEXT_NEW_BASEPTR, tg_root, 0);
	}
}

#define REFILL_PAGES	64

static void refill(void)
{
	u64 l2, table;
	u32 i;

	for (i = 0; i < REFILL_PAGES; i++)
		tg_map(tg_root, TG_KTEST + i * TG_PAGE,
		       tg_pte(tg_page_alloc(), TG_RW));
	l2 = tg_entry_at(tg_root, TG_KTEST, 2);
	table = tg_entry_get(l2 / TG_PAGE, l2 % TG_PAGE / 8);
	for (;;) {
		tg_mmu_update(l2, 0);
		tg_mmu_update(l2, table);
		for (i = 0; i < REFILL_PAGES; i += 8) {
			tg_try_read(TG_KTEST + i * TG_PAGE, NULL);
			tg_try_write(TG_KTEST + (i + 4) * TG_PAGE, i);
		}
	}
}

static void args(void)
{
	static struct multicall_entry list[64];
	static struct mmu_update update[64];
	static u64 frames[16];
	u64 gdt = tg_page_alloc(), ldt = tg_page_alloc(), gfn, i;

	tg_table_protect(ldt);
	for (i = 0; i < 64; i++) {
		gfn = tg_page_alloc();
		tg_map(tg_root, TG_KTEST + i * TG_PAGE, tg_pte(gfn, TG_RW));
		update[i].ptr = tg_entry_at(tg_root, TG_KTEST + i * TG_PAGE, 1);
		update[i].val = tg_pte(gfn, TG_RW);
		list[i].op = __HYPERVISOR_update_va_mapping;
		list[i].args[0] = TG_KTEST + i * TG_PAGE;
		list[i].args[1] = update[i].val;
		((u64 *)tg_va(gdt))[8 + i] = 0x00cff3000000ffff;
	}
	for (i = 0; i < 16; i++)
		frames[i] = gdt;
	for (;;) {
		tg_hcall(multicall, list, 64, 0, 0);
		tg_hcall(mmu_update, update, 64, 0, DOMID_SELF);
		tg_hcall(set_gdt, frames, 14 * 512, 0, 0);
		tg_mmuext(MMUEXT_SET_LDT, (u64)tg_va(ldt), 512);
		tg_try("movl %0, %%fs", : : "r"(8 * 8 + 3));
		tg_traps_init();
	}
}

#define BATCH	8192

static void batch(void)
{
	static struct mmu_update update[BATCH];
	static struct mmuext_op op[BATCH];
	u64 from = tg_page_alloc(), to = tg_page_alloc(), i;
	u32 done;

	for (i = 0; i < BATCH; i++) {
		update[i].ptr = from * TG_PAGE + i % 512 * 8;
		update[i].val = i;
		op[i].cmd = MMUEXT_COPY_PAGE;
		op[i].arg1.mfn = to;
		op[i].arg2.src_mfn = from;
	}
	for (;;) {
		done = 0;
		if (tg_hcall(mmu_update, update, BATCH, &done, DOMID_SELF) ||
		    done != BATCH) {
			tg_failure("%u of %u entries written", done, BATCH);
			return;
		}
		done = 0;
		if (tg_hcall(mmuext_op, op, BATCH, &done, DOMID_SELF) ||
		    done != BATCH) {
			tg_failure("%u of %u pages copied", done, BATCH);
			return;
		}
		for (i = 0; i < 512; i++)
			if (((u64 *)tg_va(to))[i] != BATCH - 512 + i) {
				tg_failure("entry %lu is missing", i);
				return;
			}
		((u64 *)tg_va(to))[511] = 0;
	}
}

#define EXTENTS	65536

static void balloon(void)
{
	static xen_pfn_t gfn[EXTENTS];
	struct xen_memory_reservation r = {
		.nr_extents = EXTENTS, .domid = DOMID_SELF,
	};

	set_xen_guest_handle(r.extent_start, gfn);
	while (tg_hcall(memory_op, XENMEM_populate_physmap, &r, 0, 0) == EXTENTS)
		;
	tg_failure("a balloon that is not full");
}

static const struct tg_case cases[] = {
	{ "spin", spin },
	{ "off", off },
	{ "hypercall", hypercall },
	{ "syscall", sys },
	{ "fault", fault },
	{ "console", console },
	{ "sleep", doze },
	{ "halt", halt },
	{ "roots", roots },
	/* As the guests of 32-bit hosts are called. */
	{ "hcall", hypercall },
	{ "trap", trap },
	{ "timer", doze },
	{ "flush", flush },
	{ "ring", multicall },
	{ "port", console },
	{ "ac", ac },
	{ "refill", refill },
	{ "args", args },
	{ "batch", batch },
	{ "balloon", balloon },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
