/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small virtio driver for the tests: what a guest would do, with direct
 * calls in place of port and memory accesses.
 */
#ifndef TESTS_LAUNCHER_DRIVER_H
#define TESTS_LAUNCHER_DRIVER_H

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "dev/pci.h"
#include "mem.h"

#define DRIVER_RING_SIZE	8
#define DRIVER_RING_GPA(q)	(0x10000 + (q) * 0x4000)

/**
 * struct driver - one device, driven
 * @bus: where it is
 * @mem: guest memory
 * @slot: its slot
 * @common: guest-physical address of the common configuration
 * @notify: of the doorbells, @notify_step bytes apart
 * @isr: of the interrupt status
 * @config: of the device configuration
 */
struct driver {
	struct pci *bus;
	struct mem *mem;
	unsigned int slot;
	u32 common, notify, notify_step, isr, config;
};

static inline u32 port_read(struct pci *bus, u16 port, u8 size)
{
	u32 val = 0xffffffff;

	pci_port(bus, port, size, false, &val);
	return size == 4 ? val : val & ((1u << 8 * size) - 1);
}

static inline void port_write(struct pci *bus, u16 port, u8 size, u32 val)
{
	pci_port(bus, port, size, true, &val);
}

static inline u32 config_read(struct driver *d, u8 reg, u8 size)
{
	port_write(d->bus, 0xcf8, 4, 0x80000000 | d->slot << 11 | (reg & 0xfc));
	return port_read(d->bus, 0xcfc + (reg & 3), size);
}

static inline void config_write(struct driver *d, u8 reg, u8 size, u32 val)
{
	port_write(d->bus, 0xcf8, 4, 0x80000000 | d->slot << 11 | (reg & 0xfc));
	port_write(d->bus, 0xcfc + (reg & 3), size, val);
}

static inline u32 bar_read(struct driver *d, u32 gpa, u8 size)
{
	u32 val = 0xffffffff;

	pci_mmio(d->bus, gpa, size, false, &val);
	return val;
}

static inline void bar_write(struct driver *d, u32 gpa, u8 size, u32 val)
{
	pci_mmio(d->bus, gpa, size, true, &val);
}

/* Read the capabilities; false if one is missing. */
static inline bool driver_find(struct driver *d)
{
	u32 bar = config_read(d, PCI_BASE_ADDRESS_0, 4);
	u8 at = (u8)config_read(d, PCI_CAPABILITY_LIST, 1);

	d->common = d->notify = d->isr = d->config = 0;
	for (; at; at = (u8)config_read(d, at + 1, 1)) {
		u32 gpa = bar + config_read(d, at + 8, 4);

		switch (config_read(d, at + 3, 1)) {
		case VIRTIO_PCI_CAP_COMMON_CFG:
			d->common = gpa;
			break;
		case VIRTIO_PCI_CAP_NOTIFY_CFG:
			d->notify = gpa;
			d->notify_step = config_read(d, at + 16, 4);
			break;
		case VIRTIO_PCI_CAP_ISR_CFG:
			d->isr = gpa;
			break;
		case VIRTIO_PCI_CAP_DEVICE_CFG:
			d->config = gpa;
			break;
		}
	}
	return d->common && d->notify && d->isr;
}

static inline void driver_status(struct driver *d, u32 status)
{
	bar_write(d, d->common + VIRTIO_PCI_COMMON_STATUS, 1, status);
}

static inline u32 driver_get_status(struct driver *d)
{
	return bar_read(d, d->common + VIRTIO_PCI_COMMON_STATUS, 1);
}

static inline struct vring_desc *ring_desc(struct driver *d, unsigned int q)
{
	return mem_at(d->mem, DRIVER_RING_GPA(q), 0x1000);
}

static inline struct vring_avail *ring_avail(struct driver *d, unsigned int q)
{
	return mem_at(d->mem, DRIVER_RING_GPA(q) + 0x1000, 0x1000);
}

static inline volatile struct vring_used *ring_used(struct driver *d,
						    unsigned int q)
{
	return mem_at(d->mem, DRIVER_RING_GPA(q) + 0x2000, 0x1000);
}

static inline void driver_queue(struct driver *d, unsigned int q, u64 desc,
				u64 avail, u64 used)
{
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_SELECT, 2, q);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_SIZE, 2,
		  DRIVER_RING_SIZE);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_DESCLO, 4, (u32)desc);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_DESCHI, 4,
		  (u32)(desc >> 32));
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_AVAILLO, 4, (u32)avail);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_AVAILHI, 4,
		  (u32)(avail >> 32));
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_USEDLO, 4, (u32)used);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_USEDHI, 4,
		  (u32)(used >> 32));
	bar_write(d, d->common + VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

static inline void driver_features(struct driver *d, u64 features)
{
	bar_write(d, d->common + VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_GF, 4, (u32)features);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_GF, 4,
		  (u32)(features >> 32));
}

static inline u64 driver_offered(struct driver *d)
{
	u64 offered;

	bar_write(d, d->common + VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	offered = bar_read(d, d->common + VIRTIO_PCI_COMMON_DF, 4);
	bar_write(d, d->common + VIRTIO_PCI_COMMON_DFSELECT, 4, 0);
	return offered << 32 | bar_read(d, d->common + VIRTIO_PCI_COMMON_DF, 4);
}

/* All the way to DRIVER_OK with @queues rings; false if refused. */
static inline bool driver_start(struct driver *d, unsigned int queues)
{
	driver_status(d, 0);
	driver_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	driver_features(d, driver_offered(d));
	driver_status(d, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(driver_get_status(d) & VIRTIO_CONFIG_S_FEATURES_OK))
		return false;
	for (unsigned int q = 0; q < queues; q++) {
		memset(ring_desc(d, q), 0, 0x3000);
		driver_queue(d, q, DRIVER_RING_GPA(q),
			     DRIVER_RING_GPA(q) + 0x1000,
			     DRIVER_RING_GPA(q) + 0x2000);
	}
	driver_status(d, 7 | VIRTIO_CONFIG_S_FEATURES_OK);
	return !(driver_get_status(d) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static inline void driver_desc(struct driver *d, unsigned int q,
			       unsigned int i, u32 gpa, u32 len, u16 flags)
{
	ring_desc(d, q)[i] = (struct vring_desc){ gpa, len, flags,
						  (u16)(i + 1) };
}

static inline void driver_offer(struct driver *d, unsigned int q, u16 head)
{
	struct vring_avail *avail = ring_avail(d, q);

	avail->ring[avail->idx % DRIVER_RING_SIZE] = head;
	__atomic_store_n(&avail->idx, avail->idx + 1, __ATOMIC_RELEASE);
}

static inline void driver_kick(struct driver *d, unsigned int q)
{
	bar_write(d, d->notify + q * d->notify_step, 2, q);
}

#endif
