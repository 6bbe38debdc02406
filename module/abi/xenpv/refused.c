// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that are not for a domain like ours: for domain 0, for domains with
 * hardware help, for those with devices. Nothing is done here; the answers are those
 * that a running Xen gives to a domain without privileges (tests/xenpv/errors).
 */
#include <linux/nospec.h>
#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/grant_table.h>
#include <xen/interface/memory.h>
#include <xen/interface/physdev.h>
#include <xen/interface/platform.h>
#include "xenpv.h"

/* Commands that the kernel's headers do not have. */
#define XENMEM_set_memory_map		13
#define XENMEM_set_pod_target		16
#define XENMEM_get_pod_target		17
#define XENMEM_get_sharing_freed_pages	18
#define XENMEM_get_sharing_shared_pages	19
#define XENMEM_access_op		21
#define XENMEM_add_to_physmap_batch	23
#define XENMEM_claim_pages		24
#define XENMEM_unused			25
#define XENMEM_get_vnumainfo		26
#define HVMOP_set_param			0
#define HVMOP_get_param			1
#define HVMOP_flush_tlbs		5
#define HVMOP_pagetable_dying		9
#define HVMOP_xentrace			11
#define HVMOP_get_mem_type		15
#define HVMOP_altp2m			25

/* What the toolstack's calls begin with. */
#define DOMCTL_VERSION			0x15
#define SYSCTL_VERSION			0x15

/**
 * struct refusal - a command and what it returns
 * @nr: of the hypercall
 * @cmd: its command
 * @reads: -EFAULT if there is no argument where it should be
 * @error: else that
 */
struct refusal {
	u8 nr, cmd;
	bool reads;
	s8 error;
};

#define MEMORY(cmd, error)	{ __HYPERVISOR_memory_op, XENMEM_##cmd, true, error }
#define PHYSDEV(cmd, error)	{ __HYPERVISOR_physdev_op, PHYSDEVOP_##cmd, true, error }
#define HVM(cmd, error)		{ __HYPERVISOR_hvm_op, HVMOP_##cmd, true, error }

static const struct refusal refusals[] = {
	MEMORY(set_memory_map, -EPERM),
	MEMORY(remove_from_physmap, -EACCES),
	MEMORY(set_pod_target, -EINVAL),
	MEMORY(get_pod_target, -EINVAL),
	MEMORY(access_op, -EINVAL),
	MEMORY(add_to_physmap_batch, -EACCES),
	MEMORY(claim_pages, -EPERM),
	MEMORY(get_vnumainfo, -EPERM),
	MEMORY(acquire_resource, -EPERM),
	{ __HYPERVISOR_memory_op, XENMEM_get_sharing_freed_pages, false, 0 },
	{ __HYPERVISOR_memory_op, XENMEM_get_sharing_shared_pages, false, 0 },
	{ __HYPERVISOR_memory_op, XENMEM_unused, false, -EOPNOTSUPP },

	PHYSDEV(apic_read, -EPERM),
	PHYSDEV(apic_write, -EPERM),
	PHYSDEV(alloc_irq_vector, -EPERM),
	PHYSDEV(eoi, -EINVAL),
	PHYSDEV(irq_status_query, -EINVAL),
	PHYSDEV(pirq_eoi_gmfn_v1, -EINVAL),
	PHYSDEV(pirq_eoi_gmfn_v2, -EINVAL),
	PHYSDEV(map_pirq, -EPERM),
	PHYSDEV(unmap_pirq, -EPERM),
	PHYSDEV(manage_pci_add, -EPERM),
	PHYSDEV(manage_pci_remove, -EPERM),
	PHYSDEV(manage_pci_add_ext, -EPERM),
	PHYSDEV(restore_msi, -EPERM),
	PHYSDEV(restore_msi_ext, -EPERM),
	PHYSDEV(setup_gsi, -EPERM),
	PHYSDEV(pci_mmcfg_reserved, -EPERM),
	PHYSDEV(pci_device_add, -EPERM),
	PHYSDEV(pci_device_remove, -EPERM),
	PHYSDEV(dbgp_op, -EPERM),
	PHYSDEV(prepare_msix, -EPERM),
	PHYSDEV(release_msix, -EPERM),

	HVM(set_param, -EINVAL),
	HVM(get_param, -EINVAL),
	HVM(pagetable_dying, -EOPNOTSUPP),
	HVM(xentrace, -EINVAL),
	HVM(get_mem_type, -ESRCH),
	{ __HYPERVISOR_hvm_op, HVMOP_altp2m, false, -EOPNOTSUPP },
	{ __HYPERVISOR_hvm_op, HVMOP_flush_tlbs, false, -EINVAL },
};

