// SPDX-License-Identifier: GPL-2.0
/*
 * Events where they hurt: callbacks that lead nowhere, structures on top of each
 * other, all of shared_info full of nonsense, events from within events, timers
 * that are always late.
 *
 * Claim: a callback to an address that cannot be run is a fault of the guest
 * there; what the hypervisor keeps in pages that the guest gave it twice, or that
 * are page tables, descriptors or code, confuses the guest alone.  The guest lives
 * or is killed with one reason, and never keeps its CPU.
 *
 * Source: XSA-45, 60, 89, 290, 332; docs/abi/xenpv.md, sections 6 and 7.
 *
 * Afterwards another guest must run: tests/host/survive.  The case `live` must end
 * with success.
 */
#include "tg.h"

const char tg_title[] = "bad events";

static const u64 addresses[] = {
	8, TG_NOWHERE, 0xffff800000000000, 0xffff808000000000,
	0xffff808000003000, 0xffff87fffffffff8, 0xffff888000000000,
	0x00007ffffffffff0, 0xfffffffffffffff0, TG_USER,
};

/* The event callback of the moment faults where it leads. */
static void callbacks(void)
{
	u32 port = tg_bind_ipi(), i;

	tg_port_unmask(port);
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		tg_events_off();
		TG_EQ(tg_callback(CALLBACKTYPE_event, 0, addresses[i]), 0,
		      "callback_op");
		tg_send(port);
		ONCE(tg_info()->evtchn_upcall_mask) = 0;
		TG_CHECK(tg_try("syscall", : : "a"(__HYPERVISOR_xen_version),
				"D"(0) : "rcx", "r11", "rdx", "rsi", "memory") ==
			 14, "event at %#lx: trap %u", addresses[i],
			 tg_fault.vector);
		TG_EQ(tg_fault.rip, addresses[i], "rip of the fault");
		TG_EQ(tg_fault.cr2, addresses[i], "cr2 of the fault");
		tg_events_off();
		tg_info()->evtchn_pending_sel = 0;
		tg_shared->evtchn_pending[port / 64] = 0;
		tg_info()->evtchn_upcall_pending = 0;
	}
	tg_traps_init();
	tg_send(port);
	tg_events_on();
	TG_EQ(tg_event_count[port], 1, "events after it all");
	tg_events_off();
}

/* All other callbacks, and handlers of traps, at the same places. */
static void handlers(void)
{
	u32 type, i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		for (type = 0; type < 9; type++)
			if (type != CALLBACKTYPE_event)
				tg_callback(type, i & 1, addresses[i]);
		tg_trap_set(6, 0, (void *)addresses[i]);
		TG_CHECK(tg_try("ud2", :) == 14, "handler at %#lx: trap %u",
			 addresses[i], tg_fault.vector);
		tg_trap_default(6);
	}
	tg_traps_init();
}

static void storm_hook(u32 port, struct tg_regs *regs)
{
	(void)regs;
	if (tg_event_count[port] < 3000)
		tg_send(port);
}

/* Each event sends the next, and the guest does not get on meanwhile. */
static void storm(void)
{
	u32 port = tg_bind_ipi();

	tg_port_unmask(port);
	tg_event_hook = storm_hook;
	tg_send(port);
	tg_events_on();
	tg_event_hook = NULL;
	tg_events_off();
	TG_EQ(tg_event_count[port], 3000, "events");
}

static void nest_hook(u32 port, struct tg_regs *regs)
{
	(void)regs;
	tg_send(port);
	tg_events_on();			/* here is the next */
}

/* One in the other, until the stack ends. */
static void nested(void)
{
	u32 port = tg_bind_ipi();

	tg_port_unmask(port);
	tg_event_hook = nest_hook;
	tg_send(port);
	tg_events_on();
	tg_failure("a stack without end");
}

static void fill(volatile void *to, size_t size, u32 how)
{
	volatile u64 *p = to;
	size_t i;

	for (i = 0; i < size / 8; i++)
		p[i] = how == 0 ? 0 : how == 1 ? -1ul : tg_rand();
}

