// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The notes by which a kernel tells a Xen domain builder how it wants to be
 * started.  A kernel that has an entry point among them is one for Xen PV;
 * what we do not know we leave alone, as Xen does.
 */
#include "boot/boot.h"

#include <string.h>

#include <xen/elfnote.h>

#include "report.h"

#define NOTES_NAME		"Xen"
#define NOTES_VERSION		"xen-3.0"
#define NOTES_BYTES_MAX		(64u * 1024)

/* Numbers are of the file's width; what is not one is no number. */
static bool notes_number(const u8 *desc, size_t len, u64 *out)
{
	u32 narrow;

	switch (len) {
	case sizeof(narrow):
		memcpy(&narrow, desc, sizeof(narrow));
		*out = narrow;
		return true;
	case sizeof(*out):
		memcpy(out, desc, sizeof(*out));
		return true;
	default:
		return false;
	}
}

static void notes_take(struct xen_notes *notes, u32 type, const u8 *desc,
		       size_t len)
{
	u64 number;

	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		notes->has_entry |= notes_number(desc, len, &notes->entry);
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		notes->has_hypercall_page |=
			notes_number(desc, len, &notes->hypercall_page);
		break;
	case XEN_ELFNOTE_VIRT_BASE:
		notes_number(desc, len, &notes->virt_base);
		break;
	case XEN_ELFNOTE_PADDR_OFFSET:
		notes_number(desc, len, &notes->paddr_offset);
		break;
	case XEN_ELFNOTE_INIT_P2M:
		notes->has_init_p2m |=
			notes_number(desc, len, &notes->init_p2m);
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		notes->mod_start_pfn =
			notes_number(desc, len, &number) && number;
		break;
	case XEN_ELFNOTE_XEN_VERSION:
		notes->wrong_version = len != sizeof(NOTES_VERSION) ||
				       memcmp(desc, NOTES_VERSION, len);
		break;
	default:
		break;
	}
}

/* Up to the first that is not whole. */
static void notes_parse(struct xen_notes *notes, Elf_Data *data)
{
	const u8 *bytes = data->d_buf;
	size_t at = 0, name, desc;
	GElf_Nhdr note;

	while ((at = gelf_getnote(data, at, &note, &name, &desc)))
		if (note.n_namesz == sizeof(NOTES_NAME) &&
		    !memcmp(bytes + name, NOTES_NAME, sizeof(NOTES_NAME)))
			notes_take(notes, note.n_type, bytes + desc,
				   note.n_descsz);
}

static bool notes_are_in(const GElf_Phdr *segment)
{
	return segment->p_type == PT_NOTE && segment->p_filesz;
}

bool notes_read(Elf *lib, struct elf *elf)
{
	if (elf->header.e_ident[EI_CLASS] != ELFCLASS64)
		return true;
	for (unsigned int i = 0; i < elf->count; i++) {
		const GElf_Phdr *segment = &elf->segment[i];
		Elf_Data *data;

		if (!notes_are_in(segment) ||
		    segment->p_filesz > NOTES_BYTES_MAX)
			continue;
		data = elf_getdata_rawchunk(lib, (int64_t)segment->p_offset,
					    segment->p_filesz, ELF_T_NHDR);
		if (!data)
			return false;
		notes_parse(&elf->notes, data);
	}
	return true;
}

int notes_check(const struct image *image, const struct elf *elf)
{
	for (unsigned int i = 0; i < elf->count; i++)
		if (notes_are_in(&elf->segment[i]) &&
		    elf->segment[i].p_filesz > NOTES_BYTES_MAX)
			return complain(STATUS_DATA,
					"%s: damaged: ELF notes of %lluK",
					image->path, (unsigned long long)
					elf->segment[i].p_filesz / 1024);
	return elf->bad == ELF_NOTES ? elf_damaged(image, "notes") : 0;
}
