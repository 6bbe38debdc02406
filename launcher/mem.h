/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_MEM_H
#define LAUNCHER_MEM_H

#include "types.h"

/**
 * struct mem - guest memory as we see it
 * @base: where guest-physical 0 is mapped
 * @size: bytes
 * @mapping: what it is part of, aligned or not
 */
struct mem {
	u8 *base;
	u64 size;
	u8 *mapping;
};

int mem_init(struct mem *mem, u64 size);
void mem_exit(struct mem *mem);

/*
 * In [@from, @to) the host shall not take huge pages, but for what is in one at
 * either end: each is cleared whole, for a guest that may want little of it.
 */
void mem_keep_small(const struct mem *mem, u64 from, u64 to);

/* Host address of [@gpa, @gpa + @len), NULL if any byte is not memory. */
void *mem_at(const struct mem *mem, u64 gpa, u64 len);

#endif
