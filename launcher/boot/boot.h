/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_BOOT_BOOT_H
#define LAUNCHER_BOOT_BOOT_H

#include <gelf.h>

#include "types.h"

struct mem;

/**
 * struct boot - what a guest starts from; kernel.c
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

/* 0 or an exit status, the reason said. */
int boot_open(struct boot *boot);

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

#define ELF_MAX_SEGMENTS	64

/**
 * struct xen_notes - what an ELF file has to say to a Xen domain builder
 *
 * Numbers are as in the file: nothing is checked but that the note is whole.
 *
 * @entry: first instruction
 * @virt_base: address of guest-physical 0
 * @paddr_offset: what physical addresses in the file are too high by
 * @hypercall_page: page to fill with hypercall stubs
 * @init_p2m: where to put the list of frames
 * @has_entry: all that makes a kernel one for Xen PV; this and what follows is
 *	yes or no, and no bool: the cage may leave any number here
 * @has_hypercall_page: it wants that
 * @has_init_p2m: it wants that
 * @mod_start_pfn: the initrd need not be mapped
 * @wrong_version: it speaks another Xen ABI
 */
struct xen_notes {
	u64 entry;
	u64 virt_base;
	u64 paddr_offset;
	u64 hypercall_page;
	u64 init_p2m;
	u8 has_entry;
	u8 has_hypercall_page;
	u8 has_init_p2m;
	u8 mod_start_pfn;
	u8 wrong_version;
};

enum elf_part { ELF_NOTHING, ELF_HEADER, ELF_SEGMENTS, ELF_NOTES };

/**
 * struct elf - the headers of an x86 executable; elf.c
 *
 * As the file has them, or who broke into the cage by way of it.
 *
 * @bad: first part that could not be read
 * @count: of segments
 * @header: the ELF header
 * @segment: checked to be what it says by elf_load() only
 * @notes: of 64-bit kernels
 */
struct elf {
	u32 bad;
	u32 count;
	GElf_Ehdr header;
	GElf_Phdr segment[ELF_MAX_SEGMENTS];
	struct xen_notes notes;
};

/**
 * struct loaded - what elf_load() put where
 * @start: first byte used
 * @end: byte after the last used
 * @file_end: byte after the last that came from the file
 */
struct loaded {
	u64 start;
	u64 end;
	u64 file_end;
};

bool elf_is_elf(const struct image *image);
bool elf_is_64bit(const struct image *image);
int elf_damaged(const struct image *image, const char *what);

/* What is in the headers, read in a cage.  0 or an exit status, the reason said. */
int elf_open(const struct image *image, struct elf *elf);

/* headers.c: the same, for who is in the cage. */
void elf_read_headers(const u8 *data, size_t size, struct elf *elf);

/*
 * Put its segments @down bytes below where they want to be, all of them within
 * @room bytes.  @mem is new, which is to say all zeros.
 */
int elf_load(const struct image *image, const struct elf *elf, u64 down,
	     struct mem *mem, u64 room, struct loaded *out);

/* notes.c: in the cage, false if there is a bad one; what came of it, later. */
bool notes_read(Elf *lib, struct elf *elf);
int notes_check(const struct image *image, const struct elf *elf);

/**
 * struct kernel - a kernel, unpacked and understood; kernel.c
 * @image: the ELF file
 * @elf: its headers
 * @abi: LG_ABI_x
 */
struct kernel {
	struct image image;
	struct elf elf;
	u32 abi;
};

/*
 * @abis are those of struct lg_info; what unpacks to more than @limit bytes is
 * refused.  0 or an exit status, the reason said.
 */
int kernel_open(const struct boot *boot, u32 abis, u64 limit,
		struct kernel *kernel);
void kernel_close(struct kernel *kernel);

/* bzimage.c */
bool bzimage_is_bzimage(const struct image *image);
bool bzimage_is_64bit(const struct image *image);
int bzimage_unpack(const struct image *image, u64 limit, struct image *elf);

/*
 * unpack.c: @size bytes into a mapping of exactly @out_size; NULL and @why if
 * it cannot be done.
 */
u8 *unpack(const u8 *in, size_t size, size_t out_size, const char **why);

/* linux.c: the first state of an lg32 guest.  0 or an exit status. */
int linux_load(const struct boot *boot, const struct kernel *kernel,
	       struct mem *mem, u32 *entry);

/**
 * struct xen_start - the first state of a xenpv guest
 * @rip: first instruction
 * @rsp: top of the boot stack
 * @rsi: address of the struct start_info
 * @cr3_gfn: page of the top-level page table
 * @start_info_gfn: page of the struct start_info
 * @store_gfn: page of the ring of the xenstore
 * @console_gfn: page of the ring of the console
 */
struct xen_start {
	u64 rip;
	u64 rsp;
	u64 rsi;
	u64 cr3_gfn;
	u64 start_info_gfn;
	u64 store_gfn;
	u64 console_gfn;
};

/**
 * struct xen_domain - what the builder is told; xen.c
 * @ram_pages: the guest's memory, in pages from 0
 * @shared_info_gfn: a page outside of it
 * @console_port: event-channel port
 * @store_port: the same, or 0 for none
 * @cmdline: at most 1023 characters
 */
struct xen_domain {
	u64 ram_pages;
	u64 shared_info_gfn;
	u32 console_port;
	u32 store_port;
	const char *cmdline;
};

/* xen.c.  0 or an exit status. */
int xen_load(const struct boot *boot, const struct kernel *kernel,
	     struct mem *mem, const struct xen_domain *domain,
	     struct xen_start *start);

#endif
