// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * After set-up all files are open and all that is left to do is to move bytes
 * between them.  From here on the process can gain no privileges, and makes
 * only the system calls of this list: no open, no exec, no sockets.  If that
 * cannot be had, the guest does not start.
 */
#include "sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "report.h"
#include "types.h"

static const int sandbox_calls[] = {
	/* the guest, its devices and the event loop */
	SCMP_SYS(ioctl),
	SCMP_SYS(read), SCMP_SYS(write),
	SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(preadv), SCMP_SYS(pwritev),
	SCMP_SYS(fdatasync),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(getrandom),
	/* another boot: memory, eventfds, files that are open already */
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(munmap),
	SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
	SCMP_SYS(eventfd2), SCMP_SYS(close), SCMP_SYS(sysinfo),
	SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(statx),
	SCMP_SYS(newfstatat), SCMP_SYS(fstatat64),
	/* threads, and the child that unpacks */
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(futex),
	SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(wait4), SCMP_SYS(waitpid), SCMP_SYS(prctl),
	SCMP_SYS(seccomp), SCMP_SYS(setrlimit), SCMP_SYS(prlimit64),
	SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(tgkill),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
	SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall),
	/* signals and the end */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn), SCMP_SYS(kill),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

int sandbox_enter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int err = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(sandbox_calls) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, sandbox_calls[i],
				       0);
	/* Sets no_new_privs, too. */
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	if (!err)
		return 0;
	return complain(STATUS_HOST,
			"cannot give up rights: %s; --sandbox=off runs without that",
			strerror(-err));
}
