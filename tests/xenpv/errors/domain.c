// SPDX-License-Identifier: GPL-2.0
/* xen_version, memory_op, grant_table_op: what a domain is and has. */
#include "errors.h"

#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/version.h>

static void ask_version(void)
{
	static const struct {
		u32 cmd;
		const char *good, *nowhere;
	} texts[] = {
		{ XENVER_extraversion, "version/extra", "version/extra-nowhere" },
		{ XENVER_compile_info, "version/compile", "version/compile-nowhere" },
		{ XENVER_capabilities, "version/caps", "version/caps-nowhere" },
		{ XENVER_changeset, "version/changeset", "version/changeset-nowhere" },
		{ XENVER_platform_parameters, "version/platform",
		  "version/platform-nowhere" },
		{ XENVER_guest_handle, "version/handle", "version/handle-nowhere" },
		{ XENVER_commandline, "version/commandline",
		  "version/commandline-nowhere" },
	};
	static char text[2048];
	struct xen_feature_info info = { .submap_idx = 0 };
	struct xen_build_id id = { .len = 1 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		ASK(texts[i].good, xen_version, texts[i].cmd, text, 0, 0);
		ASK(texts[i].nowhere, xen_version, texts[i].cmd, TG_NOWHERE, 0, 0);
	}
	ASK("version/extra-in-the-hole", xen_version, XENVER_extraversion, HOLE, 0, 0);
	ASK("version/version", xen_version, XENVER_version, 0, 0, 0);
	ASK("version/pagesize", xen_version, XENVER_pagesize, 0, 0, 0);
	ASK("version/pagesize-with-argument", xen_version, XENVER_pagesize, text, 0, 0);
	ASK("version/features", xen_version, XENVER_get_features, &info, 0, 0);
	info.submap_idx = 1;
	ASK("version/features-1", xen_version, XENVER_get_features, &info, 0, 0);
	info.submap_idx = -1u;
	ASK("version/features-huge", xen_version, XENVER_get_features, &info, 0, 0);
	ASK("version/features-nowhere", xen_version, XENVER_get_features, TG_NOWHERE,
	    0, 0);
	ASK("version/build_id-size", xen_version, XENVER_build_id, 0, 0, 0);
	ASK("version/build_id", xen_version, XENVER_build_id, &id, 0, 0);
	ASK("version/build_id-nowhere", xen_version, XENVER_build_id, TG_NOWHERE, 0, 0);
	ASK("version/unknown", xen_version, 77, text, 0, 0);
	ASK("version/unknown-huge", xen_version, -1ul, text, 0, 0);
	ASK("version/command-of-64-bits", xen_version, 1ul << 32 | XENVER_pagesize, 0,
	    0, 0);
}

/* A place for a frame number that may be lost, as its page may. */
static xen_pfn_t frames[2];

static void reserve(const char *name, u32 cmd, u64 count, u32 order, u16 dom)
{
	struct xen_memory_reservation r = {
		.nr_extents = count, .extent_order = order, .domid = dom,
	};

	set_xen_guest_handle(r.extent_start, frames);
	ASK(name, memory_op, cmd, &r, 0, 0);
}

static void ask_reservations(void)
{
	struct xen_memory_reservation r = {
		.nr_extents = 1, .domid = DOMID_SELF,
	};
	u64 gfn = page_rw();

	frames[0] = NO_MFN;
	reserve("memory/decrease-no-frame", XENMEM_decrease_reservation, 1, 0,
		DOMID_SELF);
	reserve("memory/decrease-order-60", XENMEM_decrease_reservation, 1, 60,
		DOMID_SELF);
	reserve("memory/decrease-none", XENMEM_decrease_reservation, 0, 0, DOMID_SELF);
	reserve("memory/decrease-of-0", XENMEM_decrease_reservation, 1, 0, 0);
	reserve("memory/decrease-of-nobody", XENMEM_decrease_reservation, 1, 0,
		DOMID_NOBODY);
	reserve("memory/decrease-endless", XENMEM_decrease_reservation, -1ul, 0,
		DOMID_SELF);
	frames[0] = mfn_of(gfn);
	frames[1] = NO_MFN;
	reserve("memory/decrease", XENMEM_decrease_reservation, 2, 0, DOMID_SELF);
	frames[0] = gfn;
	reserve("memory/populate", XENMEM_populate_physmap, 1, 0, DOMID_SELF);
	reserve("memory/populate-order-60", XENMEM_populate_physmap, 1, 60, DOMID_SELF);
	reserve("memory/populate-none", XENMEM_populate_physmap, 0, 0, DOMID_SELF);
	reserve("memory/populate-of-0", XENMEM_populate_physmap, 1, 0, 0);
	reserve("memory/increase-order-60", XENMEM_increase_reservation, 1, 60,
		DOMID_SELF);
	reserve("memory/increase-none", XENMEM_increase_reservation, 0, 0, DOMID_SELF);
	reserve("memory/increase-of-nobody", XENMEM_increase_reservation, 1, 0,
		DOMID_NOBODY);
	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)TG_NOWHERE);
	ASK("memory/decrease-list-nowhere", memory_op, XENMEM_decrease_reservation, &r,
	    0, 0);
	ASK("memory/populate-list-nowhere", memory_op, XENMEM_populate_physmap, &r,
	    0, 0);
	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)HOLE);
	ASK("memory/decrease-list-in-the-hole", memory_op, XENMEM_decrease_reservation,
	    &r, 0, 0);
	ASK("memory/start-behind-the-end", memory_op,
	    XENMEM_decrease_reservation | 77 << 6, &r, 0, 0);
}

