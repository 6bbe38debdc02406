/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that lg.ko is built for: Debian 12's 6.1 and
 * 6.12. Nothing else asks for a version.
 */
#ifndef LG_MODULE_COMPAT_H
#define LG_MODULE_COMPAT_H

#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/syscore_ops.h>
#include <linux/version.h>
#include <asm/cpufeature.h>
#include <asm/nospec-branch.h>
#include <trace/events/ipi.h>	/* 6.4: a part of smp_send_reschedule() */

/* 6.8: an eventfd is signalled once, always. */
static inline void lg_eventfd_signal(struct eventfd_ctx *eventfd)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(eventfd);
#else
	eventfd_signal(eventfd, 1);
#endif
}

/* Whether the host clears the CPU's buffers on its way to user mode. 6.9 says it. */
static inline bool lg_wants_verw(void)
{
#ifdef X86_FEATURE_CLEAR_CPU_BUF
	return boot_cpu_has(X86_FEATURE_CLEAR_CPU_BUF);
#else
	return boot_cpu_has_bug(X86_BUG_MDS) || boot_cpu_has_bug(X86_BUG_TAA);
#endif
}

/*
 * 6.17 and updates of older ones: a guest has run on this CPU, so what it has taught
 * about branches is to be forgotten before a program runs, its launcher above all.
 */
static inline void lg_note_teacher(void)
{
#ifdef X86_FEATURE_IBPB_EXIT_TO_USER
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
#endif
}

/* 6.10 has it. */
#ifndef fd_file
#define fd_file(fd)	((fd).file)
#endif

/*
 * 6.19, and updates of older ones: callbacks of syscore get a pointer. Kbuild
 * has looked.
 */
struct lg_syscore {
	struct syscore_ops ops;
#ifdef LG_SYSCORE_HAS_DATA
	struct syscore core;
#endif
};

#ifdef LG_SYSCORE_HAS_DATA
#define LG_SYSCORE_ARG	void *data

static inline void lg_syscore_register(struct lg_syscore *syscore)
{
	syscore->core.ops = &syscore->ops;
	register_syscore(&syscore->core);
}

static inline void lg_syscore_unregister(struct lg_syscore *syscore)
{
	unregister_syscore(&syscore->core);
}
#else
#define LG_SYSCORE_ARG	void

static inline void lg_syscore_register(struct lg_syscore *syscore)
{
	register_syscore_ops(&syscore->ops);
}

static inline void lg_syscore_unregister(struct lg_syscore *syscore)
{
	unregister_syscore_ops(&syscore->ops);
}
#endif

#endif /* LG_MODULE_COMPAT_H */
