// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/lguest, and what to tell whoever has not got it.
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lguest/api.h"
#include "report.h"

const char *device_hint(int err, int *status)
{
	*status = STATUS_MODULE;
	switch (err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "the module is not loaded; try `modprobe lg` (or `insmod lg.ko`), and `dmesg` if it refuses";
	case EACCES:
	case EPERM:
		*status = STATUS_PERM;
		return "you may not use it; run as root or join the group that owns it (`ls -l /dev/lguest`)";
	case EBUSY:
		return "it is busy; end the other user of it first";
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		*status = STATUS_HOST;
		return "the host is short of memory or files";
	default:
		return NULL;
	}
}

static int device_check(const struct lg_info *info)
{
	if (info->api_version != LG_API_VERSION)
		return complain(STATUS_MODULE,
				DEVICE_PATH ": the module speaks interface %u and this command %u; install both from one version",
				info->api_version, LG_API_VERSION);
	if (!(info->abis & (1u << LG_ABI_LG32 | 1u << LG_ABI_XENPV)))
		return complain(STATUS_MODULE,
				DEVICE_PATH ": the module runs no guests that this command knows");
	return 0;
}

int device_open(int *fd, struct lg_info *info)
{
	const char *hint;
	int err, status;

	*fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (*fd < 0) {
		err = errno;
		hint = device_hint(err, &status);
		return complain(status, DEVICE_PATH ": %s%s%s", strerror(err),
				hint ? ": " : "", hint ? hint : "");
	}
	if (ioctl(*fd, LG_GET_INFO, info)) {
		err = errno;
		close(*fd);
		return complain(STATUS_MODULE,
				DEVICE_PATH ": not our module? (%s)",
				strerror(err));
	}
	status = device_check(info);
	if (status)
		close(*fd);
	return status;
}
