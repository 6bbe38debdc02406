// SPDX-License-Identifier: GPL-2.0
/*
 * What hypercalls answer.
 *
 * Claim: each call gives what docs/abi/xenpv.md says, its errors too: bad
 * addresses, commands that do not exist, numbers out of range, lists in lists.
 * Nothing else changes; a list of calls that is long is done to its end.
 *
 * Source: docs/abi/xenpv.md, section 2; Xen's public headers.
 *
 * A failure names the call.
 */
#include "tg.h"

#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/version.h>

const char tg_title[] = "hypercalls";

#define NON_CANONICAL	0x0000800000000000ul
#define ENTRIES		600

enum { PERM = 1, NOENT = 2, SRCH = 3, NXIO = 6, NOMEM = 12, ACCES = 13, FAULT = 14,
	EXIST = 17, INVAL = 22, NOSYS = 38, TIME = 62, OPNOTSUPP = 95 };

#define IS_ERROR(number, nr, a, b, c) \
	TG_EQ(tg_hcall(nr, a, b, c, 0), -(long)(number), #nr "(" #a ", " #b ")")
#define IS_OK(nr, a, b, c) IS_ERROR(0, nr, a, b, c)

static struct multicall_entry list[ENTRIES];

static void check_version(void)
{
	struct xen_feature_info info = { .submap_idx = 0 };
	char text[1024];

	TG_EQ(tg_hcall(xen_version, XENVER_version, 0, 0, 0), 4 << 16 | 17,
	      "version");
	IS_OK(xen_version, XENVER_get_features, &info, 0);
	TG_EQ(info.submap, 0x20030 | 1 << XENFEAT_gnttab_map_avail_bits,
	      "features");
	info.submap_idx = 1;
	IS_ERROR(INVAL, xen_version, XENVER_get_features, &info, 0);
	IS_ERROR(FAULT, xen_version, XENVER_get_features, TG_NOWHERE, 0);
	IS_ERROR(FAULT, xen_version, XENVER_extraversion, NON_CANONICAL, 0);
	IS_OK(xen_version, XENVER_capabilities, text, 0);
	TG_CHECK(tg_streq(text, "xen-3.0-x86_64 "), "capabilities %.20s", text);
	TG_EQ(tg_hcall(xen_version, XENVER_pagesize, 0, 0, 0), 4096, "page");
	IS_OK(xen_version, XENVER_commandline, text, 0);
	TG_CHECK(tg_streq(text, "<denied>"), "command line %.20s", text);
	IS_ERROR(NOSYS, xen_version, 77, text, 0);
}

static void check_memory(void)
{
	struct xen_machphys_mapping m;
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	xen_pfn_t gfn[2] = { 5, tg_start_info->nr_pages };
	domid_t self = DOMID_SELF;

	IS_OK(memory_op, XENMEM_machphys_mapping, &m, 0);
	TG_EQ(m.v_start, 0xffff800000000000, "start of the M2P");
	TG_EQ(*(u64 *)(m.v_start + 5 * 8), 5, "entry of the M2P");
	TG_EQ(tg_hcall(memory_op, XENMEM_current_reservation, &self, 0, 0),
	      tg_start_info->nr_pages, "current_reservation");
	TG_EQ(tg_hcall(memory_op, XENMEM_maximum_gpfn, &self, 0, 0), 0,
	      "maximum_gpfn before there is one");
	tg_shared->arch.max_pfn = 77;
	TG_EQ(tg_hcall(memory_op, XENMEM_maximum_gpfn, &self, 0, 0), 76,
	      "maximum_gpfn");
	set_xen_guest_handle(r.extent_start, gfn);
	TG_EQ(tg_hcall(memory_op, XENMEM_decrease_reservation, &r, 0, 0), 1,
	      "decrease_reservation");
	r.nr_extents = 2;
	TG_EQ(tg_hcall(memory_op, XENMEM_populate_physmap, &r, 0, 0), 1,
	      "populate_physmap up to where there is no RAM");
	r.extent_order = 60;
	TG_EQ(tg_hcall(memory_op, XENMEM_populate_physmap, &r, 0, 0), 0,
	      "populate_physmap of giants");
	r.extent_order = 64;
	TG_EQ(tg_hcall(memory_op, XENMEM_populate_physmap, &r, 0, 0), 0,
	      "populate_physmap of what has no size");
	r.extent_order = 0;
	r.nr_extents = -1ul;
	TG_EQ(tg_hcall(memory_op, XENMEM_decrease_reservation, &r, 0, 0), 0,
	      "decrease_reservation of the universe");
	IS_ERROR(PERM, memory_op, XENMEM_machine_memory_map, &r, 0);
	IS_ERROR(NOSYS, memory_op, 60, &r, 0);
	IS_ERROR(FAULT, memory_op, XENMEM_memory_map, TG_NOWHERE, 0);
}

static void check_segments(void)
{
	u64 frame = 1ul << 40;

	IS_ERROR(INVAL, set_segment_base, SEGBASE_FS, NON_CANONICAL, 0);
	IS_ERROR(INVAL, set_segment_base, SEGBASE_GS_USER, NON_CANONICAL, 0);
	IS_ERROR(INVAL, set_segment_base, 4, 0, 0);
	IS_OK(set_segment_base, SEGBASE_GS_USER_SEL, 0x1237, 0);
	IS_ERROR(INVAL, set_gdt, &frame, 7169, 0);
	IS_ERROR(INVAL, set_gdt, &frame, 512, 0);
	IS_ERROR(FAULT, set_gdt, TG_NOWHERE, 512, 0);
	IS_OK(set_gdt, 0, 0, 0);
	IS_ERROR(INVAL, update_descriptor, frame << 12, 0, 0);
	IS_ERROR(INVAL, update_descriptor, tg_gfn(list) << 12 | 4, 0, 0);
	IS_ERROR(INVAL, update_descriptor, tg_gfn(list) << 12,
		 0x0000ec0000330000, 0);
}

static void check_entries(void)
{
	struct trap_info t[2] = { { .vector = 200, .address = NON_CANONICAL } };
	struct callback_register cb = { .type = CALLBACKTYPE_sysenter };

	IS_ERROR(INVAL, set_trap_table, t, 0, 0);
	IS_ERROR(FAULT, set_trap_table, TG_NOWHERE, 0, 0);
	IS_ERROR(NOSYS, callback_op, CALLBACKOP_register, &cb, 0);
	cb.type = CALLBACKTYPE_failsafe;
	cb.address = NON_CANONICAL;
	IS_ERROR(INVAL, callback_op, CALLBACKOP_register, &cb, 0);
	IS_ERROR(INVAL, callback_op, CALLBACKOP_unregister, &cb, 0);
	IS_ERROR(NOSYS, callback_op, 7, &cb, 0);
}

static void check_vcpu(void)
{
	struct vcpu_set_singleshot_timer s = {
		.timeout_abs_ns = 1, .flags = VCPU_SSHOTTMR_future,
	};
	struct vcpu_set_periodic_timer p = { .period_ns = 999999 };
	struct vcpu_register_vcpu_info info = { .mfn = 1ul << 40 };

	IS_ERROR(NOENT, vcpu_op, VCPUOP_is_up, 1, 0);
	IS_ERROR(NOENT, vcpu_op, VCPUOP_is_up, -1ul, 0);
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_is_up, 0, 0, 0), 1, "is_up");
	IS_ERROR(EXIST, vcpu_op, VCPUOP_initialise, 0, list);
	IS_OK(vcpu_op, VCPUOP_set_singleshot_timer, 0, &s);
	IS_ERROR(INVAL, vcpu_op, VCPUOP_set_periodic_timer, 0, &p);
	IS_ERROR(INVAL, vcpu_op, VCPUOP_register_vcpu_info, 0, &info);
	info.mfn = tg_gfn(list);
	info.offset = TG_PAGE - 32;
	IS_ERROR(NXIO, vcpu_op, VCPUOP_register_vcpu_info, 0, &info);
	IS_ERROR(NOSYS, vcpu_op, 99, 0, 0);
	IS_ERROR(FAULT, sched_op, SCHEDOP_shutdown, TG_NOWHERE, 0);
	IS_OK(sched_op, SCHEDOP_yield, 0, 0);
	IS_ERROR(NOSYS, sched_op, 99, 0, 0);
}

