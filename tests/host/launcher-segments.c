// SPDX-License-Identifier: GPL-2.0
/*
 * The launcher's segments, the bases of FS and GS, and its protection keys.
 *
 * Claim: whatever selectors there are, whatever bases FS and GS have, and whatever PKRU says,
 * they are the same after LG_RUN; a GS whose descriptor in the LDT is gone may
 * become null, and the host does not fault on it.
 *
 * A failure is a register that changed, or a dead host.
 */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lgdev.h"
#include "verdict.h"

#define ROUNDS		500
#define USER_DS		0x2b
#define LDT_SELECTOR	7	/* entry 0 of the LDT, privilege 3 */
#define HAS_FSGSBASE	2	/* bit of AT_HWCAP2 */

static struct lgdev g;

static void run(void)
{
	int ret;

	do
		ret = ioctl(g.vcpu, LG_RUN, 0);
	while (ret && errno == EINTR);
	if (ret || g.run->exit_reason != LG_EXIT_CONSOLE)
		error("LG_RUN: %d, exit %u", ret, g.run->exit_reason);
}

static unsigned int get_gs(void)
{
	unsigned int selector;

	asm volatile("movl %%gs, %0" : "=r"(selector));
	return selector & 0xffff;
}

static void set_gs(unsigned int selector)
{
	asm volatile("movl %0, %%gs" : : "r"(selector));
}

static unsigned long base(int which)
{
	unsigned long value;

	if (syscall(SYS_arch_prctl, which, &value))
		error("arch_prctl: %s", strerror(errno));
	return value;
}

static void bases(void)
{
	static const unsigned long at[] = {
		0, 1, 0x12345678, 0xfffff000, 0x7fffffffeff8
	};
	unsigned long fs = base(ARCH_GET_FS), got;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		set_gs(0);
		if (syscall(SYS_arch_prctl, ARCH_SET_GS, at[i % 5]))
			error("ARCH_SET_GS: %s", strerror(errno));
		run();
		got = base(ARCH_GET_GS);
		CHECK(got == at[i % 5], "GS base %#lx, not %#lx", got, at[i % 5]);
		CHECK(!get_gs(), "gs %#x, not null", get_gs());
		got = base(ARCH_GET_FS);
		CHECK(got == fs, "FS base %#lx, not %#lx", got, fs);
	}
}

/* Neither is of use to a 64-bit program, but it may have them. */
static void data_selectors(void)
{
	unsigned int i, ds, es;

	for (i = 0; i < ROUNDS; i++) {
		asm volatile("movl %0, %%ds\n\tmovl %0, %%es" : : "r"(USER_DS));
		run();
		asm volatile("movl %%ds, %0\n\tmovl %%es, %1" : "=r"(ds), "=r"(es));
		CHECK((ds & 0xffff) == USER_DS && (es & 0xffff) == USER_DS,
		      "ds %#x, es %#x", ds, es);
	}
	asm volatile("movl %0, %%ds\n\tmovl %0, %%es" : : "r"(0));
}

/* A selector, and a base that is not its descriptor's. */
static void selectors(void)
{
	unsigned long fs, got;
	unsigned int i, selector;

	if (!(getauxval(AT_HWCAP2) & HAS_FSGSBASE)) {
		note("no FSGSBASE");
		return;
	}
	for (i = 0; i < ROUNDS; i++) {
		asm volatile("rdfsbase %0\n\tmovl %1, %%fs\n\twrfsbase %0\n\t"
			     "movl %1, %%gs\n\twrgsbase %2"
			     : "=&r"(fs) : "r"(USER_DS), "r"(0x4711000ul + i));
		run();
		asm volatile("movl %%fs, %0" : "=r"(selector));
		CHECK((selector & 0xffff) == USER_DS, "fs %#x", selector);
		CHECK(get_gs() == USER_DS, "gs %#x", get_gs());
		asm volatile("rdgsbase %0" : "=r"(got));
		CHECK(got == 0x4711000ul + i, "GS base %#lx", got);
		asm volatile("rdfsbase %0" : "=r"(got));
		CHECK(got == fs, "FS base %#lx, not %#lx", got, fs);
	}
	asm volatile("movl %1, %%fs\n\twrfsbase %0" : : "r"(fs), "r"(0));
	set_gs(0);
}

static void make_ldt(bool there)
{
	struct user_desc desc = {
		.base_addr = there ? 0x815000 : 0,
		.limit = there ? 0xfffff : 0,
		.seg_32bit = there,
		.limit_in_pages = there,
		.useable = there,
		.read_exec_only = !there,
		.seg_not_present = !there,
	};

	if (syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc)))
		error("modify_ldt: %s", strerror(errno));
}

static void stale(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		make_ldt(true);
		set_gs(LDT_SELECTOR);
		run();
		CHECK(get_gs() == LDT_SELECTOR, "gs %#x", get_gs());
		CHECK(base(ARCH_GET_GS) == 0x815000, "GS base %#lx",
		      base(ARCH_GET_GS));
		make_ldt(false);
		run();
		CHECK(get_gs() == LDT_SELECTOR || get_gs() < 4, "gs %#x",
		      get_gs());
		set_gs(0);
	}
}

static bool has_keys(void)
{
	unsigned int a = 7, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c & 1 << 4;		/* OSPKE */
}

static void pkru(void)
{
	unsigned int i, want, got, d;

	if (!has_keys()) {
		note("no protection keys");
		return;
	}
	for (i = 0; i < ROUNDS; i++) {
		/* Of all keys but ours, 0. */
		want = i * 0x9e3779b1u & ~3u;
		asm volatile("wrpkru" : : "a"(want), "c"(0), "d"(0) : "memory");
		run();
		asm volatile("rdpkru" : "=a"(got), "=d"(d) : "c"(0));
		CHECK(got == want, "PKRU %#x, not %#x", got, want);
	}
}

int main(void)
{
	lgdev_start(&g, lgdev_guest_path("forever"), "console");
	bases();
	data_selectors();
	selectors();
	stale();
	pkru();
	finish();
}
