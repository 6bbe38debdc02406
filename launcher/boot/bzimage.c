// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bzImage kernels: find the compressed payload behind the setup header and
 * unpack it.  What comes out is the ELF kernel that the image would have
 * unpacked for itself, had it been started; doing it here is faster than in
 * the guest, and lets us look at the kernel before it runs.
 */
#include "boot/boot.h"

#include <asm/bootparam.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define SETUP_HEADER_OFFSET	offsetof(struct boot_params, hdr)
#define SETUP_MAGIC		0x53726448	/* "HdrS" */
#define SETUP_PAYLOAD_VERSION	0x0208		/* first to name the payload */
#define SETUP_64BIT_VERSION	0x020c		/* first to tell 64-bit kernels */
#define SECTOR_BYTES		512
#define PAYLOAD_MAX		(128u * MIB)
#define KERNEL_MAX		(512u * MIB)

static bool bzimage_header(const struct image *image, struct setup_header *hdr)
{
	return !image_read(image, SETUP_HEADER_OFFSET, hdr, sizeof(*hdr)) &&
	       hdr->boot_flag == 0xaa55 && hdr->header == SETUP_MAGIC;
}

bool bzimage_is_bzimage(const struct image *image)
{
	struct setup_header hdr;

	return bzimage_header(image, &hdr);
}

bool bzimage_is_64bit(const struct image *image)
{
	struct setup_header hdr;

	return bzimage_header(image, &hdr) &&
	       hdr.version >= SETUP_64BIT_VERSION &&
	       (hdr.xloadflags & XLF_KERNEL_64);
}

static int bzimage_check(const struct image *image,
			 const struct setup_header *hdr)
{
	if (hdr->version < SETUP_PAYLOAD_VERSION)
		return complain(STATUS_DATA,
				"%s: too old a kernel image (boot protocol %u.%02u, need 2.08); use its vmlinux",
				image->path, hdr->version >> 8,
				hdr->version & 0xff);
	if (hdr->payload_length <= sizeof(u32) ||
	    hdr->payload_length > PAYLOAD_MAX)
		return complain(STATUS_DATA, "%s: damaged: payload of %u bytes",
				image->path, hdr->payload_length);
	return 0;
}

/* The last word of the payload is the size of what is packed in it. */
static int bzimage_unpack_payload(const struct image *image, const u8 *payload,
				  u32 length, u64 limit, struct image *elf)
{
	const char *why;
	u32 size;

	memcpy(&size, payload + length - sizeof(size), sizeof(size));
	size = le32toh(size);
	if (!size || size > KERNEL_MAX)
		return complain(STATUS_DATA,
				"%s: damaged: unpacks to %u bytes",
				image->path, size);
	if (size > limit)
		return complain(STATUS_DATA,
				"%s: does not fit: it unpacks to %uM, too much for the guest's memory; use a larger --memory",
				image->path, size / MIB);
	elf->path = image->path;
	elf->fd = -1;
	elf->size = size;
	elf->data = unpack(payload, length, size, &why);
	if (!elf->data)
		return complain(STATUS_DATA, "%s: cannot unpack: %s",
				image->path, why);
	return 0;
}

/* Returns 0 or an exit status, the reason said. */
int bzimage_unpack(const struct image *image, u64 limit, struct image *elf)
{
	struct setup_header hdr;
	u8 *payload;
	u64 offset;
	int status, err;

	if (!bzimage_header(image, &hdr))
		return complain(STATUS_DATA, "%s: not a kernel", image->path);
	status = bzimage_check(image, &hdr);
	if (status)
		return status;
	payload = malloc(hdr.payload_length);
	if (!payload)
		return complain(STATUS_HOST, "%s: out of memory", image->path);
	offset = ((hdr.setup_sects ? hdr.setup_sects : 4) + 1u) * SECTOR_BYTES +
		 (u64)hdr.payload_offset;
	err = image_read(image, offset, payload, hdr.payload_length);
	if (err == -ENODATA)
		status = complain(STATUS_DATA,
				  "%s: truncated: the file ends inside the kernel",
				  image->path);
	else if (err)
		status = complain(STATUS_INPUT, "%s: cannot read: %s",
				  image->path, strerror(-err));
	else
		status = bzimage_unpack_payload(image, payload,
						hdr.payload_length, limit, elf);
	free(payload);
	return status;
}
