// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first state of an lg32 guest: kernel and initrd in memory, boot_params
 * at guest-physical 0 and the command line one page above, as the ABI has it.
 * The registers are the module's doing; all we add is where to start.
 */
#include "boot/boot.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lguest/lg32.h"
#include "mem.h"
#include "report.h"

#define BOOT_PARAMS_GPA		0
#define CMDLINE_GPA		0x1000
#define CMDLINE_BYTES		2048		/* Linux keeps no more */
#define SEED_GPA		(CMDLINE_GPA + CMDLINE_BYTES)
#define SEED_BYTES		32
#define SEED_END		(SEED_GPA + sizeof(struct setup_data) + SEED_BYTES)
#define SETUP_VERSION		0x0207		/* first with a subarch */
#define SETUP_MAGIC		0x53726448	/* "HdrS" */
#define KERNEL_ALIGNMENT	0x1000000
#define E820_RAM		1

#define MARK			"lguest"

/* From the end, where a kernel has its names: most of the rest is code. */
static bool linux_find(const u8 *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	while (text && len >= word_len) {
		const u8 *at = memrchr(text, word[0], len - word_len + 1);

		if (!at)
			return false;
		if (!memcmp(at, word, word_len))
			return true;
		len = (size_t)(at - text) + word_len - 1;
	}
	return false;
}

/*
 * A kernel built with CONFIG_LGUEST_GUEST names lguest somewhere, old ones as
 * well as ours; others, as a rule, do not.
 */
static int linux_check_abi(const struct boot *boot, const struct mem *mem,
			  const struct loaded *kernel)
{
	u64 len = kernel->file_end - kernel->start;
	const u8 *text = mem_at(mem, kernel->start, len);

	if (boot->force || linux_find(text, len, MARK))
		return 0;
	return complain(STATUS_DATA,
			"%s: not an lguest kernel: built without CONFIG_LGUEST_GUEST (--force runs it anyway)",
			boot->kernel_path);
}

/* Linux gives a physical entry point; others may give the linked address. */
static bool linux_find_entry(const struct elf *elf, u32 *entry)
{
	const GElf_Phdr *segment = elf->segment;

	for (unsigned int i = 0; i < elf->count; i++) {
		if (segment[i].p_type == PT_LOAD &&
		    elf->header.e_entry - segment[i].p_paddr < segment[i].p_memsz) {
			*entry = (u32)elf->header.e_entry;
			return true;
		}
	}
	for (unsigned int i = 0; i < elf->count; i++) {
		u64 offset = elf->header.e_entry - segment[i].p_vaddr;

		if (segment[i].p_type == PT_LOAD &&
		    offset < segment[i].p_memsz) {
			*entry = (u32)(segment[i].p_paddr + offset);
			return true;
		}
	}
	return false;
}

static int linux_check_cmdline(const struct boot *boot)
{
	if (strlen(boot->cmdline) < CMDLINE_BYTES)
		return 0;
	return complain(STATUS_USAGE,
			"kernel command line of %zu bytes; at most %u",
			strlen(boot->cmdline), CMDLINE_BYTES - 1);
}

/* The low pages are ours to fill. */
static int linux_check_place(const struct boot *boot,
			    const struct loaded *kernel)
{
	if (kernel->start >= SEED_END)
		return 0;
	return complain(STATUS_DATA,
			"%s: linked at %#llx, where the boot parameters are",
			boot->kernel_path, (unsigned long long)kernel->start);
}

/* At the top of memory, page-aligned, clear of the kernel. */
static int linux_load_initrd(const struct boot *boot, struct mem *mem,
			    const struct loaded *kernel,
			    struct setup_header *hdr)
{
	struct image initrd;
	u64 space, gpa;
	int status, err;

