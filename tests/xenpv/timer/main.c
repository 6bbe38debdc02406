// SPDX-License-Identifier: GPL-2.0
/*
 * Time and the timer.
 *
 * Claim: system time does not go back and keeps the pace of the host's clock; a
 * singleshot timer in the future fires then and not before, one in the past at
 * once, one in the far future not at all; every nanosecond is asked for without
 * harm; the periodic timer is periodic; runstate adds up; the wall clock is right.
 *
 * Source: Xen's public/vcpu.h; docs/abi/xenpv.md.
 */
#include "tg.h"

const char tg_title[] = "time";

#define MS	1000000ul

static u32 port;

static long set_timer(u64 at, u32 flags)
{
	struct vcpu_set_singleshot_timer s = {
		.timeout_abs_ns = at,
		.flags = flags,
	};

	return tg_hcall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &s, 0);
}

/*
 * Where the TSC is not the same everywhere, a guest that is moved to another CPU
 * may see a little less: the flag tells it to be careful. How little depends on
 * how long the emulator keeps a CPU between two readings of the host's clocks.
 */
static u64 allowed(void)
{
	return tg_info()->time.flags & 1 ? 0 : 50 * MS;
}

static void check_monotonic(void)
{
	u64 last = tg_now(), now, most = 0;
	u32 i;

	for (i = 0; i < 300000; i++) {
		now = tg_now();
		if (now < last && last - now > most)
			most = last - now;
		last = now;
		if (!(i % 64))
			tg_hcall(xen_version, 0, 0, 0, 0);
	}
	TG_CHECK(most <= allowed(), "time went back by %lu ns", most);
}

/* Readings of the other clock, with ours before and after. */
struct reading {
	u64 before, theirs, after;
};

static void read_clocks(struct reading *r)
{
	r->before = tg_now();
	r->theirs = tg_ask(TG_ASK_NSEC, 0);
	r->after = tg_now();
}

static void check_pace(void)
{
	struct reading first, last;
	u64 least, most, theirs;

	read_clocks(&first);
	do {
		read_clocks(&last);
		least = last.before - first.after;
		most = last.after - first.before;
	} while (least < 300 * MS);
	theirs = last.theirs - first.theirs;
	TG_CHECK(least < theirs + theirs / 100 + MS &&
		 theirs < most + most / 100 + MS,
		 "%lu to %lu us here, %lu us there", least / 1000, most / 1000,
		 theirs / 1000);
}

static void check_wall_clock(void)
{
	u64 now = tg_shared->wc_sec + (tg_shared->wc_nsec + tg_now()) /
		  1000000000ul;
	u64 host = tg_ask(TG_ASK_CLOCK, 0);

	TG_CHECK(now + 5 >= host && now <= host + 5, "it is %lu, not %lu", now,
		 host);
}

static void check_singleshot(void)
{
	u64 at, late;
	u32 i;

	for (i = 0; i < 5; i++) {
		at = tg_now() + 10 * MS;
		tg_events_off();
		TG_EQ(set_timer(at, 0), 0, "set_singleshot_timer");
		tg_hcall(sched_op, SCHEDOP_block, 0, 0, 0);
		late = tg_now();
		TG_CHECK(late >= at, "%lu us early", (at - late) / 1000);
		TG_EQ(tg_event_count[port], i + 1, "timer events");
	}
	tg_events_off();
}

static void check_past(void)
{
	u64 before = tg_event_count[port];

	tg_events_on();
	TG_EQ(set_timer(1, 0), 0, "a timer in the past");
	tg_hcall(xen_version, 0, 0, 0, 0);
	TG_EQ(tg_event_count[port], before + 1, "events at once");
	TG_EQ(set_timer(1, VCPU_SSHOTTMR_future), 0, "the same, not to be so");
	tg_hcall(xen_version, 0, 0, 0, 0);
	TG_EQ(tg_event_count[port], before + 2, "events at once, again");
	TG_EQ(set_timer(-1ul, 0), 0, "a timer in the far future");
	TG_EQ(set_timer(1ul << 63, 0), 0, "a timer in the far future");
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0, 0), 0,
	      "stop");
	TG_EQ(tg_event_count[port], before + 2, "events of the far future");
	tg_events_off();
}

