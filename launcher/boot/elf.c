// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF kernels: put the PT_LOADs of a 32-bit x86 executable where they want to
 * be in guest memory.  Nothing else of ELF is looked at, and no number in
 * the file is believed before it is checked.
 */
#include "boot/boot.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "mem.h"
#include "report.h"

#define ELF_MAX_PHDRS	64

bool elf_is_elf(const struct image *image)
{
	u8 magic[SELFMAG];

	return !image_read(image, 0, magic, sizeof(magic)) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

static int elf_truncated(const struct image *image)
{
	return complain(STATUS_DATA, "%s: truncated: the file ends inside the kernel",
			image->path);
}

static int elf_read(const struct image *image, u64 offset, void *buf,
		    size_t len)
{
	int err = image_read(image, offset, buf, len);

	if (err == -ENODATA)
		return elf_truncated(image);
	if (err)
		return complain(STATUS_INPUT, "%s: cannot read: %s",
				image->path, strerror(-err));
	return 0;
}

static int elf_check(const struct image *image, const Elf32_Ehdr *ehdr)
{
	if (ehdr->e_ident[EI_CLASS] == ELFCLASS64)
		return complain(STATUS_DATA,
				"%s: is a 64-bit kernel; this host runs 32-bit guests (an i386 kernel with CONFIG_LGUEST_GUEST)",
				image->path);
	if (ehdr->e_ident[EI_CLASS] != ELFCLASS32 ||
	    ehdr->e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr->e_machine != EM_386)
		return complain(STATUS_DATA, "%s: not a 32-bit x86 ELF file (machine %u)",
				image->path, ehdr->e_machine);
	if (ehdr->e_type != ET_EXEC)
		return complain(STATUS_DATA,
				"%s: not a kernel (ELF type %u, want an executable linked at a fixed address)",
				image->path, ehdr->e_type);
	if (ehdr->e_phentsize != sizeof(Elf32_Phdr) || !ehdr->e_phnum ||
	    ehdr->e_phnum > ELF_MAX_PHDRS)
		return complain(STATUS_DATA, "%s: damaged: bad ELF program headers",
				image->path);
	return 0;
}

/*
 * What follows the file's part of a segment has to be zero, and is: zeroing
 * new memory again only costs time.  So segments must not lie over others.
 */
static int elf_load_segment(const struct image *image, struct mem *mem,
			    const Elf32_Phdr *phdr, struct loaded *out)
{
	u64 need = (u64)phdr->p_paddr + phdr->p_memsz;
	u8 *to = mem_at(mem, phdr->p_paddr, phdr->p_memsz);
	int status;

	if (phdr->p_filesz > phdr->p_memsz)
		return complain(STATUS_DATA, "%s: damaged: bad ELF segment size",
				image->path);
	if (!to)
		return complain(STATUS_DATA,
				"%s: does not fit: it needs more than %lluM of memory and has %lluM; use a larger --memory",
				image->path,
				(unsigned long long)((need + MIB - 1) / MIB),
				(unsigned long long)(mem->size / MIB));
	if (phdr->p_paddr < out->end)
		return complain(STATUS_DATA,
				"%s: damaged: ELF segments out of order",
				image->path);
	status = elf_read(image, phdr->p_offset, to, phdr->p_filesz);
	if (status)
		return status;
	if (!out->end)
		out->start = phdr->p_paddr;
	out->end = need;
	out->file_end = (u64)phdr->p_paddr + phdr->p_filesz;
	return 0;
}

/* Linux gives a physical entry point; others may give the linked address. */
static bool elf_find_entry(const Elf32_Phdr *phdr, unsigned int count,
			   u32 e_entry, u32 *entry)
{
	for (unsigned int i = 0; i < count; i++) {
		if (phdr[i].p_type == PT_LOAD &&
		    e_entry - phdr[i].p_paddr < phdr[i].p_memsz) {
			*entry = e_entry;
			return true;
		}
	}
	for (unsigned int i = 0; i < count; i++) {
		if (phdr[i].p_type == PT_LOAD &&
		    e_entry - phdr[i].p_vaddr < phdr[i].p_memsz) {
			*entry = e_entry - phdr[i].p_vaddr + phdr[i].p_paddr;
			return true;
		}
	}
	return false;
}

/* Returns 0 or an exit status, the reason said. */
int elf_load(const struct image *image, struct mem *mem, struct loaded *out)
{
	Elf32_Phdr phdr[ELF_MAX_PHDRS];
	Elf32_Ehdr ehdr;
	int status;

	status = elf_read(image, 0, &ehdr, sizeof(ehdr));
	if (!status)
		status = elf_check(image, &ehdr);
	if (!status)
		status = elf_read(image, ehdr.e_phoff, phdr,
				  ehdr.e_phnum * sizeof(phdr[0]));
	if (status)
		return status;

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < ehdr.e_phnum; i++) {
		if (phdr[i].p_type != PT_LOAD || !phdr[i].p_memsz)
			continue;
		status = elf_load_segment(image, mem, &phdr[i], out);
		if (status)
			return status;
	}
	if (!out->end)
		return complain(STATUS_DATA, "%s: damaged: nothing to load",
				image->path);
	if (!elf_find_entry(phdr, ehdr.e_phnum, ehdr.e_entry, &out->entry))
		return complain(STATUS_DATA,
				"%s: damaged: entry point %#x is outside the kernel",
				image->path, ehdr.e_entry);
	return 0;
}
