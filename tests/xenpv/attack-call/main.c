// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of hypercalls, and hypercalls with sizes that do not fit.
 *
 * Claim: results go to their entries, in order; a list in a list is refused, an
 * iret ends the list; counts and addresses out of range give errors; grant frames
 * stop at the most there are; what is not for guests is refused. Long calls give
 * way and end.
 *
 * Source: docs/abi/xenpv.md; XSA-20, 60, 97, 125, 150, 264, 344.
 */
#include "tg.h"
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/version.h>

const char tg_title[] = "hypercalls";

#define EPERM	1
#define ENXIO	6
#define EFAULT	14
#define EINVAL	22
#define ENOSYS	38

static struct multicall_entry list[512];

static void clear(void)
{
	memset(list, 0, sizeof(list));
}

static void check_list(void)
{
	u32 i;

	clear();
	for (i = 0; i < 512; i++) {
		list[i].op = i & 1 ? __HYPERVISOR_xen_version : 60;
		list[i].result = 77;
	}
	TG_EQ(tg_hcall(multicall, list, 512, 0, 0), 0, "multicall");
	for (i = 0; i < 512; i++)
		if ((long)list[i].result != (i & 1 ? 0x40011 : -ENOSYS)) {
			tg_failure("result %u is %#lx", i, list[i].result);
			break;
		}
	list[0].op = __HYPERVISOR_multicall;
	list[0].args[0] = (u64)&list[1];
	list[0].args[1] = 1;
	TG_EQ(tg_hcall(multicall, list, 1, 0, 0), 0, "a list in a list");
	TG_EQ(list[0].result, (u64)-EINVAL, "result of a list in a list");
	TG_EQ(tg_hcall(multicall, list, 0, 0, 0), 0, "an empty list");
	TG_EQ(tg_hcall(multicall, TG_NOWHERE, 1, 0, 0), -EFAULT, "no list");
	/* The entry crosses into nothing. */
	tg_map(tg_root, TG_KTEST, tg_pte(tg_page_alloc(), TG_RW));
	TG_EQ(tg_hcall(multicall, TG_KTEST + TG_PAGE - 8, 1, 0, 0), -EFAULT,
	      "a list that ends too soon");
	/* A result that cannot be written. */
	tg_map(tg_root, TG_KTEST, tg_pte(tg_gfn(list), TG_RO));
	list[0].op = __HYPERVISOR_xen_version;
	TG_EQ(tg_hcall(multicall, TG_KTEST + ((u64)list & 0xfff), 1, 0, 0),
	      -EFAULT, "a read-only list");
}

/* The list that the CPU works on changes the mapping of the list. */
static void check_vanishing(void)
{
	u64 gfn = tg_page_alloc();
	struct multicall_entry *e = tg_va(gfn);

	tg_map(tg_root, TG_KTEST, tg_pte(gfn, TG_RW));
	memset(e, 0, TG_PAGE);
	e[0].op = __HYPERVISOR_update_va_mapping;
	e[0].args[0] = TG_KTEST;
	e[0].args[2] = UVMF_INVLPG;
	e[1].op = __HYPERVISOR_xen_version;
	TG_EQ(tg_hcall(multicall, TG_KTEST, 2, 0, 0), -EFAULT,
	      "a list that takes itself away");
}

extern const char after_iret[];
static u64 iret_rax;

static void check_iret(void)
{
	static struct iret_context f;
	u64 sp;

	clear();
	asm volatile("movq %%rsp, %0" : "=r"(sp));
	f.rax = 0x1234;
	f.rip = (u64)after_iret;
	f.cs = FLAT_KERNEL_CS64 & ~3;
	f.ss = FLAT_KERNEL_SS64;
	f.rflags = 2;
	f.rsp = sp;
	list[0].op = __HYPERVISOR_xen_version;
	list[1].op = __HYPERVISOR_iret;
	list[2].op = __HYPERVISOR_xen_version;
	list[2].result = 55;
	asm volatile("pushq %%rbx\n\t"
		     "pushq %%rbp\n\t"
		     "movq %%rsp, %%rbp\n\t"
		     "movq %%rsp, 56(%2)\n\t"
		     "movq %2, %%rsp\n\t"
		     "syscall\n\t"
		     "ud2\n"
		     "after_iret:\n\t"
		     "popq %%rbp\n\t"
		     "popq %%rbx"
		     : "=a"(iret_rax)
		     : "a"(__HYPERVISOR_multicall), "r"(&f), "D"(list), "S"(3)
		     : "rcx", "r11", "rdx", "memory");
	TG_EQ(iret_rax, 0x1234, "rax after iret in a list");
	TG_EQ(list[0].result, 0x40011, "what came before");
	TG_EQ(list[2].result, 55, "what came behind");
}

