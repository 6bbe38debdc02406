// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which backend a --console names, and the write they have in common.
 */
#include "backend/backend.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "report.h"

static const struct backend_ops *const backends[] = {
	&backend_tty,
	&backend_file,
	&backend_null,
};

int backend_open(struct backend *backend, const char *spec)
{
	size_t len = strcspn(spec, ":");
	const char *arg = spec[len] ? spec + len + 1 : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		if (strlen(backends[i]->name) != len ||
		    memcmp(backends[i]->name, spec, len))
			continue;
		backend->ops = backends[i];
		backend->fd = -1;
		return backend->ops->open(backend, arg);
	}
	return complain(STATUS_USAGE,
			"--console %s: unknown; use tty, file:PATH or null",
			spec);
}

/*
 * Wait for a reader that is slow, but not while we are asked to stop: the
 * signal that ends LG_RUN ends these waits, too.
 */
static ssize_t backend_write_some(int fd, const void *buf, size_t len)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	for (;;) {
		n = write(fd, buf, len);
		if (n >= 0 || loop_stopping())
			return n;
		if (errno == EAGAIN)
			poll(&writable, 1, -1);
		else if (errno != EINTR)
			return n;
	}
}

bool backend_write_fd(struct backend *backend, int fd, const void *buf,
		      size_t len)
{
	while (len && !backend->failed) {
		ssize_t n = backend_write_some(fd, buf, len);

		if (n < 0 && loop_stopping())
			return false;
		if (n < 0) {
			backend->failed = true;
			note("%s: console output is lost from here on: %s",
			     backend->ops->name, strerror(errno));
			break;
		}
		buf = (const u8 *)buf + n;
		len -= (size_t)n;
	}
	return !backend->failed;
}
