// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `lguest run` as a whole, with the module made up: ioctl() and open() of the
 * launcher end here, and a guest is a list of exits.  Each case runs the
 * command in a child of its own and looks at how it ended, what it said and
 * what became of the terminal.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>

#include "cmd/cmd.h"
#include "device.h"
#include "kernels.h"
#include "ktap.h"
#include "lguest/api.h"
#include "report.h"
#include "sandbox.h"

/* --- the module ---------------------------------------------------------- */

enum step {
	STEP_END,	/* of the list: as STEP_IDLE */
	STEP_OUT,	/* a byte to the serial port */
	STEP_IN,	/* a read of port 0x80 */
	STEP_MMIO,	/* a read of nothing */
	STEP_TEXT,	/* text for the console */
	STEP_TEXT_ODD,	/* more of it than there can be */
	STEP_IDLE,	/* sleep until a signal */
	STEP_SPIN,	/* come back from LG_RUN with EINTR for ever */
	STEP_SHUTDOWN,
	STEP_PANIC,	/* as a 32-bit kernel of old */
	STEP_RESTART,
	STEP_RESTART_AGAIN,	/* and as often as it is booted */
	STEP_CRASH,
	STEP_KILLED,
	STEP_ERROR,	/* LG_RUN fails */
	STEP_ODD,	/* an exit nobody knows */
};

/**
 * struct fake - what the next launcher will meet
 * @open_errno: of opening the device
 * @api_version: that the module claims
 * @abis: that it offers
 * @ioctl_fails: request that fails with ENOMEM
 * @file_limit: RLIMIT_FSIZE while there is a guest, or 0
 * @raw_signal: comes as soon as the terminal is raw, or 0
 * @cooked_signal: comes just before it is no more, or 0
 * @no_seccomp: its kernel has none
 * @tty_interrupted: the first try to change its settings is
 * @steps: of the guest, one list a boot
 */
static struct fake {
	int open_errno;
	u32 api_version;
	u32 abis;
	unsigned long ioctl_fails;
	rlim_t file_limit;
	int raw_signal;
	int cooked_signal;
	bool no_seccomp;
	bool tty_interrupted;
	enum step steps[3][8];
} fake;

static unsigned int fake_boot, fake_step;
static struct lg_run *fake_run;
static int fake_guest_fd[3], fake_vcpu_fd[3];

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __real_tcsetattr(int fd, int when, const struct termios *settings);
int __wrap_tcsetattr(int fd, int when, const struct termios *settings);

int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	if (strcmp(path, DEVICE_PATH))
		return __real_open64(path, flags, mode);
	if (!fake.open_errno)
		return memfd_create("device", 0);
	errno = fake.open_errno;
	return -1;
}

int __wrap_tcsetattr(int fd, int when, const struct termios *settings)
{
	bool raw = !(settings->c_lflag & ECHO);
	static bool again;
	int err;

	again = !again;
	if (fake.tty_interrupted && again) {
		errno = EINTR;
		return -1;
	}
	if (!raw && fake.cooked_signal)
		kill(getpid(), fake.cooked_signal);
	err = __real_tcsetattr(fd, when, settings);
	if (raw && fake.raw_signal)
		kill(getpid(), fake.raw_signal);
	return err;
}

/* All in advance: the launcher's sandbox would not let us later. */
static void fake_prepare(void)
{
	for (int i = 0; i < 3; i++) {
		fake_guest_fd[i] = memfd_create("guest", 0);
		fake_vcpu_fd[i] = memfd_create("vcpu", 0);
		if (ftruncate(fake_vcpu_fd[i], 4096))
			abort();
	}
}

/* The launcher closes what it gets, and the sandbox knows no dup(). */
static int fake_fd(int fd)
{
	return fake.steps[0][0] == STEP_RESTART_AGAIN ? dup(fd) : fd;
}

static int fake_create_vcpu(void)
{
	struct rlimit limit = { fake.file_limit, fake.file_limit };
	int fd = fake_vcpu_fd[fake_boot];

	if (fake.file_limit)
		setrlimit(RLIMIT_FSIZE, &limit);
	fake_run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fake_step = 0;
	return fake_fd(fd);
}

static int fake_exit(u32 reason, const char *text)
{
	fake_run->exit_reason = reason;
	strcpy(fake_run->reason, text);
	return 0;
}

