// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A console nobody listens to.
 */
#include "backend/backend.h"

#include "report.h"

static int null_open(struct backend *backend, const char *arg)
{
	(void)backend;
	if (arg)
		return complain(STATUS_USAGE, "--console null takes no argument");
	return 0;
}

static int null_start(struct backend *backend)
{
	(void)backend;
	return 0;
}

static void null_write(struct backend *backend, const void *buf, size_t len)
{
	(void)backend;
	(void)buf;
	(void)len;
}

static void null_resume(struct backend *backend)
{
	(void)backend;
}

static void null_size(struct backend *backend, u16 *cols, u16 *rows)
{
	(void)backend;
	*cols = *rows = 0;
}

static void null_close(struct backend *backend)
{
	(void)backend;
}

const struct backend_ops backend_null = {
	.name = "null",
	.open = null_open,
	.start = null_start,
	.write = null_write,
	.resume = null_resume,
	.size = null_size,
	.close = null_close,
};
