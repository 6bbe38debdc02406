// SPDX-License-Identifier: GPL-2.0
/*
 * Grant tables, version 1, in the pages behind shared_info: which of its pages a guest
 * lets others use.
 */
#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/grant_table.h>
#include "xenpv.h"

static u32 grant_frames_max(struct lg_vcpu *vcpu)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;

	return min_t(u64, XENPV_GRANT_FRAMES,
		     vcpu->guest->ram_pages - 1 - dom->shared_gfn);
}

static int grant_status(domid_t domid)
{
	if (domid == DOMID_SELF)
		return GNTST_okay;
	return domid ? GNTST_bad_domain : GNTST_permission_denied;
}

static long grant_setup(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_domain *dom = xenpv_vcpu(vcpu)->dom;
	struct gnttab_setup_table s;
	xen_pfn_t gfn;
	u32 i;

	if (lg_shadow_read(vcpu, gva, &s, sizeof(s)))
		return -EFAULT;
	s.status = grant_status(s.dom);
	if (s.status == GNTST_okay && s.nr_frames > grant_frames_max(vcpu))
		s.status = GNTST_general_error;
	if (s.status == GNTST_okay)
		dom->grant_frames = max(dom->grant_frames, s.nr_frames);
	for (i = 0; s.status == GNTST_okay && i < s.nr_frames; i++) {
		gfn = dom->shared_gfn + 1 + i;
		if (lg_shadow_write(vcpu, (u64)s.frame_list + i * sizeof(gfn),
				    &gfn, sizeof(gfn)))
			s.status = GNTST_bad_virt_addr;
	}
	return xenpv_give(vcpu, gva, &s, sizeof(s));
}

static long grant_query(struct lg_vcpu *vcpu, u64 gva)
{
	struct gnttab_query_size q;

	if (lg_shadow_read(vcpu, gva, &q, sizeof(q)))
		return -EFAULT;
	q.status = grant_status(q.dom);
	q.nr_frames = xenpv_vcpu(vcpu)->dom->grant_frames;
	q.max_nr_frames = grant_frames_max(vcpu);
	return xenpv_give(vcpu, gva, &q, sizeof(q));
}

static long grant_set_version(struct lg_vcpu *vcpu, u64 gva)
{
	struct gnttab_set_version s;
	u32 wanted;

	if (lg_shadow_read(vcpu, gva, &s, sizeof(s)))
		return -EFAULT;
	wanted = s.version;
	s.version = 1;
	return xenpv_give(vcpu, gva, &s, sizeof(s)) ?: wanted == 1 ? 0 : -EINVAL;
}

static long grant_get_version(struct lg_vcpu *vcpu, u64 gva)
{
	struct gnttab_get_version g;

	if (lg_shadow_read(vcpu, gva, &g, sizeof(g)))
		return -EFAULT;
	if (g.dom != DOMID_SELF)
		return xenpv_other_domain(g.dom);
	g.version = 1;
	return xenpv_give(vcpu, gva, &g, sizeof(g));
}

/**
 * xenpv_grant_table_op - grant_table_op
 * @vcpu: running guest
 * @cmd: GNTTABOP_x
 * @gva: arguments
 * @count: of them. Ours take one; a list is more than anybody asks for.
 *
 * Returns 0 or a negative error number.
 */
long xenpv_grant_table_op(struct lg_vcpu *vcpu, u32 cmd, u64 gva, u32 count)
{
	if ((s32)count < 0)
		return -EINVAL;
	switch (cmd) {
	case GNTTABOP_setup_table:
		return count == 1 ? grant_setup(vcpu, gva) : -EINVAL;
	case GNTTABOP_query_size:
		return count == 1 ? grant_query(vcpu, gva) : -EINVAL;
	case GNTTABOP_set_version:
		return count == 1 ? grant_set_version(vcpu, gva) : -EINVAL;
	case GNTTABOP_get_version:
		return grant_get_version(vcpu, gva);
	default:
		return xenpv_refuse_grants(vcpu, cmd, gva, count);
	}
}