static int fake_lg_run(void)
{
	struct lg_run *run = fake_run;

	if (run->immediate_exit) {
		errno = EINTR;
		return -1;
	}
	switch (fake.steps[fake_boot][fake_step++]) {
	case STEP_OUT:
		run->exit_reason = LG_EXIT_IO;
		run->io.port = 0x3f8;
		run->io.size = 1;
		run->io.is_write = 1;
		run->io.data = 'h';
		return 0;
	case STEP_IN:
		run->exit_reason = LG_EXIT_IO;
		run->io.port = 0x80;
		run->io.size = 2;
		run->io.is_write = 0;
		return 0;
	case STEP_MMIO:
		run->exit_reason = LG_EXIT_MMIO;
		run->mmio.gpa = 0xe00ff000;
		run->mmio.size = 4;
		run->mmio.is_write = 0;
		return 0;
	case STEP_TEXT:
		run->exit_reason = LG_EXIT_CONSOLE;
		run->console.len = 3;
		memcpy(run->console.data, "hi\n", 3);
		return 0;
	case STEP_TEXT_ODD:
		run->exit_reason = LG_EXIT_CONSOLE;
		run->console.len = LG_CONSOLE_BYTES + 1;
		return 0;
	case STEP_SHUTDOWN:
		return fake_exit(LG_EXIT_SHUTDOWN, "Power down");
	case STEP_PANIC:
		return fake_exit(LG_EXIT_SHUTDOWN, "Power down?");
	case STEP_RESTART:
		fake_boot++;
		return fake_exit(LG_EXIT_RESTART, "");
	case STEP_RESTART_AGAIN:
		return fake_exit(LG_EXIT_RESTART, "");
	case STEP_CRASH:
		return fake_exit(LG_EXIT_CRASH, "bad \033[31mpanic\n");
	case STEP_KILLED:
		return fake_exit(LG_EXIT_KILLED, "bad stack segment 0x10");
	case STEP_ERROR:
		errno = ENOMEM;
		return -1;
	case STEP_ODD:
		return fake_exit(99, "");
	case STEP_SPIN:
		fake_step--;
		errno = EINTR;
		return -1;
	default:
		fake_step--;
		poll(NULL, 0, -1);
		return -1;
	}
}

static int fake_get_info(struct lg_info *info)
{
	memset(info, 0, sizeof(*info));
	info->api_version = fake.api_version;
	info->abis = fake.abis;
	info->max_vcpus = 1;
	info->window_gva = 0xffc00000;
	info->max_memory = 1024 * MIB;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (_IOC_TYPE(request) != LG_IOC)
		return __real_ioctl(fd, request, arg);
	if (request == fake.ioctl_fails) {
		errno = ENOMEM;
		return -1;
	}
	switch (request) {
	case LG_GET_INFO:
		return fake_get_info(arg);
	case LG_CREATE_GUEST:
		return fake_fd(fake_guest_fd[fake_boot]);
	case LG_CREATE_VCPU:
		return fake_create_vcpu();
	case LG_RUN:
		return fake_lg_run();
	case LG_GET_REGS:
	case LG_GET_STATS:
		memset(arg, 0, _IOC_SIZE(request));
		return 0;
	default:
		return 0;
	}
}

/* --- running the command -------------------------------------------------- */

static char kernel_path[] = "/tmp/lguest-run-XXXXXX";
static char kernel64_path[] = "/tmp/lguest-run-XXXXXX";
static char said[4096];		/* stderr of the last one */
static char printed[4096];	/* stdout of the last one */

static void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.api_version = LG_API_VERSION;
	fake.abis = 1u << LG_ABI_LG32 | 1u << LG_ABI_XENPV;
	fake.steps[0][0] = fake.steps[1][0] = fake.steps[2][0] = STEP_SHUTDOWN;
}

static void slurp(int fd, char *buf, size_t room)
{
	ssize_t n = pread(fd, buf, room - 1, 0);

	buf[n > 0 ? n : 0] = 0;
}

static char *word_or_kernel(char *word)
{
	if (!strcmp(word, "KERNEL"))
		return kernel_path;
	return strcmp(word, "KERNEL64") ? word : kernel64_path;
}

/* argv with words of @args; KERNEL and KERNEL64 stand for good ones. */
static int split(char *args, char **argv)
{
	int argc = 0;

	for (char *word = strtok(args, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word_or_kernel(word);
	argv[argc] = NULL;
	return argc;
}

/* As on a kernel without CONFIG_SECCOMP_FILTER. */
static void hide_seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_SIZE(code), code };

	if (sandbox_load(&filter))
		abort();
}

/*
 * Leaks are looked for at exit(), which takes more than the sandbox allows:
 * inside it there is no looking.
 */