/* shared_info is the guest's own: ones, zeroes and dice, all over it. */
static void nonsense(void)
{
	u32 port = tg_bind_ipi(), i;

	tg_timer_port();
	for (i = 0; i < 300; i++) {
		fill(tg_shared, i % 7 ? sizeof(*tg_shared) : TG_PAGE, i % 3);
		tg_send(port);
		tg_hcall(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0, 0);
		ONCE(tg_info()->evtchn_upcall_pending) = tg_rand();
		ONCE(tg_info()->evtchn_upcall_mask) = tg_rand() & 1;
		tg_try("ud2", :);
		tg_hcall(xen_version, 0, 0, 0, 0);
		tg_hcall(sched_op, SCHEDOP_yield, 0, 0, 0);
	}
	fill(tg_shared->evtchn_mask, sizeof(tg_shared->evtchn_mask), 1);
	fill(tg_shared->evtchn_pending, sizeof(tg_shared->evtchn_pending), 0);
}

static long info_at(u64 gfn, u32 offset)
{
	struct vcpu_register_vcpu_info r = { .mfn = gfn, .offset = offset };

	return tg_hcall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r, 0);
}

static void busy(void)
{
	u32 port = tg_bind_ipi(), i;

	for (i = 0; i < 100; i++) {
		tg_send(port);
		tg_hcall(sched_op, SCHEDOP_yield, 0, 0, 0);
		tg_try("ud2", :);
	}
}

/* vcpu_info on top of a page table in use ... */
static void info_table(void)
{
	info_at(tg_entry_at(tg_root, TG_KERNEL, 1) / TG_PAGE, 8 * 256);
	busy();
}

static void info_root(void)
{
	info_at(tg_root, 8 * 300);
	busy();
	tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	busy();
}

/* ... of shared_info itself, a little off its own place ... */
static void info_shared(void)
{
	info_at(tg_start_info->shared_info / TG_PAGE, 24);
	busy();
}

/* ... of the descriptors ... */
static void info_gdt(void)
{
	u64 frame = tg_page_alloc();

	((u64 *)tg_va(frame))[3] = 0x00cff3000000ffff;
	TG_EQ(tg_hcall(set_gdt, &frame, 512, 0, 0), 0, "set_gdt");
	info_at(frame, 0);
	busy();
	tg_try("movl %0, %%fs", : : "r"(0x1b));
	busy();
}

/* ... of the code and the stack that run. */
static void info_code(void)
{
	info_at(tg_gfn(tg_stubs), 0);
	busy();
}

static void info_stack(void)
{
	u64 here = (u64)__builtin_frame_address(0);

	info_at(tg_gfn((void *)here), (here - 64) % TG_PAGE & ~7ul);
	busy();
}

static long area(u32 cmd, u64 at)
{
	struct vcpu_register_runstate_memory_area r;

	r.addr.v = 0;
	r.addr.p = at;
	return tg_hcall(vcpu_op, cmd, 0, &r, 0);
}

/* What is written at each change of state, where it should not be. */
static void areas(void)
{
	u64 at[] = {
		(u64)tg_va(tg_root), (u64)tg_va(tg_root) + TG_PAGE - 8,
		(u64)tg_shared + TG_PAGE - 16, (u64)tg_info(), TG_NOWHERE - 8,
		0xffff800000000000, 0xffff808000003000, -8ul, -TG_PAGE, 1, 0,
		(u64)tg_stubs, TG_USER, (u64)tg_trap_stack,
		0x00007fffffffffc0, 0xffff7fffffffffff,
	};
	u64 l1 = tg_entry_at(tg_root, TG_KERNEL, 1) / TG_PAGE;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		area(VCPUOP_register_runstate_memory_area, at[i]);
		busy();
		area(VCPUOP_register_vcpu_time_memory_area, at[i]);
		busy();
		tg_sleep(100000);
	}
	area(VCPUOP_register_vcpu_time_memory_area, (u64)tg_va(l1) + 2048);
	area(VCPUOP_register_runstate_memory_area, (u64)tg_va(l1) + 2048);
	busy();
}

static u32 late;

