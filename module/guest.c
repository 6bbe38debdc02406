// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's life: made, given memory, ended with a reason, freed.
 *
 * Every open file of the guest and its vCPUs holds a reference; the last one
 * to go frees everything. The first reason for the end wins and no vCPU enters
 * the guest again.
 */
#include <linux/ctype.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "lg.h"

#define MIN_MEMORY	(1ull << 20)

static atomic64_t last_id;

static void guest_free(struct kref *ref)
{
	struct lg_guest *guest = container_of(ref, struct lg_guest, ref);
	unsigned int i;

	lg_events_free(guest);
	for (i = 0; i < LG_MAX_VCPUS; i++)
		lg_vcpu_free(guest->vcpu[i]);
	lg_shadow_free(guest);
	host_guest_free(guest);
	if (guest->pages)
		lg_mem_free(guest);
	lg_mm_detach(guest->mm);
	mmdrop(guest->mm);
	kfree(guest);
}

/**
 * lg_guest_put - drop one reference
 * @guest: may be gone on return
 */
void lg_guest_put(struct lg_guest *guest)
{
	kref_put(&guest->ref, guest_free);
}

/* What guests may speak on this host, by LG_ABI_x. */
static const struct lg_abi *const abis[] = {
#ifdef CONFIG_X86_64
	[LG_ABI_XENPV] = &xenpv_abi,
#else
	[LG_ABI_LG32] = &lg32_abi,
#endif
};

static const struct lg_abi *find_abi(u32 abi)
{
	return abi < ARRAY_SIZE(abis) ?
	       abis[array_index_nospec(abi, ARRAY_SIZE(abis))] : NULL;
}

/**
 * lg_guest_abis - bitmap of LG_ABI_x that guests may speak here
 */
u32 lg_guest_abis(void)
{
	u32 i, bitmap = 0;

	for (i = 0; i < ARRAY_SIZE(abis); i++)
		if (abis[i])
			bitmap |= 1 << i;
	return bitmap;
}

/* Only 32-bit guests have a choice. */
static bool paging_is_ok(const struct lg_guest_config *config)
{
	return config->paging <= (config->abi == LG_ABI_LG32 ? LG_PAGING_PAE :
				  LG_PAGING_AUTO);
}

/**
 * lg_guest_create - a guest without memory
 * @config: from the launcher: checked
 *
 * Returns the guest with one reference, or ERR_PTR(-EINVAL, -ENOMEM).
 */
struct lg_guest *lg_guest_create(const struct lg_guest_config *config)
{
	const struct lg_abi *abi = find_abi(config->abi);
	struct lg_guest *guest;
	int rc;

	if (!abi || !paging_is_ok(config) ||
	    memchr_inv(config->reserved, 0, sizeof(config->reserved)))
		return ERR_PTR(-EINVAL);
	guest = kzalloc(sizeof(*guest), GFP_KERNEL_ACCOUNT);
	if (!guest)
		return ERR_PTR(-ENOMEM);
	rc = host_guest_init(guest);
	if (rc)
		goto err_free;
	rc = lg_mm_attach(current->mm);
	if (rc)
		goto err_host_free;
	kref_init(&guest->ref);
	mutex_init(&guest->lock);
	spin_lock_init(&guest->doorbell_lock);
	spin_lock_init(&guest->irqfd_lock);
	INIT_LIST_HEAD(&guest->doorbells);
	INIT_LIST_HEAD(&guest->irqfds);
	guest->abi = abi;
	guest->paging = config->paging;
	guest->mm = current->mm;
	mmgrab(guest->mm);
	guest->id = atomic64_inc_return(&last_id);
	return guest;

err_host_free:
	host_guest_free(guest);
err_free:
	kfree(guest);
	return ERR_PTR(rc);
}

