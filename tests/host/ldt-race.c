// SPDX-License-Identifier: GPL-2.0
/*
 * A thread of the launcher makes an LDT while another is in the guest.
 *
 * Claim: no guest ever runs with an LDT.  The table's address is a linear one:
 * the guest's own page tables would say what stands in it, call gates to
 * ring 0 for example.  The guest watches SLDT and tries to load from an LDT
 * (tests/guests/attack-ldt); the launcher's LDT works before and after.
 *
 * A failure is what the guest saw, or a host that uses a broken LDT.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

static int make_ldt(unsigned int entry)
{
	struct user_desc desc = {
		.entry_number = entry,
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
		.useable = 1,
	};

	return syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc));
}

/* The first makes the table, the others make it larger: elsewhere, that is. */
static void *make_larger(void *arg)
{
	unsigned int entry;

	usleep(30000);
	for (entry = 0; entry < 8192; entry += 512) {
		if (make_ldt(entry))
			failure("modify_ldt: %s", strerror(errno));
		usleep(5000);
	}
	return arg;
}

static bool ldt_works(void)
{
	unsigned int value;

	asm volatile("pushl %%es\n\tmovl %1, %%es\n\tmovl %%es:(%2), %0\n\t"
		     "popl %%es"
		     : "=r"(value) : "r"(7), "r"(&ldt_works) : "memory");
	return value == *(unsigned int *)&ldt_works;
}

/* In a process of its own: an LDT once made is there for good. */
static void one_round(const char *guest)
{
	pthread_t thread;
	struct lgdev g;
	int ret;

	lgdev_start(&g, lgdev_guest_path(guest), "watch");
	pthread_create(&thread, NULL, make_larger, NULL);
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR);
	pthread_join(thread, NULL);
	CHECK(ret == LG_EXIT_SHUTDOWN, "%s: exit %d: %.100s", guest, ret,
	      g.run->reason);
	CHECK(ldt_works(), "the launcher's LDT does not work afterwards");
	lgdev_destroy(&g);
	finish();
}

int main(void)
{
	static const char *const guests[] = {
		"attack-ldt-2level", "attack-ldt-linear", "attack-ldt-pae"
	};
	unsigned int i;
	int status;

	for (i = 0, status = 0; i < 9 && !status; i++) {
		pid_t pid = fork();

		if (!pid)
			one_round(guests[i % 3]);
		if (waitpid(pid, &status, 0) != pid)
			error("waitpid: %s", strerror(errno));
		CHECK(!status, "round %u: status %#x", i, status);
	}
	finish();
}
