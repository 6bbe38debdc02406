// SPDX-License-Identifier: GPL-2.0
/*
 * A thread of the launcher makes an LDT while another is in the guest.
 *
 * Claim: no guest ever runs with the host's LDT.  The table's address is a linear
 * one: the guest's own page tables would say what stands in it, call gates to
 * ring 0 for example.  The guest looks for it (tests/guests/attack-ldt,
 * tests/xenpv/attack-ldt); the launcher's LDT works whenever it is in the launcher.
 *
 * A failure is what the guest saw, or a host that uses a broken LDT.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

static atomic_bool made;

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
		made = true;
		usleep(5000);
	}
	return arg;
}

/* Through the segment that no library uses. */
#ifdef __x86_64__
#define SEGMENT	"%%gs"
#else
#define SEGMENT	"%%es"
#endif

static bool ldt_works(void)
{
	unsigned int value, old;

	asm volatile("movl " SEGMENT ", %1\n\tmovl %2, " SEGMENT "\n\t"
		     "movl " SEGMENT ":(%3), %0\n\tmovl %1, " SEGMENT
		     : "=&r"(value), "=&r"(old) : "r"(7), "r"(&ldt_works)
		     : "memory");
	return value == *(unsigned int *)&ldt_works;
}

/* As lgdev_run(); the LDT must be there after each run. */
static int run(struct lgdev *g)
{
	int ret;

	do {
		ret = ioctl(g->vcpu, LG_RUN, 0) ? -errno :
						  (int)g->run->exit_reason;
		CHECK(!made || ldt_works(), "the launcher's LDT does not work");
	} while (ret == -EINTR || (ret > 0 && lgdev_answer(g)));
	return ret;
}

/* In a process of its own: an LDT once made is there for good. */
static void one_round(const char *guest, const char *arg)
{
	pthread_t thread;
	struct lgdev g;
	int ret;

	lgdev_start(&g, lgdev_guest_path(guest), arg);
	pthread_create(&thread, NULL, make_larger, NULL);
	ret = run(&g);
	pthread_join(thread, NULL);
	CHECK(ret == LG_EXIT_SHUTDOWN, "%s %s: exit %d: %.100s", guest, arg, ret,
	      g.run->reason);
	CHECK(!strncmp(lgdev_verdict(&g), "SUCCESS", 7), "%s %s: %.100s", guest,
	      arg, lgdev_verdict(&g));
	CHECK(ldt_works(), "the launcher's LDT does not work afterwards");
	lgdev_destroy(&g);
	finish();
}

int main(void)
{
#ifdef __x86_64__
	static const char *const guests[][2] = {
		{ "attack-ldt", "none" }, { "attack-ldt", "some" },
		{ "attack-ldt", "changing" },
	};
#else
	static const char *const guests[][2] = {
		{ "attack-ldt-2level", "watch" },
		{ "attack-ldt-linear", "watch" },
		{ "attack-ldt-pae", "watch" },
	};
#endif
	unsigned int i;
	int status;

	for (i = 0, status = 0; i < 9 && !status; i++) {
		pid_t pid = fork();

		if (!pid)
			one_round(guests[i % 3][0], guests[i % 3][1]);
		if (waitpid(pid, &status, 0) != pid)
			error("waitpid: %s", strerror(errno));
		CHECK(!status, "round %u: status %#x", i, status);
	}
	finish();
}
