// SPDX-License-Identifier: GPL-2.0
/*
 * The launcher's other threads write to a guest's memory while it runs: page
 * tables, arguments of hypercalls, descriptors, shared pages, code and stack.
 * Most words are put back a moment later, so that the module finds another value
 * when it looks a second time. Now and then they take a page away and put an empty
 * one there, of which the guest knows nothing, or have a child that inherits it all.
 *
 * Claim: the host survives; each guest lives or is killed with a reason; the
 * memory around the guest's keeps its pattern; afterwards a guest works.
 *
 *	scribble [SEED [ROUNDS]]
 *
 * Source: XSA-155, XSA-166; reliability class 14.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lgdev.h"
#include "poison.h"
#include "verdict.h"

#define WRITERS		2
#define MOST_MS		600		/* of one guest */
#define SET_UP		300		/* exits until most are at their real work */
#define MOST_EXITS	500		/* with writers */
#define POISON_WORDS	(16u << 10)
#define PAGE		4096u
#define TABLES		8		/* times as often as other pages */
#define PULL		512		/* writes for each page taken away */
#define CHOICE		8192		/* before it looks for pages anew */
#define LOOK		(2u << 20)	/* there is nothing behind */

/* Pages that have something in them at the moment. */
struct writer {
	struct lgdev *g;
	size_t first;			/* where it looks for them */
	uint32_t state;
	uint32_t pages;
	uint64_t writes;
	uint8_t *page[LOOK / PAGE * TABLES];
};

static atomic_int stop;
static unsigned int stays;	/* one in so many values */

static uint32_t roll(struct writer *w)
{
	w->state ^= w->state << 13;
	w->state ^= w->state >> 17;
	w->state ^= w->state << 5;
	return w->state;
}

/* What a table, a descriptor, a pointer or a count should not be. */
static uint64_t bad_value(struct writer *w, uint64_t old)
{
	switch (roll(w) % 8) {
	case 0:
		return old ^ 1ull << roll(w) % 64;
	case 1:
		return (uint64_t)roll(w) << 12 | 0x67;
	case 2:
		return -1ull;
	case 3:
		return 0;
	case 4:
		return old ^ 0x82;
	case 5:
		return 0xffff808000000000ull + roll(w) % 65536;
	case 6:
		return (uint64_t)(roll(w) % (w->g->mem_size >> 12)) << 12 | 0x67;
	default:
		return (uint64_t)roll(w) << 32 | roll(w);
	}
}

/* Entries of tables say that they are present, and little else. */
static bool is_table(const uint64_t *p)
{
	unsigned int i, n = 0;

	for (i = 0; i < PAGE / 8; i++)
		n += p[i] & 1 && !(p[i] & 0xf18) && p[i] < LGDEV_MEMORY;
	return n > 8;
}

static void choose_pages(struct writer *w)
{
	static const uint8_t zero[PAGE];
	unsigned char there[LOOK / PAGE];
	size_t size = w->g->mem_size - w->first, at;
	uint8_t *page = w->g->mem + w->first;
	int n;

	if (size > LOOK)
		size = LOOK;
	if (mincore(page, size, there))
		error("mincore: %s", strerror(errno));
	w->pages = 0;
	for (at = 0; at < size; at += PAGE, page += PAGE) {
		if (!(there[at / PAGE] & 1) || !memcmp(page, zero, PAGE))
			continue;
		for (n = is_table((void *)page) ? TABLES : 1; n; n--)
			w->page[w->pages++] = page;
	}
	if (!w->pages)
		w->page[w->pages++] = w->g->mem;
}

