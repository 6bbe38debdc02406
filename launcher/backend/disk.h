/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_BACKEND_DISK_H
#define LAUNCHER_BACKEND_DISK_H

#include <sys/uio.h>

#include "types.h"

#define DISK_SECTOR	512u

/**
 * struct disk - a file or block device that serves as a disk
 * @path: for messages
 * @fd: open and locked
 * @sectors: capacity when it was opened
 * @read_only: no writes
 * @failed: an error was reported already
 */
struct disk {
	char *path;
	int fd;
	u64 sectors;
	bool read_only;
	bool failed;
};

/* @spec is "FILE" or "FILE,ro".  0 or an exit status, the reason said. */
int disk_open(struct disk **out, const char *spec);
void disk_close(struct disk *disk);

/* All of it or false. */
bool disk_transfer(struct disk *disk, bool write, u64 sector,
		   const struct iovec *iov, unsigned int count, size_t bytes);
bool disk_flush(struct disk *disk);

#endif
