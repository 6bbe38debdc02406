// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Building a Xen domain: what the kernel finds where, as Xen's own tools would
 * have it; and that no number in a kernel file, however wild, gets anything
 * built but a domain or a complaint.
 */
#include "boot/boot.h"

#include <stdlib.h>
#include <sys/mman.h>

#include <xen/xen.h>
#include <xen/foreign/x86_64.h>

#include "kernels.h"
#include "ktap.h"
#include "lguest/api.h"
#include "mem.h"
#include "report.h"

#define RAM_PAGES	(32 * MIB / PAGE_BYTES)
#define SPECIAL_PAGES	64
#define BOTH_ABIS	(1u << LG_ABI_LG32 | 1u << LG_ABI_XENPV)
#define PTE_RW		2
#define UNMAPPED	UINT64_MAX

static struct test_elf64 elf;
static u8 initrd[10000];
static struct mem mem;
static struct xen_start start;
static u64 ram_pages;

static int build(const struct boot *boot, u32 abis)
{
	struct xen_domain domain = {
		.ram_pages = ram_pages,
		.shared_info_gfn = ram_pages,
		.console_port = 2,
		.cmdline = boot->cmdline,
	};
	struct kernel kernel;
	int status = kernel_open(boot, abis, UINT64_MAX, &kernel);

	if (status)
		return status;
	memset(mem.base, 0, mem.size);
	memset(&start, 0, sizeof(start));
	status = kernel.abi != LG_ABI_XENPV ? -1 :
		 xen_load(boot, &kernel, &mem, &domain, &start);
	kernel_close(&kernel);
	return status;
}

/* What is in `elf`, with an initrd if @with_initrd. */
static int build_elf(bool with_initrd)
{
	struct boot boot = {
		.kernel_path = "test-kernel",
		.initrd_path = "test-initrd",
		.cmdline = "console=hvc0 quiet",
		.kernel_fd = kernel_file(&elf, sizeof(elf)),
		.initrd_fd = -1,
	};
	int status;

	if (with_initrd)
		boot.initrd_fd = kernel_file(initrd, sizeof(initrd));
	status = build(&boot, BOTH_ABIS);
	close(boot.kernel_fd);
	if (with_initrd)
		close(boot.initrd_fd);
	return status;
}

static struct start_info_x86_64 *start_info(void)
{
	return mem_at(&mem, start.start_info_gfn * PAGE_BYTES, PAGE_BYTES);
}

/* The entry that maps @gva as the guest's CPU finds it. */
static u64 walk(u64 gva)
{
	u64 gfn = start.cr3_gfn;

	for (int shift = 39; ; shift -= 9) {
		u64 *table = mem_at(&mem, gfn * PAGE_BYTES, PAGE_BYTES);
		u64 pte = table ? table[(gva >> shift) % 512] : 0;

		if (!(pte & 1) || pte >> 12 >= ram_pages)
			return UNMAPPED;
		if (shift == 12)
			return pte;
		gfn = pte >> 12;
	}
}

static bool maps(u64 gva, u64 gfn)
{
	return walk(gva) != UNMAPPED && walk(gva) >> 12 == gfn;
}

/* Nothing that is not RAM was touched. */
static bool specials_clean(void)
{
	const u8 *special = mem.base + ram_pages * PAGE_BYTES;
	size_t bytes = mem.size - ram_pages * PAGE_BYTES;

	return !special[0] && !memcmp(special, special + 1, bytes - 1);
}

/* All of the kernel's mapping: in order, tables read-only, and its end. */
static bool mapping_is_good(u64 virt_base, u64 *end)
{
	const struct start_info_x86_64 *info = start_info();
	u64 tables = (info->pt_base - virt_base) / PAGE_BYTES;
	u64 gfn = 0;

	if (start.cr3_gfn != tables)
		return false;
	for (; walk(virt_base + gfn * PAGE_BYTES) != UNMAPPED; gfn++) {
		u64 pte = walk(virt_base + gfn * PAGE_BYTES);
		bool table = gfn >= tables && gfn < tables + info->nr_pt_frames;

		if (pte >> 12 != gfn || !(pte & 4) || !!(pte & PTE_RW) == table)
			return false;
	}
	*end = gfn;
	return !((virt_base + gfn * PAGE_BYTES) % (4 * MIB)) &&
	       start.rsp <= virt_base + gfn * PAGE_BYTES - 512 * 1024;
}

