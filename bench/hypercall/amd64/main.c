// SPDX-License-Identifier: GPL-2.0
/*
 * The null hypercall: into the host and back with nothing to do there; and one
 * that the switcher answers by itself.  The guest reports the ticks that each
 * of a few repetitions took:
 *
 *	time null_hypercall TIMES TICKS...
 *	time direct_hypercall TIMES TICKS...
 */
#include "tg.h"

#include <xen/version.h>

#define REPEAT	5
#define TIMES	5000

const char tg_title[] = "null hypercall";

static void call_host(void)
{
	tg_hcall(xen_version, XENVER_version, 0, 0, 0);
}

/* Our own stack again: it is of no use before there are programs. */
static void call_switcher(void)
{
	tg_hcall(stack_switch, FLAT_KERNEL_SS64, TG_TRAP_SP, 0, 0);
}

static void measure(const char *name, void (*call)(void))
{
	u64 took[REPEAT];
	u32 i, n;

	for (i = 0; i < REPEAT; i++) {
		u64 start = tg_rdtsc();

		for (n = 0; n < TIMES; n++)
			call();
		took[i] = tg_rdtsc() - start;
	}
	tg_printf("time %s %u", name, TIMES);
	for (i = 0; i < REPEAT; i++)
		tg_printf(" %lu", took[i]);
	tg_printf("\n");
}

void test_main(void)
{
	measure("null_hypercall", call_host);
	measure("direct_hypercall", call_switcher);
}