static void amount(const char *name, u32 cmd, u16 dom)
{
	domid_t d = dom;
	long rc = tg_hcall(memory_op, cmd, &d, 0, 0);

	answer(name, rc > 0 ? 1 : rc);
}

static void ask_amounts(void)
{
	amount("memory/current", XENMEM_current_reservation, DOMID_SELF);
	amount("memory/current-of-0", XENMEM_current_reservation, 0);
	amount("memory/current-of-nobody", XENMEM_current_reservation, DOMID_NOBODY);
	ASK("memory/current-nowhere", memory_op, XENMEM_current_reservation, TG_NOWHERE,
	    0, 0);
	amount("memory/maximum", XENMEM_maximum_reservation, DOMID_SELF);
	amount("memory/maximum-of-0", XENMEM_maximum_reservation, 0);
	amount("memory/maximum-of-nobody", XENMEM_maximum_reservation, DOMID_NOBODY);
	ASK("memory/maximum-nowhere", memory_op, XENMEM_maximum_reservation, TG_NOWHERE,
	    0, 0);
	amount("memory/max-ram-page", XENMEM_maximum_ram_page, DOMID_SELF);
	amount("memory/gpfn", XENMEM_maximum_gpfn, DOMID_SELF);
	amount("memory/gpfn-of-0", XENMEM_maximum_gpfn, 0);
	amount("memory/gpfn-of-nobody", XENMEM_maximum_gpfn, DOMID_NOBODY);
	ASK("memory/gpfn-nowhere", memory_op, XENMEM_maximum_gpfn, TG_NOWHERE, 0, 0);
}

static void memory_map(const char *name, u32 cmd, u32 entries, u64 buffer)
{
	struct xen_memory_map map = { .nr_entries = entries };

	set_xen_guest_handle(map.buffer, (void *)buffer);
	ASK(name, memory_op, cmd, &map, 0, 0);
}

static void ask_maps(void)
{
	static char text[4096];
	struct xen_machphys_mapping m;
	u64 buffer = (u64)text;

	ASK("memory/machphys_mapping", memory_op, XENMEM_machphys_mapping, &m, 0, 0);
	ASK("memory/machphys_mapping-nowhere", memory_op, XENMEM_machphys_mapping,
	    TG_NOWHERE, 0, 0);
	memory_map("memory/map", XENMEM_memory_map, 100, buffer);
	memory_map("memory/map-one", XENMEM_memory_map, 1, buffer);
	memory_map("memory/map-none", XENMEM_memory_map, 0, buffer);
	memory_map("memory/map-to-nowhere", XENMEM_memory_map, 100, TG_NOWHERE);
	ASK("memory/map-nowhere", memory_op, XENMEM_memory_map, TG_NOWHERE, 0, 0);
	memory_map("memory/machine-map", XENMEM_machine_memory_map, 100, buffer);
	memory_map("memory/machine-map-none", XENMEM_machine_memory_map, 0, buffer);
	ASK("memory/machine-map-nowhere", memory_op, XENMEM_machine_memory_map,
	    TG_NOWHERE, 0, 0);
}

