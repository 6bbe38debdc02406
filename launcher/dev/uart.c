// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Half a serial port: what a kernel's first words need, and nothing that
 * would make a driver believe there is one.  It can always take a byte, and
 * what it is given goes where the first console goes.
 */
#include "dev/uart.h"

#include "backend/backend.h"

#define UART_THR	0x3f8
#define UART_LSR	0x3fd
#define UART_LSR_EMPTY	0x60

void uart_port(struct backend *out, u16 port, u8 size, bool write, u32 *val)
{
	u8 byte = (u8)*val;

	if (size != 1)
		return;
	if (write && port == UART_THR)
		out->ops->write(out, &byte, 1);
	else if (!write && port == UART_LSR)
		*val = UART_LSR_EMPTY;
}
