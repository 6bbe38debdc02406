// SPDX-License-Identifier: GPL-2.0
/*
 * Event channels of two levels.
 *
 * Claim: an event that is neither masked nor pending reaches the callback once,
 * at once if events are on, else when they go on (by hypercall, iret or sleep);
 * masked ports wait for their unmask; ports are bound, closed and bound again, and
 * what is out of range or taken is refused with Xen's error.
 *
 * Source: Xen's public/event_channel.h; docs/abi/xenpv.md.
 */
#include "tg.h"

const char tg_title[] = "event channels";

#define EPERM	1
#define ENOENT	2
#define ESRCH	3
#define EFAULT	14
#define EEXIST	17
#define EINVAL	22
#define ENOSYS	38

static void check_ipi(void)
{
	struct evtchn_close c;
	u32 port = tg_bind_ipi();
	u64 upcalls;

	tg_port_unmask(port);
	TG_EQ(tg_send(port), 0, "send");
	TG_EQ(tg_event_count[port], 0, "events while they are off");
	TG_EQ(tg_info()->evtchn_upcall_pending, 1, "upcall_pending");
	TG_EQ(tg_send(port), 0, "send, again");
	tg_events_on();
	TG_EQ(tg_event_count[port], 1, "events after two sends");
	tg_send(port);
	TG_EQ(tg_event_count[port], 2, "events after a send with events on");
	tg_port_mask(port);
	upcalls = tg_upcalls;
	tg_send(port);
	TG_EQ(tg_event_count[port], 2, "events of a masked port");
	TG_EQ(tg_upcalls, upcalls, "upcalls for it");
	tg_port_unmask(port);
	TG_EQ(tg_event_count[port], 3, "events after unmask");
	/* What was sent to a port is gone with it. */
	tg_port_mask(port);
	tg_send(port);
	c.port = port;
	TG_EQ(tg_event_op(EVTCHNOP_close, &c), 0, "close");
	TG_EQ(tg_bind_ipi(), port, "the port that was free");
	tg_port_unmask(port);
	TG_EQ(tg_event_count[port], 3, "events of the one before");
	tg_events_off();
}

static void check_launcher(void)
{
	u32 port = TG_CONSOLE_PORT, before;

	tg_port_unmask(port);
	tg_events_on();
	tg_ask(TG_ASK_RAISE, port);
	TG_CHECK(tg_event_count[port] == 1, "events raised outside: %lu",
		 tg_event_count[port]);
	/* Ours rings an eventfd that raises the port again. */
	before = tg_event_count[port];
	TG_EQ(tg_send(port), 0, "send to the launcher");
	tg_hcall(xen_version, 0, 0, 0, 0);
	TG_CHECK(tg_event_count[port] == before + 1, "events after a bell: %lu",
		 tg_event_count[port] - before);
	/* Out of sleep. */
	tg_events_off();
	tg_ask(TG_ASK_LATER, port);
	tg_hcall(sched_op, SCHEDOP_block, 0, 0, 0);
	TG_EQ(tg_event_count[port], before + 2, "events after sleep");
	TG_EQ(tg_info()->evtchn_upcall_mask, 0, "mask after sleep");
	tg_events_off();
}

/* All of them open, so that nothing is wrong with them but that there are so many. */
static void check_many_ports(u32 port)
{
	struct sched_poll p = { .nr_ports = 128, .timeout = 1 };
	u32 ports[129], i;

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		ports[i] = port;
	set_xen_guest_handle(p.ports, ports);
	TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), 0, "poll for 128");
	p.nr_ports = 129;
	TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), -EINVAL,
	      "poll for too many");
}

/* sched_op:poll waits for ports that may be masked, with events off. */
static void check_poll(void)
{
	u32 port = TG_CONSOLE_PORT, none = 4000;
	struct sched_poll p = { .nr_ports = 1 };
	u64 before = tg_event_count[port], now;

	tg_events_off();
	tg_port_mask(port);
	set_xen_guest_handle(p.ports, &port);
	tg_ask(TG_ASK_LATER, port);
	TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), 0, "poll");
	TG_EQ(tg_shared->evtchn_pending[0] >> port & 1, 1, "pending after poll");
	TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), 0, "poll, again");
	TG_EQ(tg_event_count[port], before, "events while polling");
	tg_shared->evtchn_pending[0] &= ~(1ul << port);
	p.timeout = tg_now() + 5000000;
	TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), 0, "poll with a time");
	now = tg_now();
	TG_CHECK(now >= p.timeout, "poll came back %lu ns early",
		 p.timeout - now);
	set_xen_guest_handle(p.ports, &none);
	TG_EQ(tg_hcall(sched_op, SCHEDOP_poll, &p, 0, 0), -EINVAL,
	      "poll for a closed port");
	check_many_ports(port);
}

static void check_status(u32 port, u32 want)
{
	struct evtchn_status s = { .dom = DOMID_SELF, .port = port };

	TG_EQ(tg_event_op(EVTCHNOP_status, &s), 0, "status");
	TG_EQ(s.status, want, "status of a port");
}