static void __attribute__((noreturn)) command(const char *args)
{
	bool sandboxed = strstr(args, "--sandbox=on");
	char copy[512], *argv[32];
	int argc, status;

	fake_prepare();
	if (fake.no_seccomp)
		hide_seccomp();
	snprintf(copy, sizeof(copy), "run %s %s",
		 sandboxed ? "" : "--sandbox=off", args);
	argc = split(copy, argv);
	status = cmd_run(argc, argv);
	fflush(NULL);
	if (sandboxed)
		_exit(status);
	exit(status);
}

/* The exit status, or minus the signal. */
static int wait_for(pid_t pid)
{
	int ended;

	if (waitpid(pid, &ended, 0) != pid)
		return -1000;
	return WIFEXITED(ended) ? WEXITSTATUS(ended) : -WTERMSIG(ended);
}

/* `lguest run @args`, stdin at its end; its exit status. */
static int run(const char *args)
{
	int out = memfd_create("out", 0), err = memfd_create("err", 0);
	int status;
	pid_t pid = fork();

	if (!pid) {
		alarm(30);
		dup2(__real_open64("/dev/null", 0), 0);
		dup2(out, 1);
		dup2(err, 2);
		command(args);
	}
	status = wait_for(pid);
	slurp(out, printed, sizeof(printed));
	slurp(err, said, sizeof(said));
	close(out);
	close(err);
	return status;
}

static bool one_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return !strncmp(text, "lguest: ", 8) && end && !end[1];
}

static void usage(void)
{
	static const char *const wrong[] = {
		"", "KERNEL KERNEL", "--memory 0 KERNEL", "--memory 1x KERNEL",
		"--memory -1 KERNEL", "--memory 65537K KERNEL",
		"--memory 99999999999999999999G KERNEL", "--memory 4G KERNEL",
		"--memory 2G KERNEL",
		"--console file KERNEL", "--console what KERNEL",
		"--console tty --console tty KERNEL", "--block , KERNEL",
		"--block disk,rw KERNEL", "--guest-paging 3level KERNEL",
		"--sandbox=maybe KERNEL", "--what KERNEL", "-Z KERNEL",
		"--no-reboot=yes KERNEL", "--initrd", "-m", "--no KERNEL",
	};

	fake_reset();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		printf("# %s\n", wrong[i]);
		CHECK(run(wrong[i]) == STATUS_USAGE);
		CHECK(one_line(said));
		CHECK(!printed[0]);
	}
	CHECK(run("--what KERNEL") == STATUS_USAGE && strstr(said, "--what: "));
	CHECK(run("-Z KERNEL") == STATUS_USAGE && strstr(said, "-Z: "));
	CHECK(run("--initrd") == STATUS_USAGE && strstr(said, "needs a value"));
	CHECK(run("--help") == 0 && strstr(printed, "--memory"));
}

static void inputs(void)
{
	static const char *const wrong[] = {
		"/nonexistent", "/", "--initrd /nonexistent KERNEL",
		"--initrd / KERNEL", "--block /nonexistent KERNEL",
		"--block / KERNEL", "--block /dev/null,ro KERNEL",
	};

	fake_reset();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		printf("# %s\n", wrong[i]);
		CHECK(run(wrong[i]) == STATUS_INPUT);
		CHECK(one_line(said));
	}
	CHECK(run("/bin/sh") == STATUS_DATA);
	CHECK(run("/dev/null") == STATUS_INPUT);
	CHECK(run("--memory 1M KERNEL") == STATUS_DATA);
	CHECK(strstr(said, "--memory"));
	CHECK(run("--console file:/nonexistent/x KERNEL") == STATUS_HOST);
}

static void module_absent(void)
{
	fake_reset();
	fake.open_errno = ENOENT;
	CHECK(run("KERNEL") == STATUS_MODULE);
	CHECK(one_line(said) && strstr(said, "modprobe lg"));
	fake.open_errno = EACCES;
	CHECK(run("KERNEL") == STATUS_PERM);
	CHECK(one_line(said) && strstr(said, "group"));
	fake.open_errno = EBUSY;
	CHECK(run("KERNEL") == STATUS_MODULE);
	fake_reset();
	fake.api_version++;
	CHECK(run("KERNEL") == STATUS_MODULE);
	CHECK(one_line(said) && strstr(said, "version"));
}

static void module_refuses(void)
{
	static const unsigned long requests[] = {
		LG_CREATE_GUEST, LG_SET_MEMORY, LG_CREATE_VCPU, LG_SET_REGS,
		LG_DOORBELL, LG_GET_INFO,
	};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		int status;

		fake_reset();
		fake.ioctl_fails = requests[i];
		status = run("KERNEL");
		CHECK(status >= STATUS_MODULE && status <= STATUS_HOST);
		CHECK(one_line(said));
	}
}

