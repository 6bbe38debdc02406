// SPDX-License-Identifier: GPL-2.0
/*
 * A base of FS or GS that is not canonical, put there without a call.
 *
 * Claim: WRFSBASE and WRGSBASE refuse it with a #GP.  A CPU that takes it, as
 * QEMU's does, must not bring it to the switcher, which on another would fault in
 * ring 0 on giving it back: then the guest is killed.
 *
 * Source: SDM volume 2, WRFSBASE; XSA-193.  A failure shows as "still alive".
 */
#include "tg.h"

const char tg_title[] = "bad bases";

#define BAD	0x1234567890abcdeful

static void has_trapped(u32 vector)
{
	switch (vector) {
	case 6:
		tg_skip("no FSGSBASE");
		break;
	case 13:
		break;
	default:
		tg_hcall(xen_version, 0, 0, 0, 0);
		tg_failure("still alive, trap %u", vector);
	}
}

static void fs(void)
{
	has_trapped(tg_try("wrfsbase %0", : : "r"(BAD)));
}

static void gs(void)
{
	has_trapped(tg_try("wrgsbase %0", : : "r"(BAD)));
}

static const struct tg_case cases[] = {
	{ "fs", fs },
	{ "gs", gs },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