static bool is_there(struct lg_vcpu *vcpu, u64 gva)
{
	u8 byte;

	return !lg_shadow_read(vcpu, gva, &byte, sizeof(byte));
}

/**
 * xenpv_refuse - what Xen answers to a command that is not for us
 * @vcpu: running guest
 * @nr: the hypercall
 * @cmd: its command
 * @gva: its argument
 *
 * Returns 0 or a negative error number: -ENOSYS for what Xen does not know, and what
 * we leave out.
 */
long xenpv_refuse(struct lg_vcpu *vcpu, u32 nr, u32 cmd, u64 gva)
{
	const struct refusal *r;

	for (r = refusals; r < refusals + ARRAY_SIZE(refusals); r++)
		if (r->nr == nr && r->cmd == cmd)
			return r->reads && !is_there(vcpu, gva) ? -EFAULT :
								  r->error;
	return -ENOSYS;
}

/**
 * xenpv_refuse_tool - the same for calls of the toolstack
 * @vcpu: running guest
 * @nr: platform_op, domctl or sysctl
 * @gva: its argument: command and version of the interface
 *
 * Returns a negative error number.
 */
long xenpv_refuse_tool(struct lg_vcpu *vcpu, u32 nr, u64 gva)
{
	u32 version, head[2];

	switch (nr) {
	case __HYPERVISOR_platform_op:
		version = XENPF_INTERFACE_VERSION;
		break;
	case __HYPERVISOR_domctl:
		version = DOMCTL_VERSION;
		break;
	default:
		version = SYSCTL_VERSION;
		break;
	}
	if (lg_shadow_read(vcpu, gva, head, sizeof(head)))
		return -EFAULT;
	return head[1] == version ? -EPERM : -EACCES;
}

/**
 * struct no_grant - a grant operation, of which each argument tells its own status
 * @bytes: of an argument
 * @at: where in it the status is
 * @status: of all of them: nobody has granted us anything
 */
struct no_grant {
	u8 bytes, at;
	s16 status;
};

#define NO_GRANT(name, error) \
	{ sizeof(struct name), offsetof(struct name, status), error }

static const struct no_grant no_grants[] = {
	[GNTTABOP_map_grant_ref] = NO_GRANT(gnttab_map_grant_ref, GNTST_bad_gntref),
	[GNTTABOP_unmap_grant_ref] = NO_GRANT(gnttab_unmap_grant_ref, GNTST_bad_handle),
	[GNTTABOP_transfer] = NO_GRANT(gnttab_transfer, GNTST_bad_page),
	[GNTTABOP_copy] = NO_GRANT(gnttab_copy, GNTST_permission_denied),
	[GNTTABOP_unmap_and_replace] = NO_GRANT(gnttab_unmap_and_replace,
						GNTST_bad_handle),
};

/**
 * xenpv_refuse_grants - what Xen answers to one who uses grants that there are not
 * @vcpu: running guest, in grant_table_op
 * @cmd: GNTTABOP_x
 * @gva: its arguments
 * @count: how many
 *
 * Returns 0, -EFAULT, -ENOSYS or XENPV_AGAIN.
 */
long xenpv_refuse_grants(struct lg_vcpu *vcpu, u32 cmd, u64 gva, u32 count)
{
	struct xenpv_call *call = xenpv_vcpu(vcpu)->call;
	const struct no_grant *g;

	if (cmd >= ARRAY_SIZE(no_grants) || !no_grants[cmd].bytes)
		return -ENOSYS;
	g = &no_grants[array_index_nospec(cmd, ARRAY_SIZE(no_grants))];
	for (; count; count--, gva += g->bytes) {
		if (xenpv_must_give_way()) {
			call->arg[1] = gva;
			call->arg[2] = count;
			return XENPV_AGAIN;
		}
		if (lg_shadow_write(vcpu, gva + g->at, &g->status,
				    sizeof(g->status)))
			return -EFAULT;
	}
	return 0;
}