static void power_off(void)
{
	static const enum step steps[] = {
		STEP_OUT, STEP_IN, STEP_MMIO, STEP_OUT, STEP_SHUTDOWN,
	};

	fake_reset();
	memcpy(fake.steps[0], steps, sizeof(steps));
	CHECK(run("KERNEL -- quiet") == 0);
	CHECK(!strcmp(printed, "hh") && !said[0]);
	CHECK(run("--console null KERNEL") == 0);
	CHECK(!printed[0]);
	CHECK(run("--console file:/dev/stdout --console tty KERNEL") == 0);
	CHECK(!strcmp(printed, "hh"));
}

/* A guest that prints more than its files may hold loses that, not its life. */
static void files_are_limited(void)
{
	static const enum step steps[] = { STEP_OUT, STEP_OUT, STEP_SHUTDOWN };

	fake_reset();
	fake.file_limit = 1;
	memcpy(fake.steps[0], steps, sizeof(steps));
	CHECK(run("KERNEL") == 0);
	CHECK(!strcmp(printed, "h"));
}

static void bad_ends(void)
{
	static const struct {
		enum step step;
		int status;
		const char *text;
	} ends[] = {
		{ STEP_PANIC, STATUS_CRASHED, "crashed: Power down?\n" },
		{ STEP_CRASH, STATUS_CRASHED, "crashed: bad .[31mpanic.\n" },
		{ STEP_KILLED, STATUS_KILLED, "killed: bad stack segment 0x10" },
		{ STEP_ERROR, STATUS_HOST, "cannot run the guest" },
		{ STEP_ODD, STATUS_INTERNAL, "unknown exit reason 99" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		fake_reset();
		fake.steps[0][0] = ends[i].step;
		CHECK(run("KERNEL") == ends[i].status);
		CHECK(one_line(said) && strstr(said, ends[i].text));
	}
}

static void reboots(void)
{
	fake_reset();
	fake.steps[0][0] = fake.steps[1][0] = STEP_RESTART;
	fake.steps[2][0] = STEP_OUT;
	fake.steps[2][1] = STEP_SHUTDOWN;
	CHECK(run("KERNEL") == 0);
	CHECK(!strcmp(printed, "h") && !said[0]);
	CHECK(run("--no-reboot KERNEL") == STATUS_REBOOT);
	CHECK(one_line(said) && !printed[0]);
}

static void statistics(void)
{
	char args[64], json[2048];
	char path[] = "/tmp/lguest-stats-XXXXXX";
	int fd = mkstemp(path);

	fake_reset();
	CHECK(run("--stats KERNEL") == 0);
	CHECK(strstr(said, "switch"));
	snprintf(args, sizeof(args), "--stats=%s KERNEL", path);
	CHECK(run(args) == 0);
	CHECK(!said[0]);
	slurp(fd, json, sizeof(json));
	CHECK(json[0] == '{' && strstr(json, "\"hcall_set_pte\":0"));
	CHECK(run("--stats=/nonexistent/x KERNEL") == STATUS_HOST);
	unlink(path);
	close(fd);
}

static void xenpv(void)
{
	static const enum step steps[] = {
		STEP_TEXT, STEP_IN, STEP_MMIO, STEP_OUT, STEP_TEXT_ODD,
		STEP_TEXT, STEP_SHUTDOWN,
	};
	static const unsigned long requests[] = {
		LG_CREATE_GUEST, LG_SET_MEMORY, LG_CREATE_VCPU, LG_SET_REGS64,
		LG_XEN_START, LG_DOORBELL,
	};

	fake_reset();
	memcpy(fake.steps[0], steps, sizeof(steps));
	CHECK(run("--memory 32M KERNEL64 -- quiet") == 0);
	CHECK(!strcmp(printed, "hi\r\nhi\r\n") && !said[0]);
	CHECK(run("--console null KERNEL64") == 0);
	CHECK(!printed[0]);
	CHECK(run("--no-reboot --no-rng --stats KERNEL64") == 0);
	CHECK(strstr(said, "hcall_mmu_update"));
	fake.steps[0][0] = fake.steps[1][0] = STEP_RESTART;
	CHECK(run("KERNEL64") == 0 && !said[0]);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		int status;

		fake_reset();
		fake.ioctl_fails = requests[i];
		status = run("KERNEL64");
		CHECK(status >= STATUS_MODULE && status <= STATUS_HOST);
		CHECK(one_line(said));
	}
}

