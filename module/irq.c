// SPDX-License-Identifier: GPL-2.0
/*
 * Events from outside the vCPU: virtual interrupts made pending, eventfds that
 * make them pending (irqfd), and guest writes that signal eventfds (doorbells).
 *
 * Interrupts may come from any context; what a pending one means is the ABI's
 * business. Two locks, for an eventfd may be both: a doorbell signals it, and so
 * takes its lock, under doorbell_lock; an irqfd takes irqfd_lock under its.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "compat.h"
#include "lg.h"

#define MAX_EVENTS	64	/* of each kind, per guest */

/**
 * lg_irq_raise - set a bit of lg_vcpu.irqs and see that it is noticed
 * @vcpu: any state
 * @bit: below 32; which is which is the ABI's business, but for LG_IRQ_TIMER
 *
 * Any context.
 */
void lg_irq_raise(struct lg_vcpu *vcpu, unsigned int bit)
{
	set_bit(bit, &vcpu->irqs);
	lg_vcpu_kick(vcpu);
}

/* ---- doorbells ---- */

struct doorbell {
	struct list_head list;
	lg_gpa_t gpa;
	unsigned int len;
	struct eventfd_ctx *eventfd;
};

static struct doorbell *doorbell_find(struct lg_guest *guest, lg_gpa_t gpa,
				      unsigned int len)
{
	struct doorbell *d;

	list_for_each_entry(d, &guest->doorbells, list)
		if (d->gpa == gpa && d->len == len)
			return d;
	return NULL;
}

static void doorbell_free(struct doorbell *d)
{
	if (!d)
		return;
	eventfd_ctx_put(d->eventfd);
	kfree(d);
}

static int list_length(struct list_head *head)
{
	struct list_head *p;
	int n = 0;

	list_for_each(p, head)
		n++;
	return n;
}

static int doorbell_add(struct lg_guest *guest, const struct lg_doorbell *arg)
{
	struct doorbell *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	int rc = 0;

	if (!d)
		return -ENOMEM;
	d->gpa = arg->gpa;
	d->len = arg->len;
	d->eventfd = eventfd_ctx_fdget(arg->fd);
	if (IS_ERR(d->eventfd)) {
		rc = PTR_ERR(d->eventfd);
		kfree(d);
		return rc;
	}
	spin_lock_irq(&guest->doorbell_lock);
	if (doorbell_find(guest, arg->gpa, arg->len))
		rc = -EEXIST;
	else if (list_length(&guest->doorbells) >= MAX_EVENTS)
		rc = -ENOSPC;
	else
		list_add_tail(&d->list, &guest->doorbells);
	spin_unlock_irq(&guest->doorbell_lock);
	if (rc)
		doorbell_free(d);
	return rc;
}

static int doorbell_remove(struct lg_guest *guest,
			   const struct lg_doorbell *arg)
{
	struct doorbell *d;

	spin_lock_irq(&guest->doorbell_lock);
	d = doorbell_find(guest, arg->gpa, arg->len);
	if (d)
		list_del(&d->list);
	spin_unlock_irq(&guest->doorbell_lock);
	doorbell_free(d);
	return d ? 0 : -ENOENT;
}

/* A port, or a place in the MMIO range. */
static bool doorbell_is_sane(struct lg_guest *guest,
			     const struct lg_doorbell *arg)
{
	if (guest->abi->has_ports)
		return !arg->len && arg->gpa < guest->abi->lines;
	return (arg->len == 1 || arg->len == 2 || arg->len == 4) &&
	       lg_gpa_is_mmio(guest, arg->gpa) &&
	       lg_gpa_is_mmio(guest, arg->gpa + arg->len - 1);
}

/**
 * lg_doorbell - LG_DOORBELL
 * @guest: has memory
 * @arg: from the launcher: checked
 *
 * Returns as struct lg_doorbell says.
 */
int lg_doorbell(struct lg_guest *guest, const struct lg_doorbell *arg)
{
	if (arg->reserved || arg->flags & ~LG_FD_DEASSIGN ||
	    !doorbell_is_sane(guest, arg))
		return -EINVAL;
	if (arg->flags & LG_FD_DEASSIGN)
		return doorbell_remove(guest, arg);
	return doorbell_add(guest, arg);
}

/**
 * lg_doorbell_ring - a guest write to a device, or its send through a port
 * @guest: its vCPU's lock is held
 * @gpa: where; a port
 * @len: bytes; 0 for a port
 *
 * Returns true if a doorbell was there and the write is done.
 */
bool lg_doorbell_ring(struct lg_guest *guest, lg_gpa_t gpa, unsigned int len)
{
	struct doorbell *d;

	spin_lock_irq(&guest->doorbell_lock);
	d = doorbell_find(guest, gpa, len);
	if (d)
		lg_eventfd_signal(d->eventfd);
	spin_unlock_irq(&guest->doorbell_lock);
	return d;
}

/* ---- irqfds ---- */

struct irqfd {
	struct list_head list;		/* under lg_guest.irqfd_lock */
	struct lg_guest *guest;
	struct eventfd_ctx *eventfd;
	unsigned int irq;
	wait_queue_entry_t wait;
	poll_table poll;
	struct work_struct shutdown;
};

static struct workqueue_struct *irqfd_workqueue;

