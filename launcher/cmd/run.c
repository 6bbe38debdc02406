// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `lguest run`: parse, build, drop privileges, run, tear down; and again
 * from the building on if the guest wants to reboot.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "loop.h"
#include "report.h"
#include "sandbox.h"
#include "stats.h"
#include "thread.h"
#include "vm.h"

/**
 * struct ending - the signals that end us
 * @watch: their signalfd
 * @signal: the one that came, or 0
 */
static struct ending {
	struct watch watch;
	int signal;
} ending;

/*
 * The signals that end us, but for what whoever started us (nohup, a shell that
 * put us into the background) has had ignored: blocked, those would come, too.
 */
static void run_find_signals(sigset_t *ends)
{
	static const int end[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction now;

	sigemptyset(ends);
	for (size_t i = 0; i < ARRAY_SIZE(end); i++)
		if (!sigaction(end[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(ends, end[i]);
}

static void run_signalled(void *arg)
{
	struct signalfd_siginfo info;

	(void)arg;
	if (read(ending.watch.fd, &info, sizeof(info)) != sizeof(info))
		return;
	ending.signal = (int)info.ssi_signo;
	note("ended by signal %d (%s)", ending.signal,
	     strsignal(ending.signal));
	loop_end();
}

/*
 * They are blocked before there is a thread, and read from a descriptor by the
 * main thread; but not sooner: a file that takes for ever to open must not
 * keep us from being ended.
 */
static int run_watch_signals(void)
{
	sigset_t ends;

	run_find_signals(&ends);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	ending.watch.ready = run_signalled;
	ending.watch.fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ending.watch.fd < 0 || loop_add(&ending.watch))
		return complain(STATUS_HOST, "cannot watch signals: %s",
				strerror(errno));
	return 0;
}

/* Asked now, for the cage is the first to need it, and has no good answer. */
static int run_choose_sandbox(const struct options *options)
{
	if (options->no_sandbox)
		sandbox_disable();
	else if (!sandbox_is_possible())
		return complain(STATUS_HOST,
				"this kernel has no seccomp filters; --sandbox=off does without");
	return 0;
}

/* Consoles are started when there is a guest to take their input. */
static int run_start_consoles(struct vm *vm)
{
	int status = 0;

	for (unsigned int i = 0; i < vm->options->consoles && !status; i++)
		status = vm->backend[i].ops->start(&vm->backend[i]);
	return status;
}

/* Until the guest is done with rebooting.  An exit status. */
static int run_guest(struct vm *vm)
{
	int status;

	for (;;) {
		status = vm_run(vm);
		if (vm->options->stats)
			stats_print(vm->guest_fd, vm->machine->abi);
		if (ending.signal)
			return STATUS_SIGNAL + ending.signal;
		if (status != VCPU_RESTART)
			return status;
		if (loop_ended())
			return STATUS_OK;
		if (vm->options->no_reboot)
			return complain(STATUS_REBOOT,
					"the guest wants to reboot");
		vm_destroy(vm);
		loop_rearm();
		status = vm_build(vm);
		if (status)
			return status;
	}
}

/*
 * At the end the guest is not taken apart: the kernel does that when we are
 * gone, and is not held up by a disk that does not answer.  Terminals are
 * given back by closing the backends.
 */
int cmd_run(int argc, char **argv)
{
	static struct options options;
	static struct vm vm;
	int status;

	options_parse(&options, argc, argv);
	/* Writes fail instead: how much is written is for the guest to say. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	status = run_choose_sandbox(&options);
	if (status)
		return status;
	status = vm_open(&vm, &options);
	if (!status)
		status = stats_open(&options);
	if (!status)
		status = vm_build(&vm);
	if (!status)
		status = run_watch_signals();
	thread_init();
	if (!status)
		status = run_start_consoles(&vm);
	if (!status)
		status = sandbox_enter();
	if (!status)
		status = run_guest(&vm);
	vm_close(&vm);
	stats_close();
	return status;
}
