// SPDX-License-Identifier: GPL-2.0
/*
 * 64-bit test guests: how a small domain is built for them, and who answers
 * their wishes (tests/xenpv/lib/tg-box.h).
 *
 *	gfn 0		nothing
 *	256		the guest, as linked
 *			start_info, console ring, page tables, boot stack
 *			nothing, to the end of the RAM
 *	RAM end		shared_info, grant frames, ... the box
 *
 * All of the RAM is mapped, as Xen has it: page tables read-only.
 */
#include "lgdev.h"

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <xen/xen.h>

#include "tg-box.h"
#include "verdict.h"

#define PAGE		4096ull
#define KERNEL		0xffffffff80000000ull
#define CODE_GFN	2
#define RO		0x65
#define RW		0x67

const struct lgdev_leg lgdev_leg = {
	.abi = LG_ABI_XENPV,
	.machine = EM_X86_64,
	.irqs = 4096,
	.bell_gpa = 6,
	.bell_step = 1,
	/* Rung by the guest's sends, and it raises the port for the guest. */
	.doorbell = { .gpa = TG_CONSOLE_PORT },
	.doorbell_irq = TG_CONSOLE_PORT,
	.user_end = 0x7ffffffff000,
};

uint64_t lgdev_ram_pages(struct lgdev *g)
{
	return g->mem_size / PAGE - TG_EXTRA_PAGES;
}

static struct tg_box *box(struct lgdev *g)
{
	return (void *)(g->mem + (lgdev_ram_pages(g) + TG_BOX_GFN) * PAGE);
}

/**
 * struct domain - page numbers of what a domain is made of
 * @info: start_info
 * @console: its ring
 * @l4: root; the others follow
 * @l1: first of the last level
 * @l1_count: how many
 * @stack: boot stack
 */
struct domain {
	uint64_t info, console, l4, l1, l1_count, stack;
};

static void plan(struct lgdev *g, uint64_t end, struct domain *d)
{
	d->info = (end + PAGE - 1) / PAGE;
	d->console = d->info + 1;
	d->l4 = d->info + 2;
	d->l1 = d->l4 + 3;
	d->l1_count = (lgdev_ram_pages(g) + 511) / 512;
	d->stack = d->l1 + d->l1_count;
	if (d->l1_count > 512 || d->stack >= lgdev_ram_pages(g))
		error("%zu bytes of memory do not do", g->mem_size);
}

static uint64_t *table(struct lgdev *g, uint64_t gfn)
{
	return (void *)(g->mem + gfn * PAGE);
}

static void build_tables(struct lgdev *g, const struct domain *d)
{
	uint64_t i;

	memset(g->mem + d->l4 * PAGE, 0, (3 + d->l1_count) * PAGE);
	table(g, d->l4)[511] = (d->l4 + 1) * PAGE | RW;
	table(g, d->l4 + 1)[510] = (d->l4 + 2) * PAGE | RW;
	for (i = 0; i < d->l1_count; i++)
		table(g, d->l4 + 2)[i] = (d->l1 + i) * PAGE | RW;
	for (i = 0; i < lgdev_ram_pages(g); i++)
		table(g, d->l1 + i / 512)[i % 512] = i * PAGE |
			(i >= d->l4 && i < d->stack ? RO : RW);
}

static void fill_start_info(struct lgdev *g, const struct domain *d,
			    const char *args)
{
	struct start_info *s = (void *)(g->mem + d->info * PAGE);

	memset(s, 0, PAGE);
	strcpy(s->magic, "xen-3.0-x86_64");
	s->nr_pages = lgdev_ram_pages(g);
	s->shared_info = lgdev_ram_pages(g) * PAGE;
	s->console.domU.mfn = d->console;
	s->console.domU.evtchn = TG_CONSOLE_PORT;
	s->pt_base = KERNEL + d->l4 * PAGE;
	s->nr_pt_frames = 3 + d->l1_count;
	snprintf((char *)s->cmd_line, sizeof(s->cmd_line), "%s",
		 args ? args : "");
}

static void start(struct lgdev *g, const struct domain *d, uint64_t rip)
{
	g->regs = (struct lg_regs64) {
		.rip = rip,
		.rsp = KERNEL + (d->stack + 1) * PAGE,
		.rsi = KERNEL + d->info * PAGE,
		.cs = FLAT_KERNEL_CS64,
		.ss = FLAT_KERNEL_SS64,
	};
	g->start = (struct lg_xen_start) {
		.cr3_gfn = d->l4,
		.ram_pages = lgdev_ram_pages(g),
		.shared_info_gfn = lgdev_ram_pages(g),
		.start_info_gfn = d->info,
		.console_port = TG_CONSOLE_PORT,
	};
	if (ioctl(g->vcpu, LG_SET_REGS64, &g->regs))
		error("LG_SET_REGS64: %s", strerror(errno));
	if (ioctl(g->vcpu, LG_XEN_START, &g->start))
		error("LG_XEN_START: %s", strerror(errno));
	memset(box(g), 0, sizeof(*box(g)));
	box(g)->magic = TG_MAGIC;
}

