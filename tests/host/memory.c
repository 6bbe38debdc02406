// SPDX-License-Identifier: GPL-2.0
/*
 * The launcher pulls its mapping from under a running guest: unmaps it,
 * replaces it, makes it read-only or inaccessible, gives it back (MADV_
 * DONTNEED), forks, or never had pages behind it.  The guest keeps the pages
 * it touched; for others LG_RUN fails or the guest is killed; the pages of
 * the new mapping are never the guest's.
 *
 * Source: include/lguest/api.h, LG_SET_MEMORY; reliability class 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#ifdef __x86_64__
#define TEXT_EXIT	LG_EXIT_CONSOLE

static bool is_end_of_line(const struct lg_run *run)
{
	return run->console.data[run->console.len - 1] == '\n';
}

static void start(int vcpu, size_t size)
{
	struct lg_regs64 regs = {
		.rip = 0xffffffff80000000, .rsp = 0xffffffff80001000,
		.cs = 0xe033, .ss = 0xe02b,
	};
	struct lg_xen_start xen = {
		.cr3_gfn = 1,
		.ram_pages = (size >> 12) - 64,
		.shared_info_gfn = (size >> 12) - 64,
	};

	if (ioctl(vcpu, LG_SET_REGS64, &regs))
		error("LG_SET_REGS64: %s", strerror(errno));
	if (ioctl(vcpu, LG_XEN_START, &xen))
		note("LG_XEN_START: %s", strerror(errno));
}
#else
#define TEXT_EXIT	LG_EXIT_IO

static bool is_end_of_line(const struct lg_run *run)
{
	return run->io.is_write && run->io.data == '\n';
}

static void start(int vcpu, size_t size)
{
	struct lg_regs32 regs;

	(void)size;
	ioctl(vcpu, LG_GET_REGS, &regs);
	regs.eip = 0x2000;
	ioctl(vcpu, LG_SET_REGS, &regs);
}
#endif

static bool ended_well_or_killed(int ret)
{
	return ret == LG_EXIT_SHUTDOWN || ret == LG_EXIT_KILLED || ret < 0;
}

/* Start, let it print its first line (all of its code is in), then pull. */
static void first_line(struct lgdev *g, const char *name)
{
	lgdev_start(g, lgdev_guest_path(name), "");
	g->quiet = true;
	do {
		if (ioctl(g->vcpu, LG_RUN, 0))
			error("LG_RUN: %s", strerror(errno));
		if (g->run->exit_reason != TEXT_EXIT)
			error("the guest ended: %u", g->run->exit_reason);
	} while (!is_end_of_line(g->run));
}

static void nothing(int sig)
{
	(void)sig;
}

/* A guest that cannot even say that it wants to end, may try so for ever. */
static void report(struct lgdev *g, const char *what)
{
	struct sigaction act = { .sa_handler = nothing };
	int ret;

	sigaction(SIGALRM, &act, NULL);
	alarm(5);
	ret = lgdev_run(g);
	alarm(0);
	note("%s: %d %.60s", what, ret, ret < 0 ? strerror(-ret) :
	     g->run->reason);
	CHECK(ended_well_or_killed(ret), "%s: %d", what, ret);
	close(g->vcpu);
	close(g->guest);
	close(g->dev);
}

static void check_unmap(void)
{
	struct lgdev g;

	first_line(&g, "boot-linear");
	munmap(g.mem, g.mem_size);
	report(&g, "unmapped");
}