static void check_counts(void)
{
	struct mmu_update u = { 0, 0 };

	tg_hcall(mmu_update, &u, -1ul, 0, DOMID_SELF);
	tg_hcall(mmu_update, &u, 0x7fffffff, 0, DOMID_SELF);
	tg_hcall(mmu_update, TG_NOWHERE, 1 << 14, 0, DOMID_SELF);
	tg_hcall(mmuext_op, TG_NOWHERE, -1ul, 0, DOMID_SELF);
	tg_hcall(multicall, TG_NOWHERE, -1ul, 0, 0);
	TG_EQ(tg_hcall(console_io, CONSOLEIO_write, -1ul, TG_NOWHERE, 0),
	      -EINVAL, "console text of -1 bytes");
	TG_EQ(tg_hcall(console_io, CONSOLEIO_write, 4096, TG_NOWHERE, 0),
	      -EFAULT, "console text that is not there");
	TG_EQ(tg_hcall(console_io, 77, 1, list, 0), -ENOSYS, "console_io 77");
	TG_EQ(tg_hcall(vm_assist, VMASST_CMD_enable, 1000, 0, 0), -EINVAL,
	      "vm_assist 1000");
	TG_CHECK(tg_hcall(set_debugreg, 100, 0, 0, 0) < 0, "DR100");
	TG_CHECK(tg_hcall(set_debugreg, 0, 0xffff808000000000, 0, 0) < 0,
		 "DR0 in the window");
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_is_up, 1, 0, 0), -2, "vCPU 1");
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_is_up, -1, 0, 0), -2, "vCPU -1");
	TG_EQ(tg_hcall(sched_op, 77, 0, 0, 0), -ENOSYS, "sched_op 77");
}

/* A balloon of more pages than there are numbers for. */
static void check_reservation(void)
{
	struct xen_memory_reservation r = {
		.nr_extents = -1ul,
		.domid = DOMID_SELF,
	};
	u64 frame[4] = { 1, 2, 1ul << 50, 3 };

	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)TG_NOWHERE);
	tg_hcall(memory_op, XENMEM_decrease_reservation, &r, 0, 0);
	tg_hcall(memory_op, XENMEM_populate_physmap, &r, 0, 0);
	r.nr_extents = 4;
	set_xen_guest_handle(r.extent_start, frame);
	TG_EQ(tg_hcall(memory_op, XENMEM_populate_physmap, &r, 0, 0), 2,
	      "pages populated before a bad one");
	r.extent_order = 63;
	TG_EQ(tg_hcall(memory_op, XENMEM_populate_physmap, &r, 0, 0), 0,
	      "pages of order 63");
	tg_hcall(memory_op, -1ul, &r, 0, 0);
	tg_hcall(memory_op, ~0x3ful | XENMEM_populate_physmap, &r, 0, 0);
}

static void check_grants(void)
{
	static xen_pfn_t frames[64];
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 32 };
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	u32 i;

	TG_EQ(tg_hcall(grant_table_op, GNTTABOP_query_size, &q, 1, 0), 0,
	      "query_size");
	TG_EQ(q.max_nr_frames, 32, "grant frames");
	set_xen_guest_handle(s.frame_list, frames);
	TG_EQ(tg_hcall(grant_table_op, GNTTABOP_setup_table, &s, 1, 0), 0,
	      "setup_table");
	TG_EQ(s.status, GNTST_okay, "status");
	for (i = 0; i < 32; i++)
		TG_EQ(frames[i], tg_start_info->shared_info / TG_PAGE + 1 + i,
		      "grant frame");
	s.nr_frames = 33;
	tg_hcall(grant_table_op, GNTTABOP_setup_table, &s, 1, 0);
	TG_CHECK(s.status < 0, "33 grant frames: %d", s.status);
	s.nr_frames = -1;
	tg_hcall(grant_table_op, GNTTABOP_setup_table, &s, 1, 0);
	TG_CHECK(s.status < 0, "-1 grant frames: %d", s.status);
	s.nr_frames = 1;
	s.dom = 3;
	tg_hcall(grant_table_op, GNTTABOP_setup_table, &s, 1, 0);
	TG_CHECK(s.status < 0, "another's grant frames: %d", s.status);
	s.dom = DOMID_SELF;
	set_xen_guest_handle(s.frame_list, (xen_pfn_t *)0xffff808000000000);
	tg_hcall(grant_table_op, GNTTABOP_setup_table, &s, 1, 0);
	TG_CHECK(s.status < 0, "a list in the window: %d", s.status);
	for (i = 0; i < 20; i++)
		tg_hcall(grant_table_op, i, TG_NOWHERE, -1ul, 0);
	for (i = 0; i < 20; i++)
		tg_hcall(grant_table_op, i, TG_NOWHERE, 0x7fffffff, 0);
	TG_EQ(tg_hcall(grant_table_op, GNTTABOP_map_grant_ref,
		       0xffff808000000000, 1, 0), -EFAULT,
	      "map_grant_ref in the window");
}

static void check_info_area(void)
{
	struct vcpu_register_vcpu_info r = { .mfn = -1ul };
	u64 gfn = tg_page_alloc();

	TG_EQ(tg_hcall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r, 0), -EINVAL,
	      "vcpu_info in no page");
	r.mfn = gfn;
	r.offset = 4096 - 56;
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r, 0), -ENXIO,
	      "vcpu_info across a page");
	r.offset = 3;
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r, 0), -ENXIO,
	      "vcpu_info off its place");
}

void test_main(void)
{
	check_list();
	check_vanishing();
	check_iret();
	check_counts();
	check_reservation();
	check_grants();
	check_info_area();
}
