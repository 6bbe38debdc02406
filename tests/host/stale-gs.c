// SPDX-License-Identifier: GPL-2.0
/*
 * Segment registers of the launcher that only work because the CPU has their
 * descriptors cached.
 *
 * Claim: a launcher whose GS names a descriptor that is gone (an LDT entry
 * cleared by modify_ldt(), a thread-local entry cleared by set_thread_area()
 * behind a selector the kernel does not look for) runs its guest as any other;
 * the host, which keeps GS over the world switch, never faults on it.
 *
 * A failure is a dead host.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define ROUNDS		2000
#define LDT_SELECTOR	7	/* entry 0 of the LDT, privilege 3 */

static const struct user_desc empty_template = {
	.read_exec_only = 1,
	.seg_not_present = 1,
};

static struct user_desc flat(unsigned int entry)
{
	return (struct user_desc) {
		.entry_number = entry,
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
		.useable = 1,
	};
}

/* What the assembly needs, found through one register. */
struct calls {
	int nr, a, b, c;	/* takes the descriptor away */
	int vcpu;
};

/*
 * Load GS, take its descriptor away, run the guest; all without our own
 * thread-local storage, which is behind GS.  Returns what LG_RUN did.
 */
static int run_with(unsigned int selector, const struct calls *calls)
{
	int ret;

	asm volatile("pushl %%ebx\n\t"
		     "pushl %%gs\n\t"
		     "movl %[selector], %%gs\n\t"
		     "movl 0(%[calls]), %%eax\n\t"
		     "movl 4(%[calls]), %%ebx\n\t"
		     "movl 8(%[calls]), %%ecx\n\t"
		     "movl 12(%[calls]), %%edx\n\t"
		     "int $0x80\n\t"		/* the descriptor goes */
		     "movl %[ioctl], %%eax\n\t"
		     "movl 16(%[calls]), %%ebx\n\t"
		     "movl %[run], %%ecx\n\t"
		     "xorl %%edx, %%edx\n\t"
		     "int $0x80\n\t"		/* the guest runs */
		     "popl %%gs\n\t"
		     "popl %%ebx"
		     : "=&a"(ret)
		     : [selector] "S"(selector), [calls] "D"(calls),
		       [run] "i"(LG_RUN), [ioctl] "i"(SYS_ioctl)
		     : "ecx", "edx", "memory");
	return ret;
}

static int with_ldt(int vcpu)
{
	struct user_desc desc = flat(0), empty = empty_template;

	empty.entry_number = 0;
	if (syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc)))
		error("modify_ldt: %s", strerror(errno));
	return run_with(LDT_SELECTOR, &(struct calls) {
		.nr = SYS_modify_ldt,
		.a = 0x11,
		.b = (int)&empty,
		.c = sizeof(empty),
		.vcpu = vcpu,
	});
}

static int with_tls(int vcpu)
{
	static unsigned int entry = -1;
	struct user_desc desc = flat(entry), empty = empty_template;

	if (syscall(SYS_set_thread_area, &desc))
		error("set_thread_area: %s", strerror(errno));
	entry = desc.entry_number;
	empty.entry_number = entry;
	/* Privilege 0 in the selector: the same segment by another name. */
	return run_with(entry << 3, &(struct calls) {
		.nr = SYS_set_thread_area,
		.a = (int)&empty,
		.vcpu = vcpu,
	});
}

static void rounds(const char *what, int (*one)(int vcpu))
{
	struct lgdev g;
	int i, ret;

	lgdev_start(&g, lgdev_guest_path("forever-2level"), "port");
	for (i = 0; i < ROUNDS; i++) {
		ret = one(g.vcpu);
		if (ret == -EINTR)
			continue;
		if (ret) {
			failure("%s, round %d: %s", what, i, strerror(-ret));
			break;
		}
		if (g.run->exit_reason != LG_EXIT_IO) {
			failure("%s, round %d: exit %u %.80s", what, i,
				g.run->exit_reason, g.run->reason);
			break;
		}
		g.run->io.data = 0x60;
	}
	note("%s: %d rounds", what, i);
	lgdev_destroy(&g);
}

int main(void)
{
	rounds("thread-local entry", with_tls);
	rounds("LDT entry", with_ldt);
	finish();
}