static void check_binding(void)
{
	struct evtchn_bind_virq v = { .virq = VIRQ_DEBUG };
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF };
	struct evtchn_bind_vcpu b = { .vcpu = 0 };
	struct evtchn_close c;
	u32 first;

	TG_EQ(tg_event_op(EVTCHNOP_bind_virq, &v), 0, "bind_virq");
	check_status(v.port, EVTCHNSTAT_virq);
	first = v.port;
	TG_EQ(tg_event_op(EVTCHNOP_bind_virq, &v), -EEXIST, "bind_virq, again");
	c.port = first;
	TG_EQ(tg_event_op(EVTCHNOP_close, &c), 0, "close");
	TG_EQ(tg_event_op(EVTCHNOP_close, &c), -EINVAL, "close, again");
	check_status(first, EVTCHNSTAT_closed);
	TG_EQ(tg_send(first), -EINVAL, "send on a closed port");
	TG_EQ(tg_event_op(EVTCHNOP_bind_virq, &v), 0, "bind_virq after close");
	TG_EQ(v.port, first, "the port that was free");
	TG_EQ(tg_send(v.port), -EINVAL, "send on a virq");
	TG_EQ(tg_event_op(EVTCHNOP_alloc_unbound, &a), 0, "alloc_unbound");
	check_status(a.port, EVTCHNSTAT_unbound);
	TG_EQ(tg_send(a.port), 0, "send on an unbound port");
	b.port = a.port;
	TG_EQ(tg_event_op(EVTCHNOP_bind_vcpu, &b), 0, "bind_vcpu");
	b.vcpu = 1;
	TG_EQ(tg_event_op(EVTCHNOP_bind_vcpu, &b), -ENOENT,
	      "bind_vcpu to none");
	check_status(TG_CONSOLE_PORT, EVTCHNSTAT_interdomain);
}

static void check_refused(void)
{
	struct evtchn_bind_virq v = { .virq = NR_VIRQS };
	struct evtchn_bind_ipi i = { .vcpu = 1 };
	struct evtchn_alloc_unbound a = { .dom = 7 };
	struct evtchn_bind_interdomain d = { .remote_dom = 0 };
	struct evtchn_bind_pirq p = { .pirq = 1 };
	struct evtchn_init_control f = { .vcpu = 0 };

	TG_EQ(tg_event_op(EVTCHNOP_bind_virq, &v), -EINVAL, "virq too large");
	v.virq = VIRQ_TIMER;
	v.vcpu = 1;
	TG_EQ(tg_event_op(EVTCHNOP_bind_virq, &v), -ENOENT, "virq of no vCPU");
	TG_EQ(tg_event_op(EVTCHNOP_bind_ipi, &i), -ENOENT, "ipi of no vCPU");
	TG_EQ(tg_event_op(EVTCHNOP_alloc_unbound, &a), -ESRCH,
	      "unbound port of another domain");
	TG_EQ(tg_event_op(EVTCHNOP_bind_interdomain, &d), -EINVAL,
	      "bind_interdomain");
	TG_EQ(tg_event_op(EVTCHNOP_bind_pirq, &p), -EPERM, "bind_pirq");
	TG_EQ(tg_event_op(EVTCHNOP_init_control, &f), -ENOSYS, "init_control");
	TG_EQ(tg_send(0), -EINVAL, "send on port 0");
	TG_EQ(tg_send(4096), -EINVAL, "send on port 4096");
	TG_EQ(tg_send(-1), -EINVAL, "send on port -1");
	TG_EQ(tg_event_op(99, &f), -ENOSYS, "an unknown command");
	TG_EQ(tg_event_op(EVTCHNOP_send, (void *)TG_NOWHERE), -EFAULT,
	      "an argument that is not there");
}

/* Every port there is, in use and free again. */
static void check_all(void)
{
	struct evtchn_close c;
	struct evtchn_bind_ipi b = { .vcpu = 0 };
	u32 n = 0, first = 0;
	long rc;

	while (!(rc = tg_event_op(EVTCHNOP_bind_ipi, &b))) {
		first = first ? first : b.port;
		tg_port_unmask(b.port);
		tg_send(b.port);
		n++;
	}
	TG_EQ(rc, -28, "bind_ipi with no port left");
	TG_CHECK(n > 4000 && n < 4096, "%u ports", n);
	tg_events_on();
	tg_events_off();
	TG_EQ(tg_event_count[4095], 1, "events of the last port");
	for (c.port = first; c.port < 4096; c.port++)
		if (tg_event_count[c.port])
			tg_event_op(EVTCHNOP_close, &c);
}

/* From another thread of the launcher, as fast as it can. */
static void check_storm(void)
{
	u64 least = tg_now() + 300000000, most = least + 10000000000, before;

	tg_port_unmask(TG_CONSOLE_PORT);
	before = tg_event_count[TG_CONSOLE_PORT];
	tg_ask(TG_ASK_STORM, TG_CONSOLE_PORT);
	tg_events_on();
	while (tg_now() < least || (tg_now() < most &&
	       tg_event_count[TG_CONSOLE_PORT] <= before + 10))
		;
	tg_events_off();
	TG_CHECK(tg_event_count[TG_CONSOLE_PORT] > before + 10,
		 "%lu events in a storm",
		 tg_event_count[TG_CONSOLE_PORT] - before);
}

void test_main(void)
{
	check_ipi();
	check_launcher();
	check_poll();
	check_binding();
	check_refused();
	check_all();
	check_storm();
}