static void check_grants(void)
{
	struct gnttab_set_version v = { .version = 2 };
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 2 };
	struct gnttab_map_grant_ref map[2] = { };
	xen_pfn_t frames[2] = { 0, 0 };

	IS_ERROR(INVAL, grant_table_op, GNTTABOP_set_version, &v, 1);
	v.version = 1;
	IS_OK(grant_table_op, GNTTABOP_set_version, &v, 1);
	IS_OK(grant_table_op, GNTTABOP_query_size, &q, 1);
	TG_EQ(q.status, GNTST_okay, "status of query_size");
	TG_CHECK(q.max_nr_frames >= 2 && q.max_nr_frames <= 32, "%u frames",
		 q.max_nr_frames);
	set_xen_guest_handle(s.frame_list, frames);
	IS_OK(grant_table_op, GNTTABOP_setup_table, &s, 1);
	TG_EQ(s.status, GNTST_okay, "status of setup_table");
	TG_EQ(frames[1], frames[0] + 1, "second frame");
	TG_CHECK(frames[0] > tg_start_info->nr_pages, "frame %#lx", frames[0]);
	s.nr_frames = 33;
	IS_OK(grant_table_op, GNTTABOP_setup_table, &s, 1);
	TG_EQ(s.status, GNTST_general_error, "status for too many frames");
	IS_OK(grant_table_op, GNTTABOP_map_grant_ref, map, 2);
	TG_EQ(map[0].status, GNTST_bad_gntref, "status of a mapping");
	TG_EQ(map[1].status, GNTST_bad_gntref, "status of the second");
	IS_ERROR(NOSYS, grant_table_op, GNTTABOP_swap_grant_ref, &s, 1);
}

