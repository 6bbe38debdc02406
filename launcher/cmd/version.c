// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `lguest version`: ours, and the module's if there is one to ask.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lguest/api.h"
#include "report.h"

#ifndef LGUEST_VERSION
#define LGUEST_VERSION "unknown"
#endif

int cmd_version(int argc, char **argv)
{
	struct lg_info info;
	int fd;

	if (argc > 1)
		return complain(STATUS_USAGE,
				"version takes no options: %s; see `lguest help`",
				argv[1]);
	printf("lguest %s, /dev/lguest interface %d\n", LGUEST_VERSION,
	       LG_API_VERSION);
	fd = open("/dev/lguest", O_RDWR | O_CLOEXEC);
	if (fd >= 0 && !ioctl(fd, LG_GET_INFO, &info))
		printf("module: interface %u\n", info.api_version);
	if (fd >= 0)
		close(fd);
	return STATUS_OK;
}