/* Commands that a guest of our kind does not need: with no argument, and a bad one. */
static void ask_other_commands(void)
{
	static const struct {
		u32 cmd;
		const char *zeroes, *nowhere;
	} others[] = {
		{ 5, "memory/machphys_mfn_list", "memory/machphys_mfn_list-nowhere" },
		{ 7, "memory/add_to_physmap", "memory/add_to_physmap-nowhere" },
		{ 8, "memory/translate_gpfn", "memory/translate_gpfn-nowhere" },
		{ 11, "memory/exchange", "memory/exchange-nowhere" },
		{ 13, "memory/set_map", "memory/set_map-nowhere" },
		{ 15, "memory/remove_from_physmap", "memory/remove-nowhere" },
		{ 16, "memory/set_pod_target", "memory/set_pod_target-nowhere" },
		{ 17, "memory/get_pod_target", "memory/get_pod_target-nowhere" },
		{ 18, "memory/sharing_freed", "memory/sharing_freed-nowhere" },
		{ 19, "memory/sharing_shared", "memory/sharing_shared-nowhere" },
		{ 20, "memory/paging_op", "memory/paging_op-nowhere" },
		{ 21, "memory/access_op", "memory/access_op-nowhere" },
		{ 22, "memory/sharing_op", "memory/sharing_op-nowhere" },
		{ 23, "memory/add_batch", "memory/add_batch-nowhere" },
		{ 24, "memory/claim_pages", "memory/claim_pages-nowhere" },
		{ 25, "memory/unused-25", "memory/unused-25-nowhere" },
		{ 26, "memory/vnumainfo", "memory/vnumainfo-nowhere" },
		{ 27, "memory/device_map", "memory/device_map-nowhere" },
		{ 28, "memory/acquire_resource", "memory/acquire_resource-nowhere" },
		{ 29, "memory/unused-29", "memory/unused-29-nowhere" },
		{ 60, "memory/unused-60", "memory/unused-60-nowhere" },
	};
	static char zeroes[256];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		memset(zeroes, 0, sizeof(zeroes));
		ASK(others[i].zeroes, memory_op, others[i].cmd, zeroes, 0, 0);
		ASK(others[i].nowhere, memory_op, others[i].cmd, TG_NOWHERE, 0, 0);
	}
}

static void ask_physmap(void)
{
	struct xen_add_to_physmap a = {
		.domid = DOMID_SELF, .space = XENMAPSPACE_shared_info,
	};
	struct xen_remove_from_physmap r = { .domid = DOMID_SELF };

	ASK("memory/add_to_physmap-self", memory_op, XENMEM_add_to_physmap, &a, 0, 0);
	a.space = 99;
	ASK("memory/add_to_physmap-unknown", memory_op, XENMEM_add_to_physmap, &a, 0, 0);
	a.domid = DOMID_NOBODY;
	ASK("memory/add_to_physmap-nobody", memory_op, XENMEM_add_to_physmap, &a, 0, 0);
	ASK("memory/remove_from_physmap-self", memory_op, XENMEM_remove_from_physmap,
	    &r, 0, 0);
}

static void query(const char *name, const char *name_status, u16 dom)
{
	struct gnttab_query_size q = { .dom = dom };

	ASK(name, grant_table_op, GNTTABOP_query_size, &q, 1, 0);
	answer(name_status, q.status);
}

static void setup(const char *name, const char *name_status, u16 dom, u32 frames_nr,
		  u64 list)
{
	struct gnttab_setup_table s = { .dom = dom, .nr_frames = frames_nr };

	set_xen_guest_handle(s.frame_list, (xen_pfn_t *)list);
	ASK(name, grant_table_op, GNTTABOP_setup_table, &s, 1, 0);
	answer(name_status, s.status);
}

static void set_version(const char *name, u32 version)
{
	struct gnttab_set_version v = { .version = version };

	ASK(name, grant_table_op, GNTTABOP_set_version, &v, 1, 0);
}

static void get_version(const char *name, u16 dom)
{
	struct gnttab_get_version v = { .dom = dom };

	ASK(name, grant_table_op, GNTTABOP_get_version, &v, 1, 0);
}

static void ask_grants(void)
{
	static xen_pfn_t list[64];

	query("grant/query", "grant/query-status", DOMID_SELF);
	query("grant/query-0", "grant/query-0-status", 0);
	query("grant/query-nobody", "grant/query-nobody-status", DOMID_NOBODY);
	setup("grant/setup-none", "grant/setup-none-status", DOMID_SELF, 0, (u64)list);
	setup("grant/setup", "grant/setup-status", DOMID_SELF, 2, (u64)list);
	setup("grant/setup-0", "grant/setup-0-status", 0, 1, (u64)list);
	setup("grant/setup-nobody", "grant/setup-nobody-status", DOMID_NOBODY, 1,
	      (u64)list);
	setup("grant/setup-many", "grant/setup-many-status", DOMID_SELF, 100000,
	      (u64)list);
	setup("grant/setup-to-nowhere", "grant/setup-to-nowhere-status", DOMID_SELF, 1,
	      TG_NOWHERE);
	set_version("grant/version-0", 0);
	set_version("grant/version-1", 1);
	set_version("grant/version-3", 3);
	set_version("grant/version-2", 2);
	set_version("grant/version-1-again", 1);
	get_version("grant/get-version", DOMID_SELF);
	get_version("grant/get-version-0", 0);
	get_version("grant/get-version-nobody", DOMID_NOBODY);
}