static void timer_hook(u32 port, struct tg_regs *regs)
{
	struct vcpu_set_singleshot_timer s = { .timeout_abs_ns = tg_now() };

	(void)regs;
	if (port == late && tg_event_count[port] < 1000)
		tg_hcall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &s, 0);
}

/* A timer that is due when it is set, set again when it fires; and a period. */
static void timers(void)
{
	struct vcpu_set_periodic_timer p = { .period_ns = 1000000 };
	static const u64 periods[] = { 0, 1, 999999, -1ul, 1ul << 63, 1ul << 62 };
	u64 until = tg_now() + 1000000000;
	u32 i;

	late = tg_timer_port();
	tg_event_hook = timer_hook;
	tg_hcall(set_timer_op, 1, 0, 0, 0);
	tg_hcall(vcpu_op, VCPUOP_set_periodic_timer, 0, &p, 0);
	tg_events_on();
	while (tg_now() < until && tg_event_count[late] < 1000)
		;
	TG_CHECK(tg_event_count[late] > 10, "%lu events",
		 tg_event_count[late]);
	tg_event_hook = NULL;
	for (i = 0; i < ARRAY_SIZE(periods); i++) {
		p.period_ns = periods[i];
		tg_hcall(vcpu_op, VCPUOP_set_periodic_timer, 0, &p, 0);
		tg_hcall(set_timer_op, periods[i], 0, 0, 0);
		busy();
	}
	tg_hcall(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0, 0);
	tg_hcall(set_timer_op, 0, 0, 0, 0);
	tg_events_off();
	tg_sleep(1000000);
}

/* NMIs to itself, one in the other. */
static void nmis(void)
{
	u32 i;

	tg_callback(CALLBACKTYPE_nmi, 0, tg_stubs[2]);
	for (i = 0; i < 100; i++) {
		tg_try("syscall", : : "a"(__HYPERVISOR_vcpu_op),
		       "D"(VCPUOP_send_nmi), "S"(0), "d"(0)
		       : "rcx", "r11", "memory");
		tg_hcall(xen_version, 0, 0, 0, 0);
	}
	tg_callback(CALLBACKTYPE_nmi, 0, 0xffff808000000000);
	tg_try("syscall", : : "a"(__HYPERVISOR_vcpu_op), "D"(VCPUOP_send_nmi),
	       "S"(0), "d"(0) : "rcx", "r11", "memory");
}

/* Sleep with ports that go away, and all of them closed at once. */
static void closing(void)
{
	u32 ports[128], i;
	struct sched_poll p = { .nr_ports = 128 };
	struct evtchn_reset r = { .dom = DOMID_SELF };
	struct evtchn_close c;

	for (i = 0; i < 128; i++)
		ports[i] = tg_bind_ipi();
	set_xen_guest_handle(p.ports, ports);
	for (i = 0; i < 50; i++) {
		p.timeout = tg_now() + 100000;
		TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), 0, "poll");
		tg_send(ports[i]);
		TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), 0, "poll");
		c.port = ports[i];
		TG_EQ(tg_event_op(EVTCHNOP_close, &c), 0, "close");
		TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), (u64)-22,
		      "poll of a closed port");
		ports[i] = tg_bind_ipi();
	}
	TG_EQ(tg_event_op(EVTCHNOP_reset, &r), 0, "reset");
	for (i = 0; i < 128; i++)
		TG_EQ(tg_send(ports[i]), (u64)-22, "send after reset");
	r.dom = 0;
	TG_CHECK(tg_event_op(EVTCHNOP_reset, &r) < 0, "reset of another");
}

/* What a guest lives through. */
static void live(void)
{
	callbacks();
	handlers();
	storm();
	timers();
	nmis();
	closing();
}

static const struct tg_case cases[] = {
	{ "live", live },
	{ "nested", nested },
	{ "nonsense", nonsense },
	{ "info-table", info_table },
	{ "info-root", info_root },
	{ "info-shared", info_shared },
	{ "info-gdt", info_gdt },
	{ "info-code", info_code },
	{ "info-stack", info_stack },
	{ "areas", areas },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
