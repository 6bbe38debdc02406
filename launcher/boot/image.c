// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of a kernel, wherever they are: in a file, or in memory after
 * unpacking.  The file may be anything, and may change while we read it:
 * callers copy what they check.
 */
#include "boot/boot.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

/* Take over @fd for reading; it stays the caller's to close. */
int image_open(struct image *image, const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return complain(STATUS_INPUT, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return complain(STATUS_INPUT, "%s: not a regular file", path);
	image->path = path;
	image->fd = fd;
	image->data = NULL;
	image->size = (u64)st.st_size;
	return 0;
}

/* All @len bytes or an error: 0, -ENODATA past the end, -errno. */
int image_read(const struct image *image, u64 offset, void *buf, size_t len)
{
	u8 *to = buf;

	if (offset > image->size || len > image->size - offset)
		return -ENODATA;
	if (image->fd < 0) {
		memcpy(buf, image->data + offset, len);
		return 0;
	}
	while (len) {
		ssize_t n = pread(image->fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		to += n;
		offset += (u64)n;
		len -= (size_t)n;
	}
	return 0;
}

void image_close(struct image *image)
{
	if (image->data)
		munmap(image->data, image->size);
	image->data = NULL;
}
