// SPDX-License-Identifier: GPL-2.0
/*
 * The host is short of memory at the worst moment, each in turn.
 *
 * Claim: whichever allocation or user copy of a call to /dev/lguest fails, the
 * call says so with an errno that can mean it (or does without), nothing has
 * changed, the same call then succeeds, and nothing keeps the module from being
 * unloaded. A guest whose host is short of memory ends with a reason, and the
 * next one runs.
 *
 *	fail-nth		the calls
 *	fail-nth init [N]	loading /lib/lg.ko, which must be absent; from the
 *				Nth fault on
 *
 * How: /proc/thread-self/fail-nth of a kernel with fault injection; the host's
 * log and its kmemleak say what a failure broke.
 *
 * Source: Documentation/fault-injection; reliability classes 4 and 21.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define MEMORY	(4u << 20)

static int nth_fd;
/* Loaded without faults, and never run: those of the trials share its memory. */
static struct lgdev model;

/**
 * struct trial - one guest of the test, as far as it has come
 * @dev: the device, or -1
 * @guest: the same
 * @vcpu: the same
 * @event: an eventfd
 * @run: the vCPU's page
 */
struct trial {
	int dev, guest, vcpu, event;
	void *run;
};

/* ---- faults ---- */

static void set_knob(const char *knob, const char *value)
{
	static const char *const kinds[] = {
		"failslab", "fail_page_alloc", "fail_usercopy",
	};
	char path[96];
	unsigned int i;
	int fd;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kinds[i],
			 knob);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, value, strlen(value)) < 0)
			error("%s: %s", path, strerror(errno));
		close(fd);
	}
}

/*
 * Whenever it preempts us, the kernel looks into the area that libc registered
 * for restartable sequences, on its way back to us, and kills us if that copy is
 * the one to fail.
 */
static void rseq_leave(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size && syscall(SYS_rseq, area, sizeof(struct rseq),
				   RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
		error("rseq: %s", strerror(errno));
}

static void faults_init(void)
{
	rseq_leave();
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		skip("this kernel cannot fail on purpose");
	set_knob("verbose", "0");
	set_knob("ignore-gfp-wait", "N");
	set_knob("ignore-gfp-highmem", "N");
	set_knob("min-order", "0");
}

static void arm(unsigned int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	if (pwrite(nth_fd, text, strlen(text), 0) < 0)
		error("fail-nth: %s", strerror(errno));
}

/*
 * Returns true if the fault came. Asking and disarming copy too, and so may be
 * what fails: then it had not come before.
 */
static bool disarm(void)
{
	char text[16] = "";
	bool came = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 &&
		    atoi(text) == 0;

	while (pwrite(nth_fd, "0", 1, 0) < 0)
		;
	return came;
}

/* ---- steps: each 0 or -1 with errno ---- */

static int do_open(struct trial *t)
{
	t->dev = open("/dev/lguest", O_RDWR | O_CLOEXEC);
	return t->dev < 0 ? -1 : 0;
}

static int do_info(struct trial *t)
{
	struct lg_info info;

	return ioctl(t->dev, LG_GET_INFO, &info);
}

static int do_guest(struct trial *t)
{
	struct lg_guest_config config = { .abi = lgdev_leg.abi };

	t->guest = ioctl(t->dev, LG_CREATE_GUEST, &config);
	return t->guest < 0 ? -1 : 0;
}

static int do_memory(struct trial *t)
{
	struct lg_memory memory = {
		.hva = (uintptr_t)model.mem,
		.size = MEMORY,
		.mmio_gpa = lgdev_leg.mmio_gpa,
		.mmio_size = lgdev_leg.mmio_size,
	};

	return ioctl(t->guest, LG_SET_MEMORY, &memory);
}

static int do_vcpu(struct trial *t)
{
	struct lg_vcpu_config config = { .index = 0 };

	t->vcpu = ioctl(t->guest, LG_CREATE_VCPU, &config);
	return t->vcpu < 0 ? -1 : 0;
}

static int do_mmap(struct trial *t)
{
	t->run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, t->vcpu, 0);
	return t->run == MAP_FAILED ? -1 : 0;
}

