/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_MEM_H
#define LAUNCHER_MEM_H

#include "types.h"

/**
 * struct mem - guest memory as we see it
 * @base: where guest-physical 0 is mapped
 * @size: bytes
 */
struct mem {
	u8 *base;
	u64 size;
};

int mem_init(struct mem *mem, u64 size);
void mem_exit(struct mem *mem);

/* Host address of [@gpa, @gpa + @len), NULL if any byte is not memory. */
void *mem_at(const struct mem *mem, u64 gpa, u64 len);

#endif
