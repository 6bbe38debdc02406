/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest on /dev/lguest without the launcher: enough to load a bare test
 * guest, run it and answer what it asks (tests/lib/tg-port.h on 32-bit hosts,
 * tests/xenpv/lib/tg-box.h on 64-bit ones).  Functions that cannot do their work
 * end the program with ERROR.
 */
#ifndef TESTS_HOST_LGDEV_H
#define TESTS_HOST_LGDEV_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lguest/api.h>

/*
 * The registers of the leg, for what is the same in both: REG(ip) is eip or rip.
 */
#ifdef __x86_64__
typedef struct lg_regs64 lgdev_regs_t;
#define LGDEV_GET_REGS	LG_GET_REGS64
#define LGDEV_SET_REGS	LG_SET_REGS64
#define REG(name)	r##name
#else
typedef struct lg_regs32 lgdev_regs_t;
#define LGDEV_GET_REGS	LG_GET_REGS
#define LGDEV_SET_REGS	LG_SET_REGS
#define REG(name)	e##name
#endif

#define LGDEV_MEMORY	(16u << 20)

struct lgdev {
	int dev;
	int guest;
	int vcpu;
	int bell;		/* eventfd of the doorbell and its interrupt */
	struct lg_run *run;
	uint8_t *mem;
	size_t mem_size;
	bool quiet;		/* do not print what the guest prints */
	lgdev_regs_t regs;	/* with which it starts */
	struct lg_xen_start start;	/* xenpv: the same */
	/* xenpv: somebody raises a port for ever */
	pthread_t storm;
	uint32_t storm_irq;
	bool storming;
	volatile bool storm_ends;
	/* lg32: the test device */
	uint32_t echo;
	uint32_t stat;
	uint8_t mmio[0x10000];
};

/* What differs between the legs; the right one is linked. */
struct lgdev_leg {
	uint32_t abi;
	uint16_t machine;		/* of its ELF files */
	uint32_t irqs;			/* lines, or ports */
	uint64_t mmio_gpa, mmio_size;
	uint64_t bell_gpa;		/* of a doorbell: nothing else is there */
	uint32_t bell_len, bell_step;
	struct lg_doorbell doorbell;	/* that guests know, and its interrupt */
	uint32_t doorbell_irq;
	uint64_t user_end;		/* of a program's addresses */
};
extern const struct lgdev_leg lgdev_leg;

int lgdev_open(void);			/* /dev/lguest */
/* A guest with memory and a vCPU, nothing in it yet. */
void lgdev_create(struct lgdev *g, size_t mem_size, uint32_t paging);
void lgdev_load(struct lgdev *g, const char *file, const char *args);
/* Its part that is the same on both legs: where it starts, and where it ends. */
uint64_t lgdev_load_elf(struct lgdev *g, const char *file, uint64_t *end);
/* One of 1 MiB whose first instructions are these: the address they have. */
uint64_t lgdev_code(struct lgdev *g, const void *code, size_t size);
/* All of it and the doorbell: how most programs start one. */
void lgdev_start_sized(struct lgdev *g, size_t mem_size, uint32_t paging,
		       const char *file, const char *args);
void lgdev_start(struct lgdev *g, const char *file, const char *args);
/*
 * Run until something the test device does not answer: LG_EXIT_x, or -errno.
 */
int lgdev_run(struct lgdev *g);
/* For who calls LG_RUN himself: answers the guest; false: that is for him. */
bool lgdev_answer(struct lgdev *g);
/* What the guest said at the end, or what the module says of its end. */
const char *lgdev_verdict(struct lgdev *g);
void lgdev_print_state(struct lgdev *g);
void lgdev_irq(struct lgdev *g, uint32_t irq);
uint64_t lgdev_stat(struct lgdev *g, uint32_t index);
void lgdev_destroy(struct lgdev *g);
uint64_t lgdev_ram_pages(struct lgdev *g);	/* xenpv: some are no RAM */

/* For the files of the two legs. */
void *lgdev_read_file(const char *file, size_t *size);
void lgdev_add_doorbell(struct lgdev *g);
void lgdev_irq_later(struct lgdev *g, uint32_t irq);
void lgdev_unmap(struct lgdev *g, uint32_t how);

/* Where the test guests are: a full path for one, from argv[0] or given. */
const char *lgdev_guest_path(const char *name);

#endif
