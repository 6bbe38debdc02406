// SPDX-License-Identifier: GPL-2.0
/*
 * A guest on /dev/lguest without the launcher: see lgdev.h. What depends on the
 * guest's ABI is in lgdev-lg32.c and lgdev-xenpv.c.
 */
#include "lgdev.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verdict.h"

int lgdev_open(void)
{
	int fd = open("/dev/lguest", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		error("/dev/lguest: %s", strerror(errno));
	return fd;
}

/* Behind a guest's memory there is more, which is none of its business. */
#define BEHIND		(64u << 10)
#define BEHIND_BYTE	0xa5

static void *map_memory(size_t size)
{
	uint8_t *p = mmap(NULL, size + BEHIND, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		error("no %zu bytes of memory: %s", size, strerror(errno));
	memset(p + size, BEHIND_BYTE, BEHIND);
	return p;
}

static void check_behind(const struct lgdev *g)
{
	unsigned int i;

	for (i = 0; i < BEHIND; i++)
		if (g->mem[g->mem_size + i] != BEHIND_BYTE)
			break;
	CHECK(i == BEHIND, "byte %u behind the guest was written to", i);
}

void lgdev_create(struct lgdev *g, size_t mem_size, uint32_t paging)
{
	struct lg_guest_config config = {
		.abi = lgdev_leg.abi,
		.paging = paging,
	};
	struct lg_vcpu_config vcpu = { .index = 0 };
	struct lg_memory memory = {
		.size = mem_size,
		.mmio_gpa = lgdev_leg.mmio_gpa,
		.mmio_size = lgdev_leg.mmio_size,
	};

	memset(g, 0, sizeof(*g));
	g->bell = -1;
	g->dev = lgdev_open();
	g->guest = ioctl(g->dev, LG_CREATE_GUEST, &config);
	if (g->guest < 0)
		error("LG_CREATE_GUEST: %s", strerror(errno));
	g->mem = map_memory(mem_size);
	g->mem_size = mem_size;
	memory.hva = (uintptr_t)g->mem;
	if (ioctl(g->guest, LG_SET_MEMORY, &memory))
		error("LG_SET_MEMORY: %s", strerror(errno));
	g->vcpu = ioctl(g->guest, LG_CREATE_VCPU, &vcpu);
	if (g->vcpu < 0)
		error("LG_CREATE_VCPU: %s", strerror(errno));
	g->run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu,
		      0);
	if (g->run == MAP_FAILED)
		error("mmap of the run page: %s", strerror(errno));
}

void *lgdev_read_file(const char *file, size_t *size)
{
	struct stat st;
	char *data;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		error("%s: %s", file, strerror(errno));
	data = malloc(st.st_size);
	if (!data || read(fd, data, st.st_size) != st.st_size)
		error("%s: cannot read", file);
	close(fd);
	*size = st.st_size;
	return data;
}

/* Of the width of this program, which is that of the leg. */
typedef ElfW(Ehdr) elf_header_t;
typedef ElfW(Phdr) elf_segment_t;

/* Our own guests, so only what could be a slip of the build is checked. */
uint64_t lgdev_load_elf(struct lgdev *g, const char *file, uint64_t *end)
{
	size_t size;
	char *data = lgdev_read_file(file, &size);
	const elf_header_t *eh = (void *)data;
	const elf_segment_t *ph;
	uint64_t entry;
	unsigned int i;

	if (size < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    eh->e_machine != lgdev_leg.machine)
		error("%s: not an ELF file of this leg", file);
	*end = 0;
	ph = (void *)(data + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		if (ph[i].p_paddr + ph[i].p_memsz > g->mem_size)
			error("%s: needs more memory", file);
		memcpy(g->mem + ph[i].p_paddr, data + ph[i].p_offset,
		       ph[i].p_filesz);
		if (ph[i].p_paddr + ph[i].p_memsz > *end)
			*end = ph[i].p_paddr + ph[i].p_memsz;
	}
	entry = eh->e_entry;
	free(data);
	return entry;
}

void lgdev_add_doorbell(struct lgdev *g)
{
	struct lg_doorbell bell = lgdev_leg.doorbell;
	struct lg_irqfd irqfd = { .irq = lgdev_leg.doorbell_irq };

	g->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bell.fd = g->bell;
	irqfd.fd = g->bell;
	if (ioctl(g->guest, LG_IRQFD, &irqfd))
		error("LG_IRQFD: %s", strerror(errno));
	if (ioctl(g->guest, LG_DOORBELL, &bell))
		error("LG_DOORBELL: %s", strerror(errno));
}

void lgdev_start_sized(struct lgdev *g, size_t mem_size, uint32_t paging,
		       const char *file, const char *args)
{
	lgdev_create(g, mem_size, paging);
	lgdev_add_doorbell(g);
	lgdev_load(g, file, args);
}

void lgdev_start(struct lgdev *g, const char *file, const char *args)
{
	lgdev_start_sized(g, LGDEV_MEMORY, LG_PAGING_AUTO, file, args);
}

void lgdev_irq(struct lgdev *g, uint32_t irq)
{
	struct lg_irq arg = { .irq = irq };

	if (ioctl(g->guest, LG_IRQ, &arg))
		error("LG_IRQ %u: %s", irq, strerror(errno));
}

uint64_t lgdev_stat(struct lgdev *g, uint32_t index)
{
	struct lg_stats stats;

	if (ioctl(g->guest, LG_GET_STATS, &stats))
		error("LG_GET_STATS: %s", strerror(errno));
	return index < LG_STAT_COUNT ? stats.count[index] : 0;
}

struct later {
	struct lgdev *g;
	uint32_t irq;
};

static void *irq_later(void *arg)
{
	struct later *later = arg;

	usleep(20000);
	lgdev_irq(later->g, later->irq);
	free(later);
	return NULL;
}

void lgdev_irq_later(struct lgdev *g, uint32_t irq)
{
	struct later *later = malloc(sizeof(*later));
	pthread_t thread;

	if (!later)
		error("out of memory");
	later->g = g;
	later->irq = irq;
	if (pthread_create(&thread, NULL, irq_later, later))
		error("no thread");
	pthread_detach(thread);
}

/* Take the guest's memory out of our own address space. */
void lgdev_unmap(struct lgdev *g, uint32_t how)
{
	if (munmap(g->mem, g->mem_size))
		error("munmap: %s", strerror(errno));
	if (how == 2 && mmap(g->mem, g->mem_size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
			     0) != g->mem)
		error("mmap: %s", strerror(errno));
}

int lgdev_run(struct lgdev *g)
{
	do {
		if (ioctl(g->vcpu, LG_RUN, 0))
			return -errno;
	} while (lgdev_answer(g));
	return g->run->exit_reason;
}

void lgdev_destroy(struct lgdev *g)
{
	check_behind(g);
	munmap(g->run, 4096);
	munmap(g->mem, g->mem_size + BEHIND);
	if (g->bell >= 0)
		close(g->bell);
	close(g->vcpu);
	close(g->guest);
	close(g->dev);
}
