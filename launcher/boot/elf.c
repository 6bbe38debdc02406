// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF kernels: look at the headers of an x86 executable of either width, as
 * headers.c has read them, and put its PT_LOADs where they want to be in guest
 * memory.  No number in the file is believed before it is checked.
 */
#include "boot/boot.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/cage.h"
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

/* In a cage: all that it can do is to leave something else in @shared. */
static int elf_read_caged(const struct image *image, const u8 *data,
			  struct elf *shared)
{
	pid_t pid = cage_fork();
	const char *why;

	if (pid == 0) {
		elf_read_headers(data, image->size, shared);
		cage_exit(true);
	}
	why = cage_wait(pid);
	if (why)
		return complain(STATUS_DATA, "%s: cannot read its headers: %s",
				image->path, why);
	return 0;
}

static int elf_share(const struct image *image, const u8 *data, struct elf *elf)
{
	struct elf *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (shared == MAP_FAILED)
		return complain(STATUS_HOST, "%s: out of memory", image->path);
	status = elf_read_caged(image, data, shared);
	*elf = *shared;
	munmap(shared, sizeof(*shared));
	return status;
}

/* Only the cage looks at the mapping: who shortens the file is the end of that. */
static int elf_map_file(const struct image *image, struct elf *elf)
{
	u8 *data = MAP_FAILED;
	int status;

	if (image->size <= SIZE_MAX)
		data = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, image->fd, 0);
	if (data == MAP_FAILED)
		return complain(STATUS_INPUT, "%s: cannot be mapped", image->path);
	status = elf_share(image, data, elf);
	munmap(data, image->size);
	return status;
}

int elf_open(const struct image *image, struct elf *elf)
{
	int status;

	status = image->fd < 0 ? elf_share(image, image->data, elf) :
				 elf_map_file(image, elf);
	if (status)
		return status;
	if (elf->bad == ELF_HEADER)
		return elf_damaged(image, "header");
	status = elf_check(image, &elf->header);
	if (status)
		return status;
	if (elf->bad == ELF_SEGMENTS)
		return elf_damaged(image, "program headers");
	if (!elf->count || elf->count > ELF_MAX_SEGMENTS)
		return complain(STATUS_DATA,
				"%s: damaged: %u ELF program headers",
				image->path, elf->count);
	return 0;
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
