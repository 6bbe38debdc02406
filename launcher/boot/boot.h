/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_BOOT_BOOT_H
#define LAUNCHER_BOOT_BOOT_H

#include "types.h"

struct mem;

/**
 * struct boot - what a guest starts from; linux.c
 *
 * The files stay open so that a guest that reboots can be loaded again after
 * we gave up the right to open anything.
 *
 * @kernel_path: for messages
 * @initrd_path: for messages; NULL for none
 * @cmdline: kernel command line
 * @kernel_fd: the kernel, open
 * @initrd_fd: the initrd, open, or -1
 * @force: run it even if it does not look like an lguest kernel
 */
struct boot {
	const char *kernel_path;
	const char *initrd_path;
	const char *cmdline;
	int kernel_fd;
	int initrd_fd;
	bool force;
};

/* Both return 0 or an exit status, the reason said. */
int boot_open(struct boot *boot);
int boot_load(const struct boot *boot, struct mem *mem, u32 *entry);

/**
 * struct image - a file, or what was unpacked from one; image.c
 * @path: for messages
 * @fd: the file, or -1 if it is in memory
 * @data: the contents, if in memory
 * @size: bytes
 */
struct image {
	const char *path;
	int fd;
	u8 *data;
	u64 size;
};

int image_open(struct image *image, const char *path, int fd);
int image_read(const struct image *image, u64 offset, void *buf, size_t len);
void image_close(struct image *image);

/**
 * struct loaded - what elf_load() put where
 * @entry: first instruction, guest-physical
 * @start: first byte used
 * @end: byte after the last used
 * @file_end: byte after the last that came from the file
 */
struct loaded {
	u32 entry;
	u64 start;
	u64 end;
	u64 file_end;
};

/* elf.c */
bool elf_is_elf(const struct image *image);

/* @mem is new, which is to say all zeros. */
int elf_load(const struct image *image, struct mem *mem, struct loaded *out);

/* bzimage.c */
bool bzimage_is_bzimage(const struct image *image);
int bzimage_unpack(const struct image *image, struct image *elf);

/*
 * unpack.c: @size bytes into a mapping of exactly @out_size; NULL and @why if
 * it cannot be done.
 */
u8 *unpack(const u8 *in, size_t size, size_t out_size, const char **why);

#endif