/* What is mapped there afterwards must stay as it is. */
static void check_replace(void)
{
	struct lgdev g;
	size_t i, changed = 0;
	uint8_t *p;

	first_line(&g, "paging-random-2level");
	p = mmap(g.mem, g.mem_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
	memset(p, 0xa5, g.mem_size);
	report(&g, "replaced");
	/*
	 * Pages first touched from now on come out of the new mapping, and
	 * are the guest's then: but not the ones it had.
	 */
	for (i = 0x100000; i < 0x104000; i++)
		changed += p[i] != 0xa5;
	CHECK(!changed, "%zu bytes changed in the new mapping", changed);
	munmap(p, g.mem_size);
}

static void check_protect(int prot, const char *what)
{
	struct lgdev g;

	first_line(&g, "boot-linear");
	mprotect(g.mem, g.mem_size, prot);
	report(&g, what);
	munmap(g.mem, g.mem_size);
}

static void check_dontneed(void)
{
	struct lgdev g;
	int ret;

	first_line(&g, "boot-linear");
	madvise(g.mem, g.mem_size, MADV_DONTNEED);
	ret = lgdev_run(&g);
	/* Shared memory: the pages are still the same ones. */
	CHECK(ret == LG_EXIT_SHUTDOWN, "MADV_DONTNEED: %d %.60s", ret,
	      ret > 0 ? g.run->reason : "");
	lgdev_destroy(&g);
}

static void check_fork(void)
{
	struct lgdev g;
	int ret, status;

	first_line(&g, "boot-linear");
	if (!fork()) {
		memset(g.mem + (8 << 20), 0, 4096);
		_exit(0);
	}
	ret = lgdev_run(&g);
	CHECK(ret == LG_EXIT_SHUTDOWN, "fork: %d %.60s", ret,
	      ret > 0 ? g.run->reason : "");
	wait(&status);
	lgdev_destroy(&g);
}

/* Memory that cannot be had: nothing mapped, read-only, beyond a file. */
static void check_bad_backing(const char *what, void *p, size_t size)
{
	struct lg_guest_config config = { .abi = lgdev_leg.abi };
	struct lg_vcpu_config vcpu = { 0 };
	struct lg_memory m = { .size = size, .hva = (uintptr_t)p };
	struct lg_stats stats;
	struct lg_run *run;
	int dev = lgdev_open();
	int guest = ioctl(dev, LG_CREATE_GUEST, &config), fd, ret;

	if (ioctl(guest, LG_SET_MEMORY, &m)) {
		note("%s: LG_SET_MEMORY: %s", what, strerror(errno));
		close(guest);
		close(dev);
		return;
	}
	fd = ioctl(guest, LG_CREATE_VCPU, &vcpu);
	run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	start(fd, size);
	ret = ioctl(fd, LG_RUN, 0);
	note("%s: %d, exit %u %.60s", what, ret, run->exit_reason,
	     run->exit_reason >= LG_EXIT_SHUTDOWN ? run->reason : "");
	CHECK(ret < 0 || run->exit_reason == LG_EXIT_KILLED, "%s: exit %u",
	      what, run->exit_reason);
	memset(&stats, 0xff, sizeof(stats));
	ioctl(guest, LG_GET_STATS, &stats);
	CHECK(!stats.count[LG_STAT_PINNED_PAGES], "%s: %llu pages are the guest's",
	      what, (unsigned long long)stats.count[LG_STAT_PINNED_PAGES]);
	munmap(run, 4096);
	close(fd);
	close(guest);
	close(dev);
}

/* Of a file system that keeps its files in pages of its own. */
static void check_file(size_t size)
{
	char dir[] = "/tmp/memoryXXXXXX", file[64];
	void *p = MAP_FAILED;
	int fd;

	if (!mkdtemp(dir) || mount("none", dir, "ramfs", 0, NULL))
		error("no ramfs: %s", strerror(errno));
	snprintf(file, sizeof(file), "%s/file", dir);
	fd = open(file, O_RDWR | O_CREAT, 0600);
	if (!ftruncate(fd, size))
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		error("%s: %s", file, strerror(errno));
	memset(p, 0, size);
	check_bad_backing("a file", p, size);
	munmap(p, size);
	close(fd);
	umount(dir);
	rmdir(dir);
}

static void check_bad_backings(void)
{
	const size_t size = 2 << 20;
	char file[] = "/tmp/memoryXXXXXX";
	int fd = mkstemp(file);
	void *p;

	p = mmap(NULL, size, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check_bad_backing("no access", p, size);
	munmap(p, size);
	check_bad_backing("nothing mapped", p, size);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check_bad_backing("read-only", p, size);
	munmap(p, size);
	unlink(file);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check_bad_backing("beyond the end of a file", p, size);
	munmap(p, size);
	close(fd);
	check_file(size);
	fd = open("/dev/mem", O_RDWR);
	if (fd < 0)
		return;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		check_bad_backing("device memory", p, size);
	close(fd);
}

int main(void)
{
	check_unmap();
	check_replace();
	check_protect(PROT_READ, "read-only");
	check_protect(PROT_NONE, "no access");
	check_dontneed();
	check_fork();
	check_bad_backings();
	finish();
}
