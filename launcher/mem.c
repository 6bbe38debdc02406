// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest memory.  It is one private anonymous mapping, which the module fills
 * the guest's page tables from as the guest touches it.  This is the only
 * file that turns a guest-physical address into a pointer.
 */
#include "mem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "report.h"

#define HUGE_PAGE	(2 * MIB)

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
	if (size > SIZE_MAX - HUGE_PAGE)
		return complain(STATUS_HOST,
				"--memory %lluM does not fit this program's address space",
				(unsigned long long)(size / MIB));
	/* It begins where a huge page can, so that all of it can be in such. */
	base = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return complain(STATUS_HOST,
				"no room for %lluM of guest memory: %s; use a smaller --memory",
				(unsigned long long)(size / MIB),
				strerror(errno));
	/* A child has no business with it, and a core dump no use for it. */
	madvise(base, size + HUGE_PAGE, MADV_DONTFORK);
	madvise(base, size + HUGE_PAGE, MADV_DONTDUMP);
	mem->mapping = base;
	mem->base = mem->mapping + -(uintptr_t)base % HUGE_PAGE;
	mem->size = size;
	return 0;
}

void mem_keep_small(const struct mem *mem, u64 from, u64 to)
{
	u8 *start = mem->base + from, *end = mem->base + to;

	start += -(uintptr_t)start % HUGE_PAGE;
	end -= (uintptr_t)end % HUGE_PAGE;
	if (start < end)
		madvise(start, (size_t)(end - start), MADV_NOHUGEPAGE);
}

void mem_exit(struct mem *mem)
{
	if (mem->mapping)
		munmap(mem->mapping, mem->size + HUGE_PAGE);
	mem->mapping = NULL;
	mem->base = NULL;
	mem->size = 0;
}

void *mem_at(const struct mem *mem, u64 gpa, u64 len)
{
	if (gpa > mem->size || len > mem->size - gpa)
		return NULL;
	return mem->base + gpa;
}
