// SPDX-License-Identifier: GPL-2.0
/* vcpu_op, sched_op, timers. What ends a domain nobody can tell the answer of. */
#include "errors.h"

#define FOREVER_NS	(1ul << 62)

static void vcpu(const char *name, u32 cmd, u64 index, void *arg)
{
	answer(name, tg_hcall(vcpu_op, cmd, index, arg, 0));
}

static void ask_vcpus(void)
{
	static const char *const of_1[] = {
		"vcpu/initialise-1", "vcpu/up-1", "vcpu/down-1", "vcpu/is_up-1",
		"vcpu/get_runstate-1", "vcpu/register_runstate-1",
		"vcpu/set_periodic-1", "vcpu/stop_periodic-1",
		"vcpu/set_singleshot-1", "vcpu/stop_singleshot-1",
		"vcpu/register_info-1", "vcpu/send_nmi-1", "vcpu/get_physid-1",
		"vcpu/register_time-1",
	};
	u32 cmd;

	for (cmd = 0; cmd < ARRAY_SIZE(of_1); cmd++)
		vcpu(of_1[cmd], cmd, 1, (void *)TG_NOWHERE);
	vcpu("vcpu/is_up", VCPUOP_is_up, 0, NULL);
	vcpu("vcpu/is_up-huge", VCPUOP_is_up, -1ul, NULL);
	vcpu("vcpu/is_up-of-64-bits", VCPUOP_is_up, 1ul << 32, NULL);
	vcpu("vcpu/up", VCPUOP_up, 0, NULL);
	vcpu("vcpu/initialise-nowhere", VCPUOP_initialise, 0, (void *)TG_NOWHERE);
	vcpu("vcpu/get_physid", VCPUOP_get_physid, 0, NULL);
	vcpu("vcpu/get_physid-nowhere", VCPUOP_get_physid, 0, (void *)TG_NOWHERE);
	vcpu("vcpu/unknown", 99, 0, NULL);
	vcpu("vcpu/unknown-of-1", 99, 1, NULL);
	vcpu("vcpu/stop_periodic", VCPUOP_stop_periodic_timer, 0, NULL);
	vcpu("vcpu/stop_singleshot", VCPUOP_stop_singleshot_timer, 0, NULL);
}

static void ask_initialise(void)
{
	static struct vcpu_guest_context context;

	vcpu("vcpu/initialise", VCPUOP_initialise, 0, &context);
}

static void ask_areas(void)
{
	static struct vcpu_runstate_info runstate;
	static struct vcpu_time_info time;
	struct vcpu_register_runstate_memory_area r = { .addr.v = &runstate };
	struct vcpu_register_time_memory_area t = { .addr.v = &time };

	vcpu("vcpu/get_runstate", VCPUOP_get_runstate_info, 0, &runstate);
	vcpu("vcpu/get_runstate-nowhere", VCPUOP_get_runstate_info, 0,
	     (void *)TG_NOWHERE);
	vcpu("vcpu/runstate", VCPUOP_register_runstate_memory_area, 0, &r);
	r.addr.p = TG_NOWHERE;
	vcpu("vcpu/runstate-nowhere", VCPUOP_register_runstate_memory_area, 0, &r);
	r.addr.p = NON_CANONICAL;
	vcpu("vcpu/runstate-non-canonical", VCPUOP_register_runstate_memory_area, 0, &r);
	r.addr.p = HOLE;
	vcpu("vcpu/runstate-in-the-hole", VCPUOP_register_runstate_memory_area, 0, &r);
	r.addr.p = 0;
	vcpu("vcpu/runstate-null", VCPUOP_register_runstate_memory_area, 0, &r);
	vcpu("vcpu/runstate-argument-nowhere", VCPUOP_register_runstate_memory_area, 0,
	     (void *)TG_NOWHERE);
	vcpu("vcpu/time", VCPUOP_register_vcpu_time_memory_area, 0, &t);
	t.addr.p = TG_NOWHERE;
	vcpu("vcpu/time-nowhere", VCPUOP_register_vcpu_time_memory_area, 0, &t);
	t.addr.p = NON_CANONICAL;
	vcpu("vcpu/time-non-canonical", VCPUOP_register_vcpu_time_memory_area, 0, &t);
	t.addr.p = HOLE;
	vcpu("vcpu/time-in-the-hole", VCPUOP_register_vcpu_time_memory_area, 0, &t);
	t.addr.p = 0;
	vcpu("vcpu/time-null", VCPUOP_register_vcpu_time_memory_area, 0, &t);
	vcpu("vcpu/time-argument-nowhere", VCPUOP_register_vcpu_time_memory_area, 0,
	     (void *)TG_NOWHERE);
}

