/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In the place of module/lg.h: the rest of the module, as mmu64 sees it.
 */
#ifndef TESTS_SHADOW_LG_H
#define TESTS_SHADOW_LG_H

#define WINDOW_SLOT	257
#define SELF_SLOT	258
#define WINDOW_BASE	0xffff808000000000
#define HOST_MAX_MEMORY	(64ull << 30)
#define LG_DIRECT_ROOTS	4

enum {
	LG_STAT_FILL, LG_STAT_FLUSH, LG_STAT_ROOT_MISS, LG_STAT_EVICT,
	LG_STAT_STALE, LG_STAT_COUNT
};

typedef unsigned long lg_gva_t;
typedef u64 lg_gpa_t;
typedef u32 lg_gfn_t;

struct lg_vcpu;
struct lg_guest;

struct lg_direct_root {
	u64 gfn, cr3;
};

#include "mmu.h"

#define GUEST_PAGES	96

struct lg_guest {
	u64 ram_pages;
	struct lg_shadow *shadow;
	bool taken[GUEST_PAGES];
};

struct lg_vcpu {
	struct lg_guest *guest;
	struct lg_mmu mmu;
	u64 stats[LG_STAT_COUNT];
	bool dead;
};

static inline void lg_count(struct lg_vcpu *vcpu, unsigned int stat)
{
	vcpu->stats[stat]++;
}

struct page *lg_mem_taken(struct lg_guest *guest, u64 gfn);
struct page *lg_mem_page(struct lg_guest *guest, u64 gfn);
int lg_mem_read(struct lg_guest *guest, lg_gpa_t gpa, void *to, size_t len);
int lg_mem_write(struct lg_guest *guest, lg_gpa_t gpa, const void *from,
		 size_t len);
int lg_mem_entry(struct lg_guest *guest, lg_gpa_t gpa, unsigned int bytes,
		 u64 *entry);
int lg_mem_exchange(struct lg_guest *guest, lg_gpa_t gpa, u64 *old, u64 entry);
u64 host_window_entry(struct lg_guest *guest);
void host_window_frames(struct lg_guest *guest, phys_addr_t table);
void lg_kill(struct lg_vcpu *vcpu, const char *fmt, ...);

#endif
