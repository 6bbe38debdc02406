// SPDX-License-Identifier: GPL-2.0
/*
 * Signals while a guest runs: each makes LG_RUN return -EINTR, the guest goes
 * on where it was, also one that spins with interrupts off or sleeps; stop
 * and continue work; a fatal one kills at once.
 *
 * Source: include/lguest/api.h, LG_RUN; docs/design.md: a guest never keeps
 * a host CPU.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

static atomic_int ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static void timer(unsigned int usec)
{
	struct itimerval it = { { 0, usec }, { 0, usec } };

	setitimer(ITIMER_REAL, &it, NULL);
}

/* A guest without end: every tick comes out as -EINTR. */
static void check_endless(const char *kind)
{
	struct lgdev g;
	int i;

	lgdev_start(&g, lgdev_guest_path("forever-2level"), kind);
	g.quiet = true;
	timer(3000);
	for (i = 0; i < 30; i++) {
		int before = ticks, ret = lgdev_run(&g);

		if (ret != -EINTR) {
			failure("%s: LG_RUN gave %d: %.80s", kind, ret,
				ret > 0 ? lgdev_verdict(&g) : "");
			break;
		}
		CHECK(ticks != before || i == 0, "%s: -EINTR without a signal",
		      kind);
	}
	timer(0);
	lgdev_destroy(&g);
}

#ifdef __x86_64__
/* The numbers of the calls, and where they say that they were begun before. */
enum { MMU_UPDATE = 1, MEMORY_OP = 12, MMUEXT_OP = 26 };

static bool is_half_done(const struct lg_regs64 *regs)
{
	return regs->rax == MEMORY_OP ? regs->rdi >> 6 : regs->rsi >> 31 == 1;
}

/* Calls that take long do not keep a signal waiting: they are seen half done. */
static void check_long_calls(const char *kind, unsigned int first,
			     unsigned int second)
{
	unsigned int i, half_done[32] = { 0 };
	struct lg_regs64 regs;
	struct lgdev g;

	lgdev_start(&g, lgdev_guest_path("forever"), kind);
	g.quiet = true;
	timer(3000);
	for (i = 0; i < 100 && lgdev_run(&g) == -EINTR; i++)
		if (!ioctl(g.vcpu, LG_GET_REGS64, &regs) && regs.rax < 32 &&
		    is_half_done(&regs))
			half_done[regs.rax]++;
	timer(0);
	CHECK(i == 100, "%s: %.80s", kind, lgdev_verdict(&g));
	note("half done: %u of call %u, %u of call %u", half_done[first], first,
	     half_done[second], second);
	CHECK(half_done[first] && half_done[second], "%s: never half done", kind);
	lgdev_destroy(&g);
}
#endif

/* A guest that checks itself, interrupted all the time. */
static void check_self_checking(const char *name)
{
	struct lgdev g;
	int ret, interrupted = 0;

	lgdev_start(&g, lgdev_guest_path(name), "");
	g.quiet = true;
	timer(1500);
	while ((ret = lgdev_run(&g)) == -EINTR)
		interrupted++;
	timer(0);
	CHECK(ret == LG_EXIT_SHUTDOWN, "%s: %d: %.80s", name, ret,
	      ret > 0 ? lgdev_verdict(&g) : "");
	note("%s: interrupted %d times", name, interrupted);
	lgdev_destroy(&g);
}

static void check_stop(void)
{
	struct lgdev g;
	int i, status;
	pid_t pid = fork();

	if (!pid) {
		lgdev_start(&g, lgdev_guest_path("preempt-2level"), "");
		g.quiet = true;
		do
			i = lgdev_run(&g);
		while (i == -EINTR);
		_exit(i != LG_EXIT_SHUTDOWN);
	}
	for (i = 0; i < 20; i++) {
		usleep(5000);
		kill(pid, SIGSTOP);
		usleep(2000);
		kill(pid, SIGCONT);
	}
	waitpid(pid, &status, 0);
	CHECK(!status, "stopped and continued: status %#x", status);
}

static void check_fatal(int sig)
{
	struct lgdev g;
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(sig, SIG_DFL);
		lgdev_start(&g, lgdev_guest_path("forever-2level"), "spin");
		g.quiet = true;
		lgdev_run(&g);
		_exit(1);
	}
	usleep(50000);
	kill(pid, sig);
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == sig,
	      "signal %d: status %#x", sig, status);
}

int main(void)
{
	struct sigaction act = { .sa_handler = tick };

	sigaction(SIGALRM, &act, NULL);
	check_endless("spin");
	check_endless("halt");
	check_endless("hcall");
	check_endless("fault");
#ifdef __x86_64__
	check_long_calls("batch", MMU_UPDATE, MMUEXT_OP);
	check_long_calls("balloon", MEMORY_OP, MEMORY_OP);
#endif
	check_self_checking("preempt-2level");
	check_self_checking("paging-random-2level");
	check_self_checking("fpu-linear");
	check_stop();
	check_fatal(SIGTERM);
	check_fatal(SIGKILL);
	check_fatal(SIGSEGV);
	finish();
}
