// SPDX-License-Identifier: GPL-2.0
/* What leaves the guest: text; wishes and the verdict through the box (tg-box.h). */
#include "tg.h"

void tg_console(const char *text, size_t len)
{
	tg_hcall(console_io, CONSOLEIO_write, len, text, 0);
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
	tg_hcall(sched_op, SCHEDOP_shutdown, &s, 0, 0);
	for (;;)
		;
}
