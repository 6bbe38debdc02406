// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unpacking a compressed kernel, in a cage: its only way to us is a mapping of
 * exactly the size that was announced.
 */
#include "boot/boot.h"

#include <bzlib.h>
#include <endian.h>
#include <errno.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

#include "boot/cage.h"

#define UNPACK_MEMORY		(256u * MIB)	/* the xz dictionary */
#define LZ4_BLOCK_BYTES		(8u * MIB)	/* of the format's old form */

/**
 * struct packed - one unpacking
 * @in: packed bytes, then the four bytes of announced size
 * @in_size: bytes
 * @out: where they go
 * @out_size: bytes announced: the result must be that long
 */
struct packed {
	const u8 *in;
	size_t in_size;
	u8 *out;
	size_t out_size;
};

static bool unpack_gzip(const struct packed *p)
{
	z_stream z = {
		.next_in = (u8 *)p->in,
		.avail_in = p->in_size,
		.next_out = p->out,
		.avail_out = p->out_size,
	};

	return inflateInit2(&z, 16 + MAX_WBITS) == Z_OK &&
	       inflate(&z, Z_FINISH) == Z_STREAM_END && !z.avail_out;
}

static bool unpack_bzip2(const struct packed *p)
{
	unsigned int len = p->out_size;

	return BZ2_bzBuffToBuffDecompress((char *)p->out, &len, (char *)p->in,
					  p->in_size, 0, 0) == BZ_OK &&
	       len == p->out_size;
}

/* Both .xz and the older .lzma. */
static bool unpack_lzma(const struct packed *p)
{
	lzma_stream z = LZMA_STREAM_INIT;

	if (lzma_auto_decoder(&z, UNPACK_MEMORY, 0) != LZMA_OK)
		return false;
	z.next_in = p->in;
	z.avail_in = p->in_size;
	z.next_out = p->out;
	z.avail_out = p->out_size;
	if (lzma_code(&z, LZMA_RUN) == LZMA_STREAM_END)
		return !z.avail_out;
	/* .lzma may not say where it ends: then being full is being done. */
	return p->in[0] == 0x5d && !z.avail_out;
}

static bool unpack_zstd(const struct packed *p)
{
	size_t len = ZSTD_findFrameCompressedSize(p->in, p->in_size);

	return !ZSTD_isError(len) &&
	       ZSTD_decompress(p->out, p->out_size, p->in, len) == p->out_size;
}

/* The kernel uses the old form: a magic, then {size, block} until the end. */
static bool unpack_lz4(const struct packed *p)
{
	size_t in = sizeof(u32), out = 0;

	while (out < p->out_size && in + sizeof(u32) <= p->in_size) {
		size_t room = p->out_size - out;
		u32 size;
		int n;

		memcpy(&size, p->in + in, sizeof(size));
		size = le32toh(size);
		in += sizeof(size);
		if (size > p->in_size - in || size > INT32_MAX)
			return false;
		if (room > LZ4_BLOCK_BYTES)
			room = LZ4_BLOCK_BYTES;
		n = LZ4_decompress_safe((const char *)p->in + in,
					(char *)p->out + out, (int)size,
					(int)room);
		if (n <= 0)
			return false;
		in += size;
		out += (size_t)n;
	}
	return out == p->out_size;
}

/* The new form, which says by itself where it ends. */
static bool unpack_lz4_frame(const struct packed *p)
{
	LZ4F_dctx *context;
	size_t in = 0, out = 0, more = 1;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&context,
							 LZ4F_VERSION)))
		return false;
	while (more) {
		size_t taken = p->in_size - in, made = p->out_size - out;

		more = LZ4F_decompress(context, p->out + out, &made, p->in + in,
				       &taken, NULL);
		if (LZ4F_isError(more) || (!taken && !made))
			return false;
		in += taken;
		out += made;
	}
	return out == p->out_size;
}

static const struct format {
	const char *name;
	u8 magic[6];
	u8 magic_len;
	bool (*unpack)(const struct packed *p);
} formats[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, unpack_gzip },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, unpack_bzip2 },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unpack_lzma },
	{ "lzma", { 0x5d, 0, 0 }, 3, unpack_lzma },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, unpack_lz4 },
	{ "lz4 frame", { 0x04, 0x22, 0x4d, 0x18 }, 4, unpack_lz4_frame },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd },
};

static const struct format *unpack_format(const u8 *in, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (size > formats[i].magic_len &&
		    !memcmp(in, formats[i].magic, formats[i].magic_len))
			return &formats[i];
	return NULL;
}

u8 *unpack(const u8 *in, size_t size, size_t out_size, const char **why)
{
	const struct format *format = unpack_format(in, size);
	struct packed p = { in, size, NULL, out_size };
	pid_t pid;

	if (!format) {
		*why = "unknown compression (known: gzip bzip2 xz lzma lz4 zstd)";
		return NULL;
	}
	p.out = mmap(NULL, out_size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p.out == MAP_FAILED) {
		*why = strerror(errno);
		return NULL;
	}
	pid = cage_fork();
	if (pid == 0)
		cage_exit(format->unpack(&p));
	*why = cage_wait(pid);
	if (!*why)
		return p.out;
	munmap(p.out, out_size);
	return NULL;
}
