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
#include <sys/stat.h>
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
	port_write(&bus, 0xcf8, 4, 0x80800800);
	CHECK(port_read(&bus, 0xcfc, 4) == 0xffffffff);
	/* The low bits of the address are not of the address. */
	port_write(&bus, 0xcf8, 4, 0x80000803);
	CHECK(port_read(&bus, 0xcfc, 4) == 0x10431af4);
	/* Its port takes it whole, and no neighbour of it does. */
	port_write(&bus, 0xcf8, 1, 0);
	port_write(&bus, 0xcf9, 4, 0);
	CHECK(port_read(&bus, 0xcf8, 4) == 0x80000803);
	CHECK(port_read(&bus, 0xcfa, 2) == 0xffff);
	virtio_console_exit(console);
}

/* Two devices side by side: each access is one's own, or nobody's. */
static void bus_of_two(void)
{
	struct virtio_rng *rng;
	u32 bar, value = 0x77;

	CHECK(console_up());
	CHECK(!virtio_rng_init(&rng, &bus, &mem, -1));
	bar = config_read(&d, PCI_BASE_ADDRESS_0, 4);
	d.slot = 2;
	CHECK(config_read(&d, PCI_BASE_ADDRESS_0, 4) == bar + PCI_BAR_BYTES);
	CHECK(driver_find(&d));
	CHECK(bar_read(&d, d.common + VIRTIO_PCI_COMMON_NUMQ, 2) == 1);
	CHECK(bar_read(&d, bar + 2 * PCI_BAR_BYTES, 4) == 0xffffffff);
	/* The bridge has no memory, also where a BAR of zero would be. */
	pci_mmio(&bus, 0x10, 4, false, &value);
	CHECK(value == 0x77);
	virtio_rng_exit(rng);
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
	CHECK(bells[0].gpa == d.notify && !bells[1].gpa);
	/* In pieces, as a guest may write it. */
	config_write(&d, PCI_BASE_ADDRESS_0 + 2, 1, bar >> 16 & 0xff);
	CHECK(driver_find(&d) && d.common - bar < PCI_BAR_BYTES);
	CHECK(bar_read(&d, d.common + VIRTIO_PCI_COMMON_NUMQ, 2) == 2);
	/* Where no device can be it stays where it was. */
	config_write(&d, PCI_BASE_ADDRESS_0, 4, PCI_WINDOW_GPA - PCI_BAR_BYTES);
	CHECK(bar_read(&d, d.common + VIRTIO_PCI_COMMON_NUMQ, 2) == 2);
	config_write(&d, PCI_BASE_ADDRESS_0, 4, PCI_WINDOW_GPA + PCI_WINDOW_BYTES);
	CHECK(bar_read(&d, d.common + VIRTIO_PCI_COMMON_NUMQ, 2) == 2);
	CHECK(bells[0].gpa == d.notify && !bells[1].gpa);
	virtio_console_exit(console);
}

static u32 common_read(u32 reg, u8 size)
{
	return bar_read(&d, d.common + reg, size);
}