static void check_every_ns(void)
{
	u64 until = tg_now() + 100 * MS, before = tg_event_count[port];
	u64 t;

	tg_events_on();
	for (t = tg_now(); tg_now() < until; t++)
		set_timer(t, 0);
	tg_events_off();
	TG_CHECK(tg_event_count[port] > before, "%lu events",
		 tg_event_count[port] - before);
	tg_hcall(vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0, 0);
}

static void check_periodic(void)
{
	struct vcpu_set_periodic_timer p = { .period_ns = 10 * MS };
	u64 until, before = tg_event_count[port], n;

	TG_EQ(tg_hcall(vcpu_op, VCPUOP_set_periodic_timer, 0, &p, 0), 0,
	      "set_periodic_timer");
	until = tg_now() + 200 * MS;
	tg_events_on();
	while (tg_now() < until)
		;
	tg_events_off();
	n = tg_event_count[port] - before;
	TG_CHECK(n >= 1 && n <= 25, "%lu periods of 10 ms in 200 ms", n);
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0, 0), 0,
	      "stop_periodic_timer");
	p.period_ns = 1;
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_set_periodic_timer, 0, &p, 0), -22,
	      "a period of 1 ns");
}

static void check_runstate(void)
{
	static struct vcpu_runstate_info area;
	struct vcpu_register_runstate_memory_area r;
	struct vcpu_runstate_info s;
	u64 blocked, sum, now;
	u32 tries = 20;

	r.addr.p = 0;
	set_xen_guest_handle(r.addr.h, &area);
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r, 0),
	      0, "register_runstate_memory_area");
	TG_EQ(area.state, RUNSTATE_running, "state");
	blocked = area.time[RUNSTATE_blocked];
	/* A host that is late may find the time over before it begins. */
	do
		tg_sleep(30 * MS);
	while (area.time[RUNSTATE_blocked] < blocked + 20 * MS && --tries);
	TG_EQ(area.state, RUNSTATE_running, "state after sleep");
	TG_CHECK(area.time[RUNSTATE_blocked] >= blocked + 20 * MS,
		 "blocked for %lu us of 30 ms",
		 (area.time[RUNSTATE_blocked] - blocked) / 1000);
	now = tg_now();
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_get_runstate_info, 0, &s, 0), 0,
	      "get_runstate_info");
	sum = s.time[0] + s.time[1] + s.time[2] + s.time[3];
	TG_CHECK(sum <= tg_now() + 10 * MS && sum + 1000 * MS >= now,
		 "all states together: %lu us at %lu us", sum / 1000,
		 now / 1000);
}

/* One that nobody can read is the guest's own loss. */
static void check_bad_areas(void)
{
	struct vcpu_register_runstate_memory_area r;

	r.addr.v = 0;
	r.addr.p = 0x800000000000;
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r, 0),
	      -14, "runstate at a non-canonical address");
	r.addr.p = TG_NOWHERE;
	tg_hcall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r, 0);
	tg_sleep(MS);
	tg_hcall(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &r, 0);
	tg_sleep(MS);
	r.addr.p = HYPERVISOR_VIRT_START;
	tg_hcall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r, 0);
	tg_hcall(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &r, 0);
	tg_sleep(MS);
	TG_CHECK(tg_hcall(vcpu_op, VCPUOP_get_runstate_info, 1, &r, 0) == -2,
		 "runstate of no vCPU");
}

void test_main(void)
{
	port = tg_timer_port();
	check_monotonic();
	check_pace();
	check_wall_clock();
	check_singleshot();
	check_past();
	check_every_ns();
	check_periodic();
	check_runstate();
	check_bad_areas();
}
