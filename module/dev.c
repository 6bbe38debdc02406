// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/lguest and the files it hands out: guests and vCPUs.
 *
 * Everything from user space is copied once and checked, here or by the
 * function that uses it. Each file holds a reference to its guest, so they may
 * be closed in any order; an open file keeps the module loaded.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include "lg.h"

/* ---- vCPU ---- */

static int vcpu_regs(struct lg_vcpu *vcpu, void __user *arg, bool set)
{
	lg_regs_t regs;
	int rc;

	if (set && copy_from_user(&regs, arg, sizeof(regs)))
		return -EFAULT;
	if (!mutex_trylock(&vcpu->lock))
		return -EBUSY;
	rc = set ? host_set_regs(vcpu, &regs) : host_get_regs(vcpu, &regs);
	mutex_unlock(&vcpu->lock);
	if (!rc && !set && copy_to_user(arg, &regs, sizeof(regs)))
		return -EFAULT;
	return rc;
}

static int vcpu_xen_start(struct lg_vcpu *vcpu, void __user *arg)
{
	struct lg_xen_start start;
	int rc;

	if (!vcpu->guest->abi->start)
		return -ENOTTY;
	if (copy_from_user(&start, arg, sizeof(start)))
		return -EFAULT;
	if (memchr_inv(start.reserved, 0, sizeof(start.reserved)))
		return -EINVAL;
	if (current->mm != vcpu->guest->mm)
		return -EIO;
	if (!mutex_trylock(&vcpu->lock))
		return -EBUSY;
	rc = vcpu->guest->abi->start(vcpu, &start);
	mutex_unlock(&vcpu->lock);
	return rc;
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct lg_vcpu *vcpu = file->private_data;

	switch (cmd) {
	case LG_RUN:
		return arg ? -EINVAL : lg_vcpu_run(vcpu);
	case HOST_GET_REGS:
		return vcpu_regs(vcpu, (void __user *)arg, false);
	case HOST_SET_REGS:
		return vcpu_regs(vcpu, (void __user *)arg, true);
	case LG_XEN_START:
		return vcpu_xen_start(vcpu, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lg_vcpu *vcpu = file->private_data;

	if (vma->vm_pgoff || vma_pages(vma) != 1)
		return -EINVAL;
	return vm_insert_page(vma, vma->vm_start, virt_to_page(vcpu->run));
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct lg_vcpu *vcpu = file->private_data;

	lg_guest_put(vcpu->guest);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vcpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vcpu_mmap,
	.release = vcpu_release,
	.llseek = noop_llseek,
};

/* ---- guest ---- */

static int guest_create_vcpu(struct lg_guest *guest, void __user *arg)
{
	struct lg_vcpu_config config;
	struct lg_vcpu *vcpu;
	int rc;

	if (copy_from_user(&config, arg, sizeof(config)))
		return -EFAULT;
	if (memchr_inv(config.reserved, 0, sizeof(config.reserved)) ||
	    config.index >= LG_MAX_VCPUS)
		return -EINVAL;
	mutex_lock(&guest->lock);
	rc = -EINVAL;
	if (!guest->ram_pages)
		goto unlock;
	rc = -EEXIST;
	if (guest->vcpu[config.index])
		goto unlock;
	vcpu = lg_vcpu_create(guest, config.index);
	rc = PTR_ERR(vcpu);
	if (IS_ERR(vcpu))
		goto unlock;
	kref_get(&guest->ref);
	rc = anon_inode_getfd("lguest-vcpu", &vcpu_fops, vcpu,
			      O_RDWR | O_CLOEXEC);
	if (rc < 0) {
		lg_vcpu_free(vcpu);
		lg_guest_put(guest);
		goto unlock;
	}
	WRITE_ONCE(guest->vcpu[config.index], vcpu);
unlock:
	mutex_unlock(&guest->lock);
	return rc;
}

static int guest_set_memory(struct lg_guest *guest, void __user *arg)
{
	struct lg_memory m;

	if (copy_from_user(&m, arg, sizeof(m)))
		return -EFAULT;
	return lg_guest_set_memory(guest, &m);
}

static int guest_irq(struct lg_guest *guest, void __user *arg)
{
	struct lg_irq irq;
	struct lg_vcpu *vcpu = READ_ONCE(guest->vcpu[0]);

	if (copy_from_user(&irq, arg, sizeof(irq)))
		return -EFAULT;
	if (memchr_inv(irq.reserved, 0, sizeof(irq.reserved)) ||
	    irq.irq >= guest->abi->lines || !vcpu)
		return -EINVAL;
	guest->abi->raise(vcpu, irq.irq);
	return 0;
}

static int guest_irqfd(struct lg_guest *guest, void __user *arg)
{
	struct lg_irqfd irqfd;

	if (copy_from_user(&irqfd, arg, sizeof(irqfd)))
		return -EFAULT;
	return lg_irqfd(guest, &irqfd);
}

static int guest_doorbell(struct lg_guest *guest, void __user *arg)
{
	struct lg_doorbell doorbell;

	if (copy_from_user(&doorbell, arg, sizeof(doorbell)))
		return -EFAULT;
	return lg_doorbell(guest, &doorbell);
}

static int guest_stats(struct lg_guest *guest, void __user *arg)
{
	struct lg_stats stats;

	lg_guest_stats(guest, &stats);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long guest_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct lg_guest *guest = file->private_data;
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case LG_SET_MEMORY:
		return guest_set_memory(guest, p);
	case LG_CREATE_VCPU:
		return guest_create_vcpu(guest, p);
	case LG_IRQ:
		return guest_irq(guest, p);
	case LG_IRQFD:
		return guest_irqfd(guest, p);
	case LG_DOORBELL:
		return guest_doorbell(guest, p);
	case LG_GET_STATS:
		return guest_stats(guest, p);
	default:
		return -ENOTTY;
	}
}

static int guest_release(struct inode *inode, struct file *file)
{
	lg_guest_put(file->private_data);
	return 0;
}

static const struct file_operations guest_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = guest_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = guest_release,
	.llseek = noop_llseek,
};

/* ---- /dev/lguest ---- */

static int device_info(void __user *arg)
{
	struct lg_info info = {
		.api_version = LG_API_VERSION,
		.abis = lg_guest_abis(),
		.max_vcpus = LG_MAX_VCPUS,
		.tsc_khz = lg_tsc_khz(),
		.window_gva = host_window_gva(),
		.max_memory = HOST_MAX_MEMORY,
	};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int device_create_guest(void __user *arg)
{
	struct lg_guest_config config;
	struct lg_guest *guest;
	int fd;

	if (copy_from_user(&config, arg, sizeof(config)))
		return -EFAULT;
	guest = lg_guest_create(&config);
	if (IS_ERR(guest))
		return PTR_ERR(guest);
	fd = anon_inode_getfd("lguest-guest", &guest_fops, guest,
			      O_RDWR | O_CLOEXEC);
	if (fd < 0)
		lg_guest_put(guest);
	return fd;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case LG_GET_INFO:
		return device_info((void __user *)arg);
	case LG_CREATE_GUEST:
		return device_create_guest((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lguest",
	.mode = 0660,
	.fops = &dev_fops,
};

int lg_dev_init(void)
{
	return misc_register(&device);
}

void lg_dev_exit(void)
{
	misc_deregister(&device);
}