static bool p2m_is_good(u64 gva)
{
	const struct start_info_x86_64 *info = start_info();
	u64 pages = (ram_pages * 8 + PAGE_BYTES - 1) / PAGE_BYTES;

	for (u64 i = 0; i < pages; i++) {
		const u64 *list = mem_at(&mem, (info->first_p2m_pfn + i) *
					 PAGE_BYTES, PAGE_BYTES);

		if (!maps(gva + i * PAGE_BYTES, info->first_p2m_pfn + i))
			return false;
		for (u64 j = 0; j < 512 && i * 512 + j < ram_pages; j++)
			if (list[j] != i * 512 + j)
				return false;
	}
	return info->nr_p2m_frames >= pages;
}

static void like_linux(void)
{
	const struct start_info_x86_64 *info;
	u64 end;

	kernel_xenpv(&elf);
	kernel_note_number(&elf, XEN_ELFNOTE_INIT_P2M, KERNEL64_P2M);
	kernel_note_number(&elf, XEN_ELFNOTE_MOD_START_PFN, 1);
	CHECK(build_elf(true) == 0);
	info = start_info();
	CHECK(!memcmp(mem.base + KERNEL64_GPA, elf.text, KERNEL_BYTES));
	CHECK(start.rip == KERNEL64_VIRT + KERNEL64_GPA + 0x40);
	CHECK(start.start_info_gfn == (KERNEL64_GPA + KERNEL_BYTES + KERNEL_BSS)
				      / PAGE_BYTES);
	CHECK(start.rsi == KERNEL64_VIRT + start.start_info_gfn * PAGE_BYTES);
	CHECK(start.store_gfn == start.start_info_gfn + 1);
	CHECK(start.console_gfn == start.start_info_gfn + 2);
	CHECK(start.cr3_gfn == start.start_info_gfn + 3);
	CHECK(mapping_is_good(KERNEL64_VIRT, &end));
	CHECK(start.rsp == info->pt_base + (info->nr_pt_frames + 1) *
			   PAGE_BYTES);
	CHECK(info->nr_pt_frames == 3 + end / 512);
	CHECK(!strcmp(info->magic, "xen-3.0-x86_64"));
	CHECK(info->nr_pages == ram_pages);
	CHECK(info->shared_info == ram_pages * PAGE_BYTES);
	CHECK(info->flags == (SIF_MOD_START_PFN | SIF_VIRT_P2M_4TOOLS));
	CHECK(info->store_mfn == start.store_gfn && !info->store_evtchn);
	CHECK(info->console.domU.mfn == start.console_gfn);
	CHECK(info->console.domU.evtchn == 2);
	CHECK(info->mfn_list == KERNEL64_P2M);
	CHECK(!strcmp((const char *)info->cmd_line, "console=hvc0 quiet"));
	CHECK(info->mod_start == end && info->mod_len == sizeof(initrd));
	CHECK(!memcmp(mem.base + end * PAGE_BYTES, initrd, sizeof(initrd)));
	CHECK(info->first_p2m_pfn == end + 3);
	CHECK(info->nr_p2m_frames == ram_pages / 512 + 3);
	CHECK(p2m_is_good(KERNEL64_P2M));
	CHECK(specials_clean());
	CHECK(build_elf(false) == 0);
	CHECK(!start_info()->mod_len && !start_info()->mod_start);
	CHECK(start_info()->flags == SIF_VIRT_P2M_4TOOLS);
}

/* A kernel that wants all it is given mapped, and a base of 0. */
static void like_grub(void)
{
	const struct start_info_x86_64 *info;
	u64 end;

	kernel_elf64(&elf);
	elf.load.p_paddr = 0;
	kernel_note_number(&elf, XEN_ELFNOTE_VIRT_BASE, 0);
	kernel_note_number(&elf, XEN_ELFNOTE_ENTRY, 0);
	CHECK(build_elf(true) == 0);
	info = start_info();
	CHECK(start.rip == 0);
	CHECK(mapping_is_good(0, &end));
	CHECK(info->flags == SIF_VIRT_P2M_4TOOLS);
	CHECK(info->mod_start == KERNEL_BYTES + KERNEL_BSS);
	CHECK(!memcmp(mem.base + info->mod_start, initrd, sizeof(initrd)));
	CHECK(info->mfn_list == info->first_p2m_pfn * PAGE_BYTES);
	CHECK(p2m_is_good(info->mfn_list));
	CHECK(info->nr_p2m_frames == ram_pages / 512);
}

