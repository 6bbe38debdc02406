// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What running the guest cost: the module's counters, by name.
 */
#include "stats.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <xen/xen.h>

#include "lguest/api.h"
#include "lguest/lg32.h"
#include "options.h"
#include "report.h"
#include "types.h"

#define STATS_HCALLS	(LG_STAT_COUNT - LG_STAT_HCALL_FIRST)

static const char *const stats_names[LG_STAT_HCALL_FIRST] = {
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
	[LG_STAT_DIRECT] = "direct",
	[LG_STAT_STALE] = "stale",
	[LG_STAT_SHADOW_PAGES] = "shadow_pages",
	[LG_STAT_PINNED_PAGES] = "pinned_pages",
	[LG_STAT_OVERHEAD] = "overhead_bytes",
};

static const char *const stats_lg32_names[STATS_HCALLS] = {
	[LG32_FLUSH_ASYNC] = "hcall_flush_async",
	[LG32_INIT] = "hcall_init",
	[LG32_SHUTDOWN] = "hcall_shutdown",
	[LG32_NEW_PGTABLE] = "hcall_new_pgtable",
	[LG32_FLUSH_TLB] = "hcall_flush_tlb",
	[LG32_LOAD_IDT_ENTRY] = "hcall_load_idt_entry",
	[LG32_SET_STACK] = "hcall_set_stack",
	[LG32_TS] = "hcall_ts",
	[LG32_SET_CLOCKEVENT] = "hcall_set_clockevent",
	[LG32_HALT] = "hcall_halt",
	[LG32_SET_PMD] = "hcall_set_pmd",
	[LG32_SET_PTE] = "hcall_set_pte",
	[LG32_SET_PGD] = "hcall_set_pgd",
	[LG32_LOAD_TLS] = "hcall_load_tls",
	[LG32_LOAD_GDT_ENTRY] = "hcall_load_gdt_entry",
	[LG32_SEND_INTERRUPTS] = "hcall_send_interrupts",
};

static const char *const stats_xenpv_names[STATS_HCALLS] = {
	[__HYPERVISOR_set_trap_table] = "hcall_set_trap_table",
	[__HYPERVISOR_mmu_update] = "hcall_mmu_update",
	[__HYPERVISOR_set_gdt] = "hcall_set_gdt",
	[__HYPERVISOR_stack_switch] = "hcall_stack_switch",
	[__HYPERVISOR_set_callbacks] = "hcall_set_callbacks",
	[__HYPERVISOR_fpu_taskswitch] = "hcall_fpu_taskswitch",
	[__HYPERVISOR_set_debugreg] = "hcall_set_debugreg",
	[__HYPERVISOR_update_descriptor] = "hcall_update_descriptor",
	[__HYPERVISOR_memory_op] = "hcall_memory_op",
	[__HYPERVISOR_multicall] = "hcall_multicall",
	[__HYPERVISOR_update_va_mapping] = "hcall_update_va_mapping",
	[__HYPERVISOR_set_timer_op] = "hcall_set_timer_op",
	[__HYPERVISOR_xen_version] = "hcall_xen_version",
	[__HYPERVISOR_console_io] = "hcall_console_io",
	[__HYPERVISOR_grant_table_op] = "hcall_grant_table_op",
	[__HYPERVISOR_vm_assist] = "hcall_vm_assist",
	[__HYPERVISOR_iret] = "hcall_iret",
	[__HYPERVISOR_vcpu_op] = "hcall_vcpu_op",
	[__HYPERVISOR_set_segment_base] = "hcall_set_segment_base",
	[__HYPERVISOR_mmuext_op] = "hcall_mmuext_op",
	[__HYPERVISOR_sched_op] = "hcall_sched_op",
	[__HYPERVISOR_callback_op] = "hcall_callback_op",
};

static const char *stats_name(u32 abi, unsigned int i)
{
	if (i < LG_STAT_HCALL_FIRST)
		return stats_names[i];
	i -= LG_STAT_HCALL_FIRST;
	return abi == LG_ABI_XENPV ? stats_xenpv_names[i] : stats_lg32_names[i];
}

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

static void stats_print_text(const struct lg_stats *stats, u32 abi)
{
	for (unsigned int i = 0; i < LG_STAT_COUNT; i++)
		if (stats_name(abi, i))
			note("stat %-22s %llu", stats_name(abi, i),
			     (unsigned long long)stats->count[i]);
}

/* One object a boot, a line each. */
static void stats_print_json(FILE *out, const struct lg_stats *stats, u32 abi)
{
	const char *separator = "{";

	for (unsigned int i = 0; i < LG_STAT_COUNT; i++) {
		if (!stats_name(abi, i))
			continue;
		fprintf(out, "%s\"%s\":%llu", separator, stats_name(abi, i),
			(unsigned long long)stats->count[i]);
		separator = ",";
	}
	fputs("}\n", out);
	fflush(out);
}

void stats_print(int guest_fd, u32 abi)
{
	struct lg_stats stats;

	if (ioctl(guest_fd, LG_GET_STATS, &stats)) {
		note("no statistics: %s", strerror(errno));
		return;
	}
	if (stats_file)
		stats_print_json(stats_file, &stats, abi);
	else
		stats_print_text(&stats, abi);
}

void stats_close(void)
{
	if (stats_file)
		fclose(stats_file);
	stats_file = NULL;
}
