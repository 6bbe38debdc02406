// SPDX-License-Identifier: GPL-2.0
/*
 * The first hypercall, done wrongly: each case must end with a kill.
 *
 * Claim: nothing but INIT may be called first; its page must lie in memory,
 * whole; syscall_vec must be the one vector the module allows and
 * kernel_address must lie below the switcher.
 *
 * Source: docs/abi/lg32.md, hypercalls and boot protocol.
 *
 * A failure shows as "still alive".
 */
#include "tg.h"

const char tg_title[] = "INIT done wrongly";

static void early(void (*what)(void))
{
	what();
}

static void call_first(void)
{
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
}

static void shutdown_first(void)
{
	tg_hcall(LG32_SHUTDOWN, 0, LG32_POWEROFF, 0, 0);
}

static void pgtable_first(void)
{
	tg_hcall(LG32_NEW_PGTABLE, 0x2000, 0, 0, 0);
}

static void page_outside(void)
{
	tg_hcall(LG32_INIT, 0x40000000, 0, 0, 0);
}

static void page_at_end(void)
{
	tg_hcall(LG32_INIT, tg_memory - LG32_DATA_SIZE + 4, 0, 0, 0);
}

static void page_wraps(void)
{
	tg_hcall(LG32_INIT, -16u, 0, 0, 0);
}

static void vector(u32 v)
{
	tg_data.syscall_vec = v;
	tg_hcall(LG32_INIT, (u32)&tg_data, 0, 0, 0);
}

static void vec_gp(void)
{
	vector(13);
}

static void vec_hypercall(void)
{
	vector(LG32_HCALL_VECTOR);
}

static void vec_irq(void)
{
	vector(33);
}

static void vec_big(void)
{
	vector(0x80000080);
}

static void vec_host_irq(void)
{
	vector(0xec);
}

static void kernel_address_max(void)
{
	tg_data.kernel_address = 0xfffff000;
	tg_hcall(LG32_INIT, (u32)&tg_data, 0, 0, 0);
}

static const struct tg_case cases[] = {
	{ "call-first", call_first },
	{ "shutdown-first", shutdown_first },
	{ "pgtable-first", pgtable_first },
	{ "page-outside", page_outside },
	{ "page-at-end", page_at_end },
	{ "page-wraps", page_wraps },
	{ "vec-gp", vec_gp },
	{ "vec-hypercall", vec_hypercall },
	{ "vec-irq", vec_irq },
	{ "vec-big", vec_big },
	{ "vec-host-irq", vec_host_irq },
	{ "kernel-address", kernel_address_max },
};

void tg_early(void)
{
	u32 i;

	tg_read_boot_params();
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (tg_streq(cases[i].name, tg_arg))
			early(cases[i].run);
}

void test_main(void)
{
	tg_failure("still alive");
}