static int irqfd(struct trial *t, uint32_t flags)
{
	struct lg_irqfd arg = { .fd = t->event, .irq = 1, .flags = flags };

	return ioctl(t->guest, LG_IRQFD, &arg);
}

static int do_irqfd(struct trial *t)
{
	return irqfd(t, 0);
}

static int do_irqfd_back(struct trial *t)
{
	return irqfd(t, LG_FD_DEASSIGN);
}

static int doorbell(struct trial *t, uint32_t flags)
{
	struct lg_doorbell arg = {
		.gpa = lgdev_leg.mmio_size ? lgdev_leg.mmio_gpa : 1,
		.len = lgdev_leg.mmio_size ? 4 : 0,
		.fd = t->event,
		.flags = flags,
	};

	return ioctl(t->guest, LG_DOORBELL, &arg);
}

static int do_doorbell(struct trial *t)
{
	return doorbell(t, 0);
}

static int do_doorbell_back(struct trial *t)
{
	return doorbell(t, LG_FD_DEASSIGN);
}

static int do_irq(struct trial *t)
{
	struct lg_irq irq = { .irq = 1 };

	return ioctl(t->guest, LG_IRQ, &irq);
}

static int do_stats(struct trial *t)
{
	struct lg_stats stats;

	return ioctl(t->guest, LG_GET_STATS, &stats);
}

static int do_get_regs(struct trial *t)
{
	lgdev_regs_t regs;

	return ioctl(t->vcpu, LGDEV_GET_REGS, &regs);
}

static int do_set_regs(struct trial *t)
{
	return ioctl(t->vcpu, LGDEV_SET_REGS, &model.regs);
}

#ifdef __x86_64__
static int do_start(struct trial *t)
{
	return ioctl(t->vcpu, LG_XEN_START, &model.start);
}
#endif

/* In the order in which a launcher makes these calls. */
static const struct step {
	const char *name;
	int (*call)(struct trial *t);
} steps[] = {
	{ "open", do_open },
	{ "LG_GET_INFO", do_info },
	{ "LG_CREATE_GUEST", do_guest },
	{ "LG_SET_MEMORY", do_memory },
	{ "LG_CREATE_VCPU", do_vcpu },
	{ "mmap", do_mmap },
	{ "LG_IRQFD", do_irqfd },
	{ "LG_DOORBELL", do_doorbell },
	{ "LG_IRQ", do_irq },
	{ "LG_IRQFD back", do_irqfd_back },
	{ "LG_DOORBELL back", do_doorbell_back },
	{ "LG_GET_REGS", do_get_regs },
	{ "LG_SET_REGS", do_set_regs },
#ifdef __x86_64__
	{ "LG_XEN_START", do_start },
#endif
	{ "LG_GET_STATS", do_stats },
};

#define STEPS	(sizeof(steps) / sizeof(steps[0]))

static void trial_begin(struct trial *t)
{
	*t = (struct trial) { .dev = -1, .guest = -1, .vcpu = -1 };
	t->run = MAP_FAILED;
	t->event = eventfd(0, EFD_CLOEXEC);
	if (t->event < 0)
		error("eventfd: %s", strerror(errno));
}

static void trial_end(struct trial *t)
{
	if (t->run != MAP_FAILED)
		munmap(t->run, 4096);
	close(t->event);
	if (t->vcpu >= 0)
		close(t->vcpu);
	if (t->guest >= 0)
		close(t->guest);
	if (t->dev >= 0)
		close(t->dev);
}

static void step_must(struct trial *t, const struct step *s, const char *when)
{
	if (s->call(t))
		error("%s %s: %s", s->name, when, strerror(errno));
}

