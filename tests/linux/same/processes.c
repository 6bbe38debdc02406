// SPDX-License-Identifier: GPL-2.0
/*
 * Processes by the dozen, and what goes between them: pipes, sockets, signals,
 * files passed on.
 */
#define _GNU_SOURCE
#include "same.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void forks(void)
{
	unsigned int i, sum = 0;
	int status;

	for (i = 0; i < 60; i++) {
		int pid = fork();

		if (!pid)
			_exit(i & 0x7f);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			give_up("fork %u", i);
		sum += WEXITSTATUS(status);
	}
	printf("forks: %u\n", sum);
	/* All at once. */
	for (i = 0; i < 40; i++)
		if (!fork()) {
			usleep(1000);
			_exit(1);
		}
	sum = 0;
	while (wait(&status) > 0)
		sum += WEXITSTATUS(status);
	printf("forks at once: %u\n", sum);
}

static void execs(void)
{
	int status, pid = fork();

	if (!pid) {
		execl("/proc/self/exe", "/proc/self/exe", "exec", "40", NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	printf("execs: %#x\n", status);
}

/* Some bytes through a channel, in pieces of any size. */
static void stream(const char *what, const int *fds)
{
	static uint8_t buffer[8192];
	uint32_t hash = 1;
	size_t sent = 0;
	ssize_t n, i;
	int pid = fork();

	if (!pid) {
		close(fds[0]);
		while (sent < 300000) {
			size_t piece = 1 + dice() % sizeof(buffer);

			for (i = 0; i < (ssize_t)piece; i++)
				buffer[i] = (sent + i) * 7;
			if (write(fds[1], buffer, piece) != (ssize_t)piece)
				_exit(1);
			sent += piece;
		}
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], buffer, sizeof(buffer))) > 0) {
		for (i = 0; i < n; i++)
			hash = (hash ^ buffer[i]) * 16777619;
		sent += n;
	}
	close(fds[0]);
	waitpid(pid, NULL, 0);
	printf("%s: %zu bytes, %#x\n", what, sent, hash);
}

static void streams(void)
{
	int fds[2];

	if (pipe(fds))
		give_up("pipe");
	stream("pipe", fds);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		give_up("socketpair");
	stream("socket", fds);
}

/* There and back again, the other process each time. */
static void ping_pong(void)
{
	int there = eventfd(0, 0), back = eventfd(0, 0), pid = fork();
	uint64_t n = 1, sum = 0;
	int i;

	for (i = 0; i < 500; i++) {
		if (!pid && (read(there, &n, 8) != 8 || write(back, &n, 8) != 8))
			_exit(1);
		if (!pid)
			continue;
		n = i + 1;
		if (write(there, &n, 8) != 8 || read(back, &n, 8) != 8)
			give_up("eventfd");
		sum += n;
	}
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	close(there);
	close(back);
	printf("ping-pong: %lu\n", (unsigned long)sum);
}

static volatile unsigned int alarms;

static void alarmed(int sig)
{
	(void)sig;
	alarms++;
}

/* System calls that signals interrupt, and those that go on. */
static void interrupted(void)
{
	struct sigaction act = { .sa_handler = alarmed };
	struct itimerval timer = { .it_value.tv_usec = 20000 };
	struct pollfd p = { .events = POLLIN };
	int fds[2], ret, pid;
	char byte;

	if (pipe(fds))
		give_up("pipe");
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	ret = read(fds[0], &byte, 1);
	printf("read: %d %s, %u alarms\n", ret, strerror(errno), alarms);
	p.fd = fds[0];
	setitimer(ITIMER_REAL, &timer, NULL);
	ret = poll(&p, 1, 10000);
	printf("poll: %d %s, %u alarms\n", ret, strerror(errno), alarms);
	act.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &act, NULL);
	pid = fork();
	if (!pid) {
		usleep(100000);
		_exit(write(fds[1], "x", 1) != 1);
	}
	setitimer(ITIMER_REAL, &timer, NULL);
	ret = read(fds[0], &byte, 1);
	printf("read again: %d %c, %u alarms\n", ret, byte, alarms);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
}

void processes(void)
{
	forks();
	execs();
	streams();
	ping_pong();
	interrupted();
}
