// SPDX-License-Identifier: GPL-2.0
/*
 * How a guest is started.
 *
 * Claim: the first vCPU begins in kernel mode with events masked, RSI at
 * start_info, no data segments, and a shared_info that is empty but for the
 * time; hypercalls work from the first instruction on.
 *
 * Source: Xen's public/xen.h, "start-of-day memory layout"; docs/abi/xenpv.md.
 *
 * A failure names what was different.
 */
#include "tg.h"

const char tg_title[] = "start of day";

static void check_registers(void)
{
	TG_EQ(tg_first.cs, FLAT_KERNEL_CS64, "cs");
	TG_EQ(tg_first.ss, FLAT_KERNEL_SS64, "ss");
	TG_EQ(tg_first.ds | tg_first.es | tg_first.fs | tg_first.gs, 0,
	      "data segments");
	TG_EQ(tg_first.rsi, tg_start_info, "rsi");
	TG_EQ(tg_first.rflags & ~0x202ul, 0, "rflags");
	TG_EQ(tg_first.rsp % TG_PAGE, 0, "offset of rsp");
}

static void check_start_info(void)
{
	TG_CHECK(!memcmp(tg_start_info->magic, "xen-3.0-x86_64", 14),
		 "magic of start_info");
	TG_CHECK(tg_start_info->nr_pages >= 256, "%lu pages",
		 tg_start_info->nr_pages);
	TG_EQ(tg_start_info->pt_base % TG_PAGE, 0, "offset of pt_base");
}

/* The trap table has been set since, but no event can have come. */
static void check_shared_info(void)
{
	u32 i;

	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		TG_EQ(tg_shared->vcpu_info[i].evtchn_upcall_mask, 1,
		      "evtchn_upcall_mask");
	TG_EQ(tg_info()->evtchn_upcall_pending, 0, "evtchn_upcall_pending");
	TG_EQ(tg_info()->evtchn_pending_sel, 0, "evtchn_pending_sel");
	for (i = 0; i < 64; i++)
		TG_EQ(tg_shared->evtchn_pending[i], 0, "evtchn_pending");
	TG_CHECK(tg_shared->wc_version && !(tg_shared->wc_version & 1),
		 "wc_version %u", tg_shared->wc_version);
	TG_CHECK(tg_shared->wc_sec > 1600000000, "wall clock at boot %u",
		 tg_shared->wc_sec);
}

static void check_version(void)
{
	long v = tg_hcall(xen_version, 0, 0, 0, 0);

	TG_CHECK(v >> 16 == 4, "version %#lx", v);
	TG_EQ(tg_hcall6(__HYPERVISOR_xen_version, -1ul, 0, 0, 0, 0, 0), -38,
	      "an unknown xen_version");
	TG_EQ(tg_hcall6(63, 0, 0, 0, 0, 0, 0), -38, "an unknown hypercall");
	TG_EQ(tg_hcall6(-1ul, 0, 0, 0, 0, 0, 0), -38, "hypercall -1");
}

void test_main(void)
{
	check_registers();
	check_start_info();
	check_shared_info();
	check_version();
}
