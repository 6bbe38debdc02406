// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs on the machine that builds the launcher, for the one it will run on:
 *
 *	filters ARCHITECTURE >filters.c
 *
 * prints the launcher's seccomp filters as C.  libseccomp makes them, but made
 * here they cost a guest no time to start.  Who is allowed what is below;
 * sandbox.c and boot/cage.c say why.
 */
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <termios.h>

#include "lguest/api.h"
#include "sandbox.h"
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
	/* threads, and the cage */
	SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(wait4), SCMP_SYS(waitpid),
	SCMP_SYS(seccomp), SCMP_SYS(setrlimit),
	SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(getppid),
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
	{ SCMP_SYS(ioctl), 1, 0xffffffff, TCSETSF },
	{ SCMP_SYS(ioctl), 1, 0xffffffff, TIOCGWINSZ },
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mmap2), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(clone), 0, NAMESPACES, 0 },
	{ SCMP_SYS(prlimit64), 0, 0xffffffff, 0 },	/* our own */
	/* to threads of our own; raise() and abort() */
	{ SCMP_SYS(tgkill), 0, 0xffffffff, SANDBOX_OUR_PID },
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

/* The child that reads kernels: memory and the exit, nothing else. */
static const int cage_calls[] = {
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(mmap2),
	SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(madvise),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(sigaltstack),	/* a sanitizer's, before exit */
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

static int cage_fill(scmp_filter_ctx ctx)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cage_calls) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, cage_calls[i], 0);
	return err;
}

static void check(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "filters: %s: %s\n", what, strerror(-err));
	exit(1);
}

/* For @arch alone, which need not be ours. */
static scmp_filter_ctx filter_new(u32 action, u32 arch)
{
	scmp_filter_ctx ctx = seccomp_init(action);

	check(ctx ? 0 : -ENOMEM, "a new filter");
	if (arch != seccomp_arch_native()) {
		check(seccomp_arch_add(ctx, arch), "another architecture");
		check(seccomp_arch_remove(ctx, seccomp_arch_native()),
		      "not ours");
	}
	return ctx;
}

static void filter_print(const char *name, scmp_filter_ctx ctx)
{
	struct sock_filter insn;
	FILE *file = tmpfile();

	if (!file)
		check(-errno, "a temporary file");
	check(seccomp_export_bpf(ctx, fileno(file)), name);
	rewind(file);
	printf("\nstatic struct sock_filter %s_code[] = {\n", name);
	while (fread(&insn, sizeof(insn), 1, file) == 1)
		printf("\t{ 0x%02x, %u, %u, 0x%x },\n", insn.code, insn.jt,
		       insn.jf, insn.k);
	printf("};\n\nconst struct sock_fprog %s_filter = {\n"
	       "\tsizeof(%s_code) / sizeof(%s_code[0]), %s_code\n};\n",
	       name, name, name, name);
	fclose(file);
	seccomp_release(ctx);
}

int main(int argc, char **argv)
{
	u32 arch = argc == 2 ? seccomp_arch_resolve_name(argv[1]) : 0;
	scmp_filter_ctx ctx;

	check(arch ? 0 : -EINVAL, "which architecture?");
	printf("/* Made by gen/filters.c. */\n#include \"sandbox.h\"\n");
	ctx = filter_new(SCMP_ACT_TRAP, arch);
	check(sandbox_fill(ctx), "sandbox");
	filter_print("sandbox", ctx);
	ctx = filter_new(SCMP_ACT_KILL_PROCESS, arch);
	check(cage_fill(ctx), "cage");
	filter_print("cage", ctx);
	return fflush(stdout) || ferror(stdout);
}