/* The guest keeps what it has touched; the module may look at either. */
static void pull(struct writer *w, uint8_t *page)
{
	pid_t pid;

	switch (roll(w) % 16) {
	case 0:
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid < 0)
			error("fork: %s", strerror(errno));
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		break;
	case 1 ... 7:
		if (madvise(page, PAGE, MADV_DONTNEED))
			error("MADV_DONTNEED: %s", strerror(errno));
		break;
	default:
		if (mmap(page, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
			error("mmap: %s", strerror(errno));
	}
}

static void *write_about(void *arg)
{
	struct writer *w = arg;

	while (!stop) {
		volatile uint64_t *p;
		uint64_t old, bad;
		unsigned int n = roll(w) % 64;

		if (++w->writes % CHOICE == 0)
			choose_pages(w);
		if (w->writes % PULL == 0)
			pull(w, w->page[roll(w) % w->pages]);
		p = (void *)(w->page[roll(w) % w->pages] +
			     roll(w) % PAGE / 8 * 8);
		old = *p;
		bad = bad_value(w, old);

		if (!old && roll(w) % 8)
			continue;
		*p = bad;
		while (n--)
			asm volatile("pause");
		/* Not if the guest wrote; and some stay. */
		if (roll(w) % stays)
			__sync_bool_compare_and_swap(p, bad, old);
	}
	return NULL;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

static uint64_t exits(struct lgdev *g)
{
	return lgdev_stat(g, LG_STAT_SWITCH) + lgdev_stat(g, LG_STAT_DIRECT);
}

/* Until it ends, has had so many exits, or its time is up. */
static int run(struct lgdev *g, uint64_t most)
{
	uint64_t end = now_ms() + MOST_MS;
	int ret;

	do
		ret = ioctl(g->vcpu, LG_RUN, 0) ? -errno :
						  (int)g->run->exit_reason;
	while ((ret == -EINTR || (ret > 0 && lgdev_answer(g))) &&
	       now_ms() < end && exits(g) < most);
	return ret;
}

static void tick(int sig)
{
	(void)sig;
}

/* What happened, of all guests. */
static struct {
	uint64_t writes;
	uint64_t exits;		/* meanwhile, after SET_UP */
	unsigned int killed, ended, stopped;
} count;

static void one(const char *name, const char *arg, uint32_t seed)
{
	uint32_t *before = poison_make(POISON_WORDS), *after;
	static struct writer w[WRITERS];
	pthread_t threads[WRITERS];
	uint64_t ram, first, start, took;
	struct lgdev g;
	int i, ret;

	lgdev_start(&g, lgdev_guest_path(name), arg);
	after = poison_make(POISON_WORDS);
	ram = lgdev_ram_pages(&g) << 12;
	g.quiet = true;
	stop = 0;
	/* One of four is disturbed from its first instruction on. */
	if (seed % 4)
		run(&g, seed % 4 * SET_UP);
	first = exits(&g);
	for (i = 0; i < WRITERS; i++) {
		w[i].g = &g;
		w[i].state = seed * 2654435761u + i + 1;
		w[i].writes = 0;
		/* One of two minds what lies behind the RAM, if there is. */
		w[i].first = i && seed % 2 ? ram : 0;
		choose_pages(&w[i]);
	}
	for (i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, write_about, &w[i]);
	start = now_ms();
	ret = run(&g, first + MOST_EXITS);
	took = now_ms() - start;
	stop = 1;
	if (took > 1000)
		note("%s %s, seed %u: %u ms", name, arg, seed, (unsigned int)took);
	for (i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		count.writes += w[i].writes;
	}
	if (first < SET_UP)
		first = SET_UP;
	if (exits(&g) > first)
		count.exits += exits(&g) - first;
	CHECK(ret >= 0 || ret == -EINTR, "%s %s, seed %u: errno %d", name, arg,
	      seed, -ret);
	CHECK(ret != LG_EXIT_KILLED || g.run->reason[0],
	      "%s %s, seed %u: killed without a reason", name, arg, seed);
	if (ret == LG_EXIT_KILLED)
		count.killed++;
	else if (ret == -EINTR || ret == LG_EXIT_CONSOLE)
		count.stopped++;
	else
		count.ended++;
	lgdev_destroy(&g);
	poison_check(before, POISON_WORDS, "before");
	poison_check(after, POISON_WORDS, "behind");
}

/* Guests that use all there is: the same names on both legs, as far as they go. */
static const struct {
	const char *name, *arg;
} guests[] = {
#ifdef __x86_64__
	{ "forever", "hypercall" }, { "forever", "ring" },
	{ "forever", "syscall" }, { "forever", "fault" },
	{ "forever", "roots" }, { "forever", "flush" },
	{ "forever", "trap" }, { "forever", "refill" },
	{ "forever", "args" }, { "forever", "sleep" },
	{ "paging-random", "" }, { "fuzz-hcall", "3 100000" },
	{ "attack-paging", "levels" }, { "segment", "" },
	{ "attack-descriptor", "" }, { "attack-event", "nonsense" },
	{ "forever", "refill" }, { "user", "" },
	{ "fuzz-tables", "3 100000" },
#else
	{ "forever-2level", "hcall" }, { "forever-2level", "ring" },
	{ "forever-2level", "fault" }, { "forever-2level", "flush" },
	{ "forever-2level", "roots" }, { "forever-2level", "trap" },
	{ "paging-random-2level", "" }, { "paging-random-pae", "" },
	{ "roots-pae", "" }, { "gdt-2level", "" }, { "tls-2level", "" },
	{ "user-pae", "" }, { "irq-pae", "" },
	{ "fuzz-hypercall-pae", "3 100000" },
#endif
};

#define GUESTS	(sizeof(guests) / sizeof(guests[0]))

int main(int argc, char **argv)
{
	uint32_t seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	uint32_t rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 38, i;
	struct sigaction act = { .sa_handler = tick };
	struct itimerspec often = { { 0, 5000000 }, { 0, 5000000 } };
	struct lgdev g;
	timer_t timer;

	/* With one CPU the guest sees little of what does not stay. */
	stays = sysconf(_SC_NPROCESSORS_ONLN) == 1 ? 8 : 64;
	/* What never returns by itself is told to. */
	sigaction(SIGALRM, &act, NULL);
	timer_create(CLOCK_MONOTONIC, NULL, &timer);
	timer_settime(timer, 0, &often, NULL);
	for (i = 0; i < rounds; i++)
		one(guests[i % GUESTS].name, guests[i % GUESTS].arg, seed + i);
	timer_delete(timer);
	note("%llu writes, %llu exits meanwhile; %u killed, %u ended, %u stopped",
	     (unsigned long long)count.writes, (unsigned long long)count.exits,
	     count.killed, count.ended, count.stopped);
	CHECK(count.writes > rounds, "only %llu writes",
	      (unsigned long long)count.writes);
	CHECK(count.exits > rounds * 50, "only %llu exits",
	      (unsigned long long)count.exits);
	lgdev_start(&g, lgdev_guest_path("boot-2level"), "");
	g.quiet = true;
	CHECK(lgdev_run(&g) == LG_EXIT_SHUTDOWN, "the last guest: exit %u, %s",
	      g.run->exit_reason, g.run->reason);
	finish();
}
