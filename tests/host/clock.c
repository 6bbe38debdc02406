// SPDX-License-Identifier: GPL-2.0
/*
 * Is reading the clock a system call here?  One that is made is refused, and that is
 * seen.  Run by tests/linux/clock.sh, on the host and in a guest.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "verdict.h"

#ifndef SYS_clock_gettime64
#define SYS_clock_gettime64	SYS_clock_gettime
#endif
#define REFUSE	(SECCOMP_RET_ERRNO | EACCES)

static void refuse_calls(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime64, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, REFUSE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static const struct sock_fprog filter = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		error("no filter: %s", strerror(errno));
}

int main(void)
{
	struct timespec now;
	int i;

	refuse_calls();
	if (!syscall(SYS_clock_gettime64, CLOCK_MONOTONIC, &now))
		error("the filter lets calls through");
	for (i = 0; i < 1000; i++)
		if (clock_gettime(CLOCK_MONOTONIC, &now)) {
			puts("a system call");
			return 0;
		}
	puts("no system call");
	return 0;
}
