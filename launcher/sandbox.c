// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * After set-up all files are open and all that is left to do is to move bytes
 * between them.  From here on the process can gain no privileges, and makes
 * only the system calls that gen/filters.c lists: no exec, no sockets, no other
 * process and no signals to one, no new executable memory; what would open a
 * file fails.  Any other call is a bug or a break-in and ends us.  If all this
 * cannot be had, the guest does not start, unless whoever starts it does not
 * want it; then nobody is sent to a cage either (boot/cage.c).
 */
#include "sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"
#include "types.h"

static bool sandbox_is_off;

bool sandbox_is_possible(void)
{
	u32 action = SECCOMP_RET_TRAP;

	return !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

void sandbox_disable(void)
{
	sandbox_is_off = true;
}

int sandbox_load(const struct sock_fprog *filter)
{
	if (sandbox_is_off)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter))
		return -errno;
	return 0;
}

/* When the filter was made, there was no process to name. */
static int sandbox_name_us(const struct sock_fprog *filter)
{
	unsigned int named = 0;

	for (unsigned int i = 0; i < filter->len; i++) {
		struct sock_filter *insn = &filter->filter[i];

		if (insn->code != (BPF_JMP | BPF_JEQ | BPF_K) ||
		    insn->k != SANDBOX_OUR_PID)
			continue;
		insn->k = (u32)getpid();
		named++;
	}
	return named == 1 ? 0 : -EINVAL;
}

int sandbox_enter(void)
{
	int err;

	if (sandbox_is_off)
		return 0;
	/* More than one arena would want to read the number of CPUs. */
	mallopt(M_ARENA_MAX, 1);
	err = sandbox_name_us(&sandbox_filter);
	if (!err)
		err = sandbox_load(&sandbox_filter);
	if (!err)
		return 0;
	return complain(STATUS_HOST,
			"cannot give up rights: %s; --sandbox=off runs without that",
			strerror(-err));
}
