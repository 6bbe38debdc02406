// SPDX-License-Identifier: GPL-2.0
/* The console, assists, physical devices, lists, and calls that are not ours. */
#include "errors.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/physdev.h>

static char text[64];

static void ask_console(void)
{
	ASK("console/write-none", console_io, CONSOLEIO_write, 0, text, 0);
	ASK("console/write-nowhere", console_io, CONSOLEIO_write, 8, TG_NOWHERE, 0);
	ASK("console/write-negative", console_io, CONSOLEIO_write, 1ul << 31, text, 0);
	ASK("console/write-negative-32", console_io, CONSOLEIO_write, -1u, text, 0);
	ASK("console/read-none", console_io, CONSOLEIO_read, 0, text, 0);
	ASK("console/read", console_io, CONSOLEIO_read, sizeof(text), text, 0);
	ASK("console/unknown", console_io, 2, 0, text, 0);
}

static void assist(const char *name, u32 cmd, u64 type)
{
	ASK(name, vm_assist, cmd, type, 0, 0);
}

static void ask_assists(void)
{
	assist("assist/4gb-segments", VMASST_CMD_enable, VMASST_TYPE_4gb_segments);
	assist("assist/4gb-segments-notify", VMASST_CMD_enable,
	       VMASST_TYPE_4gb_segments_notify);
	assist("assist/writable-tables", VMASST_CMD_enable,
	       VMASST_TYPE_writable_pagetables);
	assist("assist/pae-extended-cr3", VMASST_CMD_enable,
	       VMASST_TYPE_pae_extended_cr3);
	assist("assist/iopl", VMASST_CMD_enable, VMASST_TYPE_architectural_iopl);
	assist("assist/iopl-off", VMASST_CMD_disable, VMASST_TYPE_architectural_iopl);
	assist("assist/runstate", VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag);
	assist("assist/runstate-off", VMASST_CMD_disable,
	       VMASST_TYPE_runstate_update_flag);
	assist("assist/6", VMASST_CMD_enable, 6);
	assist("assist/31", VMASST_CMD_enable, 31);
	assist("assist/m2p-strict", VMASST_CMD_enable, VMASST_TYPE_m2p_strict);
	assist("assist/m2p-strict-off", VMASST_CMD_disable, VMASST_TYPE_m2p_strict);
	assist("assist/33", VMASST_CMD_enable, 33);
	assist("assist/63", VMASST_CMD_enable, 63);
	assist("assist/64", VMASST_CMD_enable, 64);
	assist("assist/huge", VMASST_CMD_enable, -1u);
	assist("assist/type-of-64-bits", VMASST_CMD_enable, 1ul << 32 | 2);
	assist("assist/unknown-command", 2, VMASST_TYPE_writable_pagetables);
	assist("assist/unknown-both", 2, 64);
}

static void iopl(const char *name, u32 level)
{
	struct physdev_set_iopl i = { .iopl = level };

	ASK(name, physdev_op, PHYSDEVOP_set_iopl, &i, 0, 0);
}

static void iobitmap(const char *name, u32 ports)
{
	struct physdev_set_iobitmap b = { .nr_ports = ports };

	ASK(name, physdev_op, PHYSDEVOP_set_iobitmap, &b, 0, 0);
}

static void ask_physdev(void)
{
	static const char *const zeroes[] = {
		[4] = "physdev/irq_unmask_notify", [5] = "physdev/irq_status",
		[8] = "physdev/apic_read", [9] = "physdev/apic_write",
		[10] = "physdev/alloc_vector", [11] = "physdev/free_vector",
		[12] = "physdev/eoi", [13] = "physdev/map_pirq",
		[14] = "physdev/unmap_pirq", [15] = "physdev/manage_pci_add",
		[16] = "physdev/manage_pci_remove", [17] = "physdev/eoi_gmfn_1",
		[18] = "physdev/unused-18", [19] = "physdev/restore_msi",
		[20] = "physdev/manage_pci_add_ext", [21] = "physdev/setup_gsi",
		[22] = "physdev/unused-22", [23] = "physdev/get_free_pirq",
		[24] = "physdev/mmcfg_reserved", [25] = "physdev/pci_device_add",
		[26] = "physdev/pci_device_remove", [27] = "physdev/restore_msi_ext",
		[28] = "physdev/eoi_gmfn_2", [29] = "physdev/dbgp",
		[30] = "physdev/prepare_msix", [31] = "physdev/release_msix",
		[32] = "physdev/unused-32", [33] = "physdev/unused-33",
	};
	static char argument[256];
	u32 i;

	iopl("physdev/iopl-0", 0);
	iopl("physdev/iopl-3", 3);
	iopl("physdev/iopl-4", 4);
	iopl("physdev/iopl-0-again", 0);
	iobitmap("physdev/iobitmap", 0);
	iobitmap("physdev/iobitmap-65536", 65536);
	iobitmap("physdev/iobitmap-65537", 65537);
	iobitmap("physdev/iobitmap-none", 0);
	ASK("physdev/iopl-nowhere", physdev_op, PHYSDEVOP_set_iopl, TG_NOWHERE, 0, 0);
	ASK("physdev/iobitmap-nowhere", physdev_op, PHYSDEVOP_set_iobitmap, TG_NOWHERE,
	    0, 0);
	ASK("physdev/map_pirq-nowhere", physdev_op, PHYSDEVOP_map_pirq, TG_NOWHERE, 0, 0);
	ASK("physdev/eoi-nowhere", physdev_op, PHYSDEVOP_eoi, TG_NOWHERE, 0, 0);
	ASK("physdev/irq_status-nowhere", physdev_op, PHYSDEVOP_irq_status_query,
	    TG_NOWHERE, 0, 0);
	for (i = 0; i < ARRAY_SIZE(zeroes); i++) {
		memset(argument, 0, sizeof(argument));
		if (zeroes[i])
			ASK(zeroes[i], physdev_op, i, argument, 0, 0);
	}
	ASK("physdev/unknown", physdev_op, 99, argument, 0, 0);
	ASK("physdev/compat", physdev_op_compat, argument, 0, 0, 0);
	ASK("physdev/compat-nowhere", physdev_op_compat, TG_NOWHERE, 0, 0, 0);
}

