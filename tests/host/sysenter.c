// SPDX-License-Identifier: GPL-2.0
/*
 * The host's own fast system call beside guests: every exit of a guest is
 * followed by one through the kernel's vsyscall page (SYSENTER where the CPU
 * has it), from the thread that ran the guest and from others; each must
 * work.  The module switches SYSENTER off while a guest runs.
 *
 * Source: docs/design.md, item 9.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

static unsigned long vsyscall;
static atomic_int stop;
static atomic_uint calls;

static int getpid_fast(void)
{
	int ret;

	asm volatile("call *%1" : "=a"(ret)
		     : "m"(vsyscall), "0"(SYS_getpid) : "memory");
	calls++;
	return ret;
}

static void *beside(void *arg)
{
	int pid = (int)(intptr_t)arg;

	while (!stop)
		if (getpid_fast() != pid) {
			failure("getpid beside a guest");
			break;
		}
	return NULL;
}

int main(void)
{
	int pid = getpid(), ret = 0;
	pthread_t thread;
	struct lgdev g;
	unsigned int i;

	vsyscall = getauxval(AT_SYSINFO);
	if (!vsyscall)
		skip("no vsyscall page");
	pthread_create(&thread, NULL, beside, (void *)(intptr_t)pid);
	for (i = 0; i < 20; i++) {
		lgdev_start(&g, lgdev_guest_path(i & 1 ? "attack-cpu-2level" :
						 "user-2level"), "sysenter");
		for (;;) {
			ret = ioctl(g.vcpu, LG_RUN, 0);
			if (getpid_fast() != pid)
				failure("getpid after a guest's exit");
			if (ret || g.run->exit_reason != LG_EXIT_IO)
				break;
			g.run->io.data = ~0u;
		}
		CHECK(!ret && g.run->exit_reason == LG_EXIT_SHUTDOWN,
		      "the guest: %d, exit %u %.80s", ret, g.run->exit_reason,
		      g.run->reason);
		lgdev_destroy(&g);
	}
	stop = 1;
	pthread_join(thread, NULL);
	note("%u fast calls", calls);
	finish();
}
