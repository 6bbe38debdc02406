// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that are large but empty.
 *
 * Claim: a guest costs what it touches.  A 32-bit host has little address space
 * for vmalloc(), and all of its parts need some: a hundred guests of the most
 * memory a guest may have, over memory that need not exist, take none of it
 * that could be missed.
 *
 * Source: reliability class 25.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define GUESTS		100
#define MOST_KB		(8 << 10)

static long meminfo(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	if (!f)
		error("/proc/meminfo: %s", strerror(errno));
	while (kb < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kb = atol(line + strlen(key));
	fclose(f);
	return kb;
}

int main(void)
{
	struct lg_guest_config config = { .abi = LG_ABI_LG32 };
	struct lg_vcpu_config vcpu = { .index = 0 };
	struct lg_memory memory = { 0 };
	struct lg_info info;
	int i, dev = lgdev_open(), guest;
	long before = meminfo("VmallocUsed:"), used;

	if (ioctl(dev, LG_GET_INFO, &info))
		error("LG_GET_INFO: %s", strerror(errno));
	memory.size = info.max_memory;
	for (i = 0; i < GUESTS; i++) {
		guest = ioctl(dev, LG_CREATE_GUEST, &config);
		if (guest < 0)
			error("LG_CREATE_GUEST: %s", strerror(errno));
		if (ioctl(guest, LG_SET_MEMORY, &memory)) {
			failure("LG_SET_MEMORY of guest %d: %s", i,
				strerror(errno));
			break;
		}
		if (ioctl(guest, LG_CREATE_VCPU, &vcpu) < 0) {
			failure("LG_CREATE_VCPU of guest %d: %s", i,
				strerror(errno));
			break;
		}
	}
	used = meminfo("VmallocUsed:") - before;
	note("%d guests of %llu MiB: %ld KiB of vmalloc space", i,
	     info.max_memory >> 20, used);
	CHECK(used < MOST_KB, "%d empty guests took %ld KiB of vmalloc space",
	      i, used);
	finish();
}
