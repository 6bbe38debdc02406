// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading kernels: what a good file leaves in guest memory, and that bad ones
 * are refused with the right status and nothing else happens.
 */
#include "boot/boot.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels.h"
#include "ktap.h"
#include "lguest/api.h"
#include "mem.h"
#include "report.h"

#define MEM_BYTES	(4 * MIB)

static struct mem mem = { .size = MEM_BYTES };
static struct test_elf elf;
static u8 image[BZIMAGE_ROOM];
static u32 entry;

static int boot_load(const struct boot *boot)
{
	struct kernel kernel;
	int status = kernel_open(boot, 1u << LG_ABI_LG32, MEM_BYTES, &kernel);

	if (status)
		return status;
	status = linux_load(boot, &kernel, &mem, &entry);
	kernel_close(&kernel);
	return status;
}

/* Load a file of @len bytes; the status. */
static int load(const void *data, size_t len, const char *cmdline, bool force)
{
	struct boot boot = {
		.kernel_path = "test-kernel",
		.cmdline = cmdline,
		.kernel_fd = kernel_file(data, len),
		.initrd_fd = -1,
		.force = force,
	};
	int status;

	memset(mem.base, 0, MEM_BYTES);
	status = boot_load(&boot);
	close(boot.kernel_fd);
	return status;
}

static int load_elf(void)
{
	return load(&elf, sizeof(elf), "", false);
}

static void elf_good(void)
{
	const struct boot_params *params = (void *)mem.base;
	const struct setup_data *seed = (void *)mem.base + 0x1800;
	static const u8 zero[32];

	kernel_elf(&elf, KERNEL_MARK);
	CHECK(load(&elf, sizeof(elf), "console=hvc0 quiet", false) == 0);
	CHECK(entry == KERNEL_GPA + 0x10);
	CHECK(!memcmp(mem.base + KERNEL_GPA, elf.text, KERNEL_BYTES));
	CHECK(mem.base[KERNEL_GPA + KERNEL_BYTES] == 0);
	CHECK(mem.base[KERNEL_GPA + KERNEL_BYTES + KERNEL_BSS - 1] == 0);
	CHECK(!strcmp((char *)mem.base + 0x1000, "console=hvc0 quiet"));
	CHECK(params->hdr.cmd_line_ptr == 0x1000);
	CHECK(params->hdr.hardware_subarch == 1);
	CHECK(params->hdr.loadflags == KEEP_SEGMENTS);
	CHECK(params->hdr.version == 0x207);
	CHECK(params->hdr.setup_data == 0x1800);
	CHECK(seed->next == 0 && seed->type == 9 && seed->len == sizeof(zero));
	CHECK(memcmp(seed->data, zero, sizeof(zero)));
	CHECK(params->hdr.kernel_alignment == 0x1000000);
	CHECK(params->e820_entries == 1);
	CHECK(params->e820_table[0].addr == 0);
	CHECK(params->e820_table[0].size == MEM_BYTES);
	CHECK(params->e820_table[0].type == 1);
	CHECK(params->hdr.ramdisk_size == 0);
}

static void elf_virtual_entry(void)
{
	kernel_elf(&elf, KERNEL_MARK);
	elf.ehdr.e_entry = KERNEL_VIRT + KERNEL_GPA + 0x20;
	CHECK(load_elf() == 0);
	CHECK(entry == KERNEL_GPA + 0x20);
}

static void elf_refused(void)
{
	kernel_elf(&elf, KERNEL_MARK);
	elf.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.ehdr.e_machine = EM_ARM;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.ehdr.e_type = ET_DYN;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.ehdr.e_phnum = 0xffff;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.ehdr.e_phoff = 0xfffffff0;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.phdr.p_filesz = 0xffffffff;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.phdr.p_paddr = 0xffffffff;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.phdr.p_paddr = 0;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.phdr.p_type = PT_NOTE;
	CHECK(load_elf() == STATUS_DATA);
	kernel_elf(&elf, KERNEL_MARK);
	elf.ehdr.e_entry = 0x42;
	CHECK(load_elf() == STATUS_DATA);
}

