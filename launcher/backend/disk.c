// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A raw disk image, or a block device.  Whoever writes to it holds a lock on
 * all of it, readers share one, so two guests cannot ruin a disk together.
 * The file may shrink or go bad under us at any time: that is an I/O error.
 */
#include "backend/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

#define DISK_IOVS	256

/* Open file description locks: they end with the description, not with us. */
static int disk_lock(const struct disk *disk)
{
	struct flock lock = {
		.l_type = disk->read_only ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};

	if (!fcntl(disk->fd, F_OFD_SETLK, &lock))
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return complain(STATUS_INPUT,
				"%s: this disk is in use by another guest (or program); end it first, or give both \",ro\"",
				disk->path);
	return complain(STATUS_INPUT, "%s: cannot lock this disk: %s",
			disk->path, strerror(errno));
}

static int disk_measure(struct disk *disk)
{
	struct stat st;
	u64 bytes;

	if (fstat(disk->fd, &st))
		return complain(STATUS_INPUT, "%s: %s", disk->path,
				strerror(errno));
	if (S_ISREG(st.st_mode))
		bytes = (u64)st.st_size;
	else if (!S_ISBLK(st.st_mode))
		return complain(STATUS_INPUT,
				"%s: neither a file nor a block device",
				disk->path);
	else if (ioctl(disk->fd, BLKGETSIZE64, &bytes))
		return complain(STATUS_INPUT, "%s: cannot tell its size: %s",
				disk->path, strerror(errno));
	disk->sectors = bytes / DISK_SECTOR;
	if (!disk->sectors)
		return complain(STATUS_INPUT, "%s: an empty file is no disk",
				disk->path);
	if (bytes % DISK_SECTOR)
		note("%s: the last %u bytes are no whole sector and left out",
		     disk->path, (unsigned int)(bytes % DISK_SECTOR));
	return 0;
}

static int disk_prepare(struct disk *disk)
{
	int flags = disk->read_only ? O_RDONLY : O_RDWR;
	int status;

	disk->fd = open(disk->path, flags | O_CLOEXEC);
	if (disk->fd < 0)
		return complain(STATUS_INPUT, "%s: cannot open this disk: %s%s",
				disk->path, strerror(errno),
				errno == EACCES || errno == EROFS ?
				"; \",ro\" opens it read-only" : "");
	status = disk_lock(disk);
	return status ? status : disk_measure(disk);
}

int disk_open(struct disk **out, const char *spec)
{
	struct disk *disk = calloc(1, sizeof(*disk));
	size_t len = strcspn(spec, ",");
	int status;

	if (disk)
		disk->path = strndup(spec, len);
	if (!disk || !disk->path)
		return complain(STATUS_HOST, "out of memory");
	disk->read_only = !strcmp(spec + len, ",ro");
	disk->fd = -1;
	if (!len || (spec[len] && !disk->read_only))
		status = complain(STATUS_USAGE,
				  "--block %s: say FILE or FILE,ro", spec);
	else
		status = disk_prepare(disk);
	if (status) {
		disk_close(disk);
		return status;
	}
	*out = disk;
	return 0;
}

void disk_close(struct disk *disk)
{
	if (!disk)
		return;
	if (disk->fd >= 0)
		close(disk->fd);
	free(disk->path);
	free(disk);
}

static bool disk_error(struct disk *disk, const char *why)
{
	if (!disk->failed)
		note("%s: %s; the guest gets I/O errors", disk->path, why);
	disk->failed = true;
	return false;
}

/* Leave out the first @bytes of the buffers. */
static unsigned int iov_skip(struct iovec *iov, unsigned int count,
			     size_t bytes)
{
	unsigned int i = 0, kept = 0;

	while (i < count && bytes >= iov[i].iov_len)
		bytes -= iov[i++].iov_len;
	while (i < count) {
		iov[kept].iov_base = (u8 *)iov[i].iov_base + bytes;
		iov[kept++].iov_len = iov[i++].iov_len - bytes;
		bytes = 0;
	}
	return kept;
}

bool disk_transfer(struct disk *disk, bool write, u64 sector,
		   const struct iovec *iov, unsigned int count, size_t bytes)
{
	struct iovec left[DISK_IOVS];
	off_t offset = (off_t)(sector * DISK_SECTOR);

	if (count > DISK_IOVS)
		return false;
	memcpy(left, iov, count * sizeof(*iov));
	while (bytes) {
		ssize_t n = write ?
			    pwritev(disk->fd, left, (int)count, offset) :
			    preadv(disk->fd, left, (int)count, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return disk_error(disk, strerror(errno));
		if (n == 0)
			return disk_error(disk, "it has shrunk");
		bytes -= (size_t)n;
		offset += n;
		count = iov_skip(left, count, (size_t)n);
	}
	return true;
}

bool disk_flush(struct disk *disk)
{
	return !fdatasync(disk->fd) || disk_error(disk, strerror(errno));
}