static void periodic(const char *name, u64 ns)
{
	struct vcpu_set_periodic_timer p = { .period_ns = ns };

	vcpu(name, VCPUOP_set_periodic_timer, 0, &p);
}

static void singleshot(const char *name, u64 ns, u32 flags)
{
	struct vcpu_set_singleshot_timer s = { .timeout_abs_ns = ns, .flags = flags };

	vcpu(name, VCPUOP_set_singleshot_timer, 0, &s);
}

static void ask_timers(void)
{
	periodic("vcpu/periodic-second", 1000000000);
	periodic("vcpu/periodic-millisecond", 1000000);
	periodic("vcpu/periodic-less", 999999);
	periodic("vcpu/periodic-0", 0);
	periodic("vcpu/periodic-huge", 1ul << 62);
	periodic("vcpu/periodic-negative", -1ul);
	vcpu("vcpu/periodic-nowhere", VCPUOP_set_periodic_timer, 0, (void *)TG_NOWHERE);
	vcpu("vcpu/periodic-stop", VCPUOP_stop_periodic_timer, 0, NULL);
	singleshot("vcpu/singleshot-past", 1, 0);
	singleshot("vcpu/singleshot-0", 0, 0);
	singleshot("vcpu/singleshot-far", FOREVER_NS, 0);
	singleshot("vcpu/singleshot-negative", -1ul, 0);
	singleshot("vcpu/singleshot-past-future", 1, VCPU_SSHOTTMR_future);
	singleshot("vcpu/singleshot-far-future", FOREVER_NS, VCPU_SSHOTTMR_future);
	singleshot("vcpu/singleshot-negative-future", -1ul, VCPU_SSHOTTMR_future);
	singleshot("vcpu/singleshot-unknown-flags", FOREVER_NS, 0xfffe);
	vcpu("vcpu/singleshot-nowhere", VCPUOP_set_singleshot_timer, 0,
	     (void *)TG_NOWHERE);
	vcpu("vcpu/singleshot-stop", VCPUOP_stop_singleshot_timer, 0, NULL);
	ASK("set_timer/past", set_timer_op, 1, 0, 0, 0);
	ASK("set_timer/far", set_timer_op, FOREVER_NS, 0, 0, 0);
	ASK("set_timer/negative", set_timer_op, -1ul, 0, 0, 0);
	ASK("set_timer/off", set_timer_op, 0, 0, 0, 0);
}

/* Nothing may wait here: the time is over before it begins. */
static void poll(const char *name, u32 first, u32 second, u32 count)
{
	u32 port[2] = { first, second };
	struct sched_poll p = { .nr_ports = count, .timeout = 1 };

	set_xen_guest_handle(p.ports, port);
	ASK(name, sched_op, SCHEDOP_poll, &p, 0, 0);
}

static void ask_poll(void)
{
	struct sched_poll p = { .nr_ports = 1, .timeout = 1 };
	u32 pending = tg_bind_ipi(), quiet = tg_bind_ipi();

	tg_port_mask(pending);
	tg_send(pending);
	poll("sched/poll", quiet, 0, 1);
	poll("sched/poll-pending", pending, 0, 1);
	poll("sched/poll-none", 0, 0, 0);
	poll("sched/poll-129", quiet, 0, 129);
	poll("sched/poll-0", 0, 0, 1);
	poll("sched/poll-closed", 4095, 0, 1);
	poll("sched/poll-4096", 4096, 0, 1);
	poll("sched/poll-huge", -1u, 0, 1);
	poll("sched/poll-pending-and-4096", pending, 4096, 2);
	poll("sched/poll-quiet-and-4096", quiet, 4096, 2);
	set_xen_guest_handle(p.ports, (evtchn_port_t *)TG_NOWHERE);
	ASK("sched/poll-nowhere", sched_op, SCHEDOP_poll, &p, 0, 0);
	set_xen_guest_handle(p.ports, (evtchn_port_t *)HOLE);
	ASK("sched/poll-in-the-hole", sched_op, SCHEDOP_poll, &p, 0, 0);
	ASK("sched/poll-argument-nowhere", sched_op, SCHEDOP_poll, TG_NOWHERE, 0, 0);
}

