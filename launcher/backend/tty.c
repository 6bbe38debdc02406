// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console on our own stdin and stdout.  If stdin is a terminal it is put
 * into raw mode, so that the guest gets every key, and it is put back on
 * every way out: exit(), signals that end us, and signals that stop us.
 * Ctrl-A is the one key we keep: Ctrl-A x ends the guest.
 *
 * stdin may as well be a pipe, or closed: then what comes is the input, and
 * at its end there is no more.  Output flags of the terminal are left alone,
 * so that our own messages look right in between.
 */
#include "backend/backend.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "loop.h"
#include "report.h"

#define TTY_ESCAPE	('a' & 0x1f)	/* Ctrl-A */
#define TTY_READ_BYTES	256
#define TTY_BYTES	4096

/**
 * struct tty - there is one
 * @backend: who uses it; NULL if nobody does
 * @in: watch for stdin
 * @signals: watch for the signals that concern terminals
 * @saved: terminal settings to go back to
 * @terminal: stdin is one
 * @raw: its settings have been changed
 * @watching: @in is on the list
 * @escaped: the last byte was Ctrl-A
 * @buf: bytes read that the owner has not taken yet
 * @used: how many
 */
static struct tty {
	struct backend *backend;
	struct watch in;
	struct watch signals;
	struct termios saved;
	bool terminal;
	volatile sig_atomic_t raw;
	bool watching;
	bool escaped;
	u8 buf[TTY_BYTES];
	size_t used;
} tty;

/* All that would end us; run.c waits for some, and thread.c has SIGUSR1. */
static const int tty_fatal_signals[] = {
	SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGXCPU,
	SIGALRM, SIGVTALRM, SIGPROF, SIGUSR2, SIGIO, SIGPWR,
	SIGSTKFLT,
};

/* A signal may end the wait for what is still to be printed. */
static void tty_set(int when, const struct termios *settings)
{
	while (tcsetattr(STDIN_FILENO, when, settings) && errno == EINTR)
		;
}

/*
 * Safe in a signal handler, and any number of times.  What came before and was
 * not read was for the guest, keys as well as the terminal's answers to what
 * the guest has asked it: no shell shall take it for commands.
 */
static void tty_restore(void)
{
	if (!tty.raw)
		return;
	tty_set(TCSAFLUSH, &tty.saved);
	tty.raw = 0;
}

static void tty_set_raw(void)
{
	struct termios raw = tty.saved;

	raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
				   IGNCR | ICRNL | IXON);
	raw.c_oflag &= ~(tcflag_t)OPOST;	/* the guest's tty does it */
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	raw.c_cflag |= CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tty.raw = 1;
	tty_set(TCSADRAIN, &raw);
}

/* We are dying: put the terminal right, then die of the same thing. */
static void tty_fatal(int sig)
{
	tty_restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void tty_help(void)
{
	note("Ctrl-A x: end the guest; Ctrl-A a or Ctrl-A Ctrl-A: send Ctrl-A; Ctrl-A h: this");
}

/* The byte after a Ctrl-A: what to send, or -1. */
static int tty_command(u8 key)
{
	switch (key) {
	case 'x':
	case 'X':
		note("ended by Ctrl-A x");
		loop_end();
		return -1;
	case 'a':
	case TTY_ESCAPE:
		return TTY_ESCAPE;
	case 'h':
	case 'H':
	case '?':
		tty_help();
		return -1;
	default:
		return -1;
	}
}

/* Take our own key out of what was read; returns what is left of it. */
static size_t tty_filter(u8 *buf, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		int byte = buf[i];

		if (tty.escaped) {
			tty.escaped = false;
			byte = tty_command(buf[i]);
		} else if (byte == TTY_ESCAPE) {
			tty.escaped = true;
			continue;
		}
		if (byte >= 0)
			buf[kept++] = (u8)byte;
	}
	return kept;
}

/*
 * Hand on what we have.  A terminal is read even while the guest does not
 * take its input, or Ctrl-A x would not get through; keys beyond what fits
 * are lost, as on a real one.  A pipe is left alone until there is room.
 */
