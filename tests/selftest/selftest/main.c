// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that must succeed, be skipped, fail, crash, be killed or hang: they
 * prove that whatever runs the tests sees the difference.
 */
#include "tg.h"

const char tg_title[] = "the runner itself";

static void success(void)
{
}

static void skip(void)
{
	tg_skip("as told");
}

static void error(void)
{
	tg_error("as told");
}

static void failure(void)
{
	tg_failure("as told");
}

/* The worst wins, and SUCCESS printed by the guest means nothing. */
static void failure_then_more(void)
{
	tg_skip("first");
	tg_failure("as told");
	tg_error("later");
	tg_printf("SUCCESS\n");
}

static void unexpected_trap(void)
{
	asm volatile("ud2");
}

static char text[LG32_TEXT_BYTES] __attribute__((aligned(256))) =
	"fell over, as told";

static void crash(void)
{
	tg_hcall(LG32_SHUTDOWN, tg_gpa(text), 0, 0, 0);
}

/* A power-off without a verdict is no success. */
static void power_off(void)
{
	tg_hcall(LG32_SHUTDOWN, tg_gpa(text), LG32_POWEROFF, 0, 0);
}

static void restart(void)
{
	tg_hcall(LG32_SHUTDOWN, tg_gpa(text), LG32_RESTART, 0, 0);
}

static void killed(void)
{
	tg_hcall(0x777, 0, 0, 0, 0);
}

static void hang(void)
{
	for (;;)
		;
}

static void sleep(void)
{
	for (;;)
		tg_hcall(LG32_HALT, 0, 0, 0, 0);
}

static const struct tg_case cases[] = {
	{ "success", success },
	{ "skip", skip },
	{ "error", error },
	{ "failure", failure },
	{ "failure-then-more", failure_then_more },
	{ "unexpected-trap", unexpected_trap },
	{ "crash", crash },
	{ "power-off", power_off },
	{ "restart", restart },
	{ "killed", killed },
	{ "hang", hang },
	{ "sleep", sleep },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
