// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of calls that wait for the next trip to the host.
 *
 * Every trip does what the ring holds, in order, before the call that caused
 * it, so a batch is some queued calls and a direct one.
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>

#include "hcall.h"

static unsigned int next_slot;
static bool switching;

/* The host frees slots in order, so the youngest one tells. */
static bool ring_is_empty(void)
{
	unsigned int last = (next_slot - 1) % LG32_RING_SLOTS;

	return READ_ONCE(lguest_data.hcall_status[last]) == LG32_RING_FREE;
}

/*
 * Queue a call; interrupts are off.  It is done at the next direct call, at
 * the latest at the end of the next context switch.
 */
void hcall_queue(u32 nr, u32 arg1, u32 arg2, u32 arg3)
{
	struct lg32_hcall *slot = &lguest_data.hcalls[next_slot];

	if (READ_ONCE(lguest_data.hcall_status[next_slot]) != LG32_RING_FREE) {
		hcall(nr, arg1, arg2, arg3);
		return;
	}
	slot->arg[0] = nr;
	slot->arg[1] = arg1;
	slot->arg[2] = arg2;
	slot->arg[3] = arg3;
	barrier();
	WRITE_ONCE(lguest_data.hcall_status[next_slot], LG32_RING_READY);
	next_slot = (next_slot + 1) % LG32_RING_SLOTS;
}

/* Call directly, unless in a context switch: then at its end. */
void hcall_lazy(u32 nr, u32 arg1, u32 arg2, u32 arg3)
{
	if (switching)
		hcall_queue(nr, arg1, arg2, arg3);
	else
		hcall(nr, arg1, arg2, arg3);
}

/*
 * Between these two neither user memory nor user segments are touched, and
 * the kernel half is the same in every address space, so the new page table
 * and thread-local segments may go to the host together.
 */
void lguest_start_context_switch(void)
{
	switching = true;
}

void lguest_end_context_switch(void)
{
	switching = false;
	if (!ring_is_empty())
		hcall(LG32_FLUSH_ASYNC, 0, 0, 0);
}
