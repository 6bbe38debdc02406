// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The transport: virtio 1.0 over PCI, registers and capabilities.  Registers
 * are touched by the vCPU thread alone.  Rings belong to whoever serves them,
 * under the queue's lock; status and interrupt cause are atomic.
 */
#include "dev/virtio/virtio.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "report.h"

#define VIRTIO_PCI_VENDOR	0x1af4
#define VIRTIO_PCI_DEVICE	0x1040	/* + device id */
#define VIRTIO_PCI_SUBDEVICE	0x40

/* BAR 0 */
#define BAR_COMMON		0x000
#define BAR_COMMON_BYTES	0x038
#define BAR_ISR			0x080
#define BAR_ISR_BYTES		0x004
#define BAR_DEVICE		0x100
#define BAR_NOTIFY		0x200
#define BAR_NOTIFY_STRIDE	4

/* Where the capabilities are in configuration space. */
#define CAP_COMMON		0x40
#define CAP_NOTIFY		0x50
#define CAP_ISR			0x64
#define CAP_CFG			0x74
#define CAP_DEVICE		0x88

#define COMPLAINTS_MAX		8

static struct virtio *to_virtio(struct pci_dev *pci)
{
	return container_of(pci, struct virtio, pci);
}

void virtio_fail(struct virtio *dev, const char *why)
{
	unsigned int old = atomic_fetch_or(&dev->status,
					   VIRTIO_CONFIG_S_NEEDS_RESET);

	if (old & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	if (atomic_fetch_add(&dev->complaints, 1) < COMPLAINTS_MAX)
		note("guest driver of %s (slot %u): %s; the device waits for a reset",
		     dev->ops->name, dev->irq.line, why);
	virtio_config_changed(dev);
}

void virtio_config_changed(struct virtio *dev)
{
	atomic_fetch_add(&dev->generation, 1);
	if (!(atomic_load(&dev->status) & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	atomic_fetch_or(&dev->isr, VIRTIO_PCI_ISR_CONFIG);
	irq_raise(&dev->irq);
}

static bool virtio_in_use(struct virtio *dev)
{
	unsigned int status = atomic_load(&dev->status);

	return (status & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !(status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

int virtio_pop(struct virtio *dev, unsigned int index, struct chain *chain)
{
	const char *why;
	int got;

	if (!virtio_in_use(dev))
		return 0;
	got = virtq_pop(&dev->queue[index].ring, chain, &why);
	if (got < 0)
		virtio_fail(dev, why);
	return got > 0;
}

void virtio_push(struct virtio *dev, unsigned int index, u16 head, u32 written)
{
	virtq_push(&dev->queue[index].ring, head, written);
}

void virtio_interrupt(struct virtio *dev, unsigned int index)
{
	if (!virtq_wants_irq(&dev->queue[index].ring))
		return;
	atomic_fetch_or(&dev->isr, 1);
	irq_raise(&dev->irq);
}

void virtio_run_queue(struct virtio *dev, unsigned int index)
{
	struct virtio_queue *queue = &dev->queue[index];

	pthread_mutex_lock(&queue->lock);
	if (virtio_in_use(dev) && queue->ring.ready)
		dev->ops->kick(dev, index);
	pthread_mutex_unlock(&queue->lock);
}

/* Waits for what is being served: afterwards nobody touches the rings. */
static void virtio_reset(struct virtio *dev)
{
	atomic_store(&dev->status, 0);
	for (unsigned int i = 0; i < dev->ops->queues; i++) {
		pthread_mutex_lock(&dev->queue[i].lock);
		virtq_reset(&dev->queue[i].ring, dev->ops->queue_size);
		pthread_mutex_unlock(&dev->queue[i].lock);
	}
	atomic_store(&dev->isr, 0);
	memset(dev->driver_features, 0, sizeof(dev->driver_features));
	dev->feature_select = dev->driver_select = dev->queue_select = 0;
}

static u64 virtio_offered(const struct virtio *dev)
{
	return dev->ops->features | 1ull << VIRTIO_F_VERSION_1;
}

static bool virtio_features_ok(const struct virtio *dev)
{
	u64 accepted = dev->driver_features[0] |
		       (u64)dev->driver_features[1] << 32;

	return (accepted & 1ull << VIRTIO_F_VERSION_1) &&
	       !(accepted & ~virtio_offered(dev));
}

static void virtio_set_status(struct virtio *dev, u32 val)
{
	unsigned int old = atomic_load(&dev->status);

	val &= 0xff;
	if (!val) {
		virtio_reset(dev);
		return;
	}
	if ((val & ~old & VIRTIO_CONFIG_S_FEATURES_OK) &&
	    !virtio_features_ok(dev))
		val &= ~(u32)VIRTIO_CONFIG_S_FEATURES_OK;
	/* Bits only come; what would go needs a reset. */
	atomic_fetch_or(&dev->status, val & ~(u32)VIRTIO_CONFIG_S_NEEDS_RESET);
	if (!(val & ~old & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	/* Buffers may have been there before: serve what needs no kick. */
	for (unsigned int i = 0; i < dev->ops->queues; i++)
		virtio_run_queue(dev, i);
	if (dev->ops->driver_ready)
		dev->ops->driver_ready(dev);
}

static void virtio_set_queue(struct virtio *dev, struct virtq *ring,
			     u32 offset, u32 val)
{
	const char *why;

	if (ring->ready)
		return;		/* too late to move it */
	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		if (val && val <= dev->ops->queue_size && !(val & (val - 1)))
			ring->size = (u16)val;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		why = val == 1 ? virtq_enable(ring, dev->mem) : NULL;
		if (why)
			virtio_fail(dev, why);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		ring->desc_gpa = (ring->desc_gpa & ~0xffffffffull) | val;
		break;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		ring->desc_gpa = (u32)ring->desc_gpa | (u64)val << 32;
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		ring->avail_gpa = (ring->avail_gpa & ~0xffffffffull) | val;
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		ring->avail_gpa = (u32)ring->avail_gpa | (u64)val << 32;
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		ring->used_gpa = (ring->used_gpa & ~0xffffffffull) | val;
		break;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		ring->used_gpa = (u32)ring->used_gpa | (u64)val << 32;
		break;
	}
}

static void virtio_common_write(struct virtio *dev, u32 offset, u32 val)
{
	struct virtio_queue *queue;

	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		dev->feature_select = val;
		return;
	case VIRTIO_PCI_COMMON_GFSELECT:
		dev->driver_select = val;
		return;
	case VIRTIO_PCI_COMMON_GF:
		/* Once agreed on, they stay. */
		if (dev->driver_select < 2 &&
		    !(atomic_load(&dev->status) & VIRTIO_CONFIG_S_FEATURES_OK))
			dev->driver_features[dev->driver_select] = val;
		return;
	case VIRTIO_PCI_COMMON_STATUS:
		virtio_set_status(dev, val);
		return;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		dev->queue_select = val;
		return;
	}
	if (dev->queue_select >= dev->ops->queues)
		return;
	queue = &dev->queue[dev->queue_select];
	pthread_mutex_lock(&queue->lock);
	virtio_set_queue(dev, &queue->ring, offset, val);
	pthread_mutex_unlock(&queue->lock);
}

static u32 virtio_queue_read(const struct virtio *dev, u32 offset)
{
	const struct virtq *ring = &dev->queue[dev->queue_select].ring;

	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		return ring->size;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return ring->ready;
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return dev->queue_select;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		return (u32)ring->desc_gpa;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		return (u32)(ring->desc_gpa >> 32);
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		return (u32)ring->avail_gpa;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		return (u32)(ring->avail_gpa >> 32);
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		return (u32)ring->used_gpa;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		return (u32)(ring->used_gpa >> 32);
	default:
		return 0;
	}
}

static u32 virtio_common_read(struct virtio *dev, u32 offset)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		return dev->feature_select;
	case VIRTIO_PCI_COMMON_DF:
		return dev->feature_select < 2 ?
		       (u32)(virtio_offered(dev) >> 32 * dev->feature_select) :
		       0;
	case VIRTIO_PCI_COMMON_GFSELECT:
		return dev->driver_select;
	case VIRTIO_PCI_COMMON_GF:
		return dev->driver_select < 2 ?
		       dev->driver_features[dev->driver_select] : 0;
	case VIRTIO_PCI_COMMON_MSIX:
	case VIRTIO_PCI_COMMON_Q_MSIX:
		return VIRTIO_MSI_NO_VECTOR;
	case VIRTIO_PCI_COMMON_NUMQ:
		return dev->ops->queues;
	case VIRTIO_PCI_COMMON_STATUS:
		return atomic_load(&dev->status);
	case VIRTIO_PCI_COMMON_CFGGENERATION:
		return atomic_load(&dev->generation) & 0xff;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		return dev->queue_select;
	}
	return dev->queue_select < dev->ops->queues ?
	       virtio_queue_read(dev, offset) : 0;
}

static void virtio_device_config(struct virtio *dev, u32 offset, u8 size,
				 bool write, u32 *val)
{
	if (offset > dev->ops->config_bytes ||
	    size > dev->ops->config_bytes - offset)
		return;
	if (!write)
		*val = dev->ops->config_read(dev, offset, size);
	else if (dev->ops->config_write)
		dev->ops->config_write(dev, offset, size, *val);
}

/* Reads of what is not there stay as the caller set them: all ones. */
static void virtio_bar(struct pci_dev *pci, u32 offset, u8 size, bool write,
		       u32 *val)
{
	struct virtio *dev = to_virtio(pci);

	if (offset >= BAR_NOTIFY) {
		offset -= BAR_NOTIFY;
		if (write && offset / BAR_NOTIFY_STRIDE < dev->ops->queues)
			virtio_run_queue(dev, offset / BAR_NOTIFY_STRIDE);
	} else if (offset >= BAR_DEVICE) {
		virtio_device_config(dev, offset - BAR_DEVICE, size, write,
				     val);
	} else if (offset == BAR_ISR && !write) {
		*val = atomic_exchange(&dev->isr, 0);
	} else if (offset < BAR_COMMON_BYTES) {
		if (write)
			virtio_common_write(dev, offset, *val);
		else
			*val = virtio_common_read(dev, offset);
	}
}

static u32 virtio_config_get32(const struct pci_dev *pci, u8 reg)
{
	u32 val;

	memcpy(&val, pci->config + reg, sizeof(val));
	return val;
}

/* The window in configuration space: BAR accesses without memory accesses. */
static void virtio_config_access(struct pci_dev *pci, u8 reg, u8 size,
				 bool write)
{
	const u8 data = CAP_CFG + sizeof(struct virtio_pci_cap);
	u32 offset, len, val = 0xffffffff;

	if (reg + size <= data || reg >= data + sizeof(u32))
		return;
	offset = virtio_config_get32(pci, CAP_CFG + VIRTIO_PCI_CAP_OFFSET);
	len = virtio_config_get32(pci, CAP_CFG + VIRTIO_PCI_CAP_LENGTH);
	if (pci->config[CAP_CFG + VIRTIO_PCI_CAP_BAR] ||
	    (len != 1 && len != 2 && len != 4) ||
	    offset > PCI_BAR_BYTES - len)
		return;
	if (write)
		val = virtio_config_get32(pci, data) &
		      (0xffffffffu >> (32 - 8 * len));
	virtio_bar(pci, offset, (u8)len, write, &val);
	if (!write)
		pci_config_set(pci, data, 4, val);
}

static void virtio_bar_moved(struct pci_dev *pci, u32 old_gpa)
{
	struct virtio *dev = to_virtio(pci);

	for (unsigned int i = 0; i < dev->ops->queues; i++) {
		u32 offset = BAR_NOTIFY + i * BAR_NOTIFY_STRIDE;
		int fd = dev->queue[i].doorbell;

		if (fd < 0)
			continue;
		/* Where this fails the write comes to virtio_bar(): slower. */
		doorbell_set(dev->irq.guest_fd, old_gpa + offset, 2, fd, false);
		doorbell_set(dev->irq.guest_fd, pci->bar_gpa + offset, 2, fd,
			     true);
	}
}

static const struct pci_ops virtio_pci_ops = {
	.bar = virtio_bar,
	.config_access = virtio_config_access,
	.bar_moved = virtio_bar_moved,
};

static void virtio_add_cap(struct pci_dev *pci, u8 at, u8 next, u8 type,
			   u8 cap_len, u32 offset, u32 len)
{
	struct virtio_pci_cap cap = {
		.cap_vndr = PCI_CAP_ID_VNDR,
		.cap_next = next,
		.cap_len = cap_len,
		.cfg_type = type,
		.offset = offset,
		.length = len,
	};

	memcpy(pci->config + at, &cap, sizeof(cap));
}

static void virtio_fill_config(struct virtio *dev)
{
	struct pci_dev *pci = &dev->pci;

	pci_config_set(pci, PCI_VENDOR_ID, 2, VIRTIO_PCI_VENDOR);
	pci_config_set(pci, PCI_DEVICE_ID, 2, VIRTIO_PCI_DEVICE + dev->ops->id);
	pci_config_set(pci, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	pci_config_set(pci, PCI_REVISION_ID, 1, 1);
	pci_config_set(pci, PCI_CLASS_DEVICE, 2, dev->ops->pci_class);
	pci_config_set(pci, PCI_SUBSYSTEM_VENDOR_ID, 2, VIRTIO_PCI_VENDOR);
	pci_config_set(pci, PCI_SUBSYSTEM_ID, 2, VIRTIO_PCI_SUBDEVICE);
	pci_config_set(pci, PCI_CAPABILITY_LIST, 1, CAP_COMMON);

	virtio_add_cap(pci, CAP_COMMON, CAP_NOTIFY, VIRTIO_PCI_CAP_COMMON_CFG,
		       sizeof(struct virtio_pci_cap), BAR_COMMON,
		       BAR_COMMON_BYTES);
	virtio_add_cap(pci, CAP_NOTIFY, CAP_ISR, VIRTIO_PCI_CAP_NOTIFY_CFG,
		       sizeof(struct virtio_pci_notify_cap), BAR_NOTIFY,
		       dev->ops->queues * BAR_NOTIFY_STRIDE);
	pci_config_set(pci, CAP_NOTIFY + VIRTIO_PCI_NOTIFY_CAP_MULT, 4,
		       BAR_NOTIFY_STRIDE);
	virtio_add_cap(pci, CAP_ISR, CAP_CFG, VIRTIO_PCI_CAP_ISR_CFG,
		       sizeof(struct virtio_pci_cap), BAR_ISR, BAR_ISR_BYTES);
	virtio_add_cap(pci, CAP_CFG, dev->ops->config_bytes ? CAP_DEVICE : 0,
		       VIRTIO_PCI_CAP_PCI_CFG,
		       sizeof(struct virtio_pci_cfg_cap), 0, 0);
	pci->writable[CAP_CFG + VIRTIO_PCI_CAP_BAR] = 0xff;
	memset(pci->writable + CAP_CFG + VIRTIO_PCI_CAP_OFFSET, 0xff,
	       sizeof(struct virtio_pci_cfg_cap) - VIRTIO_PCI_CAP_OFFSET);
	if (dev->ops->config_bytes)
		virtio_add_cap(pci, CAP_DEVICE, 0, VIRTIO_PCI_CAP_DEVICE_CFG,
			       sizeof(struct virtio_pci_cap), BAR_DEVICE,
			       dev->ops->config_bytes);
}

int virtio_init(struct virtio *dev, const struct virtio_ops *ops,
		struct pci *bus, const struct mem *mem, int guest_fd)
{
	int slot;

	dev->ops = ops;
	dev->mem = mem;
	for (unsigned int i = 0; i < ops->queues; i++) {
		pthread_mutex_init(&dev->queue[i].lock, NULL);
		dev->queue[i].doorbell = -1;
	}
	virtio_reset(dev);
	virtio_fill_config(dev);
	slot = pci_add(bus, &dev->pci);
	if (slot < 0)
		return complain(STATUS_USAGE, "too many devices: at most %u",
				PCI_SLOTS - 1);
	dev->pci.ops = &virtio_pci_ops;
	dev->irq.guest_fd = guest_fd;
	dev->irq.line = (u32)slot;
	return 0;
}

int virtio_doorbell(struct virtio *dev, unsigned int index)
{
	u64 gpa = dev->pci.bar_gpa + BAR_NOTIFY + index * BAR_NOTIFY_STRIDE;
	int fd = eventfd(0, EFD_CLOEXEC);
	int err;

	if (fd < 0)
		return complain(STATUS_HOST, "no eventfd for %s: %s",
				dev->ops->name, strerror(errno));
	dev->queue[index].doorbell = fd;
	err = doorbell_set(dev->irq.guest_fd, gpa, 2, fd, true);
	if (err)
		return complain(STATUS_MODULE, "no doorbell for %s: %s",
				dev->ops->name, strerror(-err));
	return 0;
}

void virtio_exit(struct virtio *dev)
{
	for (unsigned int i = 0; i < dev->ops->queues; i++) {
		if (dev->queue[i].doorbell >= 0)
			close(dev->queue[i].doorbell);
		pthread_mutex_destroy(&dev->queue[i].lock);
	}
}
