// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread that is the guest's CPU: run the guest until it wants something
 * of us, do it, run it again.  Nothing the guest asks for can end the
 * launcher; only the end of the guest ends the thread.
 */
#include "vcpu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dev/pci.h"
#include "dev/uart.h"
#include "dev/xen/console.h"
#include "loop.h"
#include "report.h"

#define KEYBOARD_STATUS_PORT	0x64
#define KEYBOARD_STATUS		1
#define POWEROFF_TEXT		"Power down"	/* as Linux says it */

int vcpu_init(struct vcpu *vcpu, int guest_fd)
{
	struct lg_vcpu_config config = { .index = 0 };

	vcpu->thread.running = false;
	vcpu->run = MAP_FAILED;
	vcpu->fd = ioctl(guest_fd, LG_CREATE_VCPU, &config);
	if (vcpu->fd < 0)
		return complain(errno == ENOMEM ? STATUS_HOST : STATUS_INTERNAL,
				"cannot make a virtual CPU: %s",
				strerror(errno));
	vcpu->run = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		return complain(STATUS_HOST,
				"cannot map the virtual CPU's page: %s",
				strerror(errno));
	return 0;
}

void vcpu_exit(struct vcpu *vcpu)
{
	if (vcpu->run != MAP_FAILED)
		munmap(vcpu->run, PAGE_BYTES);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	vcpu->run = MAP_FAILED;
	vcpu->fd = -1;
}

/* What is not there reads as all ones and takes any write. */
static void vcpu_port(struct vcpu *vcpu, u16 port, u8 size, bool write,
		      u32 *val)
{
	if (!vcpu->bus)
		return;
	if (port >= PCI_PORT_FIRST && port <= PCI_PORT_LAST)
		pci_port(vcpu->bus, port, size, write, val);
	else if (port >= UART_PORT_FIRST && port <= UART_PORT_LAST)
		uart_port(vcpu->early, port, size, write, val);
	else if (port == KEYBOARD_STATUS_PORT && !write)
		*val = KEYBOARD_STATUS;
}

static void vcpu_do_port(struct vcpu *vcpu)
{
	struct lg_run *run = vcpu->run;
	u32 val = run->io.is_write ? run->io.data : 0xffffffff;

	vcpu_port(vcpu, (u16)run->io.port, run->io.size, run->io.is_write,
		  &val);
	run->io.data = val;
}

static void vcpu_do_mmio(struct vcpu *vcpu)
{
	struct lg_run *run = vcpu->run;
	u32 val = run->mmio.is_write ? run->mmio.data : 0xffffffff;

	if (vcpu->bus)
		pci_mmio(vcpu->bus, run->mmio.gpa, run->mmio.size,
			 run->mmio.is_write, &val);
	run->mmio.data = val;
}

static void vcpu_do_console(struct vcpu *vcpu)
{
	struct lg_run *run = vcpu->run;
	u32 len = run->console.len;

	if (vcpu->console && len <= LG_CONSOLE_BYTES)
		xen_console_text(vcpu->console, run->console.data, len);
}

/* The guest's own words, made harmless. */
static int vcpu_ended(struct vcpu *vcpu, int status, const char *how)
{
	char reason[LG_REASON_BYTES];

	snprintf(reason, sizeof(reason), "%s", vcpu->run->reason);
	return complain(status, "guest %s: %s", how, printable(reason));
}

/*
 * An old lg32 kernel that panics makes the call of one that powers off: only
 * the text differs.
 */
static bool vcpu_panicked(const struct vcpu *vcpu)
{
	return vcpu->bus && strncmp(vcpu->run->reason, POWEROFF_TEXT,
				    LG_REASON_BYTES);
}

/* The guest will not run again: sets @status. */
static void vcpu_end(struct vcpu *vcpu)
{
	/* Its own last words come before ours. */
	if (vcpu->console)
		xen_console_flush(vcpu->console);
	switch (vcpu->run->exit_reason) {
	case LG_EXIT_SHUTDOWN:
		vcpu->status = !vcpu_panicked(vcpu) ? STATUS_OK :
			       vcpu_ended(vcpu, STATUS_CRASHED, "crashed");
		break;
	case LG_EXIT_RESTART:
		vcpu->status = VCPU_RESTART;
		break;
	case LG_EXIT_CRASH:
		vcpu->status = vcpu_ended(vcpu, STATUS_CRASHED, "crashed");
		break;
	case LG_EXIT_KILLED:
		vcpu->status = vcpu_ended(vcpu, STATUS_KILLED, "killed");
		break;
	default:
		vcpu->status = complain(STATUS_INTERNAL,
					"unknown exit reason %u of the module",
					vcpu->run->exit_reason);
	}
}

/* One way out of LG_RUN.  Returns false when there is no way back in. */
static bool vcpu_handle(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case LG_EXIT_IO:
		vcpu_do_port(vcpu);
		return true;
	case LG_EXIT_MMIO:
		vcpu_do_mmio(vcpu);
		return true;
	case LG_EXIT_CONSOLE:
		vcpu_do_console(vcpu);
		return true;
	default:
		vcpu_end(vcpu);
		return false;
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	bool more = true;

	while (more && !loop_stopping()) {
		if (!ioctl(vcpu->fd, LG_RUN, 0)) {
			more = vcpu_handle(vcpu);
		} else if (errno != EINTR) {
			vcpu->status = complain(errno == ENOMEM ? STATUS_HOST :
						STATUS_INTERNAL,
						"cannot run the guest: %s",
						strerror(errno));
			more = false;
		}
	}
	loop_stop();
	return NULL;
}

int vcpu_start(struct vcpu *vcpu)
{
	vcpu->status = STATUS_OK;
	vcpu->run->immediate_exit = 0;
	return thread_start(&vcpu->thread, vcpu_thread, vcpu, "the guest");
}

bool vcpu_stop(struct vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	return thread_stop(&vcpu->thread);
}
