// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What running the guest cost: the module's counters, by name.
 */
#include "stats.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lguest/api.h"
#include "lguest/lg32.h"
#include "options.h"
#include "report.h"
#include "types.h"

#define HCALL(n)	(LG_STAT_HCALL_FIRST + LG32_##n)

static const char *const stats_names[LG_STAT_COUNT] = {
	[LG_STAT_SWITCH] = "switch",
	[LG_STAT_HYPERCALL] = "hypercall",
	[LG_STAT_RING] = "ring",
	[LG_STAT_FAULT] = "fault",
	[LG_STAT_FAULT_FILLED] = "fault_filled",
	[LG_STAT_FAULT_GUEST] = "fault_guest",
	[LG_STAT_FILL] = "fill",
	[LG_STAT_FLUSH] = "flush",
	[LG_STAT_EMULATED] = "emulated",
	[LG_STAT_IO] = "io",
	[LG_STAT_MMIO] = "mmio",
	[LG_STAT_DOORBELL] = "doorbell",
	[LG_STAT_REFLECTED] = "reflected",
	[LG_STAT_IRQ_INJECTED] = "irq_injected",
	[LG_STAT_HOST_IRQ] = "host_irq",
	[LG_STAT_NMI] = "nmi",
	[LG_STAT_FPU] = "fpu",
	[LG_STAT_HALT] = "halt",
	[LG_STAT_ROOT_MISS] = "root_miss",
	[LG_STAT_EVICT] = "evict",
	[LG_STAT_SHADOW_PAGES] = "shadow_pages",
	[LG_STAT_PINNED_PAGES] = "pinned_pages",
	[LG_STAT_OVERHEAD] = "overhead_bytes",
	[HCALL(FLUSH_ASYNC)] = "hcall_flush_async",
	[HCALL(INIT)] = "hcall_init",
	[HCALL(SHUTDOWN)] = "hcall_shutdown",
	[HCALL(NEW_PGTABLE)] = "hcall_new_pgtable",
	[HCALL(FLUSH_TLB)] = "hcall_flush_tlb",
	[HCALL(LOAD_IDT_ENTRY)] = "hcall_load_idt_entry",
	[HCALL(SET_STACK)] = "hcall_set_stack",
	[HCALL(TS)] = "hcall_ts",
	[HCALL(SET_CLOCKEVENT)] = "hcall_set_clockevent",
	[HCALL(HALT)] = "hcall_halt",
	[HCALL(SET_PMD)] = "hcall_set_pmd",
	[HCALL(SET_PTE)] = "hcall_set_pte",
	[HCALL(SET_PGD)] = "hcall_set_pgd",
	[HCALL(LOAD_TLS)] = "hcall_load_tls",
	[HCALL(LOAD_GDT_ENTRY)] = "hcall_load_gdt_entry",
	[HCALL(SEND_INTERRUPTS)] = "hcall_send_interrupts",
};

static FILE *stats_file;

int stats_open(const struct options *options)
{
	if (!options->stats || !options->stats_path)
		return 0;
	stats_file = fopen(options->stats_path, "we");
	if (stats_file)
		return 0;
	return complain(errno == EACCES ? STATUS_PERM : STATUS_HOST,
			"%s: cannot write statistics: %s", options->stats_path,
			strerror(errno));
}

static void stats_print_text(const struct lg_stats *stats)
{
	for (unsigned int i = 0; i < LG_STAT_COUNT; i++)
		if (stats_names[i])
			note("stat %-22s %llu", stats_names[i],
			     (unsigned long long)stats->count[i]);
}

/* One object a boot, a line each. */
static void stats_print_json(FILE *out, const struct lg_stats *stats)
{
	const char *separator = "{";

	for (unsigned int i = 0; i < LG_STAT_COUNT; i++) {
		if (!stats_names[i])
			continue;
		fprintf(out, "%s\"%s\":%llu", separator, stats_names[i],
			(unsigned long long)stats->count[i]);
		separator = ",";
	}
	fputs("}\n", out);
	fflush(out);
}

void stats_print(int guest_fd)
{
	struct lg_stats stats;

	if (ioctl(guest_fd, LG_GET_STATS, &stats)) {
		note("no statistics: %s", strerror(errno));
		return;
	}
	if (stats_file)
		stats_print_json(stats_file, &stats);
	else
		stats_print_text(&stats);
}

void stats_close(void)
{
	if (stats_file)
		fclose(stats_file);
	stats_file = NULL;
}
