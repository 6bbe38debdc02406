// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of a request, wherever its buffers are cut: virtio 1.0 lets the driver
 * cut them as it likes.
 */
#include "dev/virtio/virtio.h"

#include <string.h>

/* From @offset of the pieces on; returns the bytes there were. */
static size_t chain_copy(const struct iovec *iov, unsigned int count,
			 size_t offset, u8 *buf, size_t len, bool write)
{
	size_t done = 0;

	for (unsigned int i = 0; i < count && done < len; i++) {
		size_t n = iov[i].iov_len;
		u8 *at;

		if (offset >= n) {
			offset -= n;
			continue;
		}
		at = (u8 *)iov[i].iov_base + offset;
		n -= offset;
		if (n > len - done)
			n = len - done;
		memcpy(write ? at : buf + done, write ? buf + done : at, n);
		done += n;
		offset = 0;
	}
	return done;
}

size_t chain_read(const struct chain *chain, size_t offset, void *buf,
		  size_t len)
{
	return chain_copy(chain->iov, chain->out, offset, buf, len, false);
}

size_t chain_write(const struct chain *chain, size_t offset, const void *buf,
		   size_t len)
{
	return chain_copy(chain->iov + chain->out, chain->in, offset,
			  (u8 *)buf, len, true);
}
