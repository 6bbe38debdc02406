// SPDX-License-Identifier: GPL-2.0
/*
 * lg.ko: Linux guests on an ordinary Linux host, without VT-x or AMD-V.
 *
 * Loading finds the switcher a place (host/), then opens the door (dev.c).
 * Start reading at host/i386/switcher.S, then vcpu.c.
 */
#include <linux/module.h>
#include "lg.h"

static int __init lg_init(void)
{
	int rc = host_init();

	if (rc)
		return rc;
	rc = lg_irq_init();
	if (rc)
		goto err_host_exit;
	/* Once, not per vCPU: the first and the last patch the scheduler's text. */
	preempt_notifier_inc();
	rc = lg_dev_init();
	if (rc)
		goto err_notifier_dec;
	return 0;

err_notifier_dec:
	preempt_notifier_dec();
	lg_irq_exit();
err_host_exit:
	host_exit();
	return rc;
}

static void __exit lg_exit(void)
{
	lg_dev_exit();
	preempt_notifier_dec();
	lg_irq_exit();
	host_exit();
}

module_init(lg_init);
module_exit(lg_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Linux guests without hardware virtualization");
MODULE_ALIAS("devname:lguest");
