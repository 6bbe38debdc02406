// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What devices need of the module: interrupts into the guest, doorbells out of
 * it.  Unit tests link their own in place of this file.
 */
#include "dev/irq.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "lguest/api.h"

void irq_raise(const struct irq *irq)
{
	struct lg_irq req = { .irq = irq->line };

	/* Fails only for a line that does not exist; ours do. */
	ioctl(irq->guest_fd, LG_IRQ, &req);
}

int doorbell_set(int guest_fd, u64 gpa, u32 len, int event_fd, bool on)
{
	struct lg_doorbell req = {
		.gpa = gpa,
		.fd = event_fd,
		.len = len,
		.flags = on ? 0 : LG_FD_DEASSIGN,
	};

	return ioctl(guest_fd, LG_DOORBELL, &req) ? -errno : 0;
}
