// SPDX-License-Identifier: GPL-2.0
/*
 * The host's flags after a guest.  A guest sets AC and DF and makes hypercalls;
 * were AC still set when the host's kernel goes on, SMAP would be off in it; with
 * DF it would copy backwards.  The kernel's clock event samples the flags that
 * interrupts find in kernel mode.
 *
 * Source: docs/design.md, item 9; docs/design-amd64.md.
 *
 * A few samples may have AC: the kernel sets it where it copies from user
 * memory.  If it leaks, most of those in the run loop have.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define CODE		0x2000
#define DATA		0x3000
#define SECONDS		3
#define PAGES		64
#define REG_FLAGS	9	/* PERF_REG_X86_FLAGS */
#define FLAG_AC		(1u << 18)
#define FLAG_DF		(1u << 10)

struct sample {
	struct perf_event_header header;
	uint64_t abi;
	uint64_t flags;
} __attribute__((packed));

static volatile sig_atomic_t late;

static void on_alarm(int sig)
{
	(void)sig;
	late = 1;
}

static int open_clock(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 2000000,	/* ns */
		.sample_type = PERF_SAMPLE_REGS_INTR,
		.sample_regs_intr = 1 << REG_FLAGS,
		.exclude_user = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		skip("no clock event: %s", strerror(errno));
	return fd;
}

#ifdef __x86_64__
/* The guest does it. */
static void load(struct lgdev *g)
{
	lgdev_start(g, lgdev_guest_path("forever"), "ac");
}
#else
/* INIT, then with AC and DF set one call after another. */
static void load_code(struct lgdev *g)
{
	static const uint8_t code[] = {
		0xb8, 1, 0, 0, 0,		/* mov $INIT, %eax */
		0xbb, 0, 0x30, 0, 0,		/* mov $DATA, %ebx */
		0xcd, 0x1f,			/* int $0x1f */
		0x31, 0xc0,			/* xor %eax, %eax */
		0x68, 2, 4, 4, 0, 0x9d,		/* 1: push $AC|DF; popf */
		0xcd, 0x1f,			/* int $0x1f */
		0xeb, 0xf6,			/* jmp 1b */
	};
	struct lg_regs32 regs;

	memcpy(g->mem + CODE, code, sizeof(code));
	memset(g->mem + DATA + 24, 0xff, 64);	/* hcall_status: free */
	*(uint32_t *)(g->mem + DATA + 1384) = 0x80;	/* syscall_vec */
	if (ioctl(g->vcpu, LG_GET_REGS, &regs))
		error("LG_GET_REGS: %s", strerror(errno));
	regs.eip = CODE;
	regs.esp = 0x8000;
	if (ioctl(g->vcpu, LG_SET_REGS, &regs))
		error("LG_SET_REGS: %s", strerror(errno));
}

static void load(struct lgdev *g)
{
	lgdev_create(g, 1 << 20, LG_PAGING_AUTO);
	load_code(g);
}
#endif

int main(void)
{
	struct sigaction act = { .sa_handler = on_alarm };
	unsigned int samples = 0, leaked = 0, backwards = 0;
	struct perf_event_mmap_page *page;
	uint64_t at = 0;
	struct lgdev g;
	uint8_t *data;
	int fd, ret;

	load(&g);
	fd = open_clock();
	page = mmap(NULL, (1 + PAGES) * 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		error("no buffer for samples: %s", strerror(errno));
	data = (uint8_t *)page + page->data_offset;
	sigaction(SIGALRM, &act, NULL);
	alarm(SECONDS);
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR && !late);
	CHECK(ret == -EINTR, "exit %d %.80s", ret,
	      ret > 0 ? g.run->reason : "");
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	while (at < page->data_head) {
		struct sample s = { 0 };

		/* Samples are multiples of 8 bytes: whole but for the last. */
		for (unsigned int i = 0; i < sizeof(s); i++)
			((uint8_t *)&s)[i] = data[(at + i) % (PAGES * 4096)];
		if (s.header.type == PERF_RECORD_SAMPLE && s.abi) {
			samples++;
			leaked += (s.flags & FLAG_AC) != 0;
			backwards += (s.flags & FLAG_DF) != 0;
		}
		if (!s.header.size)
			error("a sample without a size");
		at += s.header.size;
	}
	note("%u of %u samples have AC, %llu hypercalls", leaked, samples,
	     (unsigned long long)lgdev_stat(&g, LG_STAT_HYPERCALL));
	CHECK(samples > 20, "only %u samples", samples);
	CHECK(leaked * 50 < samples, "%u of %u samples have AC", leaked,
	      samples);
	finish();
}
