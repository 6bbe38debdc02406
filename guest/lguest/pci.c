// SPDX-License-Identifier: GPL-2.0
/*
 * PCI configuration space.  A read is two trips to the launcher, one for each
 * port, and Linux looks at the same few registers again and again: at each list
 * of capabilities nine times.  But the launcher changes hardly any of them on
 * its own, so what is known stays known until we write to it.
 *
 * There is bus 0, with one function in each of the first slots and nothing
 * behind.  Slot 0 is a bridge for kernels that would not believe in a bus
 * without; we do.
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/virtio_pci.h>
#include <asm/pci_x86.h>
#include <asm/x86_init.h>

#include "hcall.h"

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define CONFIG_PORTS	8
#define CONFIG_ENABLE	0x80000000
#define REGS		64
#define SLOTS		32

/**
 * struct config - what we know of one slot
 * @known: which registers, a bit each
 * @window: which are virtio's window to registers that change
 * @reg: values of those known
 */
static struct config {
	u64 known;
	u64 window;
	u32 reg[REGS];
} config[SLOTS];

static unsigned int slots_end = SLOTS;
static u32 selected;

static bool slot_is_empty(unsigned int bus, unsigned int devfn)
{
	return bus || PCI_FUNC(devfn) || !PCI_SLOT(devfn) ||
	       PCI_SLOT(devfn) >= slots_end;
}

/* The port keeps what was last written to it. */
static void select_reg(unsigned int slot, unsigned int n)
{
	u32 address = CONFIG_ENABLE | PCI_DEVFN(slot, 0) << 8 | n * 4;

	if (address != selected)
		outl(address, CONFIG_ADDRESS);
	selected = address;
}

/* The first of a capability's registers, which Linux always reads first. */
static bool begins_window(u32 first)
{
	return (first & 0xff) == PCI_CAP_ID_VNDR &&
	       first >> 24 == VIRTIO_PCI_CAP_PCI_CFG;
}

static bool can_be_known(const struct config *c, unsigned int n)
{
	return n != PCI_COMMAND / 4 && !(c->window & BIT_ULL(n));
}

static u32 read_reg(unsigned int slot, unsigned int n)
{
	struct config *c = &config[slot];

	if (c->known & BIT_ULL(n))
		return c->reg[n];
	select_reg(slot, n);
	c->reg[n] = inl(CONFIG_DATA);
	if (can_be_known(c, n))
		c->known |= BIT_ULL(n);
	if (n == PCI_VENDOR_ID / 4 && c->reg[n] == ~0U)
		slots_end = slot;
	if (n >= PCI_STD_HEADER_SIZEOF / 4 && begins_window(c->reg[n]))
		c->window |= 0x1eULL << n;
	return c->reg[n];
}

static int lguest_pci_read(unsigned int seg, unsigned int bus,
			   unsigned int devfn, int reg, int len, u32 *value)
{
	unsigned long flags;
	u32 all = ~0U;

	if (seg || reg < 0 || reg >= REGS * 4) {
		*value = ~0U;
		return -EINVAL;
	}
	raw_spin_lock_irqsave(&pci_config_lock, flags);
	if (!slot_is_empty(bus, devfn))
		all = read_reg(PCI_SLOT(devfn), reg / 4);
	raw_spin_unlock_irqrestore(&pci_config_lock, flags);
	*value = all >> 8 * (reg & 3) & (~0U >> (32 - 8 * len));
	return 0;
}

static int lguest_pci_write(unsigned int seg, unsigned int bus,
			    unsigned int devfn, int reg, int len, u32 value)
{
	unsigned long flags;

	if (seg || reg < 0 || reg >= REGS * 4)
		return -EINVAL;
	if (slot_is_empty(bus, devfn))
		return 0;
	raw_spin_lock_irqsave(&pci_config_lock, flags);
	select_reg(PCI_SLOT(devfn), reg / 4);
	switch (len) {
	case 1:
		outb(value, CONFIG_DATA + (reg & 3));
		break;
	case 2:
		outw(value, CONFIG_DATA + (reg & 2));
		break;
	case 4:
		outl(value, CONFIG_DATA);
		break;
	}
	config[PCI_SLOT(devfn)].known &= ~BIT_ULL(reg / 4);
	raw_spin_unlock_irqrestore(&pci_config_lock, flags);
	return 0;
}

static const struct pci_raw_ops lguest_pci_ops = {
	.read = lguest_pci_read,
	.write = lguest_pci_write,
};

/* The launcher writes our line into the device's configuration space. */
static int lguest_enable_irq(struct pci_dev *dev)
{
	u8 line = 0;

	pci_read_config_byte(dev, PCI_INTERRUPT_LINE, &line);
	if (line >= LG32_IRQS)
		return -EINVAL;
	dev->irq = line;
	return 0;
}

static void lguest_disable_irq(struct pci_dev *dev)
{
}

/* pci=off leaves nothing of pci_probe. */
static int __init lguest_pci_arch_init(void)
{
	if (pci_probe && request_region(CONFIG_ADDRESS, CONFIG_PORTS, "PCI"))
		raw_pci_ops = &lguest_pci_ops;
	return 0;
}

void __init lguest_init_pci(void)
{
	/* No chipset to look for, and only one way to look. */
	pci_probe = PCI_PROBE_NOEARLY;
	x86_init.pci.arch_init = lguest_pci_arch_init;
	pcibios_enable_irq = lguest_enable_irq;
	pcibios_disable_irq = lguest_disable_irq;
}
