// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `lguest check`: can this machine run guests, and if not, what would help?
 * One line a fact, each with its verdict: PASS, WARN (it works, not as well
 * as it could) or FAIL (it does not work).
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

#include "device.h"
#include "lguest/api.h"
#include "machine.h"
#include "report.h"
#include "sandbox.h"
#include "types.h"

#define WINDOW_FIXED		0xffc00000u	/* with reservetop=4M */
#define WINDOW_LOW		0xf0000000u	/* a guest gives up much */

static const char *const tested_kernels[] = { "6.1.", "6.12." };

enum verdict { PASS, WARN, FAIL };

/* The exit status so far. */
static int check_status;

static void __attribute__((format(printf, 3, 4)))
check_say(enum verdict verdict, const char *fact, const char *fmt, ...)
{
	static const char *const names[] = { "PASS", "WARN", "FAIL" };
	va_list ap;

	printf("%s  %-9s ", names[verdict], fact);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (verdict == FAIL && !check_status)
		check_status = STATUS_MODULE;
}

/* Does this machine's kernel have 64 bits? */
static bool check_64bit(const struct utsname *name)
{
	return !strcmp(name->machine, "x86_64");
}

static bool check_tested(const char *release)
{
	for (size_t i = 0; i < ARRAY_SIZE(tested_kernels); i++)
		if (!strncmp(release, tested_kernels[i],
			     strlen(tested_kernels[i])))
			return true;
	return false;
}

static void check_kernel(const struct utsname *name)
{
	if (!check_64bit(name) && strcmp(name->machine, "i686") &&
	    strcmp(name->machine, "i586"))
		check_say(FAIL, "kernel",
			  "Linux %s %s: an x86 kernel is needed", name->release,
			  name->machine);
	else if (!check_tested(name->release))
		check_say(WARN, "kernel",
			  "Linux %s %s: not tested; Linux 6.1 and, with 64 bits, 6.12 are",
			  name->release, name->machine);
	else
		check_say(PASS, "kernel", "Linux %s %s", name->release,
			  name->machine);
}

/* Is @word among the space-separated words of @line? */
static bool has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = line; (at = strstr(at, word)); at += len)
		if ((at == line || strchr(" \t:", at[-1])) &&
		    (!at[len] || strchr(" \t\n", at[len])))
			return true;
	return false;
}

/* The line of @path that begins with @start, or NULL; freed by the caller. */
static char *find_line(const char *path, const char *start)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return NULL;
	while (getline(&line, &room, file) > 0) {
		if (!strncmp(line, start, strlen(start))) {
			fclose(file);
			return line;
		}
	}
	free(line);
	fclose(file);
	return NULL;
}

/*
 * What each width of host cannot do without, or not with; the kernel shows
 * what is on, not just what the CPU has.
 */
static const struct {
	const char *flag;
	bool wanted;
	bool only_64bit;
	const char *trouble;
} cpu_rules[] = {
	{ "tsc", true, false, "no TSC: too old for this module" },
	{ "pae", true, false, "no PAE: too old for this module" },
	{ "nx", true, true,
	  "no NX, or it is off in the firmware (\"execute disable\")" },
	{ "la57", false, true,
	  "5-level page tables are on, which the module does not know; boot with no5lvl" },
	{ "fred", false, false,
	  "FRED is on, which takes the interrupt table away; boot with fred=off" },
};

static void check_cpu(const struct utsname *name)
{
	char *flags = find_line("/proc/cpuinfo", "flags");
	bool good = true;

	if (!flags) {
		check_say(WARN, "CPU", "unknown: cannot read /proc/cpuinfo");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cpu_rules); i++) {
		if ((cpu_rules[i].only_64bit && !check_64bit(name)) ||
		    has_word(flags, cpu_rules[i].flag) == cpu_rules[i].wanted)
			continue;
		check_say(FAIL, "CPU", "%s", cpu_rules[i].trouble);
		good = false;
	}
	if (good)
		check_say(PASS, "CPU", "suitable%s",
			  has_word(flags, "hypervisor") ?
			  " (itself virtual, which does not matter)" : "");
	free(flags);
}

/* People expect trouble there. */
static void check_kvm(void)
{
	char *line = find_line("/proc/modules", "kvm");

	if (line)
		check_say(PASS, "kvm",
			  "%.*s is loaded beside us, which does not matter",
			  (int)strcspn(line, " "), line);
	free(line);
}

/* The kernel says this of modules that are not its own, and goes on. */
static bool is_complaint(unsigned long priority, const char *text)
{
	return (priority & LOG_PRIMASK) <= LOG_WARNING &&
	       !strstr(text, "taint");
}

/*
 * What the module, or the kernel about it, complained of last, if that is
 * still in the kernel's log and we may read it: each read gives one record,
 * "priority,numbers;text\n".
 */