/* Said once, and with what would do instead. */
static void wrong_kernels(void)
{
	static const char *const wrong[] = {
		"--guest-paging pae KERNEL64", "--block KERNEL KERNEL64",
		"--console null --console null KERNEL64",
	};

	fake_reset();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		CHECK(run(wrong[i]) == STATUS_USAGE);
		CHECK(strstr(said, "64-bit guest") || strstr(said, "32-bit"));
	}
	CHECK(run("--memory 16M KERNEL64") == STATUS_DATA);
	CHECK(one_line(said) && strstr(said, "--memory"));
	fake.abis = 1u << LG_ABI_XENPV;
	CHECK(run("KERNEL") == STATUS_DATA);
	CHECK(one_line(said) && strstr(said, "linux-image-amd64"));
	fake.abis = 1u << LG_ABI_LG32;
	CHECK(run("KERNEL64") == STATUS_DATA);
	CHECK(one_line(said) && strstr(said, "CONFIG_LGUEST_GUEST"));
	CHECK(run("/bin/true") == STATUS_DATA && one_line(said));
	fake.abis = 1u << 7;
	CHECK(run("KERNEL") == STATUS_MODULE && one_line(said));
}

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED	true
#else
#define SANITIZED	false
#endif

/*
 * Reboot, unpacking and statistics work with next to no system calls.  The
 * address sanitizer does not: this one runs with CFLAGS of your own, and in
 * the host machine every guest is run so.
 */
static void sandboxed(void)
{
	static u8 image[BZIMAGE_ROOM];
	char path[] = "/tmp/lguest-bzimage-XXXXXX", args[128];
	struct test_elf elf;
	size_t len;
	int fd;

	if (SANITIZED) {
		puts("# skipped under the address sanitizer");
		return;
	}
	fd = mkstemp(path);
	kernel_elf(&elf, KERNEL_MARK);
	len = kernel_bzimage(image, &elf, sizeof(elf), pack_xz);
	len = (len + 511) / 512 * 512;	/* it serves as a disk, too */
	CHECK(write(fd, image, len) == (ssize_t)len);
	fake_reset();
	fake.steps[0][0] = fake.steps[1][0] = STEP_RESTART;
	fake.steps[2][0] = STEP_OUT;
	fake.steps[2][1] = STEP_SHUTDOWN;
	snprintf(args, sizeof(args), "--sandbox=on --block %s %s", path, path);
	CHECK(run(args) == 0);
	CHECK(!strcmp(printed, "h") && !said[0]);
	CHECK(run("--sandbox=on --stats KERNEL") == 0);
	CHECK(strstr(said, "switch"));
	fake_reset();
	fake.steps[0][0] = STEP_RESTART;
	fake.steps[1][0] = STEP_TEXT;
	fake.steps[1][1] = STEP_SHUTDOWN;
	CHECK(run("--sandbox=on KERNEL64") == 0);
	CHECK(!strcmp(printed, "hi\r\n") && !said[0]);
	unlink(path);
	close(fd);
}

/* --- on a terminal --------------------------------------------------------- */

static int master, slave;
static struct termios before;

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid;
}

/*
 * `lguest run @args` on a terminal; returns when it is raw, or has been.  We
 * hold the other side of it open, too, to look at its settings afterwards.
 */
static pid_t run_on_tty(const char *args)
{
	struct termios now;
	pid_t pid;

	if (openpty(&master, &slave, NULL, NULL, NULL) ||
	    tcgetattr(slave, &before))
		abort();
	pid = fork();
	if (!pid) {
		alarm(30);
		setsid();
		__real_ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, 0);
		dup2(slave, 1);
		dup2(slave, 2);
		command(args);
	}
	for (int i = 0; i < 5000 && !has_ended(pid); i++) {
		tcgetattr(slave, &now);
		if (!(now.c_lflag & ECHO))
			break;
		usleep(1000);
	}
	usleep(20000);
	return pid;
}

static void tty_type(const char *keys)
{
	if (write(master, keys, strlen(keys)) < 0)
		abort();
}

static bool tty_restored(void)
{
	struct termios now;

	tcgetattr(slave, &now);
	close(master);
	close(slave);
	return now.c_lflag == before.c_lflag && now.c_iflag == before.c_iflag &&
	       now.c_oflag == before.c_oflag && now.c_cflag == before.c_cflag;
}

static void tty_ctrl_a_x(void)
{
	pid_t pid;

	fake_reset();
	fake.steps[0][0] = STEP_IDLE;
	pid = run_on_tty("KERNEL");
	tty_type("abc\001hdef\001\001\001ax\001x");
	CHECK(wait_for(pid) == 0);
	CHECK(tty_restored());
	fake.steps[0][0] = STEP_SPIN;
	pid = run_on_tty("KERNEL");
	tty_type("\001x");
	CHECK(wait_for(pid) == 0);
	CHECK(tty_restored());
}