	if (boot->initrd_fd < 0)
		return 0;
	status = image_open(&initrd, boot->initrd_path, boot->initrd_fd);
	if (status)
		return status;
	if (!initrd.size)
		return complain(STATUS_DATA, "%s: empty initrd",
				boot->initrd_path);
	space = mem->size - kernel->end;
	if (initrd.size > space)
		return complain(STATUS_DATA,
				"%s: initrd of %lluK does not fit beside the kernel in %lluM; use a larger --memory",
				boot->initrd_path,
				(unsigned long long)(initrd.size / 1024),
				(unsigned long long)(mem->size / MIB));
	gpa = (mem->size - initrd.size) & ~(u64)(PAGE_BYTES - 1);
	if (gpa < kernel->end)
		return complain(STATUS_DATA,
				"%s: initrd does not fit beside the kernel; use a larger --memory",
				boot->initrd_path);
	err = image_read(&initrd, 0, mem_at(mem, gpa, initrd.size),
			 initrd.size);
	if (err)
		return complain(STATUS_INPUT, "%s: cannot read: %s",
				boot->initrd_path,
				err == -ENODATA ? "it shrank" : strerror(-err));
	hdr->ramdisk_image = (u32)gpa;
	hdr->ramdisk_size = (u32)initrd.size;
	hdr->type_of_loader = 0xff;
	return 0;
}

/*
 * Randomness from the start: without, a guest of ours would work for some.
 * Kernels that do not know of this do not look.
 */
static void linux_fill_seed(struct mem *mem, struct setup_header *hdr)
{
	struct setup_data *seed = mem_at(mem, SEED_GPA, SEED_END - SEED_GPA);

	memset(seed, 0, sizeof(*seed));
	seed->type = SETUP_RNG_SEED;
	seed->len = SEED_BYTES;
	if (getrandom(seed->data, SEED_BYTES, GRND_NONBLOCK) == SEED_BYTES)
		hdr->setup_data = SEED_GPA;
}

static int linux_fill_params(const struct boot *boot, struct mem *mem,
			    const struct loaded *kernel)
{
	struct boot_params *params = mem_at(mem, BOOT_PARAMS_GPA,
					    sizeof(*params));
	struct setup_header *hdr = &params->hdr;

	memset(params, 0, sizeof(*params));
	params->e820_entries = 1;
	params->e820_table[0].addr = 0;
	params->e820_table[0].size = mem->size;
	params->e820_table[0].type = E820_RAM;
	hdr->boot_flag = 0xaa55;
	hdr->header = SETUP_MAGIC;
	hdr->version = SETUP_VERSION;
	hdr->kernel_alignment = KERNEL_ALIGNMENT;
	hdr->loadflags = KEEP_SEGMENTS;
	hdr->hardware_subarch = LG32_SUBARCH;
	hdr->cmd_line_ptr = CMDLINE_GPA;
	strcpy(mem_at(mem, CMDLINE_GPA, CMDLINE_BYTES), boot->cmdline);
	linux_fill_seed(mem, hdr);
	return linux_load_initrd(boot, mem, kernel, hdr);
}

/* What lies between kernel and initrd, the guest takes as it needs it. */
static void linux_keep_small(const struct mem *mem, const struct loaded *kernel)
{
	const struct boot_params *params = mem_at(mem, BOOT_PARAMS_GPA,
						  sizeof(*params));
	u64 initrd = params->hdr.ramdisk_image;

	mem_keep_small(mem, kernel->file_end, initrd ? initrd : mem->size);
}

int linux_load(const struct boot *boot, const struct kernel *kernel,
	       struct mem *mem, u32 *entry)
{
	struct loaded loaded = { 0 };
	int status;

	status = linux_check_cmdline(boot);
	if (!status)
		status = elf_load(&kernel->image, &kernel->elf, 0, mem,
				  mem->size, &loaded);
	if (!status && !linux_find_entry(&kernel->elf, entry))
		status = complain(STATUS_DATA,
				  "%s: damaged: entry point %#llx is outside the kernel",
				  boot->kernel_path,
				  (unsigned long long)kernel->elf.header.e_entry);
	if (!status)
		status = linux_check_place(boot, &loaded);
	if (!status)
		status = linux_check_abi(boot, mem, &loaded);
	if (!status)
		status = linux_fill_params(boot, mem, &loaded);
	if (!status)
		linux_keep_small(mem, &loaded);
	return status;
}
