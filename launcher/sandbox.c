// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * After set-up all files are open and all that is left to do is to move bytes
 * between them.  From here on the process can gain no privileges, and makes
 * only the system calls listed here: no exec, no sockets, no other process,
 * no new executable memory; what would open a file fails.  Any other call is
 * a bug or a break-in and ends us.  If all this cannot be had, the guest does
 * not start.
 */
#include "sandbox.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <termios.h>

#include "lguest/api.h"
#include "report.h"
#include "types.h"

#define NAMESPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
			 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
			 CLONE_NEWNET)

/* Allowed whatever the arguments. */
static const int sandbox_calls[] = {
	/* devices and the event loop */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(fdatasync),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(getrandom),
	/* another boot: memory, eventfds, files that are open already */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(eventfd2), SCMP_SYS(close), SCMP_SYS(sysinfo),
	SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(statx),
	SCMP_SYS(newfstatat), SCMP_SYS(fstatat64),
	SCMP_SYS(lseek), SCMP_SYS(_llseek),
	/* threads, and the child that unpacks */
	SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(wait4), SCMP_SYS(waitpid),
	SCMP_SYS(seccomp), SCMP_SYS(setrlimit), SCMP_SYS(prlimit64),
	SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(tgkill),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
	SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall),
	/* signals and the end */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Allowed if argument @arg, as far as @mask shows it, is @value. */
static const struct {
	int call;
	unsigned int arg;
	u64 mask;
	u64 value;
} sandbox_calls_if[] = {
	{ SCMP_SYS(ioctl), 1, 0xff << _IOC_TYPESHIFT,
	  LG_IOC << _IOC_TYPESHIFT },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, TCGETS },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, TCSETSW },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, TIOCGWINSZ },
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mmap2), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(clone), 0, NAMESPACES, 0 },
	{ SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_PDEATHSIG },
	{ SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_NO_NEW_PRIVS },
};

/* The C library asks, and does without. */
static const struct {
	int call;
	int err;
} sandbox_failing_calls[] = {
	{ SCMP_SYS(open), EPERM },
	{ SCMP_SYS(openat), EPERM },
	{ SCMP_SYS(clone3), ENOSYS },	/* its flags are out of sight */
};

static int sandbox_fill(scmp_filter_ctx ctx)
{
	int err;

	/* First in the filter, which is read from the top: LG_RUN is an ioctl. */
	err = seccomp_syscall_priority(ctx, SCMP_SYS(ioctl), 255);
	for (size_t i = 0; i < ARRAY_SIZE(sandbox_calls) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, sandbox_calls[i],
				       0);
	for (size_t i = 0; i < ARRAY_SIZE(sandbox_calls_if) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
				       sandbox_calls_if[i].call, 1,
				       SCMP_CMP(sandbox_calls_if[i].arg,
						SCMP_CMP_MASKED_EQ,
						sandbox_calls_if[i].mask,
						sandbox_calls_if[i].value));
	for (size_t i = 0; i < ARRAY_SIZE(sandbox_failing_calls) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(
				       (u32)sandbox_failing_calls[i].err),
				       sandbox_failing_calls[i].call, 0);
	return err;
}

int sandbox_enter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int err = ctx ? sandbox_fill(ctx) : -ENOMEM;

	/* More than one arena would want to read the number of CPUs. */
	mallopt(M_ARENA_MAX, 1);
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