/* Never mind that there is always another boot. */
static void tty_reboots(void)
{
	pid_t pid;

	fake_reset();
	fake.steps[0][0] = STEP_RESTART_AGAIN;
	for (int i = 0; i < 8; i++) {
		pid = run_on_tty("KERNEL");
		if (i % 2)
			kill(pid, SIGTERM);
		else
			tty_type("\001x");
		CHECK(wait_for(pid) == (i % 2 ? 128 + SIGTERM : 0));
		CHECK(tty_restored());
	}
}

/* The terminal is given back from inside the sandbox. */
static void tty_sandboxed(void)
{
	pid_t pid;

	if (SANITIZED) {
		puts("# skipped under the address sanitizer");
		return;
	}
	fake_reset();
	fake.steps[0][0] = STEP_IDLE;
	pid = run_on_tty("--sandbox=on KERNEL");
	kill(pid, SIGTSTP);
	CHECK(waitpid(pid, NULL, WUNTRACED) == pid);
	kill(pid, SIGCONT);
	usleep(100000);
	tty_type("\001x");
	CHECK(wait_for(pid) == 0);
	CHECK(tty_restored());
}

/* Keys that are still under way when it ends are not for the shell. */
static void tty_leftovers(void)
{
	char keys[512] = "\001x";
	int left = -1;
	pid_t pid;

	fake_reset();
	fake.steps[0][0] = STEP_IDLE;
	memset(keys + 2, '!', sizeof(keys) - 3);
	keys[sizeof(keys) - 2] = '\n';
	pid = run_on_tty("KERNEL");
	tty_type(keys);
	CHECK(wait_for(pid) == 0);
	__real_ioctl(slave, FIONREAD, &left);
	CHECK(tty_restored());
	CHECK(!left);
}

/* What ends nobody, or what nobody can do anything about. */
static bool is_fatal(int sig)
{
	switch (sig) {
	case SIGKILL: case SIGSTOP: case SIGTSTP: case SIGTTIN: case SIGTTOU:
	case SIGCONT: case SIGCHLD: case SIGURG: case SIGWINCH: case SIGPIPE:
	case SIGXFSZ:
	case SIGUSR1:	/* a thread of ours is asked to look */
		return false;
	default:
		return sig < 32 || sig >= SIGRTMIN;
	}
}

/* Every signal that would end us; some do so with a status of ours. */
static void tty_signals(void)
{
	pid_t pid;

	fake_reset();
	fake.steps[0][0] = STEP_IDLE;
	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		bool ours = sig == SIGTERM || sig == SIGINT || sig == SIGHUP ||
			    sig == SIGQUIT;

		if (!is_fatal(sig) || (sig > SIGRTMIN && sig < SIGRTMAX))
			continue;
		printf("# signal %d\n", sig);
		pid = run_on_tty("KERNEL");
		kill(pid, sig);
		CHECK(wait_for(pid) == (ours ? 128 + sig : -sig));
		CHECK(tty_restored());
	}
}

/* The same when there is no thread yet; the one for threads ends nobody. */
static void tty_early_signals(void)
{
	static const int signals[] = {
		SIGUSR1, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGSEGV,
	};
	static const int status[] = {
		0, 128 + SIGTERM, 128 + SIGINT, 128 + SIGHUP, 128 + SIGQUIT,
		-SIGUSR2, -SIGSEGV,
	};
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		printf("# signal %d\n", signals[i]);
		fake_reset();
		fake.raw_signal = signals[i];
		pid = run_on_tty("KERNEL");
		CHECK(wait_for(pid) == status[i]);
		CHECK(tty_restored());
	}
}

static void tty_late_signal(void)
{
	pid_t pid;

	fake_reset();
	fake.cooked_signal = SIGUSR2;
	pid = run_on_tty("KERNEL");
	CHECK(wait_for(pid) == -SIGUSR2);
	CHECK(tty_restored());
}

static void tty_interrupted(void)
{
	struct termios now;
	pid_t pid;

	fake_reset();
	fake.tty_interrupted = true;
	fake.steps[0][0] = STEP_IDLE;
	pid = run_on_tty("KERNEL");
	tcgetattr(slave, &now);
	CHECK(!(now.c_lflag & ECHO));
	kill(pid, SIGTERM);
	CHECK(wait_for(pid) == 128 + SIGTERM);
	CHECK(tty_restored());
}

