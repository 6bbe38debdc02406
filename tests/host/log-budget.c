// SPDX-License-Identifier: GPL-2.0
/*
 * What guests may write into the host's log: next to nothing.  A hundred
 * guests are killed for all sorts of reasons; the kernel log grows by less
 * than a line for ten of them.
 *
 * Source: reliability class 24.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define ROUNDS	96

static int lines_so_far(int fd)
{
	char line[8192];
	int n = 0;

	while (read(fd, line, sizeof(line)) > 0)
		n++;
	return n;
}

int main(void)
{
#ifdef __x86_64__
	static const char guest[] = "attack-stack";
	static const char *const args[] = {
		"zero", "eight", "hole", "window", "unmapped",
		"handler-window", "no-handlers", "iret-no-root"
	};
#else
	static const char guest[] = "attack-hypercall-linear";
	static const char *const args[] = {
		"unknown", "init-twice", "shutdown-text-outside", "idt-index",
		"gdt-index-max", "tls-wraps", "stack-pages", "pgtable-max"
	};
#endif
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), i, n, ret;
	struct lgdev g;

	if (fd < 0)
		error("/dev/kmsg: %s", strerror(errno));
	lines_so_far(fd);
	for (i = 0; i < ROUNDS; i++) {
		lgdev_start(&g, lgdev_guest_path(guest), args[i % 8]);
		g.quiet = true;
		ret = lgdev_run(&g);
		CHECK(ret == LG_EXIT_KILLED, "%s: %d", args[i % 8], ret);
		lgdev_destroy(&g);
	}
	n = lines_so_far(fd);
	CHECK(n < ROUNDS / 10, "%d log lines for %d killed guests", n, ROUNDS);
	finish();
}
