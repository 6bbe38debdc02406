// SPDX-License-Identifier: GPL-2.0
/*
 * Event channels: 4096 ports of two levels, in the guest's shared_info.
 *
 * The vCPU's own thread does everything but xenpv_raise(), by which the launcher
 * raises a port from any context: it leaves a bit that the thread finds before
 * the next entry. A port that is pending already stays so: however fast somebody
 * sends, there is one event until the guest takes it. The guest may write to
 * shared_info at any moment, and only confuses itself by that.
 */
#include <linux/nospec.h>
#include <xen/interface/event_channel.h>
#include "xenpv.h"

#define NR_PIRQS	256	/* Xen's number depends on the machine */

static struct xenpv_port *port_get(struct xenpv_domain *dom, u32 port)
{
	if (port >= XENPV_PORTS)
		return NULL;
	return &dom->port[array_index_nospec(port, XENPV_PORTS)];
}

/* Port that exists and leads somewhere, or NULL. */
static struct xenpv_port *port_open(struct xenpv_domain *dom, u32 port)
{
	struct xenpv_port *p = port_get(dom, port);

	return p && p->kind > XENPV_PORT_RESERVED ? p : NULL;
}

/**
 * xenpv_port_is_open - a claim: the port leads somewhere
 * @dom: any
 * @port: any number
 */
bool xenpv_port_is_open(struct xenpv_domain *dom, u32 port)
{
	return port_open(dom, port);
}

/**
 * xenpv_port_is_pending - a claim: its pending bit is set
 * @dom: started
 * @port: below XENPV_PORTS
 */
bool xenpv_port_is_pending(struct xenpv_domain *dom, u32 port)
{
	return test_bit(port, dom->shared->evtchn_pending);
}

static struct lg_vcpu *vcpu_by_index(struct lg_vcpu *vcpu, u64 index)
{
	if (index >= LG_MAX_VCPUS)
		return NULL;
	return vcpu->guest->vcpu[array_index_nospec(index, LG_MAX_VCPUS)];
}

/* Pending and not masked: the guest's vCPU is to look. */
static void tell(struct lg_vcpu *vcpu, u32 port)
{
	struct vcpu_info *info = xenpv_vcpu(vcpu)->info;

	if (!test_and_set_bit(port / BITS_PER_LONG, &info->evtchn_pending_sel))
		WRITE_ONCE(info->evtchn_upcall_pending, 1);
}

static void set_pending(struct lg_vcpu *vcpu, u32 port)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;
	struct lg_vcpu *to = vcpu_by_index(vcpu, dom->port[port].vcpu);

	if (!to || test_and_set_bit(port, dom->shared->evtchn_pending))
		return;
	if (!test_bit(port, dom->shared->evtchn_mask))
		tell(to, port);
}

/* ---- from outside ---- */

/**
 * xenpv_events_init - the ports a guest starts with
 * @dom: new
 * @console: port below XENPV_PORTS, or 0
 * @store: the same
 */
void xenpv_events_init(struct xenpv_domain *dom, u32 console, u32 store)
{
	if (console)
		dom->port[console].kind = XENPV_PORT_LAUNCHER;
	if (store)
		dom->port[store].kind = XENPV_PORT_LAUNCHER;
	dom->port[0].kind = XENPV_PORT_RESERVED;
}

/**
 * xenpv_raise - the launcher raises a port
 * @vcpu: the first one
 * @port: below XENPV_PORTS
 *
 * Any context.
 */
void xenpv_raise(struct lg_vcpu *vcpu, unsigned int port)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;

	set_bit(port % BITS_PER_LONG, &dom->raised[port / BITS_PER_LONG]);
	smp_mb__after_atomic();	/* the words tell where to look */
	set_bit(port / BITS_PER_LONG, &dom->raised_words);
	lg_irq_raise(vcpu, XENPV_IRQ_EVENT);
}

/**
 * xenpv_raised - pass on what the launcher raised
 * @vcpu: about to run
 *
 * Ports that the guest has closed meanwhile are dropped.
 */