static void check_others(void)
{
	struct physdev_set_iopl iopl = { .iopl = 4 };

	IS_ERROR(INVAL, physdev_op, PHYSDEVOP_set_iopl, &iopl, 0);
	IS_ERROR(NOSYS, physdev_op, 99, &iopl, 0);
	IS_ERROR(INVAL, vm_assist, VMASST_CMD_enable, 40, 0);
	IS_ERROR(NOSYS, vm_assist, 7, 0, 0);
	IS_ERROR(OPNOTSUPP, xenpmu_op, 0, 0, 0);
	IS_ERROR(INVAL, console_io, CONSOLEIO_write, 1ul << 31, list);
	IS_ERROR(FAULT, console_io, CONSOLEIO_write, 8, TG_NOWHERE);
	IS_OK(console_io, CONSOLEIO_write, 0, TG_NOWHERE);
	IS_OK(console_io, CONSOLEIO_read, 8, list);
	IS_ERROR(ACCES, platform_op, list, 0, 0);
	TG_EQ(tg_hcall(get_debugreg, 4, 0, 0, 0), 0xffff0ff0, "get_debugreg(4)");
	TG_EQ(tg_hcall(set_debugreg, 9, 0, 0, 0), -19, "set_debugreg(9)");
	IS_OK(set_debugreg, 3, 0x1234, 0);
	TG_EQ(tg_hcall(get_debugreg, 3, 0, 0, 0), 0x1234, "get_debugreg(3)");
}

/* What a call writes, it writes as the kernel would: page by page, by its rights. */
static void check_copies(void)
{
	u64 first = tg_page_alloc(), other = tg_page_alloc();
	u64 second = tg_page_alloc(), at = TG_KTEST + TG_PAGE - 8;

	memset(tg_va(other), 0x5a, TG_PAGE);
	tg_map(tg_root, TG_KTEST, tg_pte(first, TG_RW));
	tg_map(tg_root, TG_KTEST + TG_PAGE, tg_pte(second, TG_RW));
	IS_OK(xen_version, XENVER_capabilities, at, 0);
	TG_CHECK(!memcmp((u8 *)tg_va(first) + TG_PAGE - 8, "xen-3.0-", 8) &&
		 !memcmp(tg_va(second), "x86_64 ", 8),
		 "capabilities across two pages");
	TG_EQ(*(u8 *)tg_va(other), 0x5a, "the page in between");
	tg_map(tg_root, TG_KTEST, tg_pte(first, TG_RO));
	IS_ERROR(FAULT, xen_version, XENVER_extraversion, TG_KTEST, 0);
	tg_map(tg_root, TG_KTEST, 0);
	IS_ERROR(FAULT, xen_version, XENVER_extraversion, TG_KTEST, 0);
}

static void check_multicall(void)
{
	u32 i;

	for (i = 0; i < ENTRIES; i++) {
		list[i].op = i == 7 ? __HYPERVISOR_multicall :
				      __HYPERVISOR_xen_version;
		list[i].args[0] = i == 9 ? 1000 : XENVER_pagesize;
		list[i].result = -1;
	}
	IS_OK(multicall, list, ENTRIES, 0);
	for (i = 0; i < ENTRIES; i++)
		TG_EQ(list[i].result, i == 7 ? -INVAL : i == 9 ? -NOSYS : 4096,
		      "result of a listed call");
	IS_OK(multicall, TG_NOWHERE, 0, 0);
	IS_ERROR(FAULT, multicall, TG_NOWHERE, 1, 0);
	IS_ERROR(FAULT, multicall, NON_CANONICAL, 2, 0);
	TG_EQ(list[0].result, 4096, "result of a list that ends nowhere");
}

void test_main(void)
{
	check_version();
	check_memory();
	check_segments();
	check_entries();
	check_vcpu();
	check_grants();
	check_others();
	check_copies();
	check_multicall();
}
