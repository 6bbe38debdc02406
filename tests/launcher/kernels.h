/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels made up for the tests: an ELF file of one segment, and bzImages
 * around it with any compression.
 */
#ifndef TESTS_LAUNCHER_KERNELS_H
#define TESTS_LAUNCHER_KERNELS_H

#include <asm/bootparam.h>
#include <bzlib.h>
#include <elf.h>
#include <fcntl.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <xen/elfnote.h>

#include "types.h"

#define KERNEL_GPA	0x100000u
#define KERNEL_VIRT	0xc0000000u
#define KERNEL_BYTES	0x3000u
#define KERNEL_BSS	0x1000u
#define KERNEL_MARK	"lguest-guest-abi=lg32"

struct test_elf {
	Elf32_Ehdr ehdr;
	Elf32_Phdr phdr;
	u8 text[KERNEL_BYTES];
};

static inline void kernel_elf(struct test_elf *elf, const char *mark)
{
	memset(elf, 0, sizeof(*elf));
	memcpy(elf->ehdr.e_ident, ELFMAG, SELFMAG);
	elf->ehdr.e_ident[EI_CLASS] = ELFCLASS32;
	elf->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	elf->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	elf->ehdr.e_machine = EM_386;
	elf->ehdr.e_type = ET_EXEC;
	elf->ehdr.e_entry = KERNEL_GPA + 0x10;
	elf->ehdr.e_phoff = offsetof(struct test_elf, phdr);
	elf->ehdr.e_phentsize = sizeof(Elf32_Phdr);
	elf->ehdr.e_phnum = 1;
	elf->phdr.p_type = PT_LOAD;
	elf->phdr.p_offset = offsetof(struct test_elf, text);
	elf->phdr.p_paddr = KERNEL_GPA;
	elf->phdr.p_vaddr = KERNEL_VIRT + KERNEL_GPA;
	elf->phdr.p_filesz = KERNEL_BYTES;
	elf->phdr.p_memsz = KERNEL_BYTES + KERNEL_BSS;
	for (u32 i = 0; i < KERNEL_BYTES; i++)
		elf->text[i] = (u8)(i % 251);
	strcpy((char *)elf->text + 0x200, mark);
}

#define KERNEL64_GPA	0x1000000u
#define KERNEL64_VIRT	0xffffffff80000000ull
#define KERNEL64_P2M	0x8000000000ull
#define KERNEL64_NOTES	512

struct test_elf64 {
	Elf64_Ehdr ehdr;
	Elf64_Phdr load;
	Elf64_Phdr note;
	u8 notes[KERNEL64_NOTES];
	u8 text[KERNEL_BYTES];
};

/* Behind those that are there. */
static inline void kernel_note(struct test_elf64 *elf, u32 type,
			       const void *desc, u32 len)
{
	Elf64_Nhdr note = { .n_namesz = 4, .n_descsz = len, .n_type = type };
	u8 *at = elf->notes + elf->note.p_filesz;

	memcpy(at, &note, sizeof(note));
	memcpy(at + sizeof(note), "Xen", 4);
	memcpy(at + sizeof(note) + 4, desc, len);
	elf->note.p_filesz += sizeof(note) + 4 + ((len + 3) & ~3u);
}

static inline void kernel_note_number(struct test_elf64 *elf, u32 type,
				      u64 number)
{
	kernel_note(elf, type, &number, sizeof(number));
}

/* A kernel without notes. */
static inline void kernel_elf64(struct test_elf64 *elf)
{
	memset(elf, 0, sizeof(*elf));
	memcpy(elf->ehdr.e_ident, ELFMAG, SELFMAG);
	elf->ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	elf->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	elf->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	elf->ehdr.e_machine = EM_X86_64;
	elf->ehdr.e_type = ET_EXEC;
	elf->ehdr.e_entry = KERNEL64_GPA;
	elf->ehdr.e_phoff = offsetof(struct test_elf64, load);
	elf->ehdr.e_phentsize = sizeof(Elf64_Phdr);
	elf->ehdr.e_phnum = 2;
	elf->load.p_type = PT_LOAD;
	elf->load.p_offset = offsetof(struct test_elf64, text);
	elf->load.p_paddr = KERNEL64_GPA;
	elf->load.p_vaddr = KERNEL64_VIRT + KERNEL64_GPA;
	elf->load.p_filesz = KERNEL_BYTES;
	elf->load.p_memsz = KERNEL_BYTES + KERNEL_BSS;
	elf->note.p_type = PT_NOTE;
	elf->note.p_offset = offsetof(struct test_elf64, notes);
	for (u32 i = 0; i < KERNEL_BYTES; i++)
		elf->text[i] = (u8)(i % 241);
}