void xenpv_raised(struct lg_vcpu *vcpu)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;
	unsigned long words, ports;
	unsigned int word, bit;

	if (!test_bit(XENPV_IRQ_EVENT, &vcpu->irqs))
		return;
	clear_bit(XENPV_IRQ_EVENT, &vcpu->irqs);
	vcpu->irqs_seen &= ~BIT(XENPV_IRQ_EVENT);
	words = xchg(&dom->raised_words, 0);
	for_each_set_bit(word, &words, XENPV_PORT_WORDS) {
		ports = xchg(&dom->raised[word], 0);
		for_each_set_bit(bit, &ports, BITS_PER_LONG) {
			u32 port = word * BITS_PER_LONG + bit;

			if (dom->port[port].kind == XENPV_PORT_UNBOUND ||
			    dom->port[port].kind == XENPV_PORT_LAUNCHER)
				set_pending(vcpu, port);
		}
	}
}

static u32 virq_port(struct xenpv_domain *dom, u32 virq, u32 vcpu)
{
	u32 port;

	for (port = 1; port < XENPV_PORTS; port++)
		if (dom->port[port].kind == XENPV_PORT_VIRQ &&
		    dom->port[port].virq == virq &&
		    dom->port[port].vcpu == vcpu)
			return port;
	return 0;
}

/**
 * xenpv_virq - a virtual interrupt
 * @vcpu: whose
 * @virq: VIRQ_x
 */
void xenpv_virq(struct lg_vcpu *vcpu, unsigned int virq)
{
	u32 port = virq_port(xenpv_vcpu(vcpu)->dom, virq, vcpu->index);

	if (port)
		set_pending(vcpu, port);
}

/* ---- hypercalls ---- */

/* Lowest free port, taken, or -ENOSPC. */
static int port_alloc(struct xenpv_domain *dom, struct xenpv_port with)
{
	u32 port;

	for (port = 1; port < XENPV_PORTS; port++)
		if (dom->port[port].kind == XENPV_PORT_FREE) {
			dom->port[port] = with;
			return port;
		}
	return -ENOSPC;
}

static void port_close(struct xenpv_domain *dom, u32 port)
{
	dom->port[port] = (struct xenpv_port) { };
	clear_bit(port, dom->shared->evtchn_pending);
}

static bool virq_is_per_vcpu(u32 virq)
{
	return virq == VIRQ_TIMER || virq == VIRQ_DEBUG ||
	       virq == VIRQ_XENOPROF || virq == VIRQ_XENPMU;
}

static long bind_virq(struct lg_vcpu *vcpu, struct evtchn_bind_virq *b)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;
	int port;

	if (b->virq >= NR_VIRQS || (!virq_is_per_vcpu(b->virq) && b->vcpu))
		return -EINVAL;
	if (!vcpu_by_index(vcpu, b->vcpu))
		return -ENOENT;
	if (virq_port(dom, b->virq, b->vcpu))
		return -EEXIST;
	port = port_alloc(dom, (struct xenpv_port) {
		.kind = XENPV_PORT_VIRQ,
		.virq = b->virq,
		.vcpu = b->vcpu,
	});
	if (port < 0)
		return port;
	b->port = port;
	return 0;
}

/* Nobody has a port for us, not even we. */
static long bind_interdomain(struct evtchn_bind_interdomain *b)
{
	return b->remote_dom && b->remote_dom != DOMID_SELF ? -ESRCH : -EINVAL;
}

static long bind_pirq(struct evtchn_bind_pirq *b)
{
	return b->pirq < NR_PIRQS ? -EPERM : -EINVAL;
}

static long bind_ipi(struct lg_vcpu *vcpu, struct evtchn_bind_ipi *b)
{
	int port;

	if (!vcpu_by_index(vcpu, b->vcpu))
		return -ENOENT;
	port = port_alloc(xenpv_vcpu(vcpu)->dom, (struct xenpv_port) {
		.kind = XENPV_PORT_IPI,
		.vcpu = b->vcpu,
	});
	if (port < 0)
		return port;
	b->port = port;
	return 0;
}

