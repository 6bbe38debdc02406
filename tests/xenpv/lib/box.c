// SPDX-License-Identifier: GPL-2.0
/*
 * What leaves the guest: text; wishes and the verdict through the box (tg-box.h).
 * Where nobody wants text by hypercall, it goes through the console ring: Xen
 * refuses it from all domains but 0.
 */
#include "tg.h"

#include <xen/io/console.h>

static bool in_use;
static char ring_page[TG_PAGE] __attribute__((aligned(4096)));

static struct xencons_interface *ring(void)
{
	static bool mapped;

	if (!mapped)
		mapped = !tg_va_mapping((u64)ring_page,
					tg_pte(tg_start_info->console.domU.mfn,
					       TG_RW), UVMF_INVLPG);
	return mapped ? (void *)ring_page : NULL;
}

static void ring_write(const char *text, size_t len)
{
	volatile struct xencons_interface *r = ring();
	u32 at;

	if (!r)
		return;
	in_use = true;
	while (len) {
		at = r->out_prod;
		for (; len && at - r->out_cons < sizeof(r->out); len--)
			r->out[MASK_XENCONS_IDX(at++, r->out)] = *text++;
		barrier();
		r->out_prod = at;
		tg_send(tg_start_info->console.domU.evtchn);
		if (len)
			tg_hcall(sched_op, SCHEDOP_yield, 0, 0, 0);
	}
}

/* What is still in the ring when the domain ends is lost. */
static void ring_wait(void)
{
	volatile struct xencons_interface *r = ring();

	while (r && r->out_cons != r->out_prod)
		tg_hcall(sched_op, SCHEDOP_yield, 0, 0, 0);
}

void tg_console(const char *text, size_t len)
{
	if (tg_hcall(console_io, CONSOLEIO_write, len, text, 0))
		ring_write(text, len);
}

u64 tg_ask(u32 op, u64 arg)
{
	static const char ring[1];

	if (!tg_box) {
		tg_skip("nobody answers here");
		tg_exit();
	}
	tg_box->op = op;
	tg_box->arg = arg;
	tg_console(ring, sizeof(ring));
	return tg_box->result;
}

/* The domain powers off for SUCCESS and says that it crashed for the others. */
void tg_leave(const char *reason, bool success)
{
	struct sched_shutdown s = {
		success ? SHUTDOWN_poweroff : SHUTDOWN_crash
	};

	if (tg_box)
		memcpy((char *)tg_box->verdict, reason, TG_REASON_BYTES);
	else
		tg_printf("%s\n", reason);
	if (in_use)
		ring_wait();
	tg_hcall(sched_op, SCHEDOP_shutdown, &s, 0, 0);
	for (;;)
		;
}
