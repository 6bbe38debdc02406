// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One PCI bus with configuration mechanism 1 and memory BARs, as small as a
 * guest will believe.  Every access comes from the vCPU thread, and every
 * number in it from the guest.
 */
#include "dev/pci.h"

#include <linux/pci_regs.h>
#include <string.h>

#define CONFIG_ADDRESS		0xcf8
#define CONFIG_DATA		0xcfc
#define CONFIG_ENABLE		0x80000000u
#define CLASS_HOST_BRIDGE	0x0600

void pci_config_set(struct pci_dev *dev, u8 reg, u8 size, u32 val)
{
	for (u8 i = 0; i < size; i++)
		dev->config[reg + i] = (u8)(val >> (8 * i));
}

static u32 pci_config_get(const struct pci_dev *dev, u8 reg, u8 size)
{
	u32 val = 0;

	for (u8 i = 0; i < size; i++)
		val |= (u32)dev->config[reg + i] << (8 * i);
	return val;
}

void pci_init(struct pci *pci)
{
	memset(pci, 0, sizeof(*pci));
	pci_config_set(&pci->bridge, PCI_CLASS_DEVICE, 2, CLASS_HOST_BRIDGE);
	pci->slots[0] = &pci->bridge;
	pci->count = 1;
}

int pci_add(struct pci *pci, struct pci_dev *dev)
{
	static const u8 bar_mask[4] = { 0, 0xf0, 0xff, 0xff };
	unsigned int slot = pci->count;

	if (slot == PCI_SLOTS)
		return -1;
	pci->count++;
	pci->slots[slot] = dev;
	dev->bar_gpa = PCI_WINDOW_GPA + slot * PCI_BAR_BYTES;
	pci_config_set(dev, PCI_BASE_ADDRESS_0, 4, dev->bar_gpa);
	memcpy(dev->writable + PCI_BASE_ADDRESS_0, bar_mask, sizeof(bar_mask));
	dev->writable[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	dev->writable[PCI_COMMAND + 1] = PCI_COMMAND_INTX_DISABLE >> 8;
	pci_config_set(dev, PCI_INTERRUPT_LINE, 1, slot);
	dev->writable[PCI_INTERRUPT_LINE] = 0xff;
	return (int)slot;
}

/*
 * A write of all ones asks for the size and moves nothing; neither does an
 * address outside the window, where we would not hear of accesses.  The bridge's
 * cannot be written.
 */
static void pci_move_bar(struct pci_dev *dev)
{
	u32 gpa = pci_config_get(dev, PCI_BASE_ADDRESS_0, 4);
	u32 old = dev->bar_gpa;

	if (gpa == old || gpa < PCI_WINDOW_GPA ||
	    gpa > PCI_WINDOW_GPA + PCI_WINDOW_BYTES - PCI_BAR_BYTES)
		return;
	dev->bar_gpa = gpa;
	if (dev->ops && dev->ops->bar_moved)
		dev->ops->bar_moved(dev, old);
}

static void pci_config_write(struct pci_dev *dev, u8 reg, u8 size, u32 val)
{
	for (u8 i = 0; i < size; i++) {
		u8 mask = dev->writable[reg + i];
		u8 byte = (u8)(val >> (8 * i));

		dev->config[reg + i] = (u8)((dev->config[reg + i] & ~mask) |
					    (byte & mask));
	}
	if (reg + size > PCI_BASE_ADDRESS_0 && reg < PCI_BASE_ADDRESS_1)
		pci_move_bar(dev);
	if (dev->ops)
		dev->ops->config_access(dev, reg, size, true);
}

static u32 pci_config_read(struct pci_dev *dev, u8 reg, u8 size)
{
	if (dev->ops)
		dev->ops->config_access(dev, reg, size, false);
	return pci_config_get(dev, reg, size);
}

static struct pci_dev *pci_addressed(const struct pci *pci)
{
	u32 address = pci->address;
	u32 slot = (address >> 11) & 0x1f;

	/* Bus 0, function 0. */
	if (!(address & CONFIG_ENABLE) || (address & 0x00ff0700))
		return NULL;
	return pci->slots[slot];
}

void pci_port(struct pci *pci, u16 port, u8 size, bool write, u32 *val)
{
	struct pci_dev *dev;
	u8 reg;

	if (port < CONFIG_DATA) {
		if (port != CONFIG_ADDRESS || size != 4)
			return;		/* 0xCFB: mechanism 2, not ours */
		if (write)
			pci->address = *val;
		else
			*val = pci->address;
		return;
	}
	dev = pci_addressed(pci);
	reg = (u8)((pci->address & 0xfc) + (port & 3));
	if (!dev || (port & 3) + size > 4)
		return;
	if (write)
		pci_config_write(dev, reg, size, *val);
	else
		*val = pci_config_read(dev, reg, size);
}

void pci_mmio(struct pci *pci, u64 gpa, u8 size, bool write, u32 *val)
{
	for (unsigned int i = 1; i < pci->count; i++) {
		struct pci_dev *dev = pci->slots[i];
		u64 offset = gpa - dev->bar_gpa;

		if (gpa < dev->bar_gpa || offset > PCI_BAR_BYTES - size)
			continue;
		dev->ops->bar(dev, (u32)offset, size, write, val);
		return;
	}
}
