// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libelf reads of a kernel: its headers and its notes.  That is done in the
 * cage, so there is nobody here to complain to, and nothing is judged: elf.c and
 * notes.c do that.
 */
#include "boot/boot.h"

static enum elf_part headers_read(Elf *lib, struct elf *elf)
{
	size_t count;

	if (!lib || !gelf_getehdr(lib, &elf->header))
		return ELF_HEADER;
	if (elf_getphdrnum(lib, &count))
		return ELF_SEGMENTS;
	elf->count = count < UINT32_MAX ? (u32)count : UINT32_MAX;
	if (count > ELF_MAX_SEGMENTS)
		return ELF_NOTHING;
	for (unsigned int i = 0; i < elf->count; i++)
		if (!gelf_getphdr(lib, (int)i, &elf->segment[i]))
			return ELF_SEGMENTS;
	return notes_read(lib, elf) ? ELF_NOTHING : ELF_NOTES;
}

void elf_read_headers(const u8 *data, size_t size, struct elf *elf)
{
	Elf *lib;

	elf_version(EV_CURRENT);
	lib = elf_memory((char *)data, size);
	elf->bad = headers_read(lib, elf);
	elf_end(lib);
}
