// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that make no sense.
 *
 * Claim: whatever a guest's kernel asks for, it gets an answer, or it is killed
 * with one reason; the host does not notice. Arguments are drawn from what has
 * ever broken anything: small numbers, addresses that are not canonical, not
 * mapped or of the hypervisor, the ends of pages, frames that do not exist, and
 * structures filled from the same bag. Traps and events that the guest thereby
 * brings upon itself count as answers.
 *
 * Source: docs/threat-model.md. The command line is the seed and the number
 * of calls: "7 5000".
 *
 * A failure shows in the host's log, or as a guest that does not end.
 */
#include "tg.h"

const char tg_title[] = "fuzzed hypercalls";

#define BAGS		8
#define CALLS		3000
#define LAST_NUMBER	56

static u64 bag[BAGS][TG_PAGE / sizeof(u64)] __attribute__((aligned(4096)));

static u64 gva(void)
{
	u64 in_bag = (u64)bag[tg_rand() % BAGS];

	switch (tg_rand() % 12) {
	case 0:
		return 0;
	case 1:
		return TG_NOWHERE + tg_rand() % TG_PAGE;
	case 2:
		return 0x0000800000000000ul + tg_rand() % 32 - 16;
	case 3:
		return 0xffff800000000000ul + tg_rand() % 64 - 32;
	case 4:
		return 0xffff808000000000ul + tg_rand() % (1 << 20);
	case 5:
		return -(tg_rand() % 64);
	case 6:
		return in_bag + TG_PAGE - tg_rand() % 64;
	case 7:
		return tg_rand();
	default:
		return in_bag + tg_rand() % 32 * sizeof(u64);
	}
}

static u64 frame(void)
{
	u64 pages = tg_start_info->nr_pages;

	switch (tg_rand() % 5) {
	case 0:
		return pages + tg_rand() % 70;
	case 1:
		return tg_gfn(bag[tg_rand() % BAGS]);
	case 2:
		return tg_rand() >> tg_rand() % 64;
	default:
		return tg_rand() % pages;
	}
}

static u64 value(void)
{
	switch (tg_rand() % 8) {
	case 0:
		return tg_rand();
	case 1:
		return tg_rand() >> tg_rand() % 64;
	case 2:
		return -(tg_rand() % 8);
	case 3:
		return frame();
	case 4:
		return frame() << 12 | tg_rand() % TG_PAGE;
	case 5:
		return gva();
	default:
		return tg_rand() % 40;
	}
}

static void fill(void *unused)
{
	u64 *p = bag[tg_rand() % BAGS];
	u32 i, words = tg_rand() % 64, at = tg_rand() % 448;

	(void)unused;
	for (i = 0; i < words; i++)
		p[at + i] = tg_rand() % 3 ? value() :
					    value() << 32 | (u32)value();
}

/*
 * What would end the guest, or let it sleep for ever, as it should; and most of
 * what takes its memory or its traps from it, so that it lives for a while.
 */
static bool is_end(u64 nr, u64 cmd)
{
	switch (nr) {
	case __HYPERVISOR_set_trap_table:
	case __HYPERVISOR_set_callbacks:
	case __HYPERVISOR_callback_op:
	case __HYPERVISOR_nmi_op:
	case __HYPERVISOR_mmu_update:
	case __HYPERVISOR_mmuext_op:
	case __HYPERVISOR_update_va_mapping:
	case __HYPERVISOR_update_va_mapping_otherdomain:
		return tg_rand() % 200;
	case __HYPERVISOR_iret:
		return true;
	case __HYPERVISOR_sched_op:
	case __HYPERVISOR_sched_op_compat:
		return cmd == SCHEDOP_block || cmd == SCHEDOP_shutdown ||
		       cmd == SCHEDOP_poll;
	case __HYPERVISOR_vcpu_op:
		return cmd == VCPUOP_down;
	default:
		return false;
	}
}

/* A list of calls has calls of the same kind in it. */
static void fill_multicall(void)
{
	struct multicall_entry *e = (void *)bag[0];
	u32 i, k;

	for (i = 0; i < 16; i++, e++) {
		do {
			e->op = tg_rand() % LAST_NUMBER;
			for (k = 0; k < 6; k++)
				e->args[k] = value();
		} while (is_end(e->op, (u32)e->args[0]));
	}
}

static void call(void *unused)
{
	u64 nr, arg[6];
	u32 i;

	(void)unused;
	do {
		nr = tg_rand() % 40 ? tg_rand() % LAST_NUMBER : value();
		arg[0] = tg_rand() % 4 ? tg_rand() % 40 : value();
		for (i = 1; i < 6; i++)
			arg[i] = value();
	} while (is_end((u32)nr, (u32)arg[0]));
	if (nr == __HYPERVISOR_multicall) {
		fill_multicall();
		arg[0] = (u64)bag[0];
		arg[1] = tg_rand() % 20;
	} else if (tg_rand() % 2) {
		arg[tg_rand() % 3] = (u64)bag[tg_rand() % BAGS];
	}
	tg_hcall6(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static void repair(void)
{
	u32 i;

	tg_traps_init();
	for (i = 0; i < BAGS; i++)
		tg_va_mapping((u64)bag[i], tg_pte(tg_gfn(bag[i]), TG_RW),
			      UVMF_INVLPG);
}

void test_main(void)
{
	const char *p = tg_arg;
	u64 seed = tg_number(&p), calls = tg_number(&p);

	tg_rand_seed(seed * 0x9e3779b97f4a7c15ul);
	if (!calls)
		calls = CALLS;
	while (calls--) {
		if (tg_catch(fill, NULL) != TG_NO_TRAP)
			repair();
		tg_catch(call, NULL);
	}
}
