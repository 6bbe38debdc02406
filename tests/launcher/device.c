// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices, driven through ports and memory accesses as a guest drives
 * them, but without one: irq.c of the launcher is replaced by what is below.
 */
#include "dev/irq.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/disk.h"
#include "dev/virtio/block.h"
#include "dev/virtio/console.h"
#include "dev/virtio/rng.h"
#include "driver.h"
#include "ktap.h"
#include "loop.h"

#define MEM_BYTES	0x40000
#define DATA_GPA	0x1000
#define DISK_SECTORS	64

static struct mem mem = { .size = MEM_BYTES };
static struct pci bus;
static struct driver d;
static atomic_uint irqs[PCI_SLOTS];
static struct {
	u64 gpa;
	int fd;
} bells[8];

void irq_raise(const struct irq *irq)
{
	atomic_fetch_add(&irqs[irq->line], 1);
}

int doorbell_set(int guest_fd, u64 gpa, u32 len, int event_fd, bool on)
{
	(void)guest_fd;
	(void)len;
	for (size_t i = 0; i < ARRAY_SIZE(bells); i++) {
		if (on ? bells[i].gpa : bells[i].gpa != gpa)
			continue;
		bells[i].gpa = on ? gpa : 0;
		bells[i].fd = event_fd;
		return 0;
	}
	return -ENOSPC;
}

/* What the module does with a write. */
static void ring_bell(unsigned int q)
{
	u64 one = 1;

	for (size_t i = 0; i < ARRAY_SIZE(bells); i++)
		if (bells[i].gpa == d.notify + q * d.notify_step &&
		    write(bells[i].fd, &one, sizeof(one)) != sizeof(one))
			abort();
}

/* A backend that remembers. */
static char written[256];
static size_t written_len;
static unsigned int resumed;

static void test_write(struct backend *backend, const void *buf, size_t len)
{
	(void)backend;
	if (len > sizeof(written) - written_len)
		len = sizeof(written) - written_len;
	memcpy(written + written_len, buf, len);
	written_len += len;
}

static void test_resume(struct backend *backend)
{
	(void)backend;
	resumed++;
	loop_stop();
}

static void test_size(struct backend *backend, u16 *cols, u16 *rows)
{
	(void)backend;
	*cols = 80;
	*rows = 25;
}

static const struct backend_ops test_ops = {
	.name = "test",
	.write = test_write,
	.resume = test_resume,
	.size = test_size,
};

static struct backend backend = { .ops = &test_ops };
static struct virtio_console *console;

/* A driver is told the console's first size: forget that. */
static bool console_start(void)
{
	bool told;

	if (!driver_start(&d, 2))
		return false;
	told = bar_read(&d, d.isr, 1) == VIRTIO_PCI_ISR_CONFIG && irqs[1] == 1;
	irqs[1] = 0;
	return told;
}

static bool console_up(void)
{
	loop_rearm();
	pci_init(&bus);
	memset(bells, 0, sizeof(bells));
	memset(irqs, 0, sizeof(irqs));
	written_len = 0;
	d = (struct driver){ .bus = &bus, .mem = &mem, .slot = 1 };
	return !virtio_console_init(&console, &backend, &bus, &mem, -1) &&
	       driver_find(&d);
}

static void bus_scan(void)
{
	struct driver other = { .bus = &bus, .slot = 0 };

	CHECK(console_up());
	CHECK(config_read(&other, PCI_CLASS_DEVICE, 2) == 0x0600);
	CHECK(config_read(&d, PCI_VENDOR_ID, 4) == 0x10431af4);
	CHECK(config_read(&d, PCI_INTERRUPT_LINE, 1) == 1);
	CHECK(config_read(&d, PCI_INTERRUPT_PIN, 1) == 0);
	other.slot = 2;
	CHECK(config_read(&other, PCI_VENDOR_ID, 4) == 0xffffffff);
	/* Another bus, another function: nothing. */
	port_write(&bus, 0xcf8, 4, 0x80010800);
	CHECK(port_read(&bus, 0xcfc, 4) == 0xffffffff);
	port_write(&bus, 0xcf8, 4, 0x80000900);
	CHECK(port_read(&bus, 0xcfc, 4) == 0xffffffff);
	/* Not enabled; odd accesses. */
	port_write(&bus, 0xcf8, 4, 0x00000800);
	CHECK(port_read(&bus, 0xcfc, 4) == 0xffffffff);
	port_write(&bus, 0xcf8, 4, 0x800008fc);
	CHECK(port_read(&bus, 0xcff, 4) == 0xffffffff);
	CHECK(port_read(&bus, 0xcf8, 4) == 0x800008fc);
	virtio_console_exit(console);
}