/* With those that every kernel for Xen PV has. */
static inline void kernel_xenpv(struct test_elf64 *elf)
{
	kernel_elf64(elf);
	kernel_note(elf, XEN_ELFNOTE_GUEST_OS, "linux", 6);
	kernel_note(elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
	kernel_note_number(elf, XEN_ELFNOTE_VIRT_BASE, KERNEL64_VIRT);
	kernel_note_number(elf, XEN_ELFNOTE_ENTRY,
			   KERNEL64_VIRT + KERNEL64_GPA + 0x40);
}

/* Each packs @len bytes, returns how many it wrote to @out. */
static inline size_t pack_gzip(const void *in, size_t len, u8 *out, size_t room)
{
	z_stream z = { .next_in = (u8 *)in, .avail_in = len,
		       .next_out = out, .avail_out = room };

	deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out - 4;		/* its last word is the size */
}

static inline size_t pack_bzip2(const void *in, size_t len, u8 *out,
				size_t room)
{
	unsigned int n = room;

	BZ2_bzBuffToBuffCompress((char *)out, &n, (char *)in, len, 9, 0, 0);
	return n;
}

static inline size_t pack_xz(const void *in, size_t len, u8 *out, size_t room)
{
	size_t n = 0;

	if (lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, in, len, out,
				    &n, room) != LZMA_OK)
		abort();
	return n;
}

static inline size_t pack_lzma(const void *in, size_t len, u8 *out,
			       size_t room)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 6);
	if (lzma_alone_encoder(&z, &options) != LZMA_OK)
		abort();
	z.next_in = in;
	z.avail_in = len;
	z.next_out = out;
	z.avail_out = room;
	if (lzma_code(&z, LZMA_FINISH) != LZMA_STREAM_END)
		abort();
	len = z.total_out;
	lzma_end(&z);
	return len;
}

static inline size_t pack_lz4(const void *in, size_t len, u8 *out, size_t room)
{
	static const u8 magic[] = { 0x02, 0x21, 0x4c, 0x18 };
	u32 n = (u32)LZ4_compress_default(in, (char *)out + 8, (int)len,
					  (int)room - 8);

	memcpy(out, magic, 4);
	memcpy(out + 4, &n, 4);
	return n + 8;
}

static inline size_t pack_lz4_frame(const void *in, size_t len, u8 *out,
				    size_t room)
{
	return LZ4F_compressFrame(out, room, in, len, NULL);
}

static inline size_t pack_zstd(const void *in, size_t len, u8 *out,
			       size_t room)
{
	return ZSTD_compress(out, room, in, len, 19);
}

#define BZIMAGE_ROOM	0x20000

/* A bzImage around the payload in @pack; returns its size. */
static inline size_t kernel_bzimage(u8 *image, const void *elf, size_t len,
				    size_t (*pack)(const void *in, size_t len,
						   u8 *out, size_t room))
{
	const u32 setup = 3 * 512, offset = 0x40;
	struct setup_header *hdr = (void *)(image + 0x1f1);
	u32 size = (u32)len;
	size_t n;

	memset(image, 0, BZIMAGE_ROOM);
	hdr->setup_sects = 2;
	hdr->boot_flag = 0xaa55;
	hdr->header = 0x53726448;
	hdr->version = 0x20c;
	hdr->payload_offset = offset;
	n = pack(elf, len, image + setup + offset,
		 BZIMAGE_ROOM - setup - offset);
	memcpy(image + setup + offset + n, &size, 4);
	hdr->payload_length = (u32)n + 4;
	return setup + offset + n + 4;
}

/* A file of these bytes, open for reading; its name is gone already. */
static inline int kernel_file(const void *data, size_t len)
{
	char path[] = "/tmp/lguest-kernel-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	unlink(path);
	return fd;
}

#endif