static void paddr_offset(void)
{
	u64 end;

	kernel_xenpv(&elf);
	elf.load.p_paddr = KERNEL64_VIRT + KERNEL64_GPA;
	kernel_note_number(&elf, XEN_ELFNOTE_PADDR_OFFSET, KERNEL64_VIRT);
	CHECK(build_elf(false) == 0);
	CHECK(!memcmp(mem.base + KERNEL64_GPA, elf.text, KERNEL_BYTES));
	CHECK(mapping_is_good(KERNEL64_VIRT, &end));
	elf.load.p_paddr = KERNEL64_GPA;
	CHECK(build_elf(false) == STATUS_DATA);
}

static void hypercall_page(void)
{
	static const u8 stub[] = { 0x51, 0x41, 0x53, 0xb8, 29, 0, 0, 0,
				   0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
	static const u8 iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0,
				   0x0f, 0x05 };
	const u8 *page = mem.base + KERNEL64_GPA + 0x1000;

	kernel_xenpv(&elf);
	kernel_note_number(&elf, XEN_ELFNOTE_HYPERCALL_PAGE,
			   KERNEL64_VIRT + KERNEL64_GPA + 0x1000);
	CHECK(build_elf(false) == 0);
	CHECK(!memcmp(page + 29 * 32, stub, sizeof(stub)));
	CHECK(!memcmp(page + 23 * 32, iret, sizeof(iret)));
	CHECK(page[127 * 32 + 4] == 127);
	CHECK(!memcmp(mem.base + KERNEL64_GPA + 0x2000, elf.text + 0x2000, 64));
	CHECK(!memcmp(mem.base + KERNEL64_GPA, elf.text, 0x1000));
}

/* One note more, which overrides. */
static int build_with(u32 type, u64 number)
{
	kernel_xenpv(&elf);
	kernel_note_number(&elf, type, number);
	return build_elf(true);
}