static void bar_moves(void)
{
	u32 bar;

	CHECK(console_up());
	bar = config_read(&d, PCI_BASE_ADDRESS_0, 4);
	config_write(&d, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	CHECK(config_read(&d, PCI_BASE_ADDRESS_0, 4) == 0xfffff000);
	CHECK(bar_read(&d, bar + (d.common - bar) +
		       VIRTIO_PCI_COMMON_NUMQ, 2) == 2);
	config_write(&d, PCI_BASE_ADDRESS_0, 4, bar + 0x10000);
	CHECK(bar_read(&d, d.common + VIRTIO_PCI_COMMON_NUMQ, 2) ==
	      0xffffffff);
	CHECK(driver_find(&d));
	CHECK(bar_read(&d, d.common + VIRTIO_PCI_COMMON_NUMQ, 2) == 2);
	CHECK(bells[0].gpa == d.notify);
	virtio_console_exit(console);
}

static void features(void)
{
	CHECK(console_up());
	driver_status(&d, 3);
	driver_features(&d, 0);
	driver_status(&d, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	CHECK(driver_get_status(&d) == 3);
	driver_features(&d, driver_offered(&d) | 1ull << 60);
	driver_status(&d, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	CHECK(driver_get_status(&d) == 3);
	driver_features(&d, 1ull << VIRTIO_F_VERSION_1);
	driver_status(&d, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	CHECK(driver_get_status(&d) == 11);
	driver_status(&d, 0);
	CHECK(driver_get_status(&d) == 0);
	virtio_console_exit(console);
}

static void console_output(void)
{
	CHECK(console_up());
	CHECK(console_start());
	memcpy(mem.base + DATA_GPA, "hello", 5);
	driver_desc(&d, 1, 0, DATA_GPA, 2, VRING_DESC_F_NEXT);
	driver_desc(&d, 1, 1, DATA_GPA + 2, 3, 0);
	driver_offer(&d, 1, 0);
	driver_kick(&d, 1);
	CHECK(written_len == 5 && !memcmp(written, "hello", 5));
	CHECK(ring_used(&d, 1)->idx == 1);
	CHECK(irqs[1] == 1);
	CHECK(bar_read(&d, d.isr, 1) == 1 && bar_read(&d, d.isr, 1) == 0);
	virtio_console_exit(console);
}

static void console_input_waits(void)
{
	CHECK(console_up());
	CHECK(backend.input(backend.owner, (u8 *)"abc", 3) == 0);
	CHECK(console_start());
	CHECK(backend.input(backend.owner, (u8 *)"abc", 3) == 0);
	driver_desc(&d, 0, 0, DATA_GPA, 2, VRING_DESC_F_WRITE);
	driver_offer(&d, 0, 0);
	CHECK(backend.input(backend.owner, (u8 *)"abc", 3) == 2);
	CHECK(!memcmp(mem.base + DATA_GPA, "ab", 2));
	CHECK(ring_used(&d, 0)->ring[0].len == 2);
	CHECK(irqs[1] == 1);
	resumed = 0;
	loop_rearm();
	ring_bell(0);
	loop_run();
	CHECK(resumed == 1);
	virtio_console_exit(console);
}

/* Or one could go on with these for ever. */
static void console_input_without_room(void)
{
	CHECK(console_up());
	CHECK(console_start());
	driver_desc(&d, 0, 0, DATA_GPA, 2, VRING_DESC_F_WRITE);
	driver_desc(&d, 0, 1, DATA_GPA, 0, VRING_DESC_F_WRITE);
	driver_desc(&d, 0, 2, DATA_GPA, 2, VRING_DESC_F_WRITE);
	driver_offer(&d, 0, 0);
	driver_offer(&d, 0, 1);
	driver_offer(&d, 0, 2);
	CHECK(backend.input(backend.owner, (u8 *)"abcd", 4) == 2);
	CHECK(driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET);
	CHECK(ring_used(&d, 0)->idx == 1);
	virtio_console_exit(console);
}

static void console_early(void)
{
	u8 cap = 0x74;		/* the configuration access capability */

	CHECK(console_up());
	CHECK(config_read(&d, cap + 3, 1) == VIRTIO_PCI_CAP_PCI_CFG);
	config_write(&d, cap + 4, 1, 0);
	config_write(&d, cap + 8, 4, (d.config & 0xfff) + 8);
	config_write(&d, cap + 12, 4, 4);
	config_write(&d, cap + 16, 4, 'E');
	CHECK(written_len == 1 && written[0] == 'E');
	/* And read: columns. */
	config_write(&d, cap + 8, 4, d.config & 0xfff);
	config_write(&d, cap + 12, 4, 2);
	CHECK(config_read(&d, cap + 16, 2) == 80);
	/* Nonsense does nothing. */
	config_write(&d, cap + 8, 4, 0xfffffffe);
	CHECK(config_read(&d, cap + 16, 4) != 0x12345678);
	config_write(&d, cap + 12, 4, 3);
	config_write(&d, cap + 16, 4, 'X');
	CHECK(written_len == 1);
	virtio_console_exit(console);
}

static void console_resize(void)
{
	u32 generation;

	CHECK(console_up());
	CHECK(console_start());
	CHECK(bar_read(&d, d.config, 2) == 80);
	CHECK(bar_read(&d, d.config + 2, 2) == 25);
	generation = bar_read(&d, d.common + VIRTIO_PCI_COMMON_CFGGENERATION, 1);
	backend.resized(backend.owner);
	CHECK(bar_read(&d, d.common + VIRTIO_PCI_COMMON_CFGGENERATION, 1) !=
	      generation);
	CHECK(bar_read(&d, d.isr, 1) == VIRTIO_PCI_ISR_CONFIG);
	virtio_console_exit(console);
}

static void bad_ring_needs_reset(void)
{
	CHECK(console_up());
	CHECK(console_start());
	driver_desc(&d, 1, 0, MEM_BYTES - 1, 2, 0);
	driver_offer(&d, 1, 0);
	driver_kick(&d, 1);
	CHECK(driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET);
	CHECK(bar_read(&d, d.isr, 1) == VIRTIO_PCI_ISR_CONFIG);
	driver_kick(&d, 1);
	CHECK(written_len == 0);
	irqs[1] = 0;
	CHECK(console_start());
	driver_desc(&d, 1, 0, DATA_GPA, 1, 0);
	driver_offer(&d, 1, 0);
	driver_kick(&d, 1);
	CHECK(written_len == 1);
	/* Rings that are not in memory. */
	driver_status(&d, 0);
	driver_status(&d, 11);
	driver_queue(&d, 0, 0xfffff000, 0x1000, 0x2000);
	CHECK(driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET);
	virtio_console_exit(console);
}

/* Every register, every size, values that hurt: the launcher lives. */
static void register_fuzz(void)
{
	u32 seed = 1;

	CHECK(console_up());
	CHECK(console_start());
	for (int i = 0; i < 200000; i++) {
		u32 bar = config_read(&d, PCI_BASE_ADDRESS_0, 4) & 0xfffff000;
		u8 size;

		seed = seed * 1664525 + 1013904223;
		size = (u8)(1 << (seed >> 28) % 3);
		if (seed & 0x100)
			bar_write(&d, bar + (seed >> 9) % 0x220, size, seed >> 3);
		else if (seed & 0x200)
			bar_read(&d, bar + (seed >> 9) % 0x1000, size);
		else
			config_write(&d, (seed >> 10) % 256 & ~(size - 1u),
				     size, seed >> 5);
		written_len = 0;
	}
	virtio_console_exit(console);
}

static char disk_path[] = "/tmp/lguest-disk-XXXXXX";
static struct disk *disk;
static struct virtio_block *block;

static bool block_up(const char *suffix)
{
	char spec[64];

	pci_init(&bus);
	memset(bells, 0, sizeof(bells));
	memset(irqs, 0, sizeof(irqs));
	d = (struct driver){ .bus = &bus, .mem = &mem, .slot = 1 };
	snprintf(spec, sizeof(spec), "%s%s", disk_path, suffix);
	return !disk_open(&disk, spec) &&
	       !virtio_block_init(&block, disk, &bus, &mem, -1) &&
	       !virtio_block_start(block) && driver_find(&d) &&
	       driver_start(&d, 1);
}

static void block_down(void)
{
	virtio_block_exit(block);
	disk_close(disk);
}

/* One request, waited for; returns its status byte, 0xee for none in 5 s. */
static u8 block_do(u32 type, u64 sector, u32 bytes)
{
	struct virtio_blk_outhdr *header = mem_at(&mem, 0x800, 32);
	u16 before = ring_used(&d, 0)->idx;
	u8 *status = mem_at(&mem, 0x900, 1);
	bool write = type == VIRTIO_BLK_T_OUT;

	*header = (struct virtio_blk_outhdr){ .type = type, .sector = sector };
	*status = 0xee;
	driver_desc(&d, 0, 0, 0x800, 16, VRING_DESC_F_NEXT);
	driver_desc(&d, 0, 1, DATA_GPA, bytes, VRING_DESC_F_NEXT |
		    (write ? 0 : VRING_DESC_F_WRITE));
	driver_desc(&d, 0, 2, 0x900, 1, VRING_DESC_F_WRITE);
	driver_offer(&d, 0, 0);
	ring_bell(0);
	for (int i = 0; i < 5000 && ring_used(&d, 0)->idx == before; i++)
		usleep(1000);
	return *status;
}

static void block_reads_and_writes(void)
{
	u8 *data = mem_at(&mem, DATA_GPA, 1024);

	CHECK(block_up(""));
	CHECK(bar_read(&d, d.config, 4) == DISK_SECTORS);
	memset(data, 0x5a, 1024);
	CHECK(block_do(VIRTIO_BLK_T_OUT, 3, 1024) == VIRTIO_BLK_S_OK);
	memset(data, 0, 1024);
	CHECK(block_do(VIRTIO_BLK_T_IN, 4, 512) == VIRTIO_BLK_S_OK);
	CHECK(data[0] == 0x5a && data[511] == 0x5a && data[512] == 0);
	CHECK(block_do(VIRTIO_BLK_T_IN, 5, 512) == VIRTIO_BLK_S_OK);
	CHECK(data[0] == 0);
	CHECK(block_do(VIRTIO_BLK_T_FLUSH, 0, 0) == VIRTIO_BLK_S_OK);
	CHECK(block_do(VIRTIO_BLK_T_GET_ID, 0, 20) == VIRTIO_BLK_S_OK);
	CHECK(!strcmp((char *)data, "lguest-1"));
	CHECK(block_do(99, 0, 512) == VIRTIO_BLK_S_UNSUPP);
	CHECK(irqs[1] == 6);
	block_down();
}

static void block_bounds(void)
{
	CHECK(block_up(""));
	CHECK(block_do(VIRTIO_BLK_T_IN, DISK_SECTORS - 1, 512) ==
	      VIRTIO_BLK_S_OK);
	CHECK(block_do(VIRTIO_BLK_T_IN, DISK_SECTORS, 512) ==
	      VIRTIO_BLK_S_IOERR);
	CHECK(block_do(VIRTIO_BLK_T_IN, DISK_SECTORS - 1, 1024) ==
	      VIRTIO_BLK_S_IOERR);
	CHECK(block_do(VIRTIO_BLK_T_OUT, 1ull << 55, 512) ==
	      VIRTIO_BLK_S_IOERR);
	CHECK(block_do(VIRTIO_BLK_T_OUT, ~0ull, 512) == VIRTIO_BLK_S_IOERR);
	CHECK(block_do(VIRTIO_BLK_T_IN, 0, 511) == VIRTIO_BLK_S_IOERR);
	block_down();
}

static void block_read_only(void)
{
	CHECK(block_up(",ro"));
	CHECK(driver_offered(&d) & 1u << VIRTIO_BLK_F_RO);
	CHECK(block_do(VIRTIO_BLK_T_OUT, 0, 512) == VIRTIO_BLK_S_IOERR);
	CHECK(block_do(VIRTIO_BLK_T_IN, 0, 512) == VIRTIO_BLK_S_OK);
	block_down();
}

static void block_shrinks(void)
{
	CHECK(block_up(""));
	CHECK(!truncate(disk_path, 10 * DISK_SECTOR));
	CHECK(block_do(VIRTIO_BLK_T_IN, 9, 512) == VIRTIO_BLK_S_OK);
	CHECK(block_do(VIRTIO_BLK_T_IN, 10, 512) == VIRTIO_BLK_S_IOERR);
	CHECK(block_do(VIRTIO_BLK_T_IN, 9, 1024) == VIRTIO_BLK_S_IOERR);
	block_down();
	CHECK(!truncate(disk_path, DISK_SECTORS * DISK_SECTOR));
}

static void block_is_locked(void)
{
	struct disk *first, *second, *third;
	char ro[64];

	snprintf(ro, sizeof(ro), "%s,ro", disk_path);
	CHECK(!disk_open(&first, disk_path));
	CHECK(disk_open(&second, disk_path) == 66);
	CHECK(disk_open(&second, ro) == 66);
	disk_close(first);
	CHECK(!disk_open(&first, ro));
	CHECK(!disk_open(&second, ro));
	CHECK(disk_open(&third, disk_path) == 66);
	disk_close(first);
	disk_close(second);
}

static void block_without_status(void)
{
	CHECK(block_up(""));
	driver_desc(&d, 0, 0, 0x800, 16, 0);
	driver_offer(&d, 0, 0);
	ring_bell(0);
	for (int i = 0; i < 5000 && !(driver_get_status(&d) &
				      VIRTIO_CONFIG_S_NEEDS_RESET); i++)
		usleep(1000);
	CHECK(driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET);
	block_down();
}

/*
 * Requests of any shape: the device answers, or waits for a reset, and goes on
 * after one; what it must not do shows in the sanitizers.
 */
static void block_fuzz(void)
{
	struct vring_desc *table;
	u32 seed = 3;

	CHECK(block_up(""));
	for (int round = 0; round < 2000; round++) {
		u16 before = ring_used(&d, 0)->idx;

		table = ring_desc(&d, 0);
		for (u32 i = 0; i < DRIVER_RING_SIZE; i++) {
			seed = seed * 1664525 + 1013904223;
			table[i].addr = (seed >> 8) % MEM_BYTES;
			table[i].len = seed & 0x100 ? 16 : seed >> 20;
			table[i].flags = (seed >> 5) & 3;
			table[i].next = (seed >> 16) % (DRIVER_RING_SIZE + 1);
			if (!(seed & 0xf0000000))
				table[i].flags = VRING_DESC_F_INDIRECT;
			*(u32 *)(mem.base + table[i].addr / 4 * 4) =
				(seed >> 12) % 10;
		}
		driver_offer(&d, 0, (u16)(seed % (DRIVER_RING_SIZE + 1)));
		ring_bell(0);
		for (int i = 0; i < 5000 && ring_used(&d, 0)->idx == before &&
		     !(driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET); i++)
			usleep(10);
		if (driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET ||
		    ring_avail(&d, 0)->flags)
			CHECK(driver_start(&d, 1));
	}
	CHECK(driver_start(&d, 1));
	CHECK(block_do(VIRTIO_BLK_T_IN, 0, 512) == VIRTIO_BLK_S_OK);
	block_down();
}

/*
 * A driver on several CPUs at once: while one scribbles over the rings, another
 * touches registers and resets the device, and the device is served besides.
 * Every number that is looked at twice can be another the second time.
 */
static atomic_bool racing;

static u32 race_dice(u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Requests that can be served; each of their numbers is a bad one for a moment. */
static void *race_scribble(void *arg)
{
	u32 seed = 17;

	(void)arg;
	while (atomic_load(&racing)) {
		unsigned int q = race_dice(&seed) % 2;
		unsigned int i = race_dice(&seed) % DRIVER_RING_SIZE;
		volatile struct vring_desc *desc = ring_desc(&d, q) + i;
		volatile struct vring_avail *avail = ring_avail(&d, q);

		desc->addr = 1ull << 40;
		desc->len = 0xffffffff;
		desc->len = 16 + race_dice(&seed) % 0x200;
		desc->next = 0xffff;
		desc->next = (u16)(i | 1);
		desc->flags = VRING_DESC_F_INDIRECT;
		desc->flags = i & 1 ? VRING_DESC_F_WRITE : VRING_DESC_F_NEXT;
		avail->ring[i] = 0xffff;
		avail->ring[i] = (u16)(race_dice(&seed) % DRIVER_RING_SIZE & ~1u);
		avail->idx = (u16)(ring_used(&d, q)->idx +
				   race_dice(&seed) % DRIVER_RING_SIZE);
		desc->addr = race_dice(&seed) % (MEM_BYTES - 0x400);
	}
	return NULL;
}

/* What the main thread does to a console. */
static void *race_type(void *arg)
{
	(void)arg;
	while (atomic_load(&racing)) {
		backend.input(backend.owner, (u8 *)"keys", 4);
		backend.resized(backend.owner);
	}
	return NULL;
}

static void race_touch(unsigned int queues)
{
	u32 seed = 19;

	for (int i = 0; i < 100000; i++) {
		u32 offset = race_dice(&seed) % 0x38;

		ring_bell(0);
		driver_kick(&d, i % queues);
		if (driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET)
			driver_start(&d, queues);
		else if (i % 16 == 8)
			bar_write(&d, d.common + offset, 4, race_dice(&seed));
		else
			bar_read(&d, d.common + offset, 4);
	}
}

static void race(void *(*other)(void *arg), unsigned int queues)
{
	pthread_t scribbler, second;

	atomic_store(&racing, true);
	if (pthread_create(&scribbler, NULL, race_scribble, NULL) ||
	    pthread_create(&second, NULL, other, NULL))
		abort();
	race_touch(queues);
	atomic_store(&racing, false);
	pthread_join(scribbler, NULL);
	pthread_join(second, NULL);
}

static void console_race(void)
{
	CHECK(console_up());
	CHECK(console_start());
	written_len = sizeof(written);
	race(race_type, 2);
	driver_start(&d, 2);
	written_len = 0;
	driver_desc(&d, 1, 0, DATA_GPA, 1, 0);
	driver_offer(&d, 1, 0);
	driver_kick(&d, 1);
	CHECK(written_len == 1);
	virtio_console_exit(console);
}

static void block_race(void)
{
	CHECK(block_up(""));
	race(race_scribble, 1);
	CHECK(driver_start(&d, 1));
	CHECK(block_do(VIRTIO_BLK_T_IN, 0, 512) == VIRTIO_BLK_S_OK);
	block_down();
}

static void rng_fills(void)
{
	struct virtio_rng *rng;
	u8 *data = mem_at(&mem, DATA_GPA, 64);
	u8 zero[64] = { 0 };

	pci_init(&bus);
	memset(irqs, 0, sizeof(irqs));
	d = (struct driver){ .bus = &bus, .mem = &mem, .slot = 1 };
	CHECK(!virtio_rng_init(&rng, &bus, &mem, -1));
	CHECK(driver_find(&d) && driver_start(&d, 1));
	memset(data, 0, 64);
	driver_desc(&d, 0, 0, DATA_GPA, 64, VRING_DESC_F_WRITE);
	driver_offer(&d, 0, 0);
	driver_kick(&d, 0);
	CHECK(ring_used(&d, 0)->ring[0].len == 64);
	CHECK(memcmp(data, zero, 64));
	CHECK(irqs[1] == 1);
	virtio_rng_exit(rng);
}

static void bus_full(void)
{
	struct virtio_rng *rng[PCI_SLOTS];
	int count = 0;

	pci_init(&bus);
	while (!virtio_rng_init(&rng[count], &bus, &mem, -1))
		count++;
	CHECK(count == PCI_SLOTS - 1);
	while (count--)
		virtio_rng_exit(rng[count]);
}

static const struct ktap_case cases[] = {
	{ "a bus that can be scanned", bus_scan },
	{ "a BAR that is sized and moved", bar_moves },
	{ "features are agreed on", features },
	{ "console: output", console_output },
	{ "console: input waits for buffers", console_input_waits },
	{ "console: buffers for input without room", console_input_without_room },
	{ "console: early output through configuration space", console_early },
	{ "console: another size", console_resize },
	{ "a bad ring needs a reset and gets it", bad_ring_needs_reset },
	{ "registers take anything", register_fuzz },
	{ "block: reads and writes", block_reads_and_writes },
	{ "block: bounds", block_bounds },
	{ "block: read-only", block_read_only },
	{ "block: a file that shrinks", block_shrinks },
	{ "block: a disk in use is refused", block_is_locked },
	{ "block: a request without status", block_without_status },
	{ "block: any request at all", block_fuzz },
	{ "console: a driver on several CPUs", console_race },
	{ "block: a driver on several CPUs", block_race },
	{ "rng: fills buffers", rng_fills },
	{ "a bus that is full", bus_full },
};

int main(void)
{
	int fd = mkstemp(disk_path), status;

	mem.base = calloc(1, MEM_BYTES);
	if (fd < 0 || ftruncate(fd, DISK_SECTORS * DISK_SECTOR) ||
	    loop_init())
		return 1;
	status = ktap_run(cases, ARRAY_SIZE(cases));
	unlink(disk_path);
	close(fd);
	free(mem.base);
	return status;
}
