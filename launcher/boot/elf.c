// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF kernels: read the headers of an x86 executable of either width, by libelf,
 * and put its PT_LOADs where they want to be in guest memory.  No number in the
 * file is believed before it is checked.
 */
#include "boot/boot.h"

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

static int elf_read(const struct image *image, u64 offset, void *buf, size_t len)
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

static int elf_check(const struct image *image, const GElf_Ehdr *ehdr)
{
	unsigned int class = ehdr->e_ident[EI_CLASS];

	if (ehdr->e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr->e_machine != (class == ELFCLASS64 ? EM_X86_64 : EM_386))
		return complain(STATUS_DATA, "%s: not an x86 ELF file (machine %u)",
				image->path, ehdr->e_machine);
	if (ehdr->e_type != ET_EXEC)
		return complain(STATUS_DATA,
				"%s: not a kernel (ELF type %u, want an executable linked at a fixed address)",
				image->path, ehdr->e_type);
	return 0;
}

/* Or there are too few of them. */
int elf_damaged(const struct image *image, const char *what)
{
	return complain(STATUS_DATA, "%s: damaged or truncated: bad ELF %s",
			image->path, what);
}

static int elf_parse_segments(const struct image *image, struct elf *elf)
{
	size_t count;

	if (elf_getphdrnum(elf->lib, &count))
		return elf_damaged(image, "program headers");
	if (!count || count > ELF_MAX_SEGMENTS)
		return complain(STATUS_DATA,
				"%s: damaged: %zu ELF program headers",
				image->path, count);
	for (elf->count = 0; elf->count < count; elf->count++)
		if (!gelf_getphdr(elf->lib, (int)elf->count,
				  &elf->segment[elf->count]))
			return elf_damaged(image, "program headers");
	return 0;
}

int elf_open(const struct image *image, struct elf *elf)
{
	GElf_Ehdr ehdr;
	int status;

	elf_version(EV_CURRENT);
	elf->lib = image->fd < 0 ?
		   elf_memory((char *)image->data, image->size) :
		   elf_begin(image->fd, ELF_C_READ, NULL);
	if (!elf->lib || !gelf_getehdr(elf->lib, &ehdr))
		return elf_damaged(image, "header");
	elf->entry = ehdr.e_entry;
	status = elf_check(image, &ehdr);
	return status ? status : elf_parse_segments(image, elf);
}

void elf_close(struct elf *elf)
{
	elf_end(elf->lib);
	elf->lib = NULL;
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
			    const GElf_Phdr *segment, u64 down,
			    struct mem *mem, u64 room, struct loaded *out)
{
	u64 start = segment->p_paddr - down, end;

	if (segment->p_filesz > segment->p_memsz)
		return complain(STATUS_DATA, "%s: damaged: bad ELF segment size",
				image->path);
	if (segment->p_paddr < down ||
	    __builtin_add_overflow(start, segment->p_memsz, &end))
		return complain(STATUS_DATA,
				"%s: damaged: bad ELF segment address",
				image->path);
	if (end > room || !mem_at(mem, start, segment->p_memsz))
		return elf_too_large(image, end, room);
	if (start < out->end)
		return complain(STATUS_DATA,
				"%s: damaged: ELF segments out of order",
				image->path);
	if (!out->end)
		out->start = start;
	out->end = end;
	out->file_end = start + segment->p_filesz;
	return elf_read(image, segment->p_offset,
			mem_at(mem, start, segment->p_filesz),
			segment->p_filesz);
}

int elf_load(const struct image *image, const struct elf *elf, u64 down,
	     struct mem *mem, u64 room, struct loaded *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < elf->count; i++) {
		const GElf_Phdr *segment = &elf->segment[i];
		int status;

		if (segment->p_type != PT_LOAD || !segment->p_memsz)
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
