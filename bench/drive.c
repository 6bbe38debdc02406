// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a launcher whose guest is ops.c, passes on what that prints and adds
 * what the module counted:
 *
 *	drive lguest run ...
 *
 *	start TSC		just before the launcher was started
 *	stats NAME COUNT...	all of struct lg_stats; what has been added
 *				between "begin NAME" and "end NAME"; of what is
 *				no sum but a state, that at "end"
 *	finish TSC STATUS	the launcher has ended
 *
 * The guest's file descriptor is borrowed from the launcher, who knows
 * nothing of this: that takes root.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lguest/api.h"

#define GUEST_LINK	"anon_inode:lguest-guest"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd	438
#endif

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned long long ticks(void)
{
	uint32_t lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (unsigned long long)hi << 32 | lo;
}

/* Number of the guest's descriptor in process pid, or -1. */
static int find_guest(pid_t pid)
{
	char path[300], target[64];
	struct dirent *entry;
	int found = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && found < 0 && (entry = readdir(dir))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid,
			 entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n > 0) {
			target[n] = 0;
			if (!strcmp(target, GUEST_LINK))
				found = atoi(entry->d_name);
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

static int borrow_guest(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int theirs = find_guest(pid);
	int fd;

	if (theirs < 0)
		die("no guest in the launcher");
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	if (fd < 0)
		die("pidfd_getfd");
	close(pidfd);
	return fd;
}

static void read_stats(pid_t pid, struct lg_stats *stats)
{
	static int fd = -1;

	if (fd < 0)
		fd = borrow_guest(pid);
	if (ioctl(fd, LG_GET_STATS, stats))
		die("LG_GET_STATS");
}

static bool is_state(unsigned int index)
{
	return index >= LG_STAT_SHADOW_PAGES && index <= LG_STAT_OVERHEAD;
}

static void print_stats(const char *name, const struct lg_stats *from,
			const struct lg_stats *to)
{
	printf("stats %s", name);
	for (unsigned int i = 0; i < LG_STAT_COUNT; i++)
		printf(" %llu", (unsigned long long)
		       (to->count[i] - (is_state(i) ? 0 : from->count[i])));
	printf("\n");
}

/* One line of the guest's; answers on its console where it waits for that. */
static void handle(pid_t pid, const char *line, FILE *console)
{
	static struct lg_stats from;
	struct lg_stats to;
	char name[64];

	if (sscanf(line, "begin %63s", name) == 1) {
		read_stats(pid, &from);
	} else if (sscanf(line, "end %63s", name) == 1) {
		read_stats(pid, &to);
		print_stats(name, &from, &to);
	} else {
		return;
	}
	fputc('\n', console);
	fflush(console);
}

static pid_t start(char **command, FILE **in, FILE **out)
{
	int to[2], from[2];
	pid_t pid;

	if (pipe(to) || pipe(from))
		die("pipe");
	printf("start %llu\n", ticks());
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		execvp(command[0], command);
		die(command[0]);
	}
	close(to[0]);
	close(from[1]);
	*in = fdopen(from[0], "r");
	*out = fdopen(to[1], "w");
	return pid;
}

int main(int argc, char **argv)
{
	char line[512];
	FILE *in, *out;
	int status;
	pid_t pid;

	if (argc < 2)
		return 64;
	signal(SIGPIPE, SIG_IGN);
	pid = start(argv + 1, &in, &out);
	while (fgets(line, sizeof(line), in)) {
		fputs(line, stdout);
		handle(pid, line, out);
		fflush(stdout);
	}
	waitpid(pid, &status, 0);
	status = WIFEXITED(status) ? WEXITSTATUS(status)
				   : 128 + WTERMSIG(status);
	printf("finish %llu %d\n", ticks(), status);
	return status;
}
