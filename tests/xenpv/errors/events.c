// SPDX-License-Identifier: GPL-2.0
/* event_channel_op: each command on ports of each kind. */
#include "errors.h"

static long op(u32 cmd, void *arg)
{
	return tg_event_op(cmd, arg);
}

static u32 bind_virq(const char *name, u32 virq, u32 vcpu)
{
	struct evtchn_bind_virq b = { .virq = virq, .vcpu = vcpu };

	answer(name, op(EVTCHNOP_bind_virq, &b));
	return b.port;
}

static u32 bind_ipi(const char *name, u32 vcpu)
{
	struct evtchn_bind_ipi b = { .vcpu = vcpu };

	answer(name, op(EVTCHNOP_bind_ipi, &b));
	return b.port;
}

static u32 unbound(const char *name, u16 dom, u16 remote)
{
	struct evtchn_alloc_unbound b = { .dom = dom, .remote_dom = remote };

	answer(name, op(EVTCHNOP_alloc_unbound, &b));
	return b.port;
}

static void interdomain(const char *name, u16 dom, u32 port)
{
	struct evtchn_bind_interdomain b = { .remote_dom = dom, .remote_port = port };

	answer(name, op(EVTCHNOP_bind_interdomain, &b));
}

static void pirq(const char *name, u32 number, u32 flags)
{
	struct evtchn_bind_pirq b = { .pirq = number, .flags = flags };

	answer(name, op(EVTCHNOP_bind_pirq, &b));
}

static void send_to(const char *name, u32 port)
{
	answer(name, tg_send(port));
}

static void unmask(const char *name, u32 port)
{
	struct evtchn_unmask u = { .port = port };

	answer(name, op(EVTCHNOP_unmask, &u));
}

static void close_port(const char *name, u32 port)
{
	struct evtchn_close c = { .port = port };

	answer(name, op(EVTCHNOP_close, &c));
}

static void bind_vcpu(const char *name, u32 port, u32 vcpu)
{
	struct evtchn_bind_vcpu b = { .port = port, .vcpu = vcpu };

	answer(name, op(EVTCHNOP_bind_vcpu, &b));
}

/* The status, or the error. */
static void status(const char *name, u16 dom, u32 port)
{
	struct evtchn_status s = { .dom = dom, .port = port };
	long rc = op(EVTCHNOP_status, &s);

	answer(name, rc ?: (long)s.status);
}

static void ask_virqs(void)
{
	u32 port;

	port = bind_virq("event/virq-debug", VIRQ_DEBUG, 0);
	bind_virq("event/virq-debug-twice", VIRQ_DEBUG, 0);
	bind_virq("event/virq-debug-of-1", VIRQ_DEBUG, 1);
	bind_virq("event/virq-debug-of-nobody", VIRQ_DEBUG, -1u);
	status("event/status-virq", DOMID_SELF, port);
	send_to("event/send-virq", port);
	unmask("event/unmask-virq", port);
	bind_vcpu("event/vcpu-of-virq", port, 0);
	close_port("event/close-virq", port);
	bind_virq("event/virq-console", VIRQ_CONSOLE, 0);
	port = bind_virq("event/virq-dom-exc", VIRQ_DOM_EXC, 0);
	bind_virq("event/virq-dom-exc-of-1", VIRQ_DOM_EXC, 1);
	bind_vcpu("event/vcpu-of-global-virq", port, 0);
	bind_vcpu("event/vcpu-1-of-global-virq", port, 1);
	bind_virq("event/virq-argo", VIRQ_ARGO, 0);
	bind_virq("event/virq-tbuf", VIRQ_TBUF, 0);
	bind_virq("event/virq-xenpmu", VIRQ_XENPMU, 0);
	bind_virq("event/virq-xenoprof", VIRQ_XENOPROF, 0);
	bind_virq("event/virq-arch-0", VIRQ_ARCH_0, 0);
	bind_virq("event/virq-arch-7", VIRQ_ARCH_7, 0);
	bind_virq("event/virq-14", 14, 0);
	bind_virq("event/virq-24", NR_VIRQS, 0);
	bind_virq("event/virq-huge", -1u, 0);
	bind_virq("event/virq-huge-of-1", -1u, 1);
}

static void ask_ipis(void)
{
	u32 port = bind_ipi("event/ipi", 0);

	bind_ipi("event/ipi-of-1", 1);
	bind_ipi("event/ipi-of-nobody", -1u);
	status("event/status-ipi", DOMID_SELF, port);
	send_to("event/send-ipi", port);
	unmask("event/unmask-ipi", port);
	bind_vcpu("event/vcpu-of-ipi", port, 0);
	close_port("event/close-ipi", port);
	close_port("event/close-twice", port);
	status("event/status-closed", DOMID_SELF, port);
	send_to("event/send-closed", port);
	unmask("event/unmask-closed", port);
	bind_vcpu("event/vcpu-of-closed", port, 0);
}

