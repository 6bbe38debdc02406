// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF kernels: read the headers of an x86 executable of either width, and put
 * its PT_LOADs where they want to be in guest memory.  No number in the file
 * is believed before it is checked.
 */
#include "boot/boot.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "mem.h"
#include "report.h"

bool elf_is_elf(const struct image *image)
{
	u8 magic[SELFMAG];

	return !image_read(image, 0, magic, sizeof(magic)) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

bool elf_is_64bit(const struct image *image)
{
	u8 ident[EI_NIDENT];

	return !image_read(image, 0, ident, sizeof(ident)) &&
	       ident[EI_CLASS] == ELFCLASS64;
}

int elf_read(const struct image *image, u64 offset, void *buf, size_t len)
{
	int err = image_read(image, offset, buf, len);

	if (err == -ENODATA)
		return complain(STATUS_DATA,
				"%s: truncated: the file ends inside the kernel",
				image->path);
	if (err)
		return complain(STATUS_INPUT, "%s: cannot read: %s",
				image->path, strerror(-err));
	return 0;
}

/* What both widths have in the same place, and must have. */
static int elf_check(const struct image *image, const Elf32_Ehdr *ehdr)
{
	bool x86 = ehdr->e_ident[EI_DATA] == ELFDATA2LSB;

	switch (ehdr->e_ident[EI_CLASS]) {
	case ELFCLASS32:
		x86 &= ehdr->e_machine == EM_386;
		break;
	case ELFCLASS64:
		x86 &= ehdr->e_machine == EM_X86_64;
		break;
	default:
		x86 = false;
	}
	if (!x86)
		return complain(STATUS_DATA, "%s: not an x86 ELF file (machine %u)",
				image->path, ehdr->e_machine);
	if (ehdr->e_type != ET_EXEC)
		return complain(STATUS_DATA,
				"%s: not a kernel (ELF type %u, want an executable linked at a fixed address)",
				image->path, ehdr->e_type);
	return 0;
}

static int elf_check_segments(const struct image *image, u32 entry_bytes,
			      u32 wanted_bytes, u32 count)
{
	if (entry_bytes == wanted_bytes && count && count <= ELF_MAX_SEGMENTS)
		return 0;
	return complain(STATUS_DATA, "%s: damaged: bad ELF program headers",
			image->path);
}

static int elf_parse32(const struct image *image, struct elf *elf)
{
	Elf32_Phdr phdr[ELF_MAX_SEGMENTS];
	Elf32_Ehdr ehdr;
	int status;

	status = elf_read(image, 0, &ehdr, sizeof(ehdr));
	if (!status)
		status = elf_check_segments(image, ehdr.e_phentsize,
					    sizeof(phdr[0]), ehdr.e_phnum);
	if (!status)
		status = elf_read(image, ehdr.e_phoff, phdr,
				  ehdr.e_phnum * sizeof(phdr[0]));
	if (status)
		return status;
	elf->entry = ehdr.e_entry;
	elf->count = ehdr.e_phnum;
	for (unsigned int i = 0; i < elf->count; i++)
		elf->segment[i] = (struct elf_segment){
			.type = phdr[i].p_type,
			.offset = phdr[i].p_offset,
			.file_bytes = phdr[i].p_filesz,
			.mem_bytes = phdr[i].p_memsz,
			.paddr = phdr[i].p_paddr,
			.vaddr = phdr[i].p_vaddr,
		};
	return 0;
}

static int elf_parse64(const struct image *image, struct elf *elf)
{
	Elf64_Phdr phdr[ELF_MAX_SEGMENTS];
	Elf64_Ehdr ehdr;
	int status;

	status = elf_read(image, 0, &ehdr, sizeof(ehdr));
	if (!status)
		status = elf_check_segments(image, ehdr.e_phentsize,
					    sizeof(phdr[0]), ehdr.e_phnum);
	if (!status)
		status = elf_read(image, ehdr.e_phoff, phdr,
				  ehdr.e_phnum * sizeof(phdr[0]));
	if (status)
		return status;
	elf->entry = ehdr.e_entry;
	elf->count = ehdr.e_phnum;
	for (unsigned int i = 0; i < elf->count; i++)
		elf->segment[i] = (struct elf_segment){
			.type = phdr[i].p_type,
			.offset = phdr[i].p_offset,
			.file_bytes = phdr[i].p_filesz,
			.mem_bytes = phdr[i].p_memsz,
			.paddr = phdr[i].p_paddr,
			.vaddr = phdr[i].p_vaddr,
		};
	return 0;
}

int elf_parse(const struct image *image, struct elf *elf)
{
	Elf32_Ehdr ehdr;
	int status;

	status = elf_read(image, 0, &ehdr, sizeof(ehdr));
	if (!status)
		status = elf_check(image, &ehdr);
	if (status)
		return status;
	return elf_is_64bit(image) ? elf_parse64(image, elf) :
				     elf_parse32(image, elf);
}

static int elf_too_large(const struct image *image, u64 need, u64 room)
{
	return complain(STATUS_DATA,
			"%s: does not fit: it needs more than %lluM of memory and has %lluM; use a larger --memory",
			image->path,
			(unsigned long long)(need / MIB + !!(need % MIB)),
			(unsigned long long)(room / MIB));
}

/*
 * What follows the file's part of a segment has to be zero, and is: zeroing
 * new memory again only costs time.  So segments must not lie over others.
 */
static int elf_load_segment(const struct image *image,
			    const struct elf_segment *segment, u64 down,
			    struct mem *mem, u64 room, struct loaded *out)
{
	u64 start = segment->paddr - down, end;

	if (segment->file_bytes > segment->mem_bytes)
		return complain(STATUS_DATA, "%s: damaged: bad ELF segment size",
				image->path);
	if (segment->paddr < down ||
	    __builtin_add_overflow(start, segment->mem_bytes, &end))
		return complain(STATUS_DATA,
				"%s: damaged: bad ELF segment address",
				image->path);
	if (end > room || !mem_at(mem, start, segment->mem_bytes))
		return elf_too_large(image, end, room);
	if (start < out->end)
		return complain(STATUS_DATA,
				"%s: damaged: ELF segments out of order",
				image->path);
	if (!out->end)
		out->start = start;
	out->end = end;
	out->file_end = start + segment->file_bytes;
	return elf_read(image, segment->offset,
			mem_at(mem, start, segment->file_bytes),
			segment->file_bytes);
}

int elf_load(const struct image *image, const struct elf *elf, u64 down,
	     struct mem *mem, u64 room, struct loaded *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < elf->count; i++) {
		const struct elf_segment *segment = &elf->segment[i];
		int status;

		if (segment->type != PT_LOAD || !segment->mem_bytes)
			continue;
		status = elf_load_segment(image, segment, down, mem, room, out);
		if (status)
			return status;
	}
	if (!out->end)
		return complain(STATUS_DATA, "%s: damaged: nothing to load",
				image->path);
	return 0;
}