static bool module_last_words(char *words, size_t room)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[1024];
	bool found = false;
	ssize_t n;

	while (fd >= 0 && ((n = read(fd, record, sizeof(record) - 1)) > 0 ||
			   (n < 0 && errno == EPIPE))) {
		char *text;

		if (n < 0)
			continue;	/* overwritten while we read */
		record[n] = 0;
		text = strchr(record, ';');
		if (!text || strncmp(text + 1, "lg: ", 4))
			continue;
		/* It was loaded since: what it said before is past. */
		if (!strncmp(text + 5, "switcher at ", 12))
			found = false;
		if (!is_complaint(strtoul(record, NULL, 10), text))
			continue;
		snprintf(words, room, "%.*s", (int)strcspn(text + 5, "\n"),
			 text + 5);
		found = true;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static void check_module(void)
{
	char *line = find_line("/proc/modules", "lg ");
	char words[256];

	if (line)
		check_say(PASS, "module", "lg is loaded");
	else if (!access(DEVICE_PATH, F_OK))
		check_say(PASS, "module", "built in, or not to be seen");
	else if (module_last_words(words, sizeof(words)))
		check_say(FAIL, "module",
			  "lg is not loaded; it refused: %s",
			  printable(words));
	else
		check_say(FAIL, "module",
			  "lg is not loaded; try `modprobe lg` (or `insmod lg.ko`); if it refuses, `dmesg | grep lg:` says why");
	free(line);
}

/* Returns the device, open, or -1. */
static int check_device(void)
{
	int fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
	const char *hint;
	int err, status;

	if (fd >= 0) {
		check_say(PASS, "device", DEVICE_PATH " can be opened");
		return fd;
	}
	err = errno;
	hint = device_hint(err, &status);
	if (!check_status)
		check_status = status;
	check_say(FAIL, "device", DEVICE_PATH ": %s; %s", strerror(err),
		  hint ? hint : "unexpected");
	return -1;
}

/* A 32-bit guest has no address space to waste. */
static void check_window(u64 window_gva)
{
	unsigned long long gva = window_gva;

	if (gva > UINT32_MAX || gva >= WINDOW_FIXED)
		check_say(PASS, "window", "switcher at %#llx", gva);
	else
		check_say(gva < WINDOW_LOW ? WARN : PASS, "window",
			  "switcher at %#llx: guests lose %lluM of address space; booting the host with reservetop=4M makes it 4M",
			  gva, ((1ull << 32) - gva) / MIB);
}

static void check_guests(u32 abis)
{
	bool xenpv = abis & (1u << LG_ABI_XENPV);

	if (abis & (1u << LG_ABI_LG32))
		check_say(PASS, "guests",
			  "i386 kernels with CONFIG_LGUEST_GUEST");
	if (xenpv)
		check_say(PASS, "guests",
			  "64-bit kernels with CONFIG_XEN_PV, as distributions ship them");
	if (!xenpv && !(abis & (1u << LG_ABI_LG32)))
		check_say(FAIL, "guests",
			  "the module runs none that this command knows; install both from one version");
}

static void check_info(int fd)
{
	struct lg_info info;

	if (ioctl(fd, LG_GET_INFO, &info)) {
		check_say(FAIL, "interface",
			  "the module does not answer (%s): is it ours?",
			  strerror(errno));
		return;
	}
	if (info.api_version != LG_API_VERSION)
		check_say(FAIL, "interface",
			  "the module speaks version %u, this command %u; install both from one version",
			  info.api_version, LG_API_VERSION);
	else
		check_say(PASS, "interface", "version %u", info.api_version);
	check_guests(info.abis);
	check_window(info.window_gva);
	if (info.tsc_khz)
		check_say(PASS, "clock", "TSC at %u kHz", info.tsc_khz);
	else
		check_say(WARN, "clock",
			  "the host does not trust its TSC: clocks in guests are coarse");
}

static void check_memory(u64 wanted)
{
	struct sysinfo host;
	u64 available;

	if (sysinfo(&host))
		return;
	available = ((u64)host.freeram + host.bufferram) * host.mem_unit / MIB;
	check_say(available < wanted ? WARN : PASS, "memory",
		  "%lluM of %lluM free; a guest takes up to %lluM unless told otherwise",
		  (unsigned long long)available,
		  (unsigned long long)((u64)host.totalram * host.mem_unit / MIB),
		  (unsigned long long)wanted);
}

static void check_sandbox(void)
{
	if (sandbox_is_possible())
		check_say(PASS, "sandbox", "seccomp is there");
	else
		check_say(WARN, "sandbox",
			  "this kernel has no seccomp filters: run guests with --sandbox=off");
}

int cmd_check(int argc, char **argv)
{
	const struct machine *machine = &machine_lg32;
	struct utsname name;
	int fd;

	if (argc > 1)
		return complain(STATUS_USAGE,
				"check takes no options: %s; see `lguest help`",
				argv[1]);
	uname(&name);
	if (check_64bit(&name))
		machine = &machine_xenpv;
	check_kernel(&name);
	check_cpu(&name);
	check_kvm();
	check_module();
	fd = check_device();
	if (fd >= 0) {
		check_info(fd);
		close(fd);
	}
	check_memory(machine->memory / MIB);
	check_sandbox();
	return check_status;
}
