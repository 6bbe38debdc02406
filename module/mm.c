// SPDX-License-Identifier: GPL-2.0
/*
 * The address spaces that have guests: the host folder shows them the window with
 * the first guest, and hides it with the last.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "lg.h"

struct lg_mm {
	struct list_head list;
	struct mm_struct *mm;
	unsigned int users;
};

static DEFINE_MUTEX(mms_lock);
static LIST_HEAD(mms);			/* under mms_lock */

static struct lg_mm *mm_find(struct mm_struct *mm)
{
	struct lg_mm *m;

	list_for_each_entry(m, &mms, list)
		if (m->mm == mm)
			return m;
	return NULL;
}

static struct lg_mm *mm_new(struct mm_struct *mm)
{
	struct lg_mm *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!m)
		return ERR_PTR(-ENOMEM);
	rc = host_mm_show(mm);
	if (rc) {
		kfree(m);
		return ERR_PTR(rc);
	}
	mmgrab(mm);
	m->mm = mm;
	list_add(&m->list, &mms);
	return m;
}

/**
 * lg_mm_attach - make the window visible in an address space
 * @mm: the caller's own
 *
 * Every attach is undone by one lg_mm_detach().
 * Returns 0, -ENOMEM, or what host_mm_show() says.
 */
int lg_mm_attach(struct mm_struct *mm)
{
	struct lg_mm *m;

	mutex_lock(&mms_lock);
	m = mm_find(mm) ?: mm_new(mm);
	if (!IS_ERR(m))
		m->users++;
	mutex_unlock(&mms_lock);
	return PTR_ERR_OR_ZERO(m);
}

/**
 * lg_mm_detach - undo one lg_mm_attach()
 * @mm: the same; its users may all be gone by now, its tables are not
 */
void lg_mm_detach(struct mm_struct *mm)
{
	struct lg_mm *m;

	mutex_lock(&mms_lock);
	m = mm_find(mm);
	if (!WARN_ON_ONCE(!m) && !--m->users) {
		host_mm_hide(mm);
		list_del(&m->list);
		kfree(m);
		mmdrop(mm);
	}
	mutex_unlock(&mms_lock);
}