static void tty_deliver(void)
{
	struct backend *backend = tty.backend;
	size_t taken = 0;

	if (tty.used && backend->input)
		taken = backend->input(backend->owner, tty.buf, tty.used);
	tty.used -= taken;
	memmove(tty.buf, tty.buf + taken, tty.used);
	if (tty.watching && !tty.terminal)
		loop_pause(&tty.in, tty.used > 0);
}

static void tty_end_of_input(void)
{
	if (tty.watching)
		loop_remove(&tty.in);
	tty.watching = false;
}

static void tty_readable(void *arg)
{
	u8 buf[TTY_READ_BYTES];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
	size_t len, room = sizeof(tty.buf) - tty.used;

	(void)arg;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		tty_end_of_input();
		return;
	}
	len = (size_t)n;
	if (tty.terminal)
		len = tty_filter(buf, len);
	if (len > room)
		len = room;
	memcpy(tty.buf + tty.used, buf, len);
	tty.used += len;
	tty_deliver();
}

static void tty_signal(void *arg)
{
	struct signalfd_siginfo info;
	struct tty *t = arg;

	if (read(t->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGWINCH:
		if (t->backend->resized)
			t->backend->resized(t->backend->owner);
		break;
	case SIGTSTP:
		tty_restore();
		raise(SIGSTOP);
		break;
	case SIGCONT:
		if (t->terminal)
			tty_set_raw();
		break;
	}
}

static void tty_take_terminal(void)
{
	struct sigaction fatal = { .sa_handler = tty_fatal };

	if (tcgetattr(STDIN_FILENO, &tty.saved))
		return;		/* not a terminal */
	for (size_t i = 0; i < ARRAY_SIZE(tty_fatal_signals); i++)
		sigaction(tty_fatal_signals[i], &fatal, NULL);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaction(sig, &fatal, NULL);
	atexit(tty_restore);
	tty.terminal = true;
	tty_set_raw();
}

static int tty_open(struct backend *backend, const char *arg)
{
	if (arg)
		return complain(STATUS_USAGE, "--console tty takes no argument");
	if (tty.backend)
		return complain(STATUS_USAGE,
				"only one --console tty: there is one stdin");
	tty.backend = backend;
	return 0;
}

/* Before there is a thread: none can be hit by the signals that we block. */
static int tty_start(struct backend *backend)
{
	sigset_t set;

	(void)backend;
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tty_take_terminal();
	tty.signals = (struct watch){ .ready = tty_signal, .arg = &tty };
	tty.signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (tty.signals.fd < 0 || loop_add(&tty.signals))
		return complain(STATUS_HOST, "cannot watch signals: %s",
				strerror(errno));
	/* A regular file cannot be waited for: it is all there, read it now. */
	tty.in = (struct watch){ .ready = tty_readable, .fd = STDIN_FILENO };
	tty.watching = !loop_add(&tty.in);
	if (!tty.watching)
		tty_readable(NULL);
	return 0;
}

static void tty_write(struct backend *backend, const void *buf, size_t len)
{
	backend_write_fd(backend, STDOUT_FILENO, buf, len);
}

static void tty_resume(struct backend *backend)
{
	(void)backend;
	tty_deliver();
	/* More of a regular file, which no watch will announce. */
	if (!tty.watching && !tty.used)
		tty_readable(NULL);
}

static void tty_size(struct backend *backend, u16 *cols, u16 *rows)
{
	struct winsize size;

	(void)backend;
	*cols = *rows = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return;
	*cols = size.ws_col;
	*rows = size.ws_row;
}

static void tty_close(struct backend *backend)
{
	(void)backend;
	tty_restore();
	tty.backend = NULL;
}

const struct backend_ops backend_tty = {
	.name = "tty",
	.open = tty_open,
	.start = tty_start,
	.write = tty_write,
	.resume = tty_resume,
	.size = tty_size,
	.close = tty_close,
};
