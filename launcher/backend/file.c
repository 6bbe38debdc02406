// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A console that is written to a file (or a device, or a FIFO) and never read.
 */
#include "backend/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

static int file_open(struct backend *backend, const char *arg)
{
	if (!arg || !*arg)
		return complain(STATUS_USAGE, "--console file:PATH needs a path");
	backend->fd = open(arg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
			   O_NOCTTY, 0666);
	if (backend->fd < 0)
		return complain(errno == EACCES ? STATUS_PERM : STATUS_HOST,
				"%s: cannot write this console file: %s", arg,
				strerror(errno));
	return 0;
}

static int file_start(struct backend *backend)
{
	(void)backend;
	return 0;
}

static void file_write(struct backend *backend, const void *buf, size_t len)
{
	backend_write_fd(backend, backend->fd, buf, len);
}

static void file_resume(struct backend *backend)
{
	(void)backend;
}

static void file_size(struct backend *backend, u16 *cols, u16 *rows)
{
	(void)backend;
	*cols = *rows = 0;
}

static void file_close(struct backend *backend)
{
	close(backend->fd);
}

const struct backend_ops backend_file = {
	.name = "file",
	.open = file_open,
	.start = file_start,
	.write = file_write,
	.resume = file_resume,
	.size = file_size,
	.close = file_close,
};
