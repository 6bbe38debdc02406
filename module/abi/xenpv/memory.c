// SPDX-License-Identifier: GPL-2.0
/*
 * memory_op: how much memory there is, and where; the balloon.
 */
#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/memory.h>
#include "xenpv.h"

#define XENMEM_maximum_gpfn	14

/* The upper bits of a command tell how many extents are done. */
#define MEMORY_CMD_BITS		6

static long machphys_mapping(struct lg_vcpu *vcpu, u64 gva)
{
	struct xen_machphys_mapping map = {
		.v_start = MACH2PHYS_VIRT_START,
		.v_end = MACH2PHYS_VIRT_END,
		.max_mfn = vcpu->guest->ram_pages - 1,
	};

	return xenpv_give(vcpu, gva, &map, sizeof(map));
}

/* As E820 has it. */
struct memory_range {
	u64 gpa, size;
	u32 type;
} __packed;

static long memory_map(struct lg_vcpu *vcpu, u64 gva)
{
	struct memory_range ram = {
		.size = xenpv_vcpu(vcpu)->dom->ram_pages << PAGE_SHIFT,
		.type = 1,
	};
	struct xen_memory_map map;

	if (lg_shadow_read(vcpu, gva, &map, sizeof(map)))
		return -EFAULT;
	if (map.nr_entries) {
		map.nr_entries = 1;
		if (lg_shadow_write(vcpu, (u64)map.buffer, &ram, sizeof(ram)))
			return -EFAULT;
	}
	return xenpv_give(vcpu, gva, &map, sizeof(map));
}

/*
 * The balloon: pages are the guest's own with or without it, and where it wants
 * one, there it is. Returns the number of extents that make sense.
 */
static long reservation(struct lg_vcpu *vcpu, u64 cmd, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u64 i = a->call->arg[0] >> MEMORY_CMD_BITS;
	u64 ram = a->dom->ram_pages;
	struct xen_memory_reservation r;
	xen_pfn_t gfn;

	if (lg_shadow_read(vcpu, gva, &r, sizeof(r)) || r.domid != DOMID_SELF)
		return i;
	/* Only superpages of a size that exists, only counts that fit above. */
	if (r.extent_order > 18 || r.nr_extents >> (63 - MEMORY_CMD_BITS) ||
	    i > r.nr_extents)
		return i;
	for (; i < r.nr_extents; i++) {
		if (xenpv_must_give_way()) {
			a->call->arg[0] = i << MEMORY_CMD_BITS | cmd;
			return XENPV_AGAIN;
		}
		if (lg_shadow_read(vcpu, (u64)r.extent_start + i * sizeof(gfn),
				   &gfn, sizeof(gfn)) ||
		    gfn >= ram || ram - gfn < BIT_ULL(r.extent_order))
			break;
	}
	return i;
}

/* An argument that begins with a domain's number. */
static long check_domain(struct lg_vcpu *vcpu, u64 gva)
{
	domid_t domid;

	if (lg_shadow_read(vcpu, gva, &domid, sizeof(domid)))
		return -EFAULT;
	return domid == DOMID_SELF ? 0 : xenpv_other_domain(domid);
}

/* The last page the guest says it has. */
static long maximum_gpfn(struct lg_vcpu *vcpu)
{
	u64 pages = READ_ONCE(xenpv_vcpu(vcpu)->dom->shared->arch.max_pfn);

	return pages ? min_t(u64, pages, LONG_MAX) - 1 : 0;
}

/* Ours is for others; to do it to oneself takes hardware help. */
static long add_to_physmap(struct lg_vcpu *vcpu, u64 gva)
{
	long rc = check_domain(vcpu, gva);

	return rc == -EFAULT || rc == -ESRCH ? rc : -EACCES;
}

/**
 * xenpv_memory_op - memory_op
 * @vcpu: running guest
 * @cmd: XENMEM_x, and how many extents are done
 * @gva: argument
 *
 * Returns 0 or more, XENPV_AGAIN, or a negative error number.
 */
long xenpv_memory_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva)
{
	cmd &= GENMASK_ULL(MEMORY_CMD_BITS - 1, 0);
	switch (cmd) {
	case XENMEM_machphys_mapping:
		return machphys_mapping(vcpu, gva);
	case XENMEM_memory_map:
		return memory_map(vcpu, gva);
	case XENMEM_maximum_ram_page:
		return vcpu->guest->ram_pages - 1;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
		return check_domain(vcpu, gva) ?: xenpv_vcpu(vcpu)->dom->ram_pages;
	case XENMEM_maximum_gpfn:
		return check_domain(vcpu, gva) ?: maximum_gpfn(vcpu);
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return reservation(vcpu, cmd, gva);
	case XENMEM_increase_reservation:	/* there is no more */
		return 0;
	case XENMEM_machine_memory_map:
		return -EPERM;
	case XENMEM_add_to_physmap:
		return add_to_physmap(vcpu, gva);
	default:
		return xenpv_refuse(vcpu, __HYPERVISOR_memory_op, cmd, gva);
	}
}