/* Each command on nothing, on no list, and on zeroes: domain 0, reference 0. */
static void ask_grant_commands(void)
{
	static const struct {
		const char *none, *nowhere, *zeroes, *status;
		u32 at;		/* where the 16 bits of status are */
	} cmd[] = {
		{ "grant/map-none", "grant/map-nowhere", "grant/map", "grant/map-status",
		  offsetof(struct gnttab_map_grant_ref, status) },
		{ "grant/unmap-none", "grant/unmap-nowhere", "grant/unmap",
		  "grant/unmap-status",
		  offsetof(struct gnttab_unmap_grant_ref, status) },
		{ "grant/setup-none-at-all", "grant/setup-nowhere", NULL, NULL, 0 },
		{ "grant/dump-none", "grant/dump-nowhere", "grant/dump",
		  "grant/dump-status", offsetof(struct gnttab_dump_table, status) },
		{ "grant/transfer-none", "grant/transfer-nowhere", "grant/transfer",
		  "grant/transfer-status", offsetof(struct gnttab_transfer, status) },
		{ "grant/copy-none", "grant/copy-nowhere", "grant/copy",
		  "grant/copy-status", offsetof(struct gnttab_copy, status) },
		{ "grant/query-none", "grant/query-nowhere", NULL, NULL, 0 },
		{ "grant/replace-none", "grant/replace-nowhere", "grant/replace",
		  "grant/replace-status",
		  offsetof(struct gnttab_unmap_and_replace, status) },
		{ "grant/set-version-none", "grant/set-version-nowhere", NULL, NULL, 0 },
		{ "grant/status-frames-none", "grant/status-frames-nowhere",
		  "grant/status-frames", "grant/status-frames-status",
		  offsetof(struct gnttab_get_status_frames, status) },
		{ "grant/get-version-none", "grant/get-version-nowhere", NULL, NULL, 0 },
		{ "grant/swap-none", "grant/swap-nowhere", "grant/swap",
		  "grant/swap-status", offsetof(struct gnttab_swap_grant_ref, status) },
		{ "grant/flush-none", "grant/flush-nowhere", "grant/flush", NULL, 0 },
		{ "grant/unknown-13-none", "grant/unknown-13-nowhere",
		  "grant/unknown-13", NULL, 0 },
	};
	static char zeroes[256];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cmd); i++) {
		memset(zeroes, 0, sizeof(zeroes));
		ASK(cmd[i].none, grant_table_op, i, zeroes, 0, 0);
		ASK(cmd[i].nowhere, grant_table_op, i, TG_NOWHERE, 1, 0);
		if (cmd[i].zeroes)
			ASK(cmd[i].zeroes, grant_table_op, i, zeroes, 1, 0);
		if (cmd[i].status)
			answer(cmd[i].status, *(int16_t *)(zeroes + cmd[i].at));
	}
	ASK("grant/unknown", grant_table_op, 99, zeroes, 1, 0);
	ASK("grant/count-negative", grant_table_op, GNTTABOP_query_size, zeroes, -1u, 0);
	ASK("grant/count-of-64-bits", grant_table_op, GNTTABOP_query_size, zeroes,
	    1ul << 32 | 1, 0);
	ASK("grant/query-two", grant_table_op, GNTTABOP_query_size, zeroes, 2, 0);
	ASK("grant/setup-two", grant_table_op, GNTTABOP_setup_table, zeroes, 2, 0);
	memset(zeroes, 0, sizeof(zeroes));
	ASK("grant/set-version-two", grant_table_op, GNTTABOP_set_version, zeroes, 2, 0);
	memset(zeroes, 0, sizeof(zeroes));
	ASK("grant/get-version-two", grant_table_op, GNTTABOP_get_version, zeroes, 2, 0);
}

void ask_domain(void)
{
	ask_version();
	ask_reservations();
	ask_amounts();
	ask_maps();
	ask_other_commands();
	ask_physmap();
	ask_grants();
	ask_grant_commands();
}