static void parameter(const char *name, u32 cmd, u16 dom, u32 index)
{
	struct xen_hvm_param p = { .domid = dom, .index = index };

	ASK(name, hvm_op, cmd, &p, 0, 0);
}

static void ask_hvm(void)
{
	static char argument[256];
	u32 cmd;
	static const char *const zeroes[] = {
		[2] = "hvm/2", [3] = "hvm/3", [4] = "hvm/4", [5] = "hvm/flush_tlbs",
		[6] = "hvm/6", [7] = "hvm/7", [8] = "hvm/8", [9] = "hvm/pagetable_dying",
		[10] = "hvm/get_time", [11] = "hvm/xentrace", [12] = "hvm/12",
		[15] = "hvm/get_mem_type", [25] = "hvm/altp2m", [26] = "hvm/26",
	};

	parameter("hvm/set_param", HVMOP_set_param, DOMID_SELF, HVM_PARAM_CALLBACK_IRQ);
	parameter("hvm/get_param", HVMOP_get_param, DOMID_SELF, HVM_PARAM_CALLBACK_IRQ);
	parameter("hvm/get_param-huge", HVMOP_get_param, DOMID_SELF, 9999);
	parameter("hvm/get_param-of-0", HVMOP_get_param, 0, HVM_PARAM_CALLBACK_IRQ);
	parameter("hvm/get_param-of-nobody", HVMOP_get_param, DOMID_NOBODY,
		  HVM_PARAM_CALLBACK_IRQ);
	ASK("hvm/set_param-nowhere", hvm_op, HVMOP_set_param, TG_NOWHERE, 0, 0);
	ASK("hvm/get_param-nowhere", hvm_op, HVMOP_get_param, TG_NOWHERE, 0, 0);
	for (cmd = 0; cmd < ARRAY_SIZE(zeroes); cmd++)
		if (zeroes[cmd])
			ASK(zeroes[cmd], hvm_op, cmd, TG_NOWHERE, 0, 0);
	ASK("hvm/flush_tlbs-good", hvm_op, 5, 0, 0, 0);
	ASK("hvm/pagetable_dying-good", hvm_op, 9, argument, 0, 0);
	ASK("hvm/get_time-good", hvm_op, 10, argument, 0, 0);
	ASK("hvm/xentrace-good", hvm_op, 11, argument, 0, 0);
	ASK("hvm/get_mem_type-good", hvm_op, 15, argument, 0, 0);
	ASK("hvm/altp2m-good", hvm_op, 25, argument, 0, 0);
	ASK("hvm/unknown", hvm_op, 99, 0, 0, 0);
}

