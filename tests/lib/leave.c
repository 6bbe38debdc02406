// SPDX-License-Identifier: GPL-2.0
/*
 * What leaves the guest: text, byte by byte through the transmit half of a UART,
 * and the verdict as the text of the SHUTDOWN hypercall: a clean power-off for
 * SUCCESS, a crash for the others, so that whatever runs the guest has it
 * without looking at the console.
 */
#include "tg.h"

#define UART	0x3f8

_Static_assert(TG_REASON_BYTES == LG32_TEXT_BYTES, "all of it is told");

void tg_console(const char *text, size_t len)
{
	while (len--)
		tg_outb(UART, *text++);
}

void tg_leave(const char *reason, bool success)
{
	tg_hcall(LG32_SHUTDOWN, tg_gpa(reason), success ? LG32_POWEROFF : 0, 0,
		 0);
	for (;;)
		;
}