uint64_t lgdev_code(struct lgdev *g, const void *code, size_t size)
{
	struct domain domain;

	lgdev_create(g, 1 << 20, 0);
	memcpy(g->mem + CODE_GFN * PAGE, code, size);
	plan(g, (CODE_GFN + 1) * PAGE, &domain);
	build_tables(g, &domain);
	fill_start_info(g, &domain, NULL);
	start(g, &domain, KERNEL + CODE_GFN * PAGE);
	return KERNEL + CODE_GFN * PAGE;
}

void lgdev_load(struct lgdev *g, const char *file, const char *args)
{
	uint64_t end, entry = lgdev_load_elf(g, file, &end);
	struct domain domain;

	plan(g, end, &domain);
	build_tables(g, &domain);
	fill_start_info(g, &domain, args);
	start(g, &domain, entry);
}

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void *storm(void *arg)
{
	struct lgdev *g = arg;

	while (!g->storm_ends)
		lgdev_irq(g, g->storm_irq);
	return NULL;
}

static void start_storm(struct lgdev *g, uint32_t irq)
{
	pthread_t thread;

	g->storm_irq = irq;
	if (pthread_create(&thread, NULL, storm, g))
		error("no thread");
	g->storm = thread;
	g->storming = true;
}

static void stop_storm(struct lgdev *g)
{
	if (!g->storming)
		return;
	g->storm_ends = true;
	pthread_join(g->storm, NULL);
	g->storming = g->storm_ends = false;
}

static void told(int sig)
{
	(void)sig;
}

/* Some kernels tell us of it at once, by SIGBUS; others when we touch it. */
static uint64_t spoil(struct lgdev *g, uint64_t gfn)
{
	struct sigaction once = { .sa_handler = told, .sa_flags = SA_RESETHAND };

	sigaction(SIGBUS, &once, NULL);
	return madvise(g->mem + gfn * PAGE, PAGE, MADV_HWPOISON) ? -errno : 0;
}

static uint64_t answer(struct lgdev *g, uint32_t op, uint64_t arg)
{
	switch (op) {
	case TG_ASK_RAISE:
		lgdev_irq(g, arg);
		return 0;
	case TG_ASK_LATER:
		lgdev_irq_later(g, arg);
		return 0;
	case TG_ASK_STAT:
		return lgdev_stat(g, arg);
	case TG_ASK_NSEC:
		return nanoseconds();
	case TG_ASK_CLOCK:
		return time(NULL);
	case TG_ASK_UNMAP:
		lgdev_unmap(g, arg);
		return 0;
	case TG_ASK_SPOIL:
		return spoil(g, arg % lgdev_ram_pages(g));
	case TG_ASK_STORM:
		start_storm(g, arg);
		return 0;
	default:
		return -1;
	}
}

static void console(struct lgdev *g)
{
	struct tg_box *b = box(g);
	uint32_t i, op, len = g->run->console.len;
	uint64_t result;

	if (len == 1 && !g->run->console.data[0]) {
		op = b->op;
		result = answer(g, op, b->arg);
		if (op != TG_ASK_UNMAP)
			b->result = result;
		return;
	}
	for (i = 0; !g->quiet && i < len && i < LG_CONSOLE_BYTES; i++)
		putchar(g->run->console.data[i]);
}

bool lgdev_answer(struct lgdev *g)
{
	if (g->run->exit_reason == LG_EXIT_CONSOLE) {
		console(g);
		return true;
	}
	stop_storm(g);
	return false;
}

/* The box may be anything by now. */
const char *lgdev_verdict(struct lgdev *g)
{
	static char text[sizeof(box(g)->verdict)];

	if (!box(g)->verdict[0])
		return g->run->reason;
	memcpy(text, box(g)->verdict, sizeof(text) - 1);
	return text;
}

void lgdev_print_state(struct lgdev *g)
{
	struct lg_regs64 r;

	if (ioctl(g->vcpu, LG_GET_REGS64, &r))
		error("LG_GET_REGS64: %s", strerror(errno));
	note("rip %#x:%#llx rsp %#x:%#llx rflags %#llx", r.cs, r.rip, r.ss,
	     r.rsp, r.rflags);
	note("rax %#llx rbx %#llx rcx %#llx rdx %#llx rsi %#llx rdi %#llx",
	     r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi);
}

/* One environment is all there is: "boot-2level" is the guest "boot". */
const char *lgdev_guest_path(const char *name)
{
	static const char *const env[] = { "-linear", "-2level", "-pae" };
	static char path[256];
	const char *dir = getenv("LGUEST_TEST_GUESTS");
	size_t len = strlen(name), end, i;

	for (i = 0; i < sizeof(env) / sizeof(env[0]); i++) {
		end = strlen(env[i]);
		if (len > end && !strcmp(name + len - end, env[i]))
			len -= end;
	}
	snprintf(path, sizeof(path), "%s/%.*s", dir ? dir : "/tests/guests",
		 (int)len, name);
	return path;
}
