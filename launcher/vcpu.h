/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_VCPU_H
#define LAUNCHER_VCPU_H

#include "lguest/api.h"
#include "thread.h"
#include "types.h"

struct backend;
struct pci;
struct xen_console;

/**
 * struct vcpu - the guest's CPU and the thread that runs it
 * @fd: from LG_CREATE_VCPU
 * @run: its run page
 * @thread: in LG_RUN most of the time
 * @bus: where port and memory accesses go; NULL for nowhere
 * @early: where the serial port's output goes
 * @console: where LG_EXIT_CONSOLE's text goes; NULL for nowhere
 * @status: why it ended, once @thread has
 */
struct vcpu {
	int fd;
	struct lg_run *run;
	struct thread thread;
	struct pci *bus;
	struct backend *early;
	struct xen_console *console;
	int status;
};

/* @status while the guest wants to be booted again. */
#define VCPU_RESTART	(-1)

/* Each returns 0 or an exit status, the reason said. */
int vcpu_init(struct vcpu *vcpu, int guest_fd);
int vcpu_start(struct vcpu *vcpu);

/*
 * Get the thread out of the guest and wait for its end.  False if it does not
 * come: then it is waiting for a disk or the like, and nothing it uses may go.
 */
bool vcpu_stop(struct vcpu *vcpu);
void vcpu_exit(struct vcpu *vcpu);

#endif