/* All calls, with one fault in one of them. Returns false if it never came. */
static bool try_step(const struct step *wanted, unsigned int nth)
{
	const struct step *s;
	struct trial t;
	bool came = false;
	int rc, err;

	trial_begin(&t);
	for (s = steps; s < steps + STEPS; s++) {
		if (s != wanted) {
			step_must(&t, s, came ? "after a fault" : "before it");
			continue;
		}
		arm(nth);
		rc = s->call(&t);
		err = errno;
		came = disarm();
		if (!rc)
			continue;
		CHECK(came && (err == ENOMEM || err == EFAULT),
		      "%s, fault %u: %s", s->name, nth, strerror(err));
		step_must(&t, s, "once more");
	}
	trial_end(&t);
	return came;
}

/* ---- a whole run ---- */

/* How the guest may end whose host is out of memory: not well, or not at all. */
static bool try_run(const char *name, unsigned int nth)
{
	struct lgdev g;
	int reason;
	bool came;

	lgdev_start_sized(&g, MEMORY, LG_PAGING_AUTO, lgdev_guest_path(name), "");
	g.quiet = true;
	arm(nth);
	reason = lgdev_run(&g);
	came = disarm();
	CHECK(came || reason == LG_EXIT_SHUTDOWN, "%s without a fault: %d", name,
	      reason);
	CHECK(reason == LG_EXIT_SHUTDOWN || reason == LG_EXIT_KILLED ||
	      reason == LG_EXIT_CRASH || reason == LG_EXIT_RESTART,
	      "%s, fault %u: exit %d (%s)", name, nth, reason,
	      reason < 0 ? strerror(-reason) : "");
	lgdev_destroy(&g);
	return came;
}

/* A run has thousands of places: one by one at first, then in strides. */
static void check_run(const char *name)
{
	unsigned int nth, n = 0;

	for (nth = 1; try_run(name, nth); nth += 1 + nth / 8)
		n++;
	note("%s: %u faults, the last before %u", name, n, nth);
	CHECK(n, "%s has nothing that could fail", name);
}

/* ---- loading the module ---- */

static int module_fd;

static int load(void)
{
	return syscall(SYS_finit_module, module_fd, "", 0);
}

static void unload(void)
{
	if (syscall(SYS_delete_module, "lg", O_NONBLOCK))
		failure("unload: %s", strerror(errno));
}

static bool try_load(unsigned int nth)
{
	bool came;
	int rc, err;

	arm(nth);
	rc = load();
	err = errno;
	came = disarm();
	if (!rc) {
		unload();
		return came;
	}
	CHECK(came && (err == ENOMEM || err == EFAULT), "load, fault %u: %s",
	      nth, strerror(err));
	if (load())
		failure("load after fault %u: %s", nth, strerror(errno));
	else
		unload();
	return came;
}

static void check_load(unsigned int nth)
{
	int fd = open("/proc/sys/kernel/panic_on_warn", O_WRONLY | O_CLOEXEC);

	/* Linux warns of what it cannot do for a module: jump labels. */
	if (fd < 0 || write(fd, "0", 1) != 1)
		error("panic_on_warn: %s", strerror(errno));
	close(fd);
	module_fd = open("/lib/lg.ko", O_RDONLY | O_CLOEXEC);
	if (module_fd < 0)
		error("/lib/lg.ko: %s", strerror(errno));
	while (try_load(nth))
		nth++;
	note("load: %u faults", nth - 1);
}

static int users(void)
{
	FILE *f = fopen("/sys/module/lg/refcnt", "r");
	int n = -1;

	if (!f || fscanf(f, "%d", &n) != 1)
		error("no /sys/module/lg/refcnt");
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	const struct step *s;
	unsigned int nth;

	faults_init();
	if (argc > 1 && !strcmp(argv[1], "init")) {
		check_load(argc > 2 ? atoi(argv[2]) : 1);
		finish();
	}
	lgdev_start_sized(&model, MEMORY, LG_PAGING_AUTO,
			  lgdev_guest_path("boot-2level"), "");
	for (s = steps; s < steps + STEPS; s++) {
		for (nth = 1; try_step(s, nth); nth++)
			;
		note("%s: %u faults", s->name, nth - 1);
	}
	check_run("boot-2level");
	lgdev_destroy(&model);
	CHECK(!users(), "the module has %d users left", users());
	finish();
}
