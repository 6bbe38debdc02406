/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_UART_H
#define LAUNCHER_DEV_UART_H

#include "types.h"

#define UART_PORT_FIRST		0x3f8
#define UART_PORT_LAST		0x3ff

struct backend;

void uart_port(struct backend *out, u16 port, u8 size, bool write, u32 *val);

#endif
