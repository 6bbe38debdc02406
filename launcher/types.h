/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The short names of the kernel for fixed-width types. */
#ifndef LAUNCHER_TYPES_H
#define LAUNCHER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE_BYTES	4096u
#define MIB		(1024u * 1024u)

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#ifndef fallthrough
#define fallthrough	__attribute__((__fallthrough__))
#endif

#endif