static void bad_notes(void)
{
	static const struct {
		u32 type;
		u64 number;
	} bad[] = {
		{ XEN_ELFNOTE_ENTRY, 0 },
		{ XEN_ELFNOTE_ENTRY, KERNEL64_VIRT + KERNEL64_GPA - 1 },
		{ XEN_ELFNOTE_ENTRY, KERNEL64_VIRT + KERNEL64_GPA +
				     KERNEL_BYTES + KERNEL_BSS },
		{ XEN_ELFNOTE_VIRT_BASE, KERNEL64_VIRT + 1 },
		{ XEN_ELFNOTE_VIRT_BASE, KERNEL64_VIRT + PAGE_BYTES },
		{ XEN_ELFNOTE_HYPERCALL_PAGE, 0 },
		{ XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL64_VIRT },
		{ XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL64_VIRT + KERNEL64_GPA +
					      KERNEL_BYTES + KERNEL_BSS },
		{ XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL64_VIRT + KERNEL64_GPA + 8 },
		{ XEN_ELFNOTE_INIT_P2M, 0x800000000000ull },
		{ XEN_ELFNOTE_INIT_P2M, 0xffff800000000000ull },
		{ XEN_ELFNOTE_INIT_P2M, 0xffff87fffffff000ull },
		{ XEN_ELFNOTE_INIT_P2M, 0x7ffffffff000ull },
		{ XEN_ELFNOTE_INIT_P2M, UINT64_MAX },
		{ XEN_ELFNOTE_INIT_P2M, KERNEL64_P2M + 8 },
		{ XEN_ELFNOTE_INIT_P2M, KERNEL64_VIRT },
		{ XEN_ELFNOTE_INIT_P2M, KERNEL64_VIRT - PAGE_BYTES },
		{ XEN_ELFNOTE_PADDR_OFFSET, KERNEL64_GPA + 1 },
		{ XEN_ELFNOTE_PADDR_OFFSET, UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		printf("# note %u: %#llx\n", bad[i].type,
		       (unsigned long long)bad[i].number);
		CHECK(build_with(bad[i].type, bad[i].number) == STATUS_DATA);
	}
	/* The kernel's own mapping where it must not be. */
	kernel_elf64(&elf);
	kernel_note_number(&elf, XEN_ELFNOTE_VIRT_BASE, 0xffff800000000000ull);
	kernel_note_number(&elf, XEN_ELFNOTE_ENTRY,
			   0xffff800000000000ull + KERNEL64_GPA);
	CHECK(build_elf(false) == STATUS_DATA);
	kernel_elf64(&elf);
	kernel_note_number(&elf, XEN_ELFNOTE_VIRT_BASE,
			   -(u64)KERNEL64_GPA - 0x8000);
	kernel_note_number(&elf, XEN_ELFNOTE_ENTRY, -0x8000ull);
	CHECK(build_elf(false) == STATUS_DATA);
	kernel_xenpv(&elf);
	kernel_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-9.9", 8);
	CHECK(build_elf(false) == STATUS_DATA);
}

static void odd_notes(void)
{
	u32 narrow = 1;

	kernel_xenpv(&elf);
	kernel_note(&elf, XEN_ELFNOTE_MOD_START_PFN, &narrow, 4);
	kernel_note(&elf, XEN_ELFNOTE_INIT_P2M, "odd", 3);
	kernel_note(&elf, 99, "?", 1);
	CHECK(build_elf(true) == 0);
	CHECK(start_info()->flags & SIF_MOD_START_PFN);
	CHECK(start_info()->mfn_list > KERNEL64_VIRT);
	/* Cut off anywhere: as if what is left were all. */
	for (u64 len = elf.note.p_filesz; len > 0; len--) {
		int status;

		elf.note.p_filesz = len - 1;
		status = build_elf(false);
		CHECK(status == 0 || status == STATUS_DATA);
	}
	elf.note.p_filesz = 1 << 20;
	CHECK(build_elf(false) == STATUS_DATA);
	elf.note.p_filesz = sizeof(elf);
	CHECK(build_elf(false) == STATUS_DATA);
	kernel_xenpv(&elf);
	elf.note.p_offset = UINT64_MAX - 8;
	CHECK(build_elf(false) == STATUS_DATA);
}

static void dice(u8 *bytes, size_t len, u32 *seed)
{
	static const u64 edges[] = {
		0, 1, PAGE_BYTES - 1, PAGE_BYTES, KERNEL64_GPA, KERNEL64_VIRT,
		0x7ffffffff000ull, 0x800000000000ull, 0xffff800000000000ull,
		0xffff880000000000ull, UINT64_MAX, UINT64_MAX - 4095,
		INT64_MAX, 1ull << 40, 0xffffffff00000000ull,
	};
	u64 number;

	*seed = *seed * 1664525 + 1013904223;
	number = edges[(*seed >> 8) % ARRAY_SIZE(edges)];
	if (*seed & 0x80)
		number += (int)(*seed >> 20) - 2048;
	*seed = *seed * 1664525 + 1013904223;
	memcpy(bytes + (*seed >> 8) % (len / 8) * 8, &number, sizeof(number));
}

/* Numbers of any kind, in the headers and in the notes. */
static void fuzz(void)
{
	u32 seed = 11;

	for (int round = 0; round < 3000; round++) {
		int status;

		kernel_xenpv(&elf);
		kernel_note_number(&elf, XEN_ELFNOTE_INIT_P2M, KERNEL64_P2M);
		kernel_note_number(&elf, XEN_ELFNOTE_HYPERCALL_PAGE,
				   KERNEL64_VIRT + KERNEL64_GPA + 0x1000);
		if (round % 3)
			dice(elf.notes, elf.note.p_filesz, &seed);
		if (round % 3 != 1)
			dice((u8 *)&elf.load, 2 * sizeof(elf.load), &seed);
		if (round % 7 == 0)
			dice((u8 *)&elf.ehdr, sizeof(elf.ehdr), &seed);
		status = build_elf(round & 1);
		CHECK(status == 0 || status == STATUS_DATA);
		CHECK(specials_clean());
		CHECK(status || walk(start.rsi) != UNMAPPED);
		CHECK(status || walk(start.rip & -(u64)PAGE_BYTES) != UNMAPPED);
		CHECK(status || walk(start.rsp - 8) != UNMAPPED);
	}
}

/*
 * The same in memory, where what was unpacked lies: cut off anywhere, and behind
 * it nothing can be read.
 */
static void fuzz_in_memory(void)
{
	size_t room = (sizeof(elf) + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	u8 *end = mmap(NULL, room + PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int whole = 0;
	u32 seed = 23;

	CHECK(end != MAP_FAILED);
	end += room;
	CHECK(!mprotect(end, PAGE_BYTES, PROT_NONE));
	for (int round = 0; round < 20000; round++) {
		struct image image = { .path = "fuzz", .fd = -1 };
		struct elf headers = { 0 };

		kernel_xenpv(&elf);
		seed = seed * 1664525 + 1013904223;
		image.size = round % 2 ? sizeof(elf) :
			     (seed >> 8) % offsetof(struct test_elf64, text) + 1;
		if (round % 5 == 0)
			dice(elf.notes, elf.note.p_filesz, &seed);
		if (round % 3)
			dice((u8 *)&elf, sizeof(elf.ehdr) + sizeof(elf.load) +
			     sizeof(elf.note), &seed);
		image.data = memcpy(end - image.size, &elf, image.size);
		elf_read_headers(image.data, image.size, &headers);
		whole += headers.bad == ELF_NOTHING && headers.notes.has_entry;
	}
	CHECK(whole > 1000 && whole < 19000);
	munmap(end - room, room + PAGE_BYTES);
}

/* With any memory it is built whole or refused. */
static void any_memory(void)
{
	bool fits = false;
	u64 end;

	kernel_xenpv(&elf);
	kernel_note_number(&elf, XEN_ELFNOTE_INIT_P2M, KERNEL64_P2M);
	kernel_note_number(&elf, XEN_ELFNOTE_MOD_START_PFN, 1);
	for (ram_pages = 1; ram_pages < RAM_PAGES; ram_pages += 61) {
		int status = build_elf(true);

		CHECK(status == 0 || status == STATUS_DATA);
		CHECK(!fits || !status);
		fits = !status;
		CHECK(!fits || mapping_is_good(KERNEL64_VIRT, &end));
		CHECK(!fits || p2m_is_good(KERNEL64_P2M));
		CHECK(specials_clean());
	}
	ram_pages = RAM_PAGES;
	CHECK(fits);
}

/* Which kernel on which host. */
static void abis(void)
{
	struct boot boot = { .kernel_path = "k", .cmdline = "", .initrd_fd = -1 };
	struct test_elf elf32;

	kernel_xenpv(&elf);
	boot.kernel_fd = kernel_file(&elf, sizeof(elf));
	CHECK(build(&boot, 1u << LG_ABI_XENPV) == 0);
	CHECK(build(&boot, BOTH_ABIS) == 0);
	CHECK(build(&boot, 1u << LG_ABI_LG32) == STATUS_DATA);
	close(boot.kernel_fd);
	kernel_elf64(&elf);
	boot.kernel_fd = kernel_file(&elf, sizeof(elf));
	CHECK(build(&boot, BOTH_ABIS) == STATUS_DATA);
	close(boot.kernel_fd);
	kernel_elf(&elf32, KERNEL_MARK);
	boot.kernel_fd = kernel_file(&elf32, sizeof(elf32));
	CHECK(build(&boot, 1u << LG_ABI_XENPV) == STATUS_DATA);
	CHECK(build(&boot, BOTH_ABIS) == -1);
	close(boot.kernel_fd);
	kernel_xenpv(&elf);
	elf.ehdr.e_machine = EM_AARCH64;
	boot.kernel_fd = kernel_file(&elf, sizeof(elf));
	CHECK(build(&boot, BOTH_ABIS) == STATUS_DATA);
	close(boot.kernel_fd);
}

static void command_lines(void)
{
	char line[1025];
	struct boot boot = { .kernel_path = "k", .cmdline = line,
			     .initrd_fd = -1 };

	kernel_xenpv(&elf);
	boot.kernel_fd = kernel_file(&elf, sizeof(elf));
	memset(line, 'x', 1024);
	line[1024] = 0;
	CHECK(build(&boot, BOTH_ABIS) == STATUS_USAGE);
	line[1023] = 0;
	CHECK(build(&boot, BOTH_ABIS) == 0);
	CHECK(!strcmp((const char *)start_info()->cmd_line, line));
	close(boot.kernel_fd);
}

static const struct ktap_case cases[] = {
	{ "a kernel like Linux", like_linux },
	{ "a kernel like GRUB", like_grub },
	{ "physical addresses with an offset", paddr_offset },
	{ "the hypercall page", hypercall_page },
	{ "notes that cannot be fulfilled", bad_notes },
	{ "notes of other forms", odd_notes },
	{ "numbers of any kind", fuzz },
	{ "numbers of any kind, in memory", fuzz_in_memory },
	{ "memory of any size", any_memory },
	{ "which kernel on which host", abis },
	{ "command lines", command_lines },
};

int main(void)
{
	int status;

	ram_pages = RAM_PAGES;
	for (size_t i = 0; i < sizeof(initrd); i++)
		initrd[i] = (u8)(i % 253);
	status = mem_init(&mem, (RAM_PAGES + SPECIAL_PAGES) * PAGE_BYTES);
	if (status)
		return status;
	status = ktap_run(cases, ARRAY_SIZE(cases));
	mem_exit(&mem);
	return status;
}
