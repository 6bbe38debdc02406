// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest asks of the machine's devices: to let its programs at I/O ports. There
 * are no devices; the answer counts where an instruction for a port traps
 * (emulate.c).
 */
#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/physdev.h>
#include "xenpv.h"

#define IO_PORTS	65536

static long set_iopl(struct lg_vcpu *vcpu, u64 gva)
{
	struct physdev_set_iopl iopl;

	if (lg_shadow_read(vcpu, gva, &iopl, sizeof(iopl)))
		return -EFAULT;
	if (iopl.iopl > 3)
		return -EINVAL;
	xenpv_vcpu(vcpu)->iopl = iopl.iopl;
	return 0;
}

static long set_iobitmap(struct lg_vcpu *vcpu, u64 gva)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	struct physdev_set_iobitmap b;

	if (lg_shadow_read(vcpu, gva, &b, sizeof(b)))
		return -EFAULT;
	if (b.nr_ports > IO_PORTS)
		return -EINVAL;
	a->io_bitmap_gva = (u64)b.bitmap;
	a->io_ports = b.nr_ports;
	return 0;
}

/**
 * xenpv_physdev_op - HYPERVISOR_physdev_op
 * @vcpu: in kernel mode
 * @cmd: any number
 * @gva: guest address of its argument
 *
 * Returns 0 or -errno, for the guest.
 */
long xenpv_physdev_op(struct lg_vcpu *vcpu, u64 cmd, u64 gva)
{
	switch (cmd) {
	case PHYSDEVOP_set_iopl:
		return set_iopl(vcpu, gva);
	case PHYSDEVOP_set_iobitmap:
		return set_iobitmap(vcpu, gva);
	case PHYSDEVOP_IRQ_UNMASK_NOTIFY:	/* of old, and without effect */
		return 0;
	default:
		return xenpv_refuse(vcpu, __HYPERVISOR_physdev_op, cmd, gva);
	}
}

/**
 * xenpv_physdev_op_compat - HYPERVISOR_physdev_op as it was before
 * @vcpu: in kernel mode
 * @gva: guest address of command and argument in one structure
 *
 * Returns 0 or -errno, for the guest.
 */
long xenpv_physdev_op_compat(struct lg_vcpu *vcpu, u64 gva)
{
	u32 cmd;

	if (lg_shadow_read(vcpu, gva, &cmd, sizeof(cmd)))
		return -EFAULT;
	if (cmd < PHYSDEVOP_IRQ_STATUS_QUERY || cmd > PHYSDEVOP_ASSIGN_VECTOR)
		return -ENOSYS;
	return xenpv_physdev_op(vcpu, cmd, gva + offsetof(struct physdev_op, u));
}
