// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics and what a guest costs beyond its own memory: the counters
 * count what happened, and the overhead of a guest that touched all of its
 * memory stays under 2 % of it plus 256 KiB.
 *
 * Source: include/lguest/api.h, LG_STAT_x; the project's goal.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lgdev.h"
#include "verdict.h"

#ifdef __x86_64__
#define GUEST	"touch"

static void check_calls(const struct lg_stats *stats)
{
	CHECK(stats->count[LG_STAT_HYPERCALL] > 5, "hypercalls: %llu",
	      (unsigned long long)stats->count[LG_STAT_HYPERCALL]);
	CHECK(stats->count[LG_STAT_HCALL_FIRST], "set_trap_table: none");
	CHECK(stats->count[LG_STAT_HCALL_FIRST + 18], "console_io: none");
}
#else
#define GUEST	"boot-2level"

static void check_calls(const struct lg_stats *stats)
{
	CHECK(stats->count[LG_STAT_HYPERCALL] > 256, "hypercalls: %llu",
	      (unsigned long long)stats->count[LG_STAT_HYPERCALL]);
	CHECK(stats->count[LG_STAT_HCALL_FIRST + 6] >= 256,
	      "LOAD_IDT_ENTRY: %llu",
	      (unsigned long long)stats->count[LG_STAT_HCALL_FIRST + 6]);
	CHECK(stats->count[LG_STAT_HCALL_FIRST + 1] == 1, "INIT: %llu",
	      (unsigned long long)stats->count[LG_STAT_HCALL_FIRST + 1]);
	CHECK(stats->count[LG_STAT_IO], "no port accesses");
}
#endif

/* What /proc says is pinned in our address space, in KiB. */
static unsigned long long vm_pin(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	if (!f)
		error("/proc/self/status: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmPin: %llu", &kib);
	fclose(f);
	return kib;
}

int main(void)
{
	const size_t size = 64 << 20;
	unsigned long long overhead, pinned;
	struct lg_stats stats;
	struct lgdev g;
	int ret;

	lgdev_start_sized(&g, size, LG_PAGING_AUTO,
			  lgdev_guest_path(GUEST), "");
	memset(&stats, 0xff, sizeof(stats));
	CHECK(!ioctl(g.guest, LG_GET_STATS, &stats), "LG_GET_STATS: %m");
	CHECK(!stats.count[LG_STAT_HYPERCALL], "hypercalls before a run: %llu",
	      (unsigned long long)stats.count[LG_STAT_HYPERCALL]);
	g.quiet = true;
	ret = lgdev_run(&g);
	CHECK(ret == LG_EXIT_SHUTDOWN, "exit %d", ret);
	ioctl(g.guest, LG_GET_STATS, &stats);
	check_calls(&stats);
	CHECK(stats.count[LG_STAT_SWITCH] >= stats.count[LG_STAT_HYPERCALL],
	      "fewer switches than hypercalls");
	CHECK(stats.count[LG_STAT_FAULT] >= stats.count[LG_STAT_FAULT_FILLED],
	      "fewer faults than filled ones");
	pinned = stats.count[LG_STAT_PINNED_PAGES];
	CHECK(pinned > 3000 && pinned <= size >> 12, "pages taken: %llu",
	      pinned);
	CHECK(vm_pin() == pinned * 4, "VmPin %llu KiB, %llu pages", vm_pin(),
	      pinned);
	overhead = stats.count[LG_STAT_OVERHEAD];
	note("overhead %llu KiB for %zu MiB", overhead >> 10, size >> 20);
	CHECK(overhead && overhead < size / 50 + (256 << 10),
	      "overhead %llu KiB", overhead >> 10);
	lgdev_destroy(&g);
	CHECK(!vm_pin(), "VmPin %llu KiB without a guest", vm_pin());
	finish();
}