/* Numbers of any kind in the headers: loaded or refused, nothing else. */
static void elf_fuzz(void)
{
	u32 seed = 5;

	for (int round = 0; round < 3000; round++) {
		int status;

		kernel_elf(&elf, KERNEL_MARK);
		for (int i = 0; i < 3; i++) {
			u32 *word = (u32 *)&elf;

			seed = seed * 1664525 + 1013904223;
			word += (seed >> 8) % (offsetof(struct test_elf, text) /
					       sizeof(*word));
			*word = seed & 0x80 ? seed : (*word ^ 1u << (seed & 31));
		}
		status = load_elf();
		CHECK(status == 0 || status == STATUS_DATA);
	}
}

static void elf_too_big(void)
{
	kernel_elf(&elf, KERNEL_MARK);
	elf.phdr.p_memsz = MEM_BYTES - KERNEL_GPA;
	CHECK(load_elf() == 0);
	elf.phdr.p_memsz++;
	CHECK(load_elf() == STATUS_DATA);
}

static void truncated(void)
{
	size_t size;

	kernel_elf(&elf, KERNEL_MARK);
	for (size_t len = 4; len < sizeof(elf); len += 97)
		CHECK(load(&elf, len, "", false) == STATUS_DATA);
	size = kernel_bzimage(image, &elf, sizeof(elf), pack_gzip);
	for (size_t len = 0; len < size; len += 97)
		CHECK(load(image, len, "", false) == STATUS_DATA);
}

static void marks(void)
{
	kernel_elf(&elf, "nothing");
	CHECK(load_elf() == STATUS_DATA);
	CHECK(load(&elf, sizeof(elf), "", true) == 0);
	kernel_elf(&elf, "pv: lguest");
	CHECK(load_elf() == 0);
	kernel_elf(&elf, "llguest");
	CHECK(load_elf() == 0);
	kernel_elf(&elf, "lgues");
	memcpy(elf.text + KERNEL_BYTES - 5, "lgues", 5);
	CHECK(load_elf() == STATUS_DATA);
	memcpy(elf.text + KERNEL_BYTES - 6, "lguest", 6);
	CHECK(load_elf() == 0);
}

static void bzimages(void)
{
	static const struct {
		const char *name;
		size_t (*pack)(const void *in, size_t len, u8 *out,
			       size_t room);
	} formats[] = {
		{ "gzip", pack_gzip }, { "bzip2", pack_bzip2 },
		{ "xz", pack_xz }, { "lzma", pack_lzma }, { "lz4", pack_lz4 },
		{ "lz4 frame", pack_lz4_frame }, { "zstd", pack_zstd },
	};

	kernel_elf(&elf, KERNEL_MARK);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		size_t len = kernel_bzimage(image, &elf, sizeof(elf),
					    formats[i].pack);

		printf("# %s\n", formats[i].name);
		CHECK(load(image, len, "", false) == 0);
		CHECK(!memcmp(mem.base + KERNEL_GPA, elf.text, KERNEL_BYTES));
		CHECK(entry == KERNEL_GPA + 0x10);
	}
}

static void bzimage_refused(void)
{
	struct setup_header *hdr = (void *)(image + 0x1f1);
	size_t len;
	u32 size;

	kernel_elf(&elf, KERNEL_MARK);
	len = kernel_bzimage(image, &elf, sizeof(elf), pack_zstd);
	hdr->xloadflags = XLF_KERNEL_64;
	CHECK(load(image, len, "", false) == STATUS_DATA);
	hdr->xloadflags = 0;
	hdr->version = 0x204;
	CHECK(load(image, len, "", false) == STATUS_DATA);
	hdr->version = 0x20c;
	hdr->payload_length = 0xffffffff;
	CHECK(load(image, len, "", false) == STATUS_DATA);
	/* It says less, or more, than there is. */
	len = kernel_bzimage(image, &elf, sizeof(elf), pack_zstd);
	size = sizeof(elf) - 1;
	memcpy(image + len - 4, &size, 4);
	CHECK(load(image, len, "", false) == STATUS_DATA);
	size = sizeof(elf) + 1;
	memcpy(image + len - 4, &size, 4);
	CHECK(load(image, len, "", false) == STATUS_DATA);
	size = 0xffffffff;
	memcpy(image + len - 4, &size, 4);
	CHECK(load(image, len, "", false) == STATUS_DATA);
	/* What is inside is no kernel. */
	memset(&elf.ehdr, 0, sizeof(elf.ehdr));
	len = kernel_bzimage(image, &elf, sizeof(elf), pack_zstd);
	CHECK(load(image, len, "", false) == STATUS_DATA);
}

