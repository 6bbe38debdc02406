// SPDX-License-Identifier: GPL-2.0
/* Event channels of two levels, system time, and the timer. */
#include "tg.h"

void (*tg_event_hook)(u32 port, struct tg_regs *regs);
volatile u64 tg_event_count[EVTCHN_2L_NR_CHANNELS];
volatile u64 tg_upcalls;

long tg_event_op(u32 cmd, void *arg)
{
	return tg_hcall(event_channel_op, cmd, arg, 0, 0);
}

static u32 bound(long rc, u32 port, const char *what)
{
	if (rc) {
		tg_failure("%s: %ld", what, rc);
		tg_exit();
	}
	return port;
}

u32 tg_bind_virq(u32 virq)
{
	struct evtchn_bind_virq b = { .virq = virq };
	long rc = tg_event_op(EVTCHNOP_bind_virq, &b);

	return bound(rc, b.port, "bind_virq");
}

u32 tg_bind_ipi(void)
{
	struct evtchn_bind_ipi b = { .vcpu = 0 };
	long rc = tg_event_op(EVTCHNOP_bind_ipi, &b);

	return bound(rc, b.port, "bind_ipi");
}

long tg_send(u32 port)
{
	struct evtchn_send s = { .port = port };

	return tg_event_op(EVTCHNOP_send, &s);
}

void tg_port_unmask(u32 port)
{
	struct evtchn_unmask u = { .port = port };
	long rc = tg_event_op(EVTCHNOP_unmask, &u);

	if (rc)
		tg_failure("unmask of %u: %ld", port, rc);
}

void tg_port_mask(u32 port)
{
	__atomic_fetch_or(&tg_shared->evtchn_mask[port / 64], 1ul << port % 64,
			  __ATOMIC_SEQ_CST);
}

void tg_events_on(void)
{
	ONCE(tg_info()->evtchn_upcall_mask) = 0;
	barrier();
	if (ONCE(tg_info()->evtchn_upcall_pending))
		tg_hcall(xen_version, 0, 0, 0, 0);
}

void tg_events_off(void)
{
	ONCE(tg_info()->evtchn_upcall_mask) = 1;
	barrier();
}

static void one_event(u32 port, struct tg_regs *regs)
{
	__atomic_fetch_and(&tg_shared->evtchn_pending[port / 64],
			   ~(1ul << port % 64), __ATOMIC_SEQ_CST);
	tg_event_count[port]++;
	if (tg_event_hook)
		tg_event_hook(port, regs);
}

void tg_upcall(struct tg_regs *regs)
{
	u64 words, bits;
	u32 w, b;

	tg_upcalls++;
	ONCE(tg_info()->evtchn_upcall_pending) = 0;
	words = __atomic_exchange_n(&tg_info()->evtchn_pending_sel, 0,
				    __ATOMIC_SEQ_CST);
	for (w = 0; w < 64; w++) {
		if (!(words >> w & 1))
			continue;
		bits = ONCE(tg_shared->evtchn_pending[w]) &
		       ~ONCE(tg_shared->evtchn_mask[w]);
		for (b = 0; b < 64; b++)
			if (bits >> b & 1)
				one_event(w * 64 + b, regs);
	}
}

u64 tg_now(void)
{
	volatile struct vcpu_time_info *t = &tg_info()->time;
	u64 delta, ns;
	u32 version;

	do {
		version = t->version;
		barrier();
		delta = tg_rdtsc() - t->tsc_timestamp;
		if (t->tsc_shift < 0)
			delta >>= -t->tsc_shift;
		else
			delta <<= t->tsc_shift;
		ns = ((unsigned __int128)delta * t->tsc_to_system_mul) >> 32;
		ns += t->system_time;
		barrier();
	} while (version & 1 || version != t->version);
	return ns;
}

u32 tg_timer_port(void)
{
	static u32 port;

	if (!port) {
		port = tg_bind_virq(VIRQ_TIMER);
		tg_port_unmask(port);
	}
	return port;
}

/* Until the timer, or another event. */
void tg_sleep(u64 ns)
{
	struct vcpu_set_singleshot_timer s = { .timeout_abs_ns = tg_now() + ns };

	tg_events_off();
	tg_timer_port();
	tg_hcall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &s, 0);
	tg_hcall(sched_op, SCHEDOP_block, 0, 0, 0);
	tg_events_off();
}
