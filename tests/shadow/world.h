/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world around the shadow: the host's pages, the guest's memory, and the CPU.
 */
#ifndef TESTS_SHADOW_WORLD_H
#define TESTS_SHADOW_WORLD_H

#include "shadow.h"

extern u8 *guest_memory;
extern unsigned int failures;	/* one allocation in so many fails; 0: none */
extern unsigned int pages_used;	/* of the host's */
extern unsigned int seed;

void world_init(void);
__attribute__((noreturn)) void unsafe(const char *what, u64 a, u64 b);
u64 *cpu_access(u64 root_phys, u64 gva, bool write);
bool switcher_sees(u64 root_phys, u64 gva, bool write);
void cpu_check(struct lg_guest *guest);

#endif
