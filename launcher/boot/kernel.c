// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What kind of kernel is this, and can this host run it?  Here a file becomes
 * an ELF image whose headers have been read, and gets the ABI it wants: 64-bit
 * ones with Xen's notes are for xenpv, 32-bit ones for lg32.
 */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lguest/api.h"
#include "report.h"

#define WANT_XENPV	"a 64-bit kernel with CONFIG_XEN_PV, as Debian's linux-image-amd64 and linux-image-cloud-amd64 are"
#define WANT_LG32	"an i386 kernel with CONFIG_LGUEST_GUEST"

static int boot_open_file(const char *path, const char *what, int *fd)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	return complain(STATUS_INPUT, "%s: cannot open this %s: %s", path, what,
			strerror(errno));
}

int boot_open(struct boot *boot)
{
	int status;

	boot->kernel_fd = boot->initrd_fd = -1;
	status = boot_open_file(boot->kernel_path, "kernel", &boot->kernel_fd);
	if (!status && boot->initrd_path)
		status = boot_open_file(boot->initrd_path, "initrd",
					&boot->initrd_fd);
	return status;
}

static int kernel_check_width(const char *path, bool is_64bit, u32 abis)
{
	u32 abi = is_64bit ? LG_ABI_XENPV : LG_ABI_LG32;

	if (abis & (1u << abi))
		return 0;
	if (is_64bit)
		return complain(STATUS_DATA,
				"%s: is a 64-bit kernel; this host runs 32-bit guests (" WANT_LG32 ")",
				path);
	return complain(STATUS_DATA,
			"%s: is a 32-bit kernel; this host runs 64-bit guests (" WANT_XENPV ")",
			path);
}

static int kernel_unpack(const struct boot *boot, u32 abis, u64 limit,
			 struct image *image)
{
	struct image file;
	int status;

	status = image_open(&file, boot->kernel_path, boot->kernel_fd);
	if (status)
		return status;
	if (elf_is_elf(&file)) {
		*image = file;
		return 0;
	}
	if (!bzimage_is_bzimage(&file))
		return complain(STATUS_DATA,
				"%s: not a kernel: neither an ELF vmlinux nor a bzImage",
				boot->kernel_path);
	if (bzimage_is_64bit(&file))
		status = kernel_check_width(boot->kernel_path, true, abis);
	if (!status)
		status = bzimage_unpack(&file, limit, image);
	if (status)
		return status;
	if (elf_is_elf(image))
		return 0;
	image_close(image);
	return complain(STATUS_DATA, "%s: damaged: no ELF kernel inside",
			boot->kernel_path);
}

static int kernel_check_xenpv(const struct kernel *kernel)
{
	const struct xen_notes *notes = &kernel->elf.notes;

	if (!notes->has_entry)
		return complain(STATUS_DATA,
				"%s: has no Xen PV entry point (ELF note); use " WANT_XENPV,
				kernel->image.path);
	if (notes->wrong_version)
		return complain(STATUS_DATA,
				"%s: is for a version of Xen's interface other than xen-3.0",
				kernel->image.path);
	return 0;
}

static int kernel_examine(struct kernel *kernel, u32 abis)
{
	bool is_64bit = elf_is_64bit(&kernel->image);
	int status;

	status = kernel_check_width(kernel->image.path, is_64bit, abis);
	if (!status)
		status = elf_open(&kernel->image, &kernel->elf);
	if (status || !is_64bit)
		return status;
	kernel->abi = LG_ABI_XENPV;
	status = notes_check(&kernel->image, &kernel->elf);
	return status ? status : kernel_check_xenpv(kernel);
}

int kernel_open(const struct boot *boot, u32 abis, u64 limit,
		struct kernel *kernel)
{
	int status;

	memset(kernel, 0, sizeof(*kernel));
	kernel->abi = LG_ABI_LG32;
	status = kernel_unpack(boot, abis, limit, &kernel->image);
	if (status)
		return status;
	status = kernel_examine(kernel, abis);
	if (status)
		kernel_close(kernel);
	return status;
}

void kernel_close(struct kernel *kernel)
{
	image_close(&kernel->image);
}