/* With the right version of the interface, and with none. */
static void ask_privileged(void)
{
	static u32 argument[256];

	ASK("platform/version-0", platform_op, argument, 0, 0, 0);
	ASK("platform/nowhere", platform_op, TG_NOWHERE, 0, 0, 0);
	argument[1] = 0x03000001;
	argument[0] = 17;
	ASK("platform/settime", platform_op, argument, 0, 0, 0);
	argument[0] = 0x63;
	ASK("platform/unknown", platform_op, argument, 0, 0, 0);
	memset(argument, 0, sizeof(argument));
	ASK("domctl/version-0", domctl, argument, 0, 0, 0);
	ASK("domctl/nowhere", domctl, TG_NOWHERE, 0, 0, 0);
	argument[0] = 5;
	argument[1] = 0x15;
	ASK("domctl/getdomaininfo", domctl, argument, 0, 0, 0);
	argument[0] = 3;
	ASK("domctl/pause-0", domctl, argument, 0, 0, 0);
	argument[0] = 9999;
	ASK("domctl/unknown", domctl, argument, 0, 0, 0);
	memset(argument, 0, sizeof(argument));
	ASK("sysctl/version-0", sysctl, argument, 0, 0, 0);
	ASK("sysctl/nowhere", sysctl, TG_NOWHERE, 0, 0, 0);
	argument[0] = 3;
	argument[1] = 0x15;
	ASK("sysctl/physinfo", sysctl, argument, 0, 0, 0);
	argument[0] = 9999;
	ASK("sysctl/unknown", sysctl, argument, 0, 0, 0);
	memset(argument, 0, sizeof(argument));
	ASK("xsm/zeroes", xsm_op, argument, 0, 0, 0);
	ASK("xsm/nowhere", xsm_op, TG_NOWHERE, 0, 0, 0);
	ASK("xenpmu/0", xenpmu_op, 0, argument, 0, 0);
	ASK("xenpmu/nowhere", xenpmu_op, 0, TG_NOWHERE, 0, 0);
	ASK("xenpmu/unknown", xenpmu_op, 99, argument, 0, 0);
	ASK("xenoprof/0", xenoprof_op, 0, argument, 0, 0);
	ASK("xenoprof/unknown", xenoprof_op, 99, argument, 0, 0);
	ASK("kexec/0", kexec_op, 0, argument, 0, 0);
	ASK("kexec/unknown", kexec_op, 99, argument, 0, 0);
	ASK("tmem/zeroes", tmem_op, argument, 0, 0, 0);
	answer("mca/nowhere", tg_hcall6(XEN_NR_mca, TG_NOWHERE, 0, 0, 0, 0, 0));
	answer("mca/zeroes", tg_hcall6(XEN_NR_mca, (u64)argument, 0, 0, 0, 0, 0));
	ASK("dm/0", dm_op, 0, 0, 0, 0);
	ASK("dm/self", dm_op, DOMID_SELF, 1, argument, 0);
	answer("argo/0", tg_hcall6(XEN_NR_argo, 0, 0, 0, 0, 0, 0));
	answer("argo/unknown", tg_hcall6(XEN_NR_argo, 99, 0, 0, 0, 0, 0));
	answer("hypfs/0", tg_hcall6(XEN_NR_hypfs, 0, 0, 0, 0, 0, 0));
	answer("hypfs/unknown", tg_hcall6(XEN_NR_hypfs, 99, 0, 0, 0, 0, 0));
}

static void ask_numbers(void)
{
	static const struct {
		u64 nr;
		const char *name;
	} numbers[] = {
		{ 11, "number/11" }, { 43, "number/43" }, { 47, "number/47" },
		{ 49, "number/49" }, { 50, "number/50" }, { 55, "number/55" },
		{ 56, "number/56" }, { 63, "number/63" }, { 64, "number/64" },
		{ 1000, "number/1000" }, { 1ul << 31, "number/bit-31" },
		{ 1ul << 32 | __HYPERVISOR_xen_version, "number/version-and-bit-32" },
		{ -1ul, "number/huge" },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		answer(numbers[i].name, tg_hcall6(numbers[i].nr, 0, 0, 0, 0, 0, 0));
}

static void ask_lists(void)
{
	static struct multicall_entry list[3];
	u32 i;

	for (i = 0; i < 3; i++) {
		list[i].op = __HYPERVISOR_xen_version;
		list[i].result = 77;
	}
	list[1].op = 43;
	ASK("multicall/three", multicall, list, 3, 0, 0);
	answer("multicall/three-first", list[0].result);
	answer("multicall/three-second", list[1].result);
	answer("multicall/three-third", list[2].result);
	ASK("multicall/none", multicall, list, 0, 0, 0);
	ASK("multicall/none-nowhere", multicall, TG_NOWHERE, 0, 0, 0);
	ASK("multicall/nowhere", multicall, TG_NOWHERE, 1, 0, 0);
	ASK("multicall/non-canonical", multicall, NON_CANONICAL, 1, 0, 0);
	ASK("multicall/in-the-hole", multicall, HOLE, 1, 0, 0);
	ASK("multicall/endless", multicall, TG_NOWHERE, -1u, 0, 0);
	ASK("multicall/count-of-64-bits", multicall, TG_NOWHERE, 1ul << 32, 0, 0);
	list[0].op = __HYPERVISOR_multicall;
	list[0].args[0] = (u64)&list[1];
	list[0].args[1] = 1;
	list[1].result = 77;
	ASK("multicall/in-multicall", multicall, list, 1, 0, 0);
	answer("multicall/in-multicall-result", list[0].result);
	answer("multicall/in-multicall-inner", list[1].result);
	list[0].op = 1ul << 32 | __HYPERVISOR_xen_version;
	list[0].args[0] = 0;
	ASK("multicall/number-of-64-bits", multicall, list, 1, 0, 0);
	answer("multicall/number-of-64-bits-result", list[0].result);
}

void ask_others(void)
{
	ask_console();
	ask_assists();
	ask_physdev();
	ask_hvm();
	ask_privileged();
	ask_numbers();
	ask_lists();
}