static void ask_others_domains(void)
{
	u32 port = unbound("event/unbound-for-0", DOMID_SELF, 0), self;

	status("event/status-unbound", DOMID_SELF, port);
	send_to("event/send-unbound", port);
	unmask("event/unmask-unbound", port);
	bind_vcpu("event/vcpu-of-unbound", port, 0);
	bind_vcpu("event/vcpu-1-of-unbound", port, 1);
	interdomain("event/bind-own-unbound-for-0", DOMID_SELF, port);
	close_port("event/close-unbound", port);
	unbound("event/unbound-for-nobody", DOMID_SELF, DOMID_NOBODY);
	unbound("event/unbound-of-0", 0, DOMID_SELF);
	unbound("event/unbound-of-nobody", DOMID_NOBODY, DOMID_SELF);
	self = unbound("event/unbound-for-self", DOMID_SELF, DOMID_SELF);
	interdomain("event/bind-self", DOMID_SELF, self);
	status("event/status-self", DOMID_SELF, self);
	send_to("event/send-self", self);
	interdomain("event/bind-self-twice", DOMID_SELF, self);
	close_port("event/close-self", self);
	interdomain("event/bind-port-0", DOMID_SELF, 0);
	interdomain("event/bind-port-4095", DOMID_SELF, 4095);
	interdomain("event/bind-port-huge", DOMID_SELF, -1u);
	interdomain("event/bind-domain-0", 0, 0);
	interdomain("event/bind-domain-0-huge", 0, -1u);
	interdomain("event/bind-nobody", DOMID_NOBODY, 1);
	pirq("event/pirq-0", 0, 0);
	pirq("event/pirq-20", 20, 0);
	pirq("event/pirq-shared", 20, BIND_PIRQ__WILL_SHARE);
	pirq("event/pirq-huge", -1u, 0);
}

static void ask_ports(void)
{
	u32 console = tg_start_info->console.domU.evtchn;

	status("event/status-console", DOMID_SELF, console);
	send_to("event/send-console", console);
	send_to("event/send-0", 0);
	send_to("event/send-4095", 4095);
	send_to("event/send-4096", 4096);
	send_to("event/send-huge", -1u);
	unmask("event/unmask-0", 0);
	unmask("event/unmask-4095", 4095);
	unmask("event/unmask-4096", 4096);
	unmask("event/unmask-huge", -1u);
	close_port("event/close-0", 0);
	close_port("event/close-4095", 4095);
	close_port("event/close-4096", 4096);
	close_port("event/close-huge", -1u);
	status("event/status-0", DOMID_SELF, 0);
	status("event/status-4095", DOMID_SELF, 4095);
	status("event/status-4096", DOMID_SELF, 4096);
	status("event/status-huge", DOMID_SELF, -1u);
	status("event/status-of-domain-0", 0, 1);
	status("event/status-of-nobody", DOMID_NOBODY, 1);
	bind_vcpu("event/vcpu-of-0", 0, 0);
	bind_vcpu("event/vcpu-of-4096", 4096, 0);
	bind_vcpu("event/vcpu-1-of-4096", 4096, 1);
	bind_vcpu("event/vcpu-of-huge", -1u, 0);
}

static void ask_rest(void)
{
	struct evtchn_reset reset = { .dom = 0 };
	struct evtchn_init_control init = { .vcpu = 1 };
	struct evtchn_expand_array expand = { .array_gfn = NO_MFN };
	struct evtchn_set_priority priority = { .port = 4095 };
	static const char *const nowhere[] = {
		"event/bind_interdomain-nowhere", "event/bind_virq-nowhere",
		"event/bind_pirq-nowhere", "event/close-nowhere",
		"event/send-nowhere", "event/status-nowhere",
		"event/alloc_unbound-nowhere", "event/bind_ipi-nowhere",
		"event/bind_vcpu-nowhere", "event/unmask-nowhere",
		"event/reset-nowhere", "event/init_control-nowhere",
		"event/expand_array-nowhere", "event/set_priority-nowhere",
	};
	u32 cmd;

	answer("event/reset-of-domain-0", op(EVTCHNOP_reset, &reset));
	reset.dom = DOMID_NOBODY;
	answer("event/reset-of-nobody", op(EVTCHNOP_reset, &reset));
	for (cmd = 0; cmd < ARRAY_SIZE(nowhere); cmd++)
		answer(nowhere[cmd], op(cmd, (void *)TG_NOWHERE));
	answer("event/init_control-of-1", op(EVTCHNOP_init_control, &init));
	answer("event/expand_array", op(EVTCHNOP_expand_array, &expand));
	answer("event/set_priority", op(EVTCHNOP_set_priority, &priority));
	answer("event/unknown-14", op(14, &reset));
	answer("event/unknown-99", op(99, &reset));
	ASK("event/unknown-huge", event_channel_op, -1ul, &reset, 0, 0);
	ASK("event/command-of-64-bits", event_channel_op,
	    1ul << 32 | EVTCHNOP_close, TG_NOWHERE, 0, 0);
}

/* The old way: the command and its argument in one structure. */
static void ask_compat(void)
{
	struct evtchn_op old = { .cmd = EVTCHNOP_close, .u.close.port = 4095 };

	ASK("event/compat-close", event_channel_op_compat, &old, 0, 0, 0);
	ASK("event/compat-nowhere", event_channel_op_compat, TG_NOWHERE, 0, 0, 0);
	old.cmd = 99;
	ASK("event/compat-unknown", event_channel_op_compat, &old, 0, 0, 0);
}

void ask_events(void)
{
	ask_virqs();
	ask_ipis();
	ask_others_domains();
	ask_ports();
	ask_rest();
	ask_compat();
}