static long alloc_unbound(struct lg_vcpu *vcpu, struct evtchn_alloc_unbound *b)
{
	int port;

	if (b->dom != DOMID_SELF)
		return xenpv_other_domain(b->dom);
	port = port_alloc(xenpv_vcpu(vcpu)->dom, (struct xenpv_port) {
		.kind = XENPV_PORT_UNBOUND,
		.remote = b->remote_dom,
	});
	if (port < 0)
		return port;
	b->port = port;
	return 0;
}

static long do_close(struct lg_vcpu *vcpu, struct evtchn_close *c)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;

	if (!port_open(dom, c->port))
		return -EINVAL;
	port_close(dom, array_index_nospec(c->port, XENPV_PORTS));
	return 0;
}

static long do_send(struct lg_vcpu *vcpu, struct evtchn_send *s)
{
	struct xenpv_port *p = port_open(xenpv_vcpu(vcpu)->dom, s->port);

	if (!p)
		return -EINVAL;
	switch (p->kind) {
	case XENPV_PORT_UNBOUND:
	case XENPV_PORT_LAUNCHER:
		if (lg_doorbell_ring(vcpu->guest, s->port, 0))
			lg_count(vcpu, LG_STAT_DOORBELL);
		return 0;
	case XENPV_PORT_IPI:
		set_pending(vcpu, array_index_nospec(s->port, XENPV_PORTS));
		return 0;
	default:
		return -EINVAL;
	}
}

static long do_status(struct lg_vcpu *vcpu, struct evtchn_status *s)
{
	struct xenpv_port *p = port_get(xenpv_vcpu(vcpu)->dom, s->port);

	if (s->dom != DOMID_SELF)
		return xenpv_other_domain(s->dom);
	if (!p)
		return -EINVAL;
	s->vcpu = p->vcpu;
	switch (p->kind) {
	case XENPV_PORT_UNBOUND:
		s->status = EVTCHNSTAT_unbound;
		s->u.unbound.dom = p->remote;
		break;
	case XENPV_PORT_LAUNCHER:
		s->status = EVTCHNSTAT_interdomain;
		s->u.interdomain.dom = 0;
		s->u.interdomain.port = s->port;
		break;
	case XENPV_PORT_VIRQ:
		s->status = EVTCHNSTAT_virq;
		s->u.virq = p->virq;
		break;
	case XENPV_PORT_IPI:
		s->status = EVTCHNSTAT_ipi;
		break;
	default:
		s->status = EVTCHNSTAT_closed;
		break;
	}
	return 0;
}

static long bind_vcpu(struct lg_vcpu *vcpu, struct evtchn_bind_vcpu *b)
{
	struct xenpv_port *p = port_open(xenpv_vcpu(vcpu)->dom, b->port);

	if (!vcpu_by_index(vcpu, b->vcpu))
		return -ENOENT;
	if (!p || p->kind == XENPV_PORT_IPI ||
	    (p->kind == XENPV_PORT_VIRQ && virq_is_per_vcpu(p->virq)))
		return -EINVAL;
	p->vcpu = b->vcpu;
	return 0;
}

static long do_unmask(struct lg_vcpu *vcpu, struct evtchn_unmask *u)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;
	struct xenpv_port *p = port_get(dom, u->port);
	struct lg_vcpu *to;
	u32 port;

	if (!p)
		return -EINVAL;
	port = array_index_nospec(u->port, XENPV_PORTS);
	to = vcpu_by_index(vcpu, p->vcpu);
	if (to && test_and_clear_bit(port, dom->shared->evtchn_mask) &&
	    test_bit(port, dom->shared->evtchn_pending))
		tell(to, port);
	return 0;
}

static long do_reset(struct lg_vcpu *vcpu, struct evtchn_reset *r)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;
	u32 port;

	if (r->dom != DOMID_SELF)
		return xenpv_other_domain(r->dom);
	for (port = 1; port < XENPV_PORTS; port++)
		if (dom->port[port].kind != XENPV_PORT_FREE)
			port_close(dom, port);
	return 0;
}

union event_arg {
	struct evtchn_bind_interdomain bind_interdomain;
	struct evtchn_bind_pirq bind_pirq;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_close close;
	struct evtchn_send send;
	struct evtchn_status status;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_unmask unmask;
	struct evtchn_reset reset;
};

