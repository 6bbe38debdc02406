// SPDX-License-Identifier: GPL-2.0
/*
 * Text out of the guest, with as much of printf() as tests need:
 * %c %s %d %u %x %p, `l`, a width, 0 and #.
 */
#include <tg.h>

struct buffer {
	char *at;
	char *end;
};

static void put(struct buffer *b, char c)
{
	if (b->at < b->end)
		*b->at++ = c;
}

static void put_number(struct buffer *b, unsigned long value, u32 base, int width,
		       char pad)
{
	char digits[24];
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

static void put_signed(struct buffer *b, long value, int width, char pad)
{
	if (value < 0)
		put(b, '-');
	put_number(b, value < 0 ? -(unsigned long)value : (unsigned long)value, 10, width, pad);
}

static void put_string(struct buffer *b, const char *s)
{
	while (*s)
		put(b, *s++);
}

/**
 * struct spec - one conversion
 * @sharp: `#`
 * @wide: `l`
 * @pad: what fills the width
 * @width: as given
 */
struct spec {
	bool sharp, wide;
	char pad;
	int width;
};

static const char *parse(const char *fmt, struct spec *s)
{
	*s = (struct spec) { .pad = ' ' };
	for (; *fmt == '#' || *fmt == '0'; fmt++) {
		s->sharp |= *fmt == '#';
		s->pad = *fmt == '0' ? '0' : s->pad;
	}
	while (*fmt >= '0' && *fmt <= '9')
		s->width = s->width * 10 + *fmt++ - '0';
	for (; *fmt == 'l'; fmt++)
		s->wide = true;
	return fmt;
}

void tg_vsnprintf(char *to, size_t size, const char *fmt, va_list ap)
{
	struct buffer b = { to, to + size - 1 };
	struct spec s;

	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&b, *fmt);
			continue;
		}
		fmt = parse(fmt + 1, &s);
		switch (*fmt) {
		case 'c':
			put(&b, va_arg(ap, int));
			break;
		case 's':
			put_string(&b, va_arg(ap, const char *));
			break;
		case 'd':
			put_signed(&b, s.wide ? va_arg(ap, long) : va_arg(ap, int),
				   s.width, s.pad);
			break;
		case 'u':
			put_number(&b, s.wide ? va_arg(ap, unsigned long) : va_arg(ap, u32),
				   10, s.width, s.pad);
			break;
		case 'p':
			s.sharp = true;
			s.wide = true;
			/* fallthrough */
		case 'x':
			if (s.sharp)
				put_string(&b, "0x");
			put_number(&b, s.wide ? va_arg(ap, unsigned long) : va_arg(ap, u32),
				   16, s.width, s.pad);
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
	size_t len = 0;
	va_list ap;

	va_start(ap, fmt);
	tg_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	while (text[len])
		len++;
	tg_console(text, len);
}
