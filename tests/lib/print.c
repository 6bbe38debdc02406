// SPDX-License-Identifier: GPL-2.0
/*
 * Text out of the guest, byte by byte through the transmit half of a UART at
 * 0x3f8, with as much of printf() as tests need: %c %s %d %u %x %p, a width,
 * 0 and #.
 */
#include "tg.h"

#define UART	0x3f8

struct buffer {
	char *at;
	char *end;
};

static void put(struct buffer *b, char c)
{
	if (b->at < b->end)
		*b->at++ = c;
}

static void put_number(struct buffer *b, u32 value, u32 base, int width,
		       char pad)
{
	char digits[12];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (; width > n; width--)
		put(b, pad);
	while (n)
		put(b, digits[--n]);
}

static void put_signed(struct buffer *b, int value, int width, char pad)
{
	if (value < 0)
		put(b, '-');
	put_number(b, value < 0 ? -(u32)value : (u32)value, 10, width, pad);
}

static void put_string(struct buffer *b, const char *s)
{
	while (*s)
		put(b, *s++);
}

static void put_hex(struct buffer *b, u32 value, bool sharp, int width, char pad)
{
	if (sharp)
		put_string(b, "0x");
	put_number(b, value, 16, width, pad);
}

void tg_vsnprintf(char *to, size_t size, const char *fmt, va_list ap)
{
	struct buffer b = { to, to + size - 1 };

	for (; *fmt; fmt++) {
		bool sharp = false;
		char pad = ' ';
		int width = 0;

		if (*fmt != '%') {
			put(&b, *fmt);
			continue;
		}
		for (fmt++; *fmt == '#' || *fmt == '0' || *fmt == 'l'; fmt++) {
			sharp |= *fmt == '#';
			pad = *fmt == '0' ? '0' : pad;
		}
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + *fmt++ - '0';
		switch (*fmt) {
		case 'c':
			put(&b, va_arg(ap, int));
			break;
		case 's':
			put_string(&b, va_arg(ap, const char *));
			break;
		case 'd':
			put_signed(&b, va_arg(ap, int), width, pad);
			break;
		case 'u':
			put_number(&b, va_arg(ap, u32), 10, width, pad);
			break;
		case 'p':
			sharp = true;
			/* fallthrough */
		case 'x':
			put_hex(&b, va_arg(ap, u32), sharp, width, pad);
			break;
		default:
			put(&b, *fmt);
		}
	}
	*b.at = 0;
}

void tg_printf(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	char *c;

	va_start(ap, fmt);
	tg_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (c = text; *c; c++)
		tg_outb(UART, *c);
}