/* What would fill the host's memory is not even begun. */
static void bombs_for(u32 abi)
{
	static u8 zeros[8 * MIB];
	struct kernel kernel;
	struct boot boot = { .kernel_path = "bomb", .cmdline = "" };
	size_t (*const packs[])(const void *in, size_t len, u8 *out,
				size_t room) = {
		pack_gzip, pack_bzip2, pack_xz, pack_lzma, pack_lz4,
		pack_lz4_frame, pack_zstd,
	};

	for (size_t i = 0; i < ARRAY_SIZE(packs); i++) {
		const u32 announced = MIB;
		size_t len = kernel_bzimage(image, zeros, sizeof(zeros),
					    packs[i]);

		boot.kernel_fd = kernel_file(image, len);
		CHECK(kernel_open(&boot, 1u << abi, sizeof(zeros) - 1,
				  &kernel) == STATUS_DATA);
		close(boot.kernel_fd);
		/* One that lies about it bursts where it can do no harm. */
		memcpy(image + len - 4, &announced, 4);
		boot.kernel_fd = kernel_file(image, len);
		CHECK(kernel_open(&boot, 1u << abi, sizeof(zeros) - 1,
				  &kernel) == STATUS_DATA);
		close(boot.kernel_fd);
	}
}

static void bombs(void)
{
	bombs_for(LG_ABI_LG32);
	bombs_for(LG_ABI_XENPV);
}

/*
 * The library that unpacks, as if somebody had broken in through it: it tries a
 * system call, and if that comes back, all is well with the kernel.
 */
static long break_in = -1;

int __real_BZ2_bzBuffToBuffDecompress(char *to, unsigned int *to_len, char *from,
				      unsigned int from_len, int small,
				      int verbosity);
int __wrap_BZ2_bzBuffToBuffDecompress(char *to, unsigned int *to_len, char *from,
				      unsigned int from_len, int small,
				      int verbosity)
{
	if (break_in >= 0)
		syscall(break_in, -1, 0, 0, 0, 0, 0);
	return __real_BZ2_bzBuffToBuffDecompress(to, to_len, from, from_len,
						 small, verbosity);
}

struct Elf *__real_elf_memory(char *bytes, size_t size);
struct Elf *__wrap_elf_memory(char *bytes, size_t size);
struct Elf *__wrap_elf_memory(char *bytes, size_t size)
{
	if (break_in >= 0)
		syscall(break_in, -1, 0, 0, 0, 0, 0);
	return __real_elf_memory(bytes, size);
}

/* The same, leaving so many segments and going as if all were well. */
static u32 leave_count;

GElf_Ehdr *__real_gelf_getehdr(Elf *lib, GElf_Ehdr *header);
GElf_Ehdr *__wrap_gelf_getehdr(Elf *lib, GElf_Ehdr *header);
GElf_Ehdr *__wrap_gelf_getehdr(Elf *lib, GElf_Ehdr *header)
{
	GElf_Ehdr *got = __real_gelf_getehdr(lib, header);
	struct elf *left = container_of(header, struct elf, header);

	if (!leave_count)
		return got;
	memset(left->segment, 0xff, sizeof(left->segment));
	left->count = leave_count;
	_exit(0);
}

/* It can compute, and die. */
static void break_ins(void)
{
	static const long calls[] = {
		SYS_write, SYS_read, SYS_openat, SYS_execve, SYS_kill, SYS_ptrace,
		SYS_socket, SYS_ioctl, SYS_clone, SYS_process_vm_writev,
	};
	size_t len;

	kernel_elf(&elf, KERNEL_MARK);
	len = kernel_bzimage(image, &elf, sizeof(elf), pack_bzip2);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		break_in = calls[i];
		CHECK(load(image, len, "", false) == STATUS_DATA);
		CHECK(load_elf() == STATUS_DATA);
	}
	break_in = SYS_brk;
	CHECK(load(image, len, "", false) == 0);
	CHECK(load_elf() == 0);
	break_in = -1;
}

