// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of mmap, mprotect, mremap, munmap, madvise and fork over a few pages,
 * each followed by accesses to all of them: what faults, and what is there.  A
 * stale or missing entry anywhere shows as another hash.
 */
#define _GNU_SOURCE
#include "same.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES	48
#define ROUNDS	150

static volatile uint32_t *word(unsigned int page)
{
	return (void *)(ARENA + page * PAGE);
}

/* Reads, then writes, then runs every page. */
static uint32_t visit(uint32_t hash)
{
	unsigned int i;
	int faulted;

	for (i = 0; i < PAGES; i++) {
		uint32_t value = 0;

		faulted = FAULTS(value = *word(i));
		hash = mix(hash, faulted ? (uint32_t)caught.code : value);
		faulted = FAULTS(*word(i) = hash | 1);
		if (faulted)
			hash = mix(hash, caught.code);
	}
	return hash;
}

static void change(unsigned int what)
{
	unsigned int page = dice() % PAGES, count = 1 + dice() % 6;
	unsigned int to = dice() % PAGES;
	int prot = dice() % 8;
	void *at = (void *)word(page);

	/* Protection keys make such pages unreadable; guests have none. */
	if (prot == PROT_EXEC)
		prot |= PROT_READ;
	if (page + count > PAGES)
		count = PAGES - page;
	if (to + count > PAGES)
		to = PAGES - count;
	switch (what) {
	case 0:
	case 1:
		mprotect(at, count * PAGE, prot);
		break;
	case 2:
		mmap(at, count * PAGE, prot | PROT_READ, MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 3:
		munmap(at, count * PAGE);
		break;
	case 4:
		if (to + count <= page || to >= page + count)
			mremap(at, count * PAGE, count * PAGE, MREMAP_MAYMOVE |
			       MREMAP_FIXED, word(to));
		break;
	case 5:
		madvise(at, count * PAGE, MADV_DONTNEED);
		break;
	default:
		mmap(at, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED |
		     MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	}
}

/* The child sees what we had, and what it writes is its own. */
static uint32_t in_child(uint32_t hash)
{
	int status = 0, pid = fork();

	if (!pid)
		_exit(visit(hash) & 0x7f);
	waitpid(pid, &status, 0);
	return mix(hash, status + 1);
}

static void storm(void)
{
	uint32_t hash = 1;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		change(dice() % 7);
		hash = visit(hash);
		if (i % 30 == 0)
			hash = in_child(hash);
		if (i % 30 == 29)
			printf("storm %u: %#x\n", i, hash);
	}
	munmap((void *)ARENA, PAGES * PAGE);
}

/* Pages by the thousand, used once each, in an order of no kind. */
static void large(void)
{
	const unsigned int pages = 6000;
	uint32_t *p = map_at(ARENA, pages * PAGE, PROT_READ | PROT_WRITE);
	uint32_t hash = 1;
	unsigned int i;

	for (i = 0; i < pages; i++)
		p[i * 2477 % pages * 1024 + i % 1024] = i;
	for (i = 0; i < pages; i++)
		hash = mix(hash, p[i * 1024] + p[i * 1024 + i * 7 % 1024]);
	printf("large: %#x\n", hash);
	munmap(p, pages * PAGE);
}

/* Code that is written, run and written again. */
static void own_code(void)
{
	uint8_t *code = map_at(ARENA, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	unsigned int i, sum = 0;

	for (i = 0; i < 2000; i++) {
		/* mov $i, %eax; ret */
		code[0] = 0xb8;
		*(uint32_t *)(code + 1) = i;
		code[5] = 0xc3;
		sum += ((unsigned int (*)(void))code)();
	}
	printf("own code: %u\n", sum);
	munmap(code, PAGE);
}

void memory(void)
{
	storm();
	large();
	own_code();
}
