/* SPDX-License-Identifier: GPL-2.0 */
/* Calling the host: directly, or through the ring that lguest_data holds. */
#ifndef _X86_LGUEST_HCALL_H
#define _X86_LGUEST_HCALL_H

#include <asm/lguest.h>

/* One call, one trip to the host, which first does what the ring holds. */
static __always_inline void hcall(u32 nr, u32 arg1, u32 arg2, u32 arg3)
{
	asm volatile("int $" __stringify(LG32_HCALL_VECTOR)
		     : : "a" (nr), "b" (arg1), "c" (arg2), "d" (arg3)
		     : "memory");
}

void hcall_queue(u32 nr, u32 arg1, u32 arg2, u32 arg3);
void hcall_lazy(u32 nr, u32 arg1, u32 arg2, u32 arg3);

void lguest_init_IRQ(void);
void lguest_init_pci(void);
void lguest_init_time(void);

#endif
