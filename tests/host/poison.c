// SPDX-License-Identifier: GPL-2.0
/* Memory with a pattern: see poison.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "poison.h"
#include "verdict.h"

#define POISON	0x5aa5c33cu

uint32_t *poison_make(unsigned int words)
{
	uint32_t *p = mmap(NULL, words * 4, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		error("mmap: %s", strerror(errno));
	for (unsigned int i = 0; i < words; i++)
		p[i] = POISON ^ i;
	return p;
}

void poison_check(uint32_t *p, unsigned int words, const char *which)
{
	for (unsigned int i = 0; i < words; i++) {
		if (p[i] == (POISON ^ i))
			continue;
		failure("word %u %s the guest is %#x", i, which, p[i]);
		break;
	}
	munmap(p, words * 4);
}