static void common_write(u32 reg, u8 size, u32 val)
{
	bar_write(&d, d.common + reg, size, val);
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
	/* Too late for others. */
	driver_features(&d, 0);
	CHECK(common_read(VIRTIO_PCI_COMMON_GF, 4) == 1);
	driver_status(&d, 0);
	CHECK(driver_get_status(&d) == 0);
	common_write(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	CHECK(common_read(VIRTIO_PCI_COMMON_GF, 4) == 0);
	/* There are two halves. */
	common_write(VIRTIO_PCI_COMMON_GFSELECT, 4, 2);
	common_write(VIRTIO_PCI_COMMON_GF, 4, 1);
	CHECK(common_read(VIRTIO_PCI_COMMON_GF, 4) == 0);
	common_write(VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
	CHECK(common_read(VIRTIO_PCI_COMMON_DF, 4) == 0);
	virtio_console_exit(console);
}

/* Bits of the status come, and go with a reset alone; so do all selectors. */
static void status_register(void)
{
	CHECK(console_up());
	driver_status(&d, 3);
	driver_status(&d, 1 | VIRTIO_CONFIG_S_NEEDS_RESET);
	CHECK(driver_get_status(&d) == 3);
	common_write(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	common_write(VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	common_write(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	/* It is a byte, however it is written. */
	common_write(VIRTIO_PCI_COMMON_STATUS, 4, 0x100);
	CHECK(driver_get_status(&d) == 0);
	CHECK(common_read(VIRTIO_PCI_COMMON_GFSELECT, 4) == 0);
	CHECK(common_read(VIRTIO_PCI_COMMON_DFSELECT, 4) == 0);
	CHECK(common_read(VIRTIO_PCI_COMMON_Q_SELECT, 2) == 0);
	CHECK(console_start());
	CHECK(driver_get_status(&d) == 15);
	/* Ready a second time is no news. */
	driver_status(&d, 15);
	CHECK(irqs[1] == 0);
	/* What was to be told before a reset is forgotten. */
	backend.resized(backend.owner);
	CHECK(irqs[1] == 1);
	driver_status(&d, 0);
	CHECK(bar_read(&d, d.isr, 1) == 0);
	backend.resized(backend.owner);
	CHECK(irqs[1] == 1 && bar_read(&d, d.isr, 1) == 0);
	virtio_console_exit(console);
}

static u32 queue_size(u32 size)
{
	common_write(VIRTIO_PCI_COMMON_Q_SIZE, 2, size);
	return common_read(VIRTIO_PCI_COMMON_Q_SIZE, 2);
}

static void queue_registers(void)
{
	CHECK(console_up());
	CHECK(common_read(VIRTIO_PCI_COMMON_Q_SIZE, 2) == 16);
	CHECK(queue_size(8) == 8);
	CHECK(queue_size(0) == 8 && queue_size(5) == 8 && queue_size(32) == 8);
	CHECK(queue_size(0x10000) == 8 && queue_size(16) == 16);
	/* Only a 1 enables it. */
	common_write(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0x1000);
	common_write(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, 0x2000);
	common_write(VIRTIO_PCI_COMMON_Q_USEDLO, 4, 0x3000);
	common_write(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 2);
	CHECK(common_read(VIRTIO_PCI_COMMON_Q_ENABLE, 2) == 0);
	common_write(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	CHECK(common_read(VIRTIO_PCI_COMMON_Q_ENABLE, 2) == 1);
	/* Then it stays. */
	common_write(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0x5000);
	CHECK(common_read(VIRTIO_PCI_COMMON_Q_DESCLO, 4) == 0x1000);
	CHECK(queue_size(8) == 16);
	/* There is no third queue. */
	common_write(VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
	CHECK(queue_size(8) == 0);
	CHECK(common_read(VIRTIO_PCI_COMMON_Q_NOFF, 2) == 0);
	virtio_console_exit(console);
}

/* Rings above 4 GiB are not those below. */
static void queue_far_away(void)
{
	static const u32 high[] = {
		VIRTIO_PCI_COMMON_Q_DESCHI, VIRTIO_PCI_COMMON_Q_AVAILHI,
		VIRTIO_PCI_COMMON_Q_USEDHI,
	};

	for (size_t i = 0; i < ARRAY_SIZE(high); i++) {
		CHECK(console_up());
		common_write(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0x1000);
		common_write(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, 0x2000);
		common_write(VIRTIO_PCI_COMMON_Q_USEDLO, 4, 0x3000);
		common_write(high[i], 4, 1);
		CHECK(common_read(high[i], 4) == 1);
		common_write(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
		CHECK(driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET);
		virtio_console_exit(console);
	}
}

static void console_output_offer(u16 head)
{
	driver_desc(&d, 1, head, DATA_GPA, 1, 0);
	driver_offer(&d, 1, head);
}

/* A device is not served before its driver is ready, nor by other accesses. */
static void not_yet(void)
{
	CHECK(console_up());
	driver_status(&d, 3);
	driver_features(&d, 1ull << VIRTIO_F_VERSION_1);
	driver_status(&d, 11);
	memset(ring_desc(&d, 1), 0, 0x3000);
	driver_queue(&d, 1, DRIVER_RING_GPA(1), DRIVER_RING_GPA(1) + 0x1000,
		     DRIVER_RING_GPA(1) + 0x2000);
	console_output_offer(0);
	driver_kick(&d, 1);
	CHECK(written_len == 0);
	/* Ready: what has waited is served without a kick. */
	driver_status(&d, 15);
	CHECK(written_len == 1);
	console_output_offer(1);
	bar_read(&d, d.notify + d.notify_step, 2);
	driver_kick(&d, 2);
	CHECK(written_len == 1);
	loop_stop();
	driver_kick(&d, 1);
	CHECK(written_len == 1);
	loop_rearm();
	driver_kick(&d, 1);
	CHECK(written_len == 2);
	/* Writing to it tells the interrupt status nothing. */
	bar_write(&d, d.isr, 1, 0);
	CHECK(bar_read(&d, d.isr, 1) == 3);
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
	/* Who looks by himself is not interrupted. */
	ring_avail(&d, 1)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	driver_offer(&d, 1, 0);
	driver_kick(&d, 1);
	CHECK(written_len == 10 && irqs[1] == 1);
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
	driver_desc(&d, 0, 1, DATA_GPA, 100, VRING_DESC_F_WRITE);
	driver_offer(&d, 0, 1);
	CHECK(backend.input(backend.owner, (u8 *)"abc", 3) == 3);
	CHECK(ring_used(&d, 0)->ring[1].len == 3);
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
	/* Also if they are good again: first the reset. */
	driver_desc(&d, 0, 1, DATA_GPA, 2, VRING_DESC_F_WRITE);
	CHECK(backend.input(backend.owner, (u8 *)"cd", 2) == 0);
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
	/* Another BAR, and a byte of it that is no output. */
	config_write(&d, cap + 8, 4, (d.config & 0xfff) + 8);
	config_write(&d, cap + 12, 4, 1);
	config_write(&d, cap + 4, 1, 1);
	config_write(&d, cap + 16, 4, 'X');
	config_write(&d, cap + 4, 1, 0);
	config_write(&d, cap + 8, 4, d.config & 0xfff);
	config_write(&d, cap + 16, 4, 'X');
	CHECK(written_len == 1);
	/* As many bytes as it says. */
	config_write(&d, cap + 8, 4,
		     (d.common & 0xfff) + VIRTIO_PCI_COMMON_Q_SELECT);
	config_write(&d, cap + 12, 4, 2);
	config_write(&d, cap + 16, 4, 0x00020001);
	CHECK(common_read(VIRTIO_PCI_COMMON_Q_SELECT, 4) == 1);
	/* Accesses beside the window are none to the BAR. */
	CHECK(console_start());
	backend.resized(backend.owner);
	config_write(&d, cap + 8, 4, d.isr & 0xfff);
	config_write(&d, cap + 12, 4, 1);
	config_read(&d, cap + 12, 4);
	config_read(&d, cap + 20, 4);
	CHECK(bar_read(&d, d.isr, 1) == VIRTIO_PCI_ISR_CONFIG);
	virtio_console_exit(console);
}

static void console_resize(void)
{
	u32 generation;

	CHECK(console_up());
	CHECK(console_start());
	CHECK(bar_read(&d, d.config, 2) == 80);
	CHECK(bar_read(&d, d.config + 2, 2) == 25);
	/* It ends behind 12 bytes. */
	CHECK(bar_read(&d, d.config + 10, 4) == 0xffffffff);
	CHECK(bar_read(&d, d.config + 16, 4) == 0xffffffff);
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
	/* Also if it is mended. */
	driver_desc(&d, 1, 0, DATA_GPA, 2, 0);
	driver_kick(&d, 1);
	CHECK(written_len == 0 && irqs[1] == 1);
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

/* How much has been complained: standard error is a file. */
static off_t said(void)
{
	return lseek(STDERR_FILENO, 0, SEEK_END);
}

/* A driver that breaks its ring for ever is told of a few times. */
static void complaints_end(void)
{
	off_t before = -1;

	CHECK(console_up());
	for (int i = 0; i < 20; i++) {
		CHECK(console_start());
		driver_desc(&d, 1, 0, MEM_BYTES - 1, 2, 0);
		driver_offer(&d, 1, 0);
		driver_kick(&d, 1);
		CHECK(driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET);
		bar_read(&d, d.isr, 1);
		irqs[1] = 0;
		if (i == 10)
			before = said();
	}
	CHECK(before > 0 && said() == before);
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

/* What the device said it wrote. */
static u32 block_wrote;

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
	block_wrote = ring_used(&d, 0)->ring[before % DRIVER_RING_SIZE].len;
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
	CHECK(block_wrote == 513);
	CHECK(block_do(VIRTIO_BLK_T_FLUSH, 0, 0) == VIRTIO_BLK_S_OK);
	CHECK(block_wrote == 1);
	CHECK(block_do(VIRTIO_BLK_T_GET_ID, 0, 20) == VIRTIO_BLK_S_OK);
	CHECK(!strcmp((char *)data, "lguest-1"));
	CHECK(block_do(99, 0, 512) == VIRTIO_BLK_S_UNSUPP);
	CHECK(irqs[1] == 6);
	block_down();
}

/* Header, data and status, wherever the driver cuts them. */
static void block_cut_anywhere(void)
{
	struct virtio_blk_outhdr *header = mem_at(&mem, DATA_GPA, 32);
	u8 *data = mem_at(&mem, DATA_GPA + sizeof(*header), 1024);
	u8 *back = mem_at(&mem, 0x3000, 1025);

	CHECK(block_up(""));
	*header = (struct virtio_blk_outhdr){
		.type = VIRTIO_BLK_T_OUT, .sector = 7,
	};
	for (u32 i = 0; i < 1024; i++)
		data[i] = (u8)(i * 7 >> 3);
	memcpy(mem.base + 0x880, header, 10);
	driver_desc(&d, 0, 0, 0x880, 10, VRING_DESC_F_NEXT);
	driver_desc(&d, 0, 1, DATA_GPA + 10, 100, VRING_DESC_F_NEXT);
	driver_desc(&d, 0, 2, DATA_GPA + 110, 16 + 1024 - 110,
		    VRING_DESC_F_NEXT);
	driver_desc(&d, 0, 3, 0x900, 1, VRING_DESC_F_WRITE);
	driver_offer(&d, 0, 0);
	ring_bell(0);
	for (int i = 0; i < 5000 && !ring_used(&d, 0)->idx; i++)
		usleep(1000);
	CHECK(!*(u8 *)mem_at(&mem, 0x900, 1));
	header->type = VIRTIO_BLK_T_IN;
	memset(back, 0xee, 1025);
	driver_desc(&d, 0, 0, DATA_GPA, 16, VRING_DESC_F_NEXT);
	driver_desc(&d, 0, 1, 0x3000, 1000, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
	driver_desc(&d, 0, 2, 0x3000 + 1000, 25, VRING_DESC_F_WRITE);
	driver_offer(&d, 0, 0);
	ring_bell(0);
	for (int i = 0; i < 5000 && ring_used(&d, 0)->idx == 1; i++)
		usleep(1000);
	CHECK(!memcmp(data, back, 1024) && back[1024] == VIRTIO_BLK_S_OK);
	block_down();
}

static void block_bounds(void)
{
	struct stat file;

	CHECK(block_up(""));
	CHECK(block_do(VIRTIO_BLK_T_OUT, DISK_SECTORS - 1, 1024) ==
	      VIRTIO_BLK_S_IOERR);
	CHECK(block_do(VIRTIO_BLK_T_OUT, DISK_SECTORS, 512) ==
	      VIRTIO_BLK_S_IOERR);
	CHECK(!stat(disk_path, &file) &&
	      file.st_size == DISK_SECTORS * DISK_SECTOR);
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

/* What cannot be flushed is no disk at all: the guest must hear of it. */
static void block_flush_fails(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	CHECK(block_up(""));
	CHECK(fd >= 0 && dup2(fd, disk->fd) == disk->fd);
	CHECK(block_do(VIRTIO_BLK_T_FLUSH, 0, 0) == VIRTIO_BLK_S_IOERR);
	block_down();
	close(fd);
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

/* What is in the ring already is no request. */
static bool block_refuses(void)
{
	driver_offer(&d, 0, 0);
	ring_bell(0);
	for (int i = 0; i < 5000 && !(driver_get_status(&d) &
				      VIRTIO_CONFIG_S_NEEDS_RESET); i++)
		usleep(1000);
	return driver_get_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static void block_without_status(void)
{
	CHECK(block_up(""));
	driver_desc(&d, 0, 0, 0x800, 16, 0);
	CHECK(block_refuses());
	block_down();
}

static void block_without_header(void)
{
	CHECK(block_up(""));
	driver_desc(&d, 0, 0, 0x800, 15, VRING_DESC_F_NEXT);
	driver_desc(&d, 0, 1, 0x900, 1, VRING_DESC_F_WRITE);
	CHECK(block_refuses());
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
	/* A request of more than it gives at once gets that. */
	driver_desc(&d, 0, 1, DATA_GPA, 1000, VRING_DESC_F_WRITE);
	driver_offer(&d, 0, 1);
	driver_kick(&d, 0);
	CHECK(ring_used(&d, 0)->ring[1].len == 256);
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
	{ "a bus of two", bus_of_two },
	{ "features are agreed on", features },
	{ "status", status_register },
	{ "registers of queues", queue_registers },
	{ "rings far away", queue_far_away },
	{ "not before the driver is ready", not_yet },
	{ "console: output", console_output },
	{ "console: input waits for buffers", console_input_waits },
	{ "console: buffers for input without room", console_input_without_room },
	{ "console: early output through configuration space", console_early },
	{ "console: another size", console_resize },
	{ "a bad ring needs a reset and gets it", bad_ring_needs_reset },
	{ "complaints end", complaints_end },
	{ "registers take anything", register_fuzz },
	{ "block: reads and writes", block_reads_and_writes },
	{ "block: requests cut anywhere", block_cut_anywhere },
	{ "block: bounds", block_bounds },
	{ "block: read-only", block_read_only },
	{ "block: a flush that fails", block_flush_fails },
	{ "block: a file that shrinks", block_shrinks },
	{ "block: a disk in use is refused", block_is_locked },
	{ "block: a request without status", block_without_status },
	{ "block: a request without header", block_without_header },
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
