// SPDX-License-Identifier: GPL-2.0
/*
 * What `make bench` measures: a few dozen lines of everyday work for a
 * kernel, one row each.  The same static program runs on the host, where it
 * takes name patterns as arguments, and in the guest, where it is /init and
 * takes them from the kernel command line (bench=fork*,pipe*), and the console
 * it may have, too (bench_console=hvc1).
 *
 * It reports in lines on standard output; all times are ticks of the
 * time-stamp counter, which is one and the same for host and guest:
 *
 *	boot TSC NS		we have been started, NS after the kernel's clock
 *	clock TICKS NS		that many nanoseconds on this kernel's clock
 *	begin NAME		a row starts
 *	end NAME TIMES		... and has ended, after so many operations
 *	time NAME TIMES TICKS..	what each repetition took
 *
 * In the guest it waits for a byte after "begin" and "end", while whoever
 * drives the guest reads the module's statistics (drive.c).
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define REPEAT		5
#define PAGE		4096
#define EXEC_ARG	"-exit"
#define GETPPID_32	64		/* SYS_getppid of 32-bit programs */
#define CONSOLE_LEVEL	8		/* see syslog(2) */
#define WORDS_MAX	32

typedef uint64_t u64;

static const char *self;	/* our own file */
static bool in_guest;

