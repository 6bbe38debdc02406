// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest memory.  It is one shared anonymous mapping, which the module fills
 * the guest's page tables from as the guest touches it.  This is the only
 * file that turns a guest-physical address into a pointer.
 */
#include "mem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "report.h"

/*
 * Ask for more than the machine has and it may well be granted, only for the
 * guest to die of it later: refuse while the reason can still be told.
 */
static int mem_check_host(u64 size)
{
	struct sysinfo host;
	u64 total;

	if (sysinfo(&host))
		return 0;
	total = (u64)host.totalram * host.mem_unit;
	if (size <= total)
		return 0;
	return complain(STATUS_HOST,
			"--memory %lluM is more than this machine's %lluM; use less",
			(unsigned long long)(size / MIB),
			(unsigned long long)(total / MIB));
}

int mem_init(struct mem *mem, u64 size)
{
	int status = mem_check_host(size);
	void *base;

	if (status)
		return status;
	if (size > SIZE_MAX)
		return complain(STATUS_HOST,
				"--memory %lluM does not fit this program's address space",
				(unsigned long long)(size / MIB));
	base = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return complain(STATUS_HOST,
				"no room for %lluM of guest memory: %s; use a smaller --memory",
				(unsigned long long)(size / MIB),
				strerror(errno));
	/* A child has no business with it, and a core dump no use for it. */
	madvise(base, size, MADV_DONTFORK);
	madvise(base, size, MADV_DONTDUMP);
	mem->base = base;
	mem->size = size;
	return 0;
}

void mem_exit(struct mem *mem)
{
	if (mem->base)
		munmap(mem->base, mem->size);
	mem->base = NULL;
	mem->size = 0;
}

void *mem_at(const struct mem *mem, u64 gpa, u64 len)
{
	if (gpa > mem->size || len > mem->size - gpa)
		return NULL;
	return mem->base + gpa;
}