static void tty_ends(void)
{
	static const enum step steps[] = {
		STEP_SHUTDOWN, STEP_CRASH, STEP_KILLED, STEP_ERROR,
	};
	static const int status[] = { 0, 80, 81, 71 };
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		fake_reset();
		fake.steps[0][0] = steps[i];
		pid = run_on_tty("KERNEL");
		CHECK(wait_for(pid) == status[i]);
		CHECK(tty_restored());
	}
}

/* Stopped, the terminal is the shell's; continued, it is ours again. */
static void tty_stops(void)
{
	struct termios now;
	pid_t pid;
	int state;

	fake_reset();
	fake.steps[0][0] = STEP_IDLE;
	pid = run_on_tty("KERNEL");
	kill(pid, SIGTSTP);
	CHECK(waitpid(pid, &state, WUNTRACED) == pid && WIFSTOPPED(state));
	tcgetattr(slave, &now);
	CHECK(now.c_lflag == before.c_lflag);
	kill(pid, SIGCONT);
	for (int i = 0; i < 5000 && (now.c_lflag & ECHO); i++) {
		usleep(1000);
		tcgetattr(slave, &now);
	}
	CHECK(!(now.c_lflag & ECHO));
	tty_type("\001x");
	CHECK(wait_for(pid) == 0);
	CHECK(tty_restored());
}

/*
 * `lguest run @args` without a terminal.  SIGTSTP stops only who is of a group
 * that somebody outside of it looks after.
 */
static pid_t start(const char *args)
{
	pid_t pid = fork();

	if (!pid) {
		alarm(30);
		setpgid(0, 0);
		dup2(__real_open64("/dev/null", 0), 0);
		command(args);
	}
	usleep(300000);
	return pid;
}

/* Before there is a guest, signals do what they do to any program. */
static void signals_while_starting(void)
{
	char folder[] = "/tmp/lguest-fifo-XXXXXX", path[64];
	int status;
	pid_t pid;

	fake_reset();
	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	CHECK(!mkfifo(path, 0600));
	pid = start(path);
	kill(pid, SIGINT);
	status = wait_for(pid);
	unlink(path);
	rmdir(folder);
	CHECK(status == -SIGINT);
}

/* As nohup(1) has it; and a shell, of what it puts into the background. */
static void signals_ignored(void)
{
	pid_t pid;

	fake_reset();
	fake.steps[0][0] = STEP_IDLE;
	signal(SIGHUP, SIG_IGN);
	pid = start("--console null KERNEL");
	signal(SIGHUP, SIG_DFL);
	kill(pid, SIGHUP);
	usleep(100000);
	CHECK(!waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGTERM);
	CHECK(wait_for(pid) == 128 + SIGTERM);
}

static void stops_without_terminal(void)
{
	int state = 0;
	pid_t pid;

	fake_reset();
	fake.steps[0][0] = STEP_IDLE;
	pid = start("--console null KERNEL");
	kill(pid, SIGTSTP);
	for (int i = 0; i < 5000 && !waitpid(pid, &state, WUNTRACED | WNOHANG); i++)
		usleep(1000);
	kill(pid, SIGCONT);
	kill(pid, SIGTERM);
	CHECK(WIFSTOPPED(state));
	CHECK(wait_for(pid) == 128 + SIGTERM);
}

/* A reader that is gone for good must not keep us. */
static void tty_stuck_output(void)
{
	int pipes[2], status;
	char junk[4096] = { 0 };
	pid_t pid;

	fake_reset();
	fake.steps[0][0] = STEP_OUT;
	if (pipe2(pipes, O_NONBLOCK))
		abort();
	while (write(pipes[1], junk, sizeof(junk)) > 0)
		;
	fcntl(pipes[1], F_SETFL, 0);
	pid = fork();
	if (!pid) {
		alarm(30);
		dup2(pipes[1], 1);
		command("KERNEL");
	}
	usleep(300000);
	kill(pid, SIGTERM);
	status = wait_for(pid);
	close(pipes[0]);
	close(pipes[1]);
	CHECK(status == 128 + SIGTERM);
}

/* Ends with the signal that @call costs in the sandbox, or with 0. */
static int forbidden(const struct sock_fprog *filter, long call, long arg)
{
	pid_t pid = fork();

	if (!pid) {
		if (sandbox_load(filter))
			_exit(1);
		syscall(call, arg, 0, 0, 0, 0, 0);
		syscall(SYS_exit, 0);
	}
	return wait_for(pid);
}

