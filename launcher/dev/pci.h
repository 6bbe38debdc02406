/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_PCI_H
#define LAUNCHER_DEV_PCI_H

#include "types.h"

/* Guest-physical window of the BARs: above any memory we give a guest. */
#define PCI_WINDOW_GPA		0xe0000000u
#define PCI_BAR_BYTES		0x1000u
#define PCI_SLOTS		32
#define PCI_WINDOW_BYTES	0x100000u

#define PCI_PORT_FIRST		0xcf8
#define PCI_PORT_LAST		0xcff

struct pci_dev;

/**
 * struct pci_ops - what a device does beyond its configuration space
 * @bar: access to BAR 0; @val is in or out
 * @config_access: before bytes [@reg, @reg + @size) are read or after they
 *	were written
 * @bar_moved: the BAR answers at another address now
 */
struct pci_ops {
	void (*bar)(struct pci_dev *dev, u32 offset, u8 size, bool write,
		    u32 *val);
	void (*config_access)(struct pci_dev *dev, u8 reg, u8 size, bool write);
	void (*bar_moved)(struct pci_dev *dev, u32 old_gpa);
};

#define PCI_CONFIG_BYTES	256

/**
 * struct pci_dev - one function in one slot
 * @ops: NULL for one that is nothing but configuration space
 * @config: configuration space, little endian as the guest reads it
 * @writable: which of its bits the guest may change
 * @bar_gpa: where BAR 0 answers
 */
struct pci_dev {
	const struct pci_ops *ops;
	u8 config[PCI_CONFIG_BYTES];
	u8 writable[PCI_CONFIG_BYTES];
	u32 bar_gpa;
};

/**
 * struct pci - bus 0 and its configuration mechanism
 * @slots: NULL where empty
 * @count: used slots, from 0 on
 * @address: last address written to 0xCF8
 * @bridge: slot 0, so that a guest believes in the bus
 */
struct pci {
	struct pci_dev *slots[PCI_SLOTS];
	unsigned int count;
	u32 address;
	struct pci_dev bridge;
};

void pci_init(struct pci *pci);

/*
 * Put @dev into the next slot and give it its BAR; its interrupt line is the
 * number of the slot, which is returned, or -1 if the bus is full.
 */
int pci_add(struct pci *pci, struct pci_dev *dev);

void pci_config_set(struct pci_dev *dev, u8 reg, u8 size, u32 val);

/* From the vCPU: ports PCI_PORT_FIRST to _LAST, and the window. */
void pci_port(struct pci *pci, u16 port, u8 size, bool write, u32 *val);
void pci_mmio(struct pci *pci, u64 gpa, u8 size, bool write, u32 *val);

#endif