/* The lfence keeps what came before from being counted after. */
static u64 ticks(void)
{
	uint32_t lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/*
 * Fresh memory in pages of 4 KiB: a kernel that has large ones would take one
 * fault where we want to know the price of many.
 */
static void *map(size_t pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	return p;
}

static void touch(volatile char *p, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		p[i * PAGE] = 1;
}

/* --- The operations: do it n times and say how long that took ------------ */

static u64 do_nothing(unsigned int n)
{
	(void)n;
	return 0;
}

static u64 do_alu(unsigned int n)
{
	u64 start = ticks();
	uint32_t x = 1;

	for (unsigned int i = 0; i < n; i++)
		asm volatile("imul $1664525, %0\n\t"
			     "add $1013904223, %0\n\t"
			     "ror $3, %0" : "+r"(x) : : "cc");
	return ticks() - start;
}

static u64 do_syscall(unsigned int n)
{
	u64 start = ticks();

	for (unsigned int i = 0; i < n; i++) {
		int result;

		asm volatile("int $0x80" : "=a"(result) : "a"(GETPPID_32) :
			     "memory");
	}
	return ticks() - start;
}

static u64 do_syscall_libc(unsigned int n)
{
	u64 start = ticks();

	for (unsigned int i = 0; i < n; i++)
		syscall(SYS_getpid);
	return ticks() - start;
}

static u64 do_clock(unsigned int n)
{
	u64 start = ticks();
	struct timespec now;

	for (unsigned int i = 0; i < n; i++)
		clock_gettime(CLOCK_MONOTONIC, &now);
	return ticks() - start;
}

static u64 do_read(unsigned int n)
{
	int fd = open("/dev/zero", O_RDONLY);
	u64 start = ticks();
	char byte;

	for (unsigned int i = 0; i < n; i++)
		if (read(fd, &byte, 1) != 1)
			die("/dev/zero");
	start = ticks() - start;
	close(fd);
	return start;
}

static u64 do_fork(unsigned int n)
{
	u64 start = ticks();

	for (unsigned int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			die("fork");
	}
	return ticks() - start;
}

static u64 do_exec(unsigned int n)
{
	u64 start = ticks();

	for (unsigned int i = 0; i < n; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			execl(self, self, EXEC_ARG, (char *)NULL);
			_exit(1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			die("exec");
	}
	return ticks() - start;
}

static void pipe_echo(int from, int to)
{
	char byte;

	while (read(from, &byte, 1) == 1)
		if (write(to, &byte, 1) != 1)
			break;
	_exit(0);
}

static u64 do_pipe(unsigned int n)
{
	int there[2], back[2];
	char byte = 0;
	pid_t pid;
	u64 start;

	if (pipe(there) || pipe(back))
		die("pipe");
	pid = fork();
	if (!pid) {
		close(there[1]);
		pipe_echo(there[0], back[1]);
	}
	start = ticks();
	for (unsigned int i = 0; i < n; i++)
		if (write(there[1], &byte, 1) != 1 ||
		    read(back[0], &byte, 1) != 1)
			die("pipe");
	start = ticks() - start;
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	waitpid(pid, NULL, 0);
	return start;
}

static u64 do_write_fault(unsigned int n)
{
	char *p = map(n);
	u64 start = ticks();

	touch(p, n);
	start = ticks() - start;
	munmap(p, (size_t)n * PAGE);
	return start;
}

static u64 do_read_fault(unsigned int n)
{
	volatile char *p = map(n);
	u64 start = ticks();

	for (unsigned int i = 0; i < n; i++)
		(void)p[i * PAGE];
	start = ticks() - start;
	munmap((void *)p, (size_t)n * PAGE);
	return start;
}

/* The child writes what it shares with us; it tells through shared memory. */
static u64 do_cow_fault(unsigned int n)
{
	char *p = map(n);
	u64 *result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	u64 took;
	pid_t pid;

	if (result == MAP_FAILED)
		die("mmap");
	touch(p, n);
	*result = 0;
	pid = fork();
	if (!pid) {
		u64 start = ticks();

		touch(p, n);
		*result = ticks() - start;
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	took = *result;
	munmap(result, PAGE);
	munmap(p, (size_t)n * PAGE);
	return took;
}

static u64 do_mmap(unsigned int n)
{
	u64 start = ticks();

	for (unsigned int i = 0; i < n; i++) {
		char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		*(volatile char *)p = 1;
		munmap(p, 4 * PAGE);
	}
	return ticks() - start;
}

/* One page that is there: read-only and back. */
static u64 do_mprotect(unsigned int n)
{
	char *p = map(1);
	u64 start;

	touch(p, 1);
	start = ticks();
	for (unsigned int i = 0; i < n; i++)
		if (mprotect(p, PAGE, PROT_READ) ||
		    mprotect(p, PAGE, PROT_READ | PROT_WRITE))
			die("mprotect");
	start = ticks() - start;
	munmap(p, PAGE);
	return start;
}

static char *segv_page;

static void segv_handler(int sig)
{
	(void)sig;
	mprotect(segv_page, PAGE, PROT_READ | PROT_WRITE);
}

static u64 do_segv(unsigned int n)
{
	struct sigaction action = { .sa_handler = segv_handler };
	u64 start;

	segv_page = map(1);
	touch(segv_page, 1);
	sigaction(SIGSEGV, &action, NULL);
	start = ticks();
	for (unsigned int i = 0; i < n; i++) {
		mprotect(segv_page, PAGE, PROT_NONE);
		touch(segv_page, 1);
	}
	start = ticks() - start;
	signal(SIGSEGV, SIG_DFL);
	munmap(segv_page, PAGE);
	return start;
}

static u64 do_kill(unsigned int n)
{
	pid_t pid = getpid();
	u64 start;

	signal(SIGUSR1, SIG_IGN);
	start = ticks();
	for (unsigned int i = 0; i < n; i++)
		kill(pid, SIGUSR1);
	return ticks() - start;
}

static u64 do_nanosleep(unsigned int n)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	u64 start = ticks();

	for (unsigned int i = 0; i < n; i++)
		nanosleep(&ms, NULL);
	return ticks() - start;
}

/**
 * struct op - a row of the table
 * @name: what it is called
 * @times: operations in one repetition: some ten milliseconds
 * @run: do it so many times; ticks
 */
static const struct op {
	const char *name;
	unsigned int times;
	u64 (*run)(unsigned int n);
} ops[] = {
	{ "nothing", 1, do_nothing },	/* the reporting itself */
	{ "alu_loop", 1000000, do_alu },
	{ "syscall_int80", 20000, do_syscall },
	{ "syscall_libc", 20000, do_syscall_libc },
	{ "clock_gettime", 20000, do_clock },
	{ "read1_devzero", 10000, do_read },
	{ "fork_exit_wait", 50, do_fork },
	{ "fork_exec_wait", 25, do_exec },
	{ "pipe_pingpong_rt", 500, do_pipe },
	{ "anon_write_fault", 1024, do_write_fault },
	{ "anon_read_fault", 2048, do_read_fault },
	{ "cow_fault", 1024, do_cow_fault },
	{ "mmap_touch_munmap", 500, do_mmap },
	{ "mprotect_pair", 2000, do_mprotect },
	{ "segv_signal_roundtrip", 300, do_segv },
	{ "kill_self_ignored", 10000, do_kill },
	{ "nanosleep_1ms", 20, do_nanosleep },
};

/* --- Reporting ------------------------------------------------------------ */

/* Whoever counts our exits does so before we go on. */
static void wait_for_driver(void)
{
	char byte;

	fflush(stdout);
	if (in_guest && read(STDIN_FILENO, &byte, 1) != 1)
		exit(1);
}

static void run_op(const struct op *op)
{
	u64 took[REPEAT];

	printf("begin %s\n", op->name);
	wait_for_driver();
	for (int i = 0; i < REPEAT; i++)
		took[i] = op->run(op->times);
	printf("end %s %u\n", op->name, op->times * REPEAT);
	wait_for_driver();
	printf("time %s %u", op->name, op->times);
	for (int i = 0; i < REPEAT; i++)
		printf(" %llu", (unsigned long long)took[i]);
	printf("\n");
	fflush(stdout);
}

static bool is_wanted(const char *name, char **patterns, int count)
{
	for (int i = 0; i < count; i++)
		if (!fnmatch(patterns[i], name, 0))
			return true;
	return count == 0 || !strcmp(name, "nothing");
}

static u64 clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void report_start(u64 started, u64 uptime)
{
	printf("boot %llu %llu\n", (unsigned long long)started,
	       (unsigned long long)uptime);
}

static void report_clock(void)
{
	const struct timespec pause = { .tv_nsec = 200000000 };
	u64 start = ticks(), start_ns = clock_ns();

	nanosleep(&pause, NULL);
	printf("clock %llu %llu\n", (unsigned long long)(ticks() - start),
	       (unsigned long long)(clock_ns() - start_ns));
	fflush(stdout);
}

static void run_all(char **patterns, int count)
{
	report_clock();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (is_wanted(ops[i].name, patterns, count))
			run_op(&ops[i]);
}

/* --- As /init of the guest ------------------------------------------------ */

/*
 * A console comes up by itself, but when?  Where it is the kernel's, too, the
 * kernel keeps quiet from now on.
 */
static void open_console(const char *name)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct termios raw;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name ? name : "console");
	klogctl(CONSOLE_LEVEL, NULL, 1);
	while ((fd = open(path, O_RDWR | O_NOCTTY)) < 0)
		nanosleep(&ms, NULL);
	tcgetattr(fd, &raw);
	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
}

static int split(char *text, char **words)
{
	int count = 0;

	for (char *word = strtok(text, ","); word && count < WORDS_MAX;
	     word = strtok(NULL, ","))
		words[count++] = word;
	return count;
}

/*
 * The work is done by a child: signals of process 1 are a special case.  A
 * command line without bench= only boots, says so and powers off.
 */
static void be_init(u64 started, u64 uptime)
{
	char *wanted = getenv("bench");
	char *words[WORDS_MAX];

	in_guest = true;
	if (wanted) {
		mkdir("/dev", 0755);
		mount("dev", "/dev", "devtmpfs", 0, NULL);
		open_console(getenv("bench_console"));
	}
	report_start(started, uptime);
	fflush(stdout);
	if (wanted) {
		pid_t pid = fork();

		if (!pid) {
			run_all(words, split(wanted, words));
			exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	u64 started = ticks(), uptime;

	if (argc == 2 && !strcmp(argv[1], EXEC_ARG))
		return 0;
	uptime = clock_ns();
	self = argv[0];
	if (getpid() == 1)
		be_init(started, uptime);
	report_start(started, uptime);
	run_all(argv + 1, argc - 1);
	return 0;
}
