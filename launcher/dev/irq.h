/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_IRQ_H
#define LAUNCHER_DEV_IRQ_H

#include "types.h"

/**
 * struct irq - one interrupt line of the guest
 * @guest_fd: whose
 * @line: which
 */
struct irq {
	int guest_fd;
	u32 line;
};

/* Any thread. */
void irq_raise(const struct irq *irq);

/*
 * A write of @len bytes to @gpa signals @event_fd without a word to us.
 * Returns 0 or -errno.
 */
int doorbell_set(int guest_fd, u64 gpa, u32 len, int event_fd, bool on);

#endif
