// SPDX-License-Identifier: GPL-2.0
/*
 * Single-stepping, and what DR6 tells of it.
 *
 * Claim: a step (TF) in ring 1 arrives as trap 1 and DR6 then has BS; ICEBP
 * arrives without it; DR6 keeps what the guest writes until the next event; a
 * trap gate, which may be direct for other vectors, makes no difference.
 * Nothing of it stays behind for the host (tests/host/dr6 runs `leave`).
 *
 * Source: SDM volume 3, 17.2.3; reliability class 10.
 */
#include "tg.h"

const char tg_title[] = "single steps and DR6";

#define EFLAGS_TF	0x100u
#define DR6_CLEAR	0xffff0ff0u
#define DR6_BS		0x4000u
#define STEPS		5

static volatile u32 steps, last_dr6;

static u32 get_dr6(void)
{
	u32 value;

	asm volatile("movl %%dr6, %0" : "=r"(value));
	return value;
}

static void set_dr6(u32 value)
{
	asm volatile("movl %0, %%dr6" : : "r"(value));
}

static bool step(struct tg_regs *regs)
{
	if (regs->vector != 1)
		return false;
	last_dr6 = get_dr6();
	set_dr6(DR6_CLEAR);
	if (++steps >= STEPS)
		regs->eflags &= ~EFLAGS_TF;
	return true;
}

static void single_step(void)
{
	steps = 0;
	asm volatile("pushfl\n\torl %0, (%%esp)\n\tpopfl\n\t"
		     "nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop"
		     : : "i"(EFLAGS_TF) : "cc", "memory");
}

/* QEMU's emulation does not know the instruction: a trap 6 is all right. */
static void icebp(void)
{
	steps = STEPS;
	last_dr6 = 0;
	tg_try(".byte 0xf1", : : : "memory");
}

static void dr6(void)
{
	set_dr6(DR6_CLEAR);
	single_step();
	TG_EQ(steps, STEPS, "the number of steps");
	TG_EQ(last_dr6 & DR6_BS, DR6_BS, "DR6.BS after a step");
	TG_EQ(get_dr6(), DR6_CLEAR, "DR6 as written");
	tg_idt_set(1, TG_GATE_TRAP, 0, (const void *)tg_stubs[1]);
	single_step();
	TG_EQ(steps, STEPS, "the number of steps by trap gate");
	TG_EQ(last_dr6 & DR6_BS, DR6_BS, "DR6.BS by trap gate");
	tg_idt_default(1);
	icebp();
	TG_EQ(last_dr6 & DR6_BS, 0, "DR6.BS after ICEBP");
}

/* The last thing before the end is a step: as much as can be left behind. */
static void leave(void)
{
	icebp();
	single_step();
}

static const struct tg_case cases[] = {
	{ "dr6", dr6 },
	{ "leave", leave },
};

void test_main(void)
{
	tg_trap_hook = step;
	tg_run_case(cases, ARRAY_SIZE(cases));
}