/* And what it leaves behind is looked at. */
static void broken_cage(void)
{
	static const u32 counts[] = { 1, ELF_MAX_SEGMENTS, ELF_MAX_SEGMENTS + 1, -1u };

	kernel_elf(&elf, KERNEL_MARK);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		leave_count = counts[i];
		CHECK(load_elf() == STATUS_DATA);
	}
	leave_count = 0;
	CHECK(load_elf() == 0);
}

/* Bits flipped in the payload: refused, or harmless; never worse. */
static void bzimage_damaged(void)
{
	size_t (*const packs[])(const void *in, size_t len, u8 *out,
				size_t room) = {
		pack_gzip, pack_bzip2, pack_xz, pack_lzma, pack_lz4,
		pack_lz4_frame, pack_zstd,
	};
	static u8 bad[BZIMAGE_ROOM];
	u32 seed = 7;

	kernel_elf(&elf, KERNEL_MARK);
	for (size_t i = 0; i < ARRAY_SIZE(packs); i++) {
		size_t len = kernel_bzimage(image, &elf, sizeof(elf), packs[i]);

		for (int round = 0; round < 20; round++) {
			int status;

			memcpy(bad, image, len);
			seed = seed * 1664525 + 1013904223;
			bad[3 * 512 + 0x40 + (seed >> 8) %
			    (len - 3 * 512 - 0x40)] ^= (u8)(1 << (seed & 7));
			status = load(bad, len, "", false);
			CHECK(status == 0 || status == STATUS_DATA);
		}
	}
}

static void not_kernels(void)
{
	u8 junk[4096] = "#!/bin/sh";

	CHECK(load(junk, sizeof(junk), "", false) == STATUS_DATA);
	CHECK(load(junk, 0, "", false) == STATUS_DATA);
	CHECK(load(junk, 1, "", false) == STATUS_DATA);
}

static void initrds(void)
{
	const struct boot_params *params = (void *)mem.base;
	struct boot boot = {
		.kernel_path = "test-kernel",
		.initrd_path = "test-initrd",
		.cmdline = "",
	};
	static u8 initrd[5000], big[3 * MIB];

	kernel_elf(&elf, KERNEL_MARK);
	memset(initrd, 0x77, sizeof(initrd));
	boot.kernel_fd = kernel_file(&elf, sizeof(elf));
	boot.initrd_fd = kernel_file(initrd, sizeof(initrd));
	CHECK(boot_load(&boot) == 0);
	CHECK(params->hdr.ramdisk_image == MEM_BYTES - 0x2000);
	CHECK(params->hdr.ramdisk_size == sizeof(initrd));
	CHECK(params->hdr.type_of_loader == 0xff);
	CHECK(!memcmp(mem.base + MEM_BYTES - 0x2000, initrd, sizeof(initrd)));
	close(boot.initrd_fd);
	boot.initrd_fd = kernel_file(big, sizeof(big));
	CHECK(boot_load(&boot) == STATUS_DATA);
	close(boot.initrd_fd);
	boot.initrd_fd = kernel_file(big, 0);
	CHECK(boot_load(&boot) == STATUS_DATA);
	close(boot.initrd_fd);
	close(boot.kernel_fd);
}

static const struct ktap_case cases[] = {
	{ "an ELF kernel and its first state", elf_good },
	{ "an entry point at the linked address", elf_virtual_entry },
	{ "ELF files that are no kernel of ours", elf_refused },
	{ "ELF headers of any kind", elf_fuzz },
	{ "a kernel too big for the memory", elf_too_big },
	{ "truncated kernels", truncated },
	{ "kernels for lguest are told from others", marks },
	{ "bzImages of every compression", bzimages },
	{ "bzImages that are refused", bzimage_refused },
	{ "bzImages that are damaged", bzimage_damaged },
	{ "bzImages that unpack to too much", bombs },
	{ "break-ins by way of bzImages", break_ins },
	{ "what a broken cage leaves", broken_cage },
	{ "files that are no kernels", not_kernels },
	{ "initrds", initrds },
};

int main(void)
{
	int status;

	/* A child must not get it, so it is not from malloc(). */
	status = mem_init(&mem, MEM_BYTES);
	if (status)
		return status;
	status = ktap_run(cases, ARRAY_SIZE(cases));
	mem_exit(&mem);
	return status;
}