static void watchdog(const char *name, u32 id, u32 timeout)
{
	struct sched_watchdog w = { .id = id, .timeout = timeout };

	ASK(name, sched_op, SCHEDOP_watchdog, &w, 0, 0);
}

static void ask_sched(void)
{
	struct sched_remote_shutdown remote = { .domain_id = 0 };
	struct sched_pin_override pin = { .pcpu = 0 };
	struct sched_shutdown code = { .reason = SHUTDOWN_poweroff };

	ASK("sched/yield", sched_op, SCHEDOP_yield, 0, 0, 0);
	ASK("sched/shutdown-nowhere", sched_op, SCHEDOP_shutdown, TG_NOWHERE, 0, 0);
	ASK("sched/remote_shutdown-0", sched_op, SCHEDOP_remote_shutdown, &remote, 0, 0);
	remote.domain_id = DOMID_NOBODY;
	ASK("sched/remote_shutdown-nobody", sched_op, SCHEDOP_remote_shutdown, &remote,
	    0, 0);
	ASK("sched/remote_shutdown-nowhere", sched_op, SCHEDOP_remote_shutdown,
	    TG_NOWHERE, 0, 0);
	ASK("sched/shutdown_code", sched_op, SCHEDOP_shutdown_code, &code, 0, 0);
	ASK("sched/shutdown_code-again", sched_op, SCHEDOP_shutdown_code, &code, 0, 0);
	ASK("sched/shutdown_code-nowhere", sched_op, SCHEDOP_shutdown_code, TG_NOWHERE,
	    0, 0);
	watchdog("sched/watchdog-3", 3, 1000);
	watchdog("sched/watchdog-stop-1", 1, 0);
	watchdog("sched/watchdog-new", 0, 1000);
	watchdog("sched/watchdog-stop", 1, 0);
	ASK("sched/watchdog-nowhere", sched_op, SCHEDOP_watchdog, TG_NOWHERE, 0, 0);
	ASK("sched/pin_override", sched_op, SCHEDOP_pin_override, &pin, 0, 0);
	ASK("sched/pin_override-nowhere", sched_op, SCHEDOP_pin_override, TG_NOWHERE,
	    0, 0);
	ASK("sched/unknown", sched_op, 99, 0, 0, 0);
	ASK("sched/command-of-64-bits", sched_op, 1ul << 32, 0, 0, 0);
	ASK("sched/compat-yield", sched_op_compat, SCHEDOP_yield, 0, 0, 0);
	ASK("sched/compat-poll", sched_op_compat, SCHEDOP_poll, TG_NOWHERE, 0, 0);
	ASK("sched/compat-unknown", sched_op_compat, 99, 0, 0, 0);
}

void ask_time(void)
{
	ask_vcpus();
	ask_initialise();
	ask_areas();
	ask_timers();
	ask_poll();
	ask_sched();
}

static void info(const char *name, u64 mfn, u32 offset)
{
	struct vcpu_register_vcpu_info r = { .mfn = mfn, .offset = offset };

	vcpu(name, VCPUOP_register_vcpu_info, 0, &r);
}

/* Events are off from here on: their flags are elsewhere. */
void ask_last(void)
{
	u64 table = mfn_of(page_ro());
	u64 mfn = mfn_of(page_rw());

	vcpu("vcpu/info-nowhere", VCPUOP_register_vcpu_info, 0, (void *)TG_NOWHERE);
	info("vcpu/info-no-frame", NO_MFN, 0);
	info("vcpu/info-over-the-edge", mfn, TG_PAGE - 32);
	info("vcpu/info-misaligned", mfn, 4);
	info("vcpu/info-huge-offset", mfn, -8u);
	answer("mmuext/pin-for-info", tg_mmuext(MMUEXT_PIN_L1_TABLE, table, 0));
	if (may_ask("vcpu/info-in-a-table"))
		info("vcpu/info-in-a-table", table, 0);
	info("vcpu/info", mfn, TG_PAGE - sizeof(struct vcpu_info));
	info("vcpu/info-twice", mfn, 0);
}
