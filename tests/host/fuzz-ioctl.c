// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that throw dice at the three kinds of files:
 *
 *	fuzz-ioctl [SEED [OPERATIONS]]
 *
 * Every operation takes any file, whatever its kind: ioctls with good, nearly
 * good and bad arguments, memory that is not there, mappings made, moved and
 * torn, files duplicated, closed and inherited by children that die, signals
 * at any moment, the run page scribbled over.  The guests' memory holds random
 * bytes, their registers are random too.
 *
 * Claim: the host survives, nothing is returned that docs/abi does not know,
 * and afterwards a guest works.
 *
 * Source: reliability classes 14, 15, 21, 31.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define THREADS		4
#define FILES		6		/* of each kind */
#define MAPS		4
#define ARENA		(4u << 20)

enum kind { DEVICE, GUEST, VCPU, EVENT, KINDS };

static atomic_int files[KINDS][FILES];
static atomic_uintptr_t maps[MAPS];
static uint8_t *arena;
static void *hole;			/* a page that is not there */
static atomic_int todo, running, guests, runs;
static pthread_t thread[THREADS];
static __thread sigjmp_buf go_on;

struct dice {
	uint32_t state;
};

static uint32_t roll(struct dice *d)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 17;
	d->state ^= d->state << 5;
	return d->state;
}

static uint32_t pick(struct dice *d, uint32_t n)
{
	return (roll(d) >> 7) % n;
}

/* One that should be right for it, most of the time. */
static int a_file(struct dice *d, enum kind kind)
{
	if (!pick(d, 12))
		kind = pick(d, KINDS);
	return files[kind][pick(d, FILES)];
}

/* Only files of our own making may be closed: in a slot, or nowhere. */
static void keep(struct dice *d, enum kind kind, int fd)
{
	int old;

	if (fd < 0)
		return;
	old = atomic_exchange(&files[kind][pick(d, FILES)], fd);
	if (old >= 0)
		close(old);
}

/* What came back is 0, a file, or an error that the API has. */
static int check(const char *what, int ret)
{
	static const int known[] = {
		EBADF, EINVAL, ENOTTY, EFAULT, ENOMEM, EEXIST, EIO, ENOENT,
		ENOSPC, EBUSY, EINTR, EMFILE, EPERM
	};
	unsigned int i;
	int error_number = errno;

	if (ret >= 0)
		return ret;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (error_number == known[i])
			return ret;
	failure("%s: %s", what, strerror(error_number));
	return ret;
}

/* The argument as it is, somewhere it cannot be read, or half of it. */
static void *place(struct dice *d, void *arg, size_t size)
{
	switch (pick(d, 24)) {
	case 0:
		return NULL;
	case 1:
		return hole;
	case 2:
		return memcpy((uint8_t *)hole - size / 2, arg, size / 2);
	case 3:
		return (void *)(intptr_t)(int32_t)(roll(d) | 0xc0000000);
	default:
		return arg;
	}
}

static void spoil(struct dice *d, void *arg, size_t size)
{
	if (!pick(d, 6))
		((uint8_t *)arg)[pick(d, size)] ^= 1 << pick(d, 8);
	if (!pick(d, 20))
		((uint32_t *)arg)[pick(d, size / 4)] = roll(d);
}

#define IOCTL(d, kind, what, arg) \
	check(#what, ioctl(a_file(d, kind), what, \
			   (spoil(d, &(arg), sizeof(arg)), \
			    place(d, &(arg), sizeof(arg)))))

static void create_guest(struct dice *d)
{
	struct lg_guest_config config = {
		.abi = lgdev_leg.abi,
		.paging = lgdev_leg.abi == LG_ABI_LG32 ? pick(d, 3) :
			  !pick(d, 20),
	};

	int fd = IOCTL(d, DEVICE, LG_CREATE_GUEST, config);

	guests += fd >= 0;
	keep(d, GUEST, fd);
}

static void set_memory(struct dice *d)
{
	struct lg_memory m = {
		.hva = (uintptr_t)arena + pick(d, 4) * 0x100000,
		.size = 0x100000 * (1 + pick(d, 4)),
		.mmio_gpa = lgdev_leg.mmio_gpa,
		.mmio_size = lgdev_leg.mmio_size,
	};

	if (!pick(d, 8))
		m.size = lgdev_leg.user_end - m.hva;
	IOCTL(d, GUEST, LG_SET_MEMORY, m);
}

static void create_vcpu(struct dice *d)
{
	struct lg_vcpu_config config = { .index = 0 };
	int fd = IOCTL(d, GUEST, LG_CREATE_VCPU, config);
	void *run;

	if (fd < 0)
		return;
	run = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   pick(d, 4) ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (run != MAP_FAILED)
		maps[pick(d, MAPS)] = (uintptr_t)run;
	keep(d, VCPU, fd);
}

static void interrupt(struct dice *d)
{
	struct lg_irq irq = { .irq = pick(d, lgdev_leg.irqs + 1) };

	IOCTL(d, GUEST, LG_IRQ, irq);
}

