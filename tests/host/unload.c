// SPDX-License-Identifier: GPL-2.0
/*
 * Unloading the module: refused while a guest lives, in any of its files;
 * possible once the last one is gone; and after many guests and reloads the
 * host's memory is where it was.
 *
 *	unload [FILE]	the module, /lib/lg.ko if not said
 *
 * Source: docs/design.md: nothing leaked; reliability class 21.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

static const char *file = "/lib/lg.ko";

static int unload(void)
{
	return syscall(SYS_delete_module, "lg", O_NONBLOCK);
}

static void load(void)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		error("%s: %s", file, strerror(errno));
	if (syscall(SYS_finit_module, fd, "", 0))
		error("%s: cannot load: %s", file, strerror(errno));
	close(fd);
}

static void refused(const char *what)
{
	CHECK(unload() < 0 && (errno == EWOULDBLOCK || errno == EBUSY),
	      "unload with %s: %m", what);
}

static void check_refused(void)
{
	struct lgdev g;

	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	g.quiet = true;
	refused("a guest that has not run");
	CHECK(lgdev_run(&g) == LG_EXIT_SHUTDOWN, "exit %u", g.run->exit_reason);
	refused("a guest that ended");
	close(g.dev);
	close(g.guest);
	refused("a vCPU file");
	close(g.vcpu);
	refused("a mapped run page");
	munmap(g.run, 4096);
	munmap(g.mem, g.mem_size);
	CHECK(!unload(), "unload with nothing left: %m");
	load();
}

/* Kilobytes of a line in /proc/meminfo. */
static long meminfo(const char *name)
{
	char line[128];
	long kib = -1;
	size_t n = strlen(name);
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, n) && line[n] == ':')
			kib = atol(line + n + 1);
	if (f)
		fclose(f);
	return kib;
}

static void settle(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	sync();
	if (fd >= 0) {
		if (write(fd, "3", 1) != 1)
			note("cannot drop caches");
		close(fd);
	}
	usleep(300000);
}

static void some_guests(int n)
{
	static const char *const names[] = {
		"boot-2level", "roots-2level", "boot-pae", "fpu-linear"
	};
	struct lgdev g;
	int i;

	for (i = 0; i < n; i++) {
		lgdev_start(&g, lgdev_guest_path(names[i % 4]), "");
		g.quiet = true;
		CHECK(lgdev_run(&g) == LG_EXIT_SHUTDOWN, "%s: exit %u",
		      names[i % 4], g.run->exit_reason);
		lgdev_destroy(&g);
	}
}

static void check_leaks(void)
{
	long free_before, free_after, slab_before, slab_after;
	int i;

	some_guests(8);
	CHECK(!unload(), "unload: %m");
	load();
	settle();
	free_before = meminfo("MemFree");
	slab_before = meminfo("SUnreclaim");
	for (i = 0; i < 5; i++) {
		some_guests(12);
		CHECK(!unload(), "unload: %m");
		load();
	}
	settle();
	free_after = meminfo("MemFree");
	slab_after = meminfo("SUnreclaim");
	note("free %ld, then %ld KiB; slab %ld, then %ld KiB", free_before,
	     free_after, slab_before, slab_after);
	/* 60 guests of 16 MiB: a page lost by each would be noise; 100 not. */
	CHECK(free_before - free_after < 4096, "%ld KiB of memory lost",
	      free_before - free_after);
	CHECK(slab_after - slab_before < 1024, "%ld KiB of slab lost",
	      slab_after - slab_before);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		file = argv[1];
	check_refused();
	check_leaks();
	finish();
}
