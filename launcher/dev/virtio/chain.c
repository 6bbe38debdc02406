// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of a request, wherever its buffers are cut: virtio 1.0 lets the driver
 * cut them as it likes.
 */
#include "dev/virtio/virtio.h"

#include <string.h>

size_t chain_read(const struct chain *chain, size_t offset, void *buf,
		  size_t len)
{
	const struct iovec *iov = chain->iov;
	size_t done = 0;

	for (unsigned int i = 0; i < chain->out && done < len; i++) {
		size_t n = iov[i].iov_len;

		if (offset >= n) {
			offset -= n;
			continue;
		}
		n -= offset;
		if (n > len - done)
			n = len - done;
		memcpy((u8 *)buf + done, (u8 *)iov[i].iov_base + offset, n);
		done += n;
		offset = 0;
	}
	return done;
}

size_t chain_write(const struct chain *chain, size_t offset, const void *buf,
		   size_t len)
{
	const struct iovec *iov = chain->iov + chain->out;
	size_t done = 0;

	for (unsigned int i = 0; i < chain->in && done < len; i++) {
		size_t n = iov[i].iov_len;

		if (offset >= n) {
			offset -= n;
			continue;
		}
		n -= offset;
		if (n > len - done)
			n = len - done;
		memcpy((u8 *)iov[i].iov_base + offset, (const u8 *)buf + done,
		       n);
		done += n;
		offset = 0;
	}
	return done;
}