static void irqfd_shutdown(struct work_struct *work)
{
	struct irqfd *f = container_of(work, struct irqfd, shutdown);
	u64 count;

	eventfd_ctx_remove_wait_queue(f->eventfd, &f->wait, &count);
	eventfd_ctx_put(f->eventfd);
	kfree(f);
}

/* Take it off the list, once, and free it where sleeping is allowed. */
static void irqfd_remove(struct irqfd *f)
{
	list_del_init(&f->list);
	queue_work(irqfd_workqueue, &f->shutdown);
}

/* Called with the eventfd's wait queue locked, interrupts off. */
static int irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync,
			void *key)
{
	struct irqfd *f = container_of(wait, struct irqfd, wait);
	__poll_t flags = key_to_poll(key);
	unsigned long irqflags;
	u64 count;

	if (flags & EPOLLIN) {
		eventfd_ctx_do_read(f->eventfd, &count);
		f->guest->abi->raise(f->guest->vcpu[0], f->irq);
	}
	if (flags & EPOLLHUP) {
		spin_lock_irqsave(&f->guest->irqfd_lock, irqflags);
		if (!list_empty(&f->list))
			irqfd_remove(f);
		spin_unlock_irqrestore(&f->guest->irqfd_lock, irqflags);
	}
	return 0;
}

static void irqfd_queue(struct file *file, wait_queue_head_t *head,
			poll_table *poll)
{
	struct irqfd *f = container_of(poll, struct irqfd, poll);

	add_wait_queue_priority(head, &f->wait);
}

static int irqfd_add(struct lg_guest *guest, const struct lg_irqfd *arg)
{
	struct irqfd *f;
	struct fd fd;
	int rc = 0;

	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	fd = fdget(arg->fd);
	if (!fd_file(fd)) {
		rc = -EBADF;
		goto err_free;
	}
	f->eventfd = eventfd_ctx_fileget(fd_file(fd));
	if (IS_ERR(f->eventfd)) {
		rc = PTR_ERR(f->eventfd);
		goto err_fdput;
	}
	f->guest = guest;
	f->irq = arg->irq;
	INIT_WORK(&f->shutdown, irqfd_shutdown);
	init_waitqueue_func_entry(&f->wait, irqfd_wakeup);
	init_poll_funcptr(&f->poll, irqfd_queue);
	spin_lock_irq(&guest->irqfd_lock);
	if (list_length(&guest->irqfds) >= MAX_EVENTS)
		rc = -ENOSPC;
	else
		list_add_tail(&f->list, &guest->irqfds);
	spin_unlock_irq(&guest->irqfd_lock);
	if (rc)
		goto err_eventfd_put;
	/* Signalled before we listened? */
	if (vfs_poll(fd_file(fd), &f->poll) & EPOLLIN)
		guest->abi->raise(guest->vcpu[0], f->irq);
	fdput(fd);
	return 0;

err_eventfd_put:
	eventfd_ctx_put(f->eventfd);
err_fdput:
	fdput(fd);
err_free:
	kfree(f);
	return rc;
}

static int irqfd_take_back(struct lg_guest *guest, const struct lg_irqfd *arg)
{
	struct eventfd_ctx *eventfd = eventfd_ctx_fdget(arg->fd);
	struct irqfd *f, *next;
	int rc = -ENOENT;

	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	spin_lock_irq(&guest->irqfd_lock);
	list_for_each_entry_safe(f, next, &guest->irqfds, list) {
		if (f->eventfd != eventfd || f->irq != arg->irq)
			continue;
		irqfd_remove(f);
		rc = 0;
	}
	spin_unlock_irq(&guest->irqfd_lock);
	eventfd_ctx_put(eventfd);
	flush_workqueue(irqfd_workqueue);
	return rc;
}

/**
 * lg_irqfd - LG_IRQFD
 * @guest: has its first vCPU
 * @arg: from the launcher: checked
 *
 * Returns as struct lg_irqfd says.
 */
int lg_irqfd(struct lg_guest *guest, const struct lg_irqfd *arg)
{
	int rc;

	if (arg->reserved || arg->flags & ~LG_FD_DEASSIGN ||
	    arg->irq >= guest->abi->lines || !READ_ONCE(guest->vcpu[0]))
		return -EINVAL;
	/* One at a time: nobody takes back what is not quite there yet. */
	mutex_lock(&guest->lock);
	if (arg->flags & LG_FD_DEASSIGN)
		rc = irqfd_take_back(guest, arg);
	else
		rc = irqfd_add(guest, arg);
	mutex_unlock(&guest->lock);
	return rc;
}

/**
 * lg_events_free - let go of all eventfds
 * @guest: nobody else refers to it; its vCPUs still exist
 */
void lg_events_free(struct lg_guest *guest)
{
	struct doorbell *d, *next_d;
	struct irqfd *f, *next_f;

	spin_lock_irq(&guest->irqfd_lock);
	list_for_each_entry_safe(f, next_f, &guest->irqfds, list)
		irqfd_remove(f);
	spin_unlock_irq(&guest->irqfd_lock);
	flush_workqueue(irqfd_workqueue);
	list_for_each_entry_safe(d, next_d, &guest->doorbells, list)
		doorbell_free(d);
}

int lg_irq_init(void)
{
	irqfd_workqueue = alloc_workqueue("lguest-irqfd", 0, 0);
	return irqfd_workqueue ? 0 : -ENOMEM;
}

void lg_irq_exit(void)
{
	destroy_workqueue(irqfd_workqueue);
}