static bool memory_is_sane(const struct lg_memory *m, const struct lg_abi *abi)
{
	if (memchr_inv(m->reserved, 0, sizeof(m->reserved)))
		return false;
	if (!PAGE_ALIGNED(m->hva | m->size | m->mmio_gpa | m->mmio_size))
		return false;
	if (m->size < MIN_MEMORY || m->size > HOST_MAX_MEMORY)
		return false;
	if (m->hva >= TASK_SIZE || m->size > TASK_SIZE - m->hva)
		return false;
	if (!m->mmio_size)
		return !m->mmio_gpa;
	if (abi->has_ports)
		return false;
	return m->mmio_gpa >= m->size && m->mmio_gpa < BIT_ULL(32) &&
	       m->mmio_size <= BIT_ULL(32) - m->mmio_gpa;
}

/**
 * lg_guest_set_memory - give the guest its memory
 * @guest: without vCPUs yet
 * @m: from the launcher: checked
 *
 * Returns 0; -EINVAL, -EEXIST, -EIO (another address space), -ENOMEM.
 */
int lg_guest_set_memory(struct lg_guest *guest, const struct lg_memory *m)
{
	int rc;

	if (!memory_is_sane(m, guest->abi))
		return -EINVAL;
	if (current->mm != guest->mm)
		return -EIO;
	mutex_lock(&guest->lock);
	rc = -EEXIST;
	if (guest->ram_pages)
		goto unlock;
	guest->hva = m->hva;
	guest->ram_pages = m->size >> PAGE_SHIFT;
	guest->mmio_gpa = m->mmio_gpa;
	guest->mmio_size = m->mmio_size;
	rc = lg_mem_init(guest);
	if (rc)
		goto err_unset;
	rc = lg_shadow_init(guest);
	if (rc)
		goto err_mem_free;
	goto unlock;

err_mem_free:
	lg_mem_free(guest);
err_unset:
	guest->ram_pages = 0;
unlock:
	mutex_unlock(&guest->lock);
	return rc;
}

/**
 * lg_guest_stats - what has happened so far
 * @guest: may be running: counters are read as they are
 * @stats: filled
 */
void lg_guest_stats(struct lg_guest *guest, struct lg_stats *stats)
{
	unsigned int v, i;

	memset(stats, 0, sizeof(*stats));
	mutex_lock(&guest->lock);
	for (v = 0; v < LG_MAX_VCPUS; v++)
		for (i = 0; guest->vcpu[v] && i < LG_STAT_COUNT; i++)
			stats->count[i] +=
				lg_counter_read(&guest->vcpu[v]->stats, i);
	stats->count[LG_STAT_PINNED_PAGES] = guest->pinned;
	if (guest->shadow) {
		stats->count[LG_STAT_SHADOW_PAGES] = lg_shadow_pages(guest);
		stats->count[LG_STAT_OVERHEAD] = lg_shadow_bytes(guest) +
			sizeof(*guest) + lg_mem_bytes(guest);
	}
	mutex_unlock(&guest->lock);
}

/**
 * lg_guest_end - the guest will never run again
 * @guest: its running vCPU's lock is held; only the first call counts
 * @exit_reason: LG_EXIT_SHUTDOWN, _RESTART, _CRASH or _KILLED
 * @text: why; made printable here
 */
void lg_guest_end(struct lg_guest *guest, u32 exit_reason, const char *text)
{
	char *p;

	if (lg_guest_is_dead(guest))
		return;
	strscpy(guest->reason, text, sizeof(guest->reason));
	for (p = guest->reason; *p; p++)
		if (!isascii(*p) || !isprint(*p))
			*p = ' ';
	atomic_set_release(&guest->dead, exit_reason);
}

/**
 * lg_kill - the guest broke a rule
 * @vcpu: its lock is held
 * @fmt: which; the guest's numbers, never the host's
 */
void lg_kill(struct lg_vcpu *vcpu, const char *fmt, ...)
{
	char text[LG_REASON_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	lg_guest_end(vcpu->guest, LG_EXIT_KILLED, text);
}