/* The same of a signal to ourselves or to our parent; or with the signal. */
static int signalled(bool ourselves)
{
	pid_t pid = fork();

	if (!pid) {
		if (sandbox_enter())
			_exit(1);
		pid = ourselves ? getpid() : getppid();
		syscall(SYS_tgkill, pid, pid, ourselves ? SIGUSR2 : 0);
		syscall(SYS_exit, 0);
	}
	return wait_for(pid);
}

static void sandbox_absent(void)
{
	fake_reset();
	fake.no_seccomp = true;
	CHECK(run("--sandbox=on KERNEL") == STATUS_HOST);
	CHECK(one_line(said) && strstr(said, "--sandbox=off"));
	CHECK(run("--sandbox=off KERNEL") == 0);
	CHECK(!said[0]);
}

/* What the filters are for: files, programs, sockets, processes, code. */
static void sandbox_forbids(void)
{
	const struct sock_fprog *both[] = { &sandbox_filter, &cage_filter };
	pid_t pid = fork();

	if (!pid) {
		if (sandbox_load(&sandbox_filter))
			_exit(1);
		errno = 0;
		_exit(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) < 0 &&
		      errno == EPERM ? 0 : 2);
	}
	CHECK(wait_for(pid) == 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(both); i++) {
		CHECK(forbidden(both[i], SYS_execve, 0) == -SIGSYS);
		CHECK(forbidden(both[i], SYS_socket, AF_UNIX) == -SIGSYS);
		CHECK(forbidden(both[i], SYS_ptrace, 0) == -SIGSYS);
		CHECK(forbidden(both[i], SYS_clone, CLONE_NEWUSER) == -SIGSYS);
		CHECK(forbidden(both[i], SYS_setuid, 0) == -SIGSYS);
		CHECK(forbidden(both[i], SYS_prlimit64, 1) == -SIGSYS);
	}
	CHECK(signalled(false) == -SIGSYS);
	CHECK(signalled(true) == -SIGUSR2);
	CHECK(forbidden(&cage_filter, SYS_tgkill, 1) == -SIGSYS);
	CHECK(forbidden(&cage_filter, SYS_openat, AT_FDCWD) == -SIGSYS);
	CHECK(forbidden(&cage_filter, SYS_write, 1) == -SIGSYS);
	CHECK(forbidden(&sandbox_filter, SYS_write, -1) == 0);
	CHECK(forbidden(&sandbox_filter, SYS_prlimit64, 0) == 0);
	CHECK(forbidden(&cage_filter, SYS_brk, 0) == 0);
}

static const struct ktap_case cases[] = {
	{ "wrong command lines", usage },
	{ "files that cannot be read", inputs },
	{ "no module, or not for us", module_absent },
	{ "a module that refuses", module_refuses },
	{ "a guest that powers off", power_off },
	{ "files that may not grow", files_are_limited },
	{ "guests that end badly", bad_ends },
	{ "a guest that reboots", reboots },
	{ "statistics", statistics },
	{ "a 64-bit guest", xenpv },
	{ "kernels and machines that do not match", wrong_kernels },
	{ "in the sandbox", sandboxed },
	{ "no sandbox to be had", sandbox_absent },
	{ "what the sandbox forbids", sandbox_forbids },
	{ "tty: Ctrl-A x", tty_ctrl_a_x },
	{ "tty: a guest that reboots at once", tty_reboots },
	{ "tty: in the sandbox", tty_sandboxed },
	{ "tty: keys that are left over", tty_leftovers },
	{ "tty: restored after signals", tty_signals },
	{ "tty: restored after signals before the guest", tty_early_signals },
	{ "tty: restored after a signal at the end", tty_late_signal },
	{ "tty: signals that interrupt a change", tty_interrupted },
	{ "tty: restored when the guest ends", tty_ends },
	{ "tty: given back while stopped", tty_stops },
	{ "output that nobody reads", tty_stuck_output },
	{ "signals while starting", signals_while_starting },
	{ "signals that are ignored", signals_ignored },
	{ "stopped without a terminal", stops_without_terminal },
};

static bool make_file(char *path, const void *data, size_t len)
{
	int fd = mkstemp(path);
	bool made = fd >= 0 && write(fd, data, len) == (ssize_t)len;

	close(fd);
	return made;
}

int main(void)
{
	struct test_elf64 elf64;
	struct test_elf elf;
	int status = 1;

	kernel_elf(&elf, KERNEL_MARK);
	kernel_xenpv(&elf64);
	if (make_file(kernel_path, &elf, sizeof(elf)) &&
	    make_file(kernel64_path, &elf64, sizeof(elf64)))
		status = ktap_run(cases, ARRAY_SIZE(cases));
	unlink(kernel_path);
	unlink(kernel64_path);
	return status;
}
