/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Xen PV ABI inside the module: what its files share. Numbers and layouts of
 * the interface come from the kernel's xen/interface headers.
 *
 * Guest kernel and programs both run in ring 3; which of the two is running is
 * xenpv_vcpu.kernel, changed only by a bounce to the kernel and by its iret
 * hypercall. Frame numbers: the guest's "machine" frames are its own pages.
 */
#ifndef LG_ABI_XENPV_H
#define LG_ABI_XENPV_H

#include "lg.h"

#define XENPV_PORTS		4096	/* 2-level event channels, 64-bit guest */

/* mmu.c */
long xenpv_mmu_update(struct lg_vcpu *vcpu, u64 requests, u64 count, u64 done,
		      u64 domid);
long xenpv_update_va_mapping(struct lg_vcpu *vcpu, u64 gva, u64 pte, u64 flags,
			     u64 domid);
long xenpv_mmuext_op(struct lg_vcpu *vcpu, u64 requests, u64 count, u64 done,
		     u64 domid);

#endif
