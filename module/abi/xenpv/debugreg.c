// SPDX-License-Identifier: GPL-2.0
/*
 * Debug registers, as the guest's kernel sees them.
 */
#include <linux/nospec.h>
#include <linux/percpu.h>
#include <asm/debugreg.h>
#include "xenpv.h"

#define DR7_ONES		BIT(10)		/* always set */
#define DR7_GENERAL_DETECT	BIT(13)
#define DR7_RW_PORTS		2

/* Breakpoints on ports, enabled, need CR4.DE: Xen has them only with it. */
static bool breaks_on_ports(u64 dr7)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (dr7 >> (2 * i) & 3 &&
		    (dr7 >> (DR_CONTROL_SHIFT + DR_CONTROL_SIZE * i) & 3) ==
		    DR7_RW_PORTS)
			return true;
	return false;
}

static long check_dr7(struct lg_vcpu *vcpu, u64 value)
{
	if (value >> 32)
		return -EINVAL;
	if (value & DR7_GENERAL_DETECT)
		return -EPERM;
	return breaks_on_ports(value) && !(xenpv_vcpu(vcpu)->cr4 & X86_CR4_DE) ?
	       -EPERM : 0;
}

static long check_debugreg(struct lg_vcpu *vcpu, u64 reg, u64 value)
{
	switch (reg) {
	case 0 ... 3:
		return xenpv_gva_is_guests(value) ? 0 : -EPERM;
	case 6:
		return value >> 32 ? -EINVAL : 0;
	case 7:
		return check_dr7(vcpu, value);
	default:
		return -ENODEV;
	}
}

/* 4 and 5 are other names of 6 and 7. */
static u64 debugreg_number(u64 reg)
{
	return reg == 4 || reg == 5 ? reg + 2 : reg;
}

/**
 * xenpv_set_debugreg - set_debugreg
 * @vcpu: running guest
 * @reg: 0 to 7
 * @value: for it
 *
 * Returns 0, or -EINVAL, -EPERM (not this value), -ENODEV (no such register).
 */
long xenpv_set_debugreg(struct lg_vcpu *vcpu, u64 reg, u64 value)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	long rc;

	reg = debugreg_number(reg);
	rc = check_debugreg(vcpu, reg, value);
	if (rc)
		return rc;
	if (reg == 6)
		value |= DR6_RESERVED;
	if (reg == 7)
		value |= DR7_ONES;
	a->dr[array_index_nospec(reg, ARRAY_SIZE(a->dr))] = value;
	return 0;
}

/**
 * xenpv_get_debugreg - get_debugreg
 * @vcpu: running guest
 * @reg: 0 to 7
 *
 * Returns what is in it, or -ENODEV: no such register.
 */
long xenpv_get_debugreg(struct lg_vcpu *vcpu, u64 reg)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	reg = debugreg_number(reg);
	if (reg >= ARRAY_SIZE(a->dr))
		return -ENODEV;
	return a->dr[array_index_nospec(reg, ARRAY_SIZE(a->dr))];
}