static void irqfd(struct dice *d)
{
	struct lg_irqfd arg = {
		.fd = a_file(d, EVENT),
		.irq = pick(d, lgdev_leg.irqs + 1),
		.flags = pick(d, 2),
	};

	IOCTL(d, GUEST, LG_IRQFD, arg);
}

static void doorbell(struct dice *d)
{
	struct lg_doorbell arg = {
		.gpa = lgdev_leg.bell_gpa + pick(d, 4) * lgdev_leg.bell_step,
		.fd = a_file(d, EVENT),
		.len = lgdev_leg.abi == LG_ABI_LG32 ? 1 << pick(d, 3) :
		       !pick(d, 20),
		.flags = pick(d, 2),
	};

	IOCTL(d, GUEST, LG_DOORBELL, arg);
}

static void look(struct dice *d)
{
	struct lg_stats stats = { 0 };
	struct lg_info info = { 0 };

	if (pick(d, 2))
		IOCTL(d, GUEST, LG_GET_STATS, stats);
	else
		IOCTL(d, DEVICE, LG_GET_INFO, info);
}

#ifdef __x86_64__
/* Of any size. */
static uint64_t roll64(struct dice *d)
{
	uint64_t low = roll(d);

	return ((uint64_t)roll(d) << 32 | low) >> pick(d, 64);
}

static void start(struct dice *d)
{
	struct lg_xen_start s = {
		.cr3_gfn = pick(d, 256),
		.ram_pages = 192 + pick(d, 3) * 32,
		.shared_info_gfn = pick(d, 256),
		.start_info_gfn = pick(d, 256),
		.console_port = pick(d, 4),
		.store_port = pick(d, 4096),
	};

	IOCTL(d, VCPU, LG_XEN_START, s);
}

static void registers(struct dice *d)
{
	struct lg_regs64 regs = {
		.rip = roll64(d), .rsp = roll64(d), .rax = pick(d, 48),
		.rdi = roll64(d), .rsi = roll64(d), .rdx = roll64(d),
		.r10 = roll64(d), .rflags = roll64(d), .cs = 0xe033,
		.ss = 0xe02b,
	};

	if (pick(d, 2)) {
		regs.rip |= 0xffff800000000000;
		regs.rsp |= 0xffff800000000000;
	} else {
		regs.rip &= 0x7fffffffffff;
	}
	if (!pick(d, 4))
		regs.fs = pick(d, 256);
	if (!pick(d, 4))
		regs.gs_base = roll64(d);
	if (!pick(d, 3))
		IOCTL(d, VCPU, LG_GET_REGS64, regs);
	else if (pick(d, 2))
		IOCTL(d, VCPU, LG_SET_REGS64, regs);
	else
		start(d);
}
#else
static void registers(struct dice *d)
{
	struct lg_regs32 regs = {
		.eip = pick(d, 2) ? roll(d) : pick(d, 0x100000),
		.esp = pick(d, 2) ? roll(d) : pick(d, 0x100000),
		.eax = pick(d, 20), .ebx = roll(d), .ecx = roll(d),
		.edx = roll(d), .eflags = roll(d),
		.cs = 0x61, .ss = 0x69, .ds = 0x69, .es = 0x69,
	};

	if (!pick(d, 4))
		regs.fs = pick(d, 256);
	if (!pick(d, 3))
		IOCTL(d, VCPU, LG_GET_REGS, regs);
	else
		IOCTL(d, VCPU, LG_SET_REGS, regs);
}
#endif

static void run(struct dice *d)
{
	unsigned int i;

	for (i = 0; i < 1 + pick(d, 20); i++) {
		struct lg_run *page = (void *)maps[pick(d, MAPS)];

		if (page && !pick(d, 4))
			((volatile uint32_t *)page)[pick(d, 64)] = roll(d);
		else if (page)
			page->immediate_exit = !pick(d, 8);
		if (check("LG_RUN", ioctl(a_file(d, VCPU), LG_RUN,
					  pick(d, 32) ? 0 : roll(d))) < 0)
			break;
		runs++;
	}
}

static void any_ioctl(struct dice *d)
{
	uint8_t arg[1024] = { 0 };
	unsigned int cmd = _IOC(pick(d, 4), LG_IOC, pick(d, 0x30),
				pick(d, sizeof(arg)));
	int fd = a_file(d, pick(d, KINDS));

	if (!pick(d, 8))
		cmd = roll(d);
	check("a random ioctl", ioctl(fd, cmd, place(d, arg, 64)));
}