static long do_event_op(struct lg_vcpu *vcpu, u64 cmd, union event_arg *arg)
{
	switch (cmd) {
	case EVTCHNOP_bind_interdomain:
		return bind_interdomain(&arg->bind_interdomain);
	case EVTCHNOP_bind_pirq:
		return bind_pirq(&arg->bind_pirq);
	case EVTCHNOP_bind_virq:
		return bind_virq(vcpu, &arg->bind_virq);
	case EVTCHNOP_bind_ipi:
		return bind_ipi(vcpu, &arg->bind_ipi);
	case EVTCHNOP_alloc_unbound:
		return alloc_unbound(vcpu, &arg->alloc_unbound);
	case EVTCHNOP_close:
		return do_close(vcpu, &arg->close);
	case EVTCHNOP_send:
		return do_send(vcpu, &arg->send);
	case EVTCHNOP_status:
		return do_status(vcpu, &arg->status);
	case EVTCHNOP_bind_vcpu:
		return bind_vcpu(vcpu, &arg->bind_vcpu);
	case EVTCHNOP_unmask:
		return do_unmask(vcpu, &arg->unmask);
	default:
		return do_reset(vcpu, &arg->reset);
	}
}

/* Bytes of the argument, 0 for what we do not do. */
static size_t event_arg_bytes(u64 cmd)
{
	switch (cmd) {
	case EVTCHNOP_bind_interdomain:
		return sizeof(struct evtchn_bind_interdomain);
	case EVTCHNOP_bind_pirq:
		return sizeof(struct evtchn_bind_pirq);
	case EVTCHNOP_bind_virq:
		return sizeof(struct evtchn_bind_virq);
	case EVTCHNOP_bind_ipi:
		return sizeof(struct evtchn_bind_ipi);
	case EVTCHNOP_alloc_unbound:
		return sizeof(struct evtchn_alloc_unbound);
	case EVTCHNOP_close:
		return sizeof(struct evtchn_close);
	case EVTCHNOP_send:
		return sizeof(struct evtchn_send);
	case EVTCHNOP_status:
		return sizeof(struct evtchn_status);
	case EVTCHNOP_bind_vcpu:
		return sizeof(struct evtchn_bind_vcpu);
	case EVTCHNOP_unmask:
		return sizeof(struct evtchn_unmask);
	case EVTCHNOP_reset:
		return sizeof(struct evtchn_reset);
	default:
		return 0;
	}
}

static bool event_has_result(u64 cmd)
{
	return cmd == EVTCHNOP_bind_virq || cmd == EVTCHNOP_bind_ipi ||
	       cmd == EVTCHNOP_alloc_unbound || cmd == EVTCHNOP_status;
}

/**
 * xenpv_event_channel_op - event_channel_op
 * @vcpu: running guest
 * @cmd: EVTCHNOP_x
 * @gva: its argument, for both ways
 *
 * Other domains and physical interrupts do not exist; FIFO channels we do
 * not offer. Returns 0 or a negative error number.
 */
long xenpv_event_channel_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva)
{
	union event_arg arg = { };
	size_t bytes = event_arg_bytes(cmd);
	long rc;

	if (!bytes)
		return -ENOSYS;
	if (lg_shadow_read(vcpu, gva, &arg, bytes))
		return -EFAULT;
	rc = do_event_op(vcpu, cmd, &arg);
	if (!rc && event_has_result(cmd) &&
	    lg_shadow_write(vcpu, gva, &arg, bytes))
		return -EFAULT;
	return rc;
}

/**
 * xenpv_event_channel_op_compat - the same as it was before
 * @vcpu: running guest
 * @gva: command and argument
 *
 * Returns 0 or a negative error number.
 */
long xenpv_event_channel_op_compat(struct lg_vcpu *vcpu, u64 gva)
{
	u32 cmd;

	if (lg_shadow_read(vcpu, gva, &cmd, sizeof(cmd)))
		return -EFAULT;
	if (cmd > EVTCHNOP_unmask)
		return -ENOSYS;
	return xenpv_event_channel_op(vcpu, cmd,
				      gva + offsetof(struct evtchn_op, u));
}