static void new_file(struct dice *d)
{
	enum kind kind = pick(d, KINDS);

	if (pick(d, 2))
		keep(d, EVENT, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	else if (pick(d, 2))
		keep(d, DEVICE, open("/dev/lguest", O_RDWR | O_CLOEXEC));
	else
		keep(d, kind, dup(files[kind][pick(d, FILES)]));
}

static void close_file(struct dice *d)
{
	int old = atomic_exchange(&files[pick(d, KINDS)][pick(d, FILES)], -1);

	if (old >= 0)
		close(old);
}

static void signal_file(struct dice *d)
{
	uint64_t n = 1 + pick(d, 3);
	int fd = a_file(d, EVENT);

	if (pick(d, 3))
		(void)!write(fd, &n, sizeof(n));
	else
		(void)!read(fd, &n, sizeof(n));
}

/* Memory goes, comes back, changes its rights; always in the same place. */
static void tear(struct dice *d)
{
	uint8_t *p = arena + pick(d, ARENA / 4096) * 4096;
	size_t size = 4096 * (1 + pick(d, 16));

	if (p + size > arena + ARENA)
		size = arena + ARENA - p;
	switch (pick(d, 6)) {
	case 0:
		madvise(p, size, MADV_DONTNEED);
		break;
	case 1:
		madvise(p, size, MADV_FREE);
		break;
	case 2:
		mprotect(p, size, pick(d, 2) ? PROT_NONE : PROT_READ);
		break;
	case 3:
		munmap(p, size);
		break;
	case 4:
		madvise(p, size, MADV_PAGEOUT);
		break;
	default:
		mmap(p, size, PROT_READ | PROT_WRITE, MAP_FIXED |
		     MAP_ANONYMOUS | (pick(d, 2) ? MAP_SHARED : MAP_PRIVATE),
		     -1, 0);
		break;
	}
}

/* Mappings of the files themselves: too long, private, moved. */
static void map_file(struct dice *d)
{
	size_t size = 4096 * (1 + !pick(d, 4)), more = 4096 * (1 + pick(d, 2));
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       pick(d, 2) ? MAP_SHARED : MAP_PRIVATE, a_file(d, VCPU),
		       4096 * (off_t)!pick(d, 8));
	void *q;

	if (p == MAP_FAILED)
		return;
	q = mremap(p, size, more, MREMAP_MAYMOVE);
	if (q != MAP_FAILED) {
		p = q;
		size = more;
	}
	*(volatile uint32_t *)p;
	munmap(p, size);
}

/* A child with all the files: it may look, and is killed or ends. */
static void child(struct dice *d)
{
	pid_t pid = fork();
	unsigned int i;

	if (pid < 0)
		return;
	if (pid) {
		if (pick(d, 2))
			kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return;
	}
	for (i = 0; i < FILES; i++) {
		struct lg_irq irq = { .irq = 3 };

		ioctl(files[GUEST][i], LG_IRQ, &irq);
		if (!ioctl(files[VCPU][i], LG_RUN, 0))
			_exit(1);
	}
	_exit(0);
}

/* New contents; by read(), as the memory may be gone. */
static void fill(struct dice *d)
{
	uint8_t *p = arena + pick(d, ARENA / 4096) * 4096;
	int fd = open(pick(d, 4) ? "/dev/urandom" : "/dev/zero", O_RDONLY);

	(void)!read(fd, p, pick(d, 4096));
	close(fd);
}

static void *work(void *arg)
{
	static void (*const kind[])(struct dice *d) = {
		create_guest, create_guest, set_memory, set_memory, create_vcpu,
		create_vcpu, interrupt, irqfd, irqfd, doorbell, look, registers,
		registers, run, run, run, any_ioctl, new_file, new_file,
		close_file, signal_file, tear, map_file, fill,
	};
	static __thread struct dice d;

	d.state = (uintptr_t)arg;
	/* Where a thread goes on that ran into torn memory. */
	sigsetjmp(go_on, 1);
	while (todo-- > 0) {
		if (!pick(&d, 400))
			child(&d);
		kind[pick(&d, sizeof(kind) / sizeof(kind[0]))](&d);
	}
	running--;
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

/* A mapping may land where memory was torn out, and be torn like it. */
static void torn(int sig)
{
	(void)sig;
	siglongjmp(go_on, 1);
}

/* Nobody stays in a guest for ever. */
static void kick(void)
{
	unsigned int i = 0;

	while (running > 0) {
		usleep(2000);
		pthread_kill(thread[i++ % THREADS], SIGUSR1);
	}
}

static void prepare(void)
{
	struct sigaction act = { .sa_handler = nothing };
	unsigned int i;

	sigaction(SIGUSR1, &act, NULL);
	act.sa_handler = torn;
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED || hole == MAP_FAILED)
		error("mmap: %s", strerror(errno));
	hole = (uint8_t *)hole + 4096;
	munmap(hole, 4096);
	for (i = 0; i < KINDS * FILES; i++)
		files[i / FILES][i % FILES] = i ? -1 : lgdev_open();
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1, i;
	struct lgdev g;
	int ret;

	todo = argc > 2 ? atoi(argv[2]) : 20000;
	running = THREADS;
	prepare();
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, work,
				   (void *)(uintptr_t)(seed * THREADS + i + 1)))
			error("no thread");
	kick();
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	note("%d guests made, %d runs", guests, runs);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	for (i = 0; i < KINDS * FILES; i++)
		if (files[i / FILES][i % FILES] >= 0)
			close(files[i / FILES][i % FILES]);
	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	g.quiet = true;
	do
		ret = lgdev_run(&g);
	while (ret == -EINTR);
	CHECK(ret == LG_EXIT_SHUTDOWN, "the last guest: exit %d: %.100s", ret,
	      g.run->reason);
	finish();
}
