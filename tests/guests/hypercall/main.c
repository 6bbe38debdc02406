// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercall instruction and the calls that do nothing harmful.
 *
 * Claim: `int $0x1f` in ring 1 runs the call in EAX; every register but EAX,
 * the flags and the segments are as before.  FLUSH_ASYNC and SEND_INTERRUPTS
 * with nothing to do, TS, SET_CLOCKEVENT off and FLUSH_TLB are harmless with
 * any argument.  A call in FS or GS null state works.
 *
 * Source: docs/abi/lg32.md, hypercalls.
 *
 * A failure names the register that changed.
 */
#include "tg.h"

const char tg_title[] = "hypercalls";

static struct {
	u32 ebx, ecx, edx, esi, edi, ebp, eflags;
} after;

/* A call with known values in all registers; esp has to come back, too. */
static void call_with_pattern(u32 nr)
{
	asm volatile("pushal\n\t"
		     "movl $0x11111111, %%ebx\n\t"
		     "movl $0x22222222, %%ecx\n\t"
		     "movl $0x33333333, %%edx\n\t"
		     "movl $0x44444444, %%esi\n\t"
		     "movl $0x55555555, %%edi\n\t"
		     "movl $0x66666666, %%ebp\n\t"
		     "stc\n\t"
		     "std\n\t"
		     "int $0x1f\n\t"
		     "pushfl\n\t"
		     "popl %1\n\t"
		     "cld\n\t"
		     "movl %%ebx, %0\n\t"
		     "movl %%ecx, 4+%0\n\t"
		     "movl %%edx, 8+%0\n\t"
		     "movl %%esi, 12+%0\n\t"
		     "movl %%edi, 16+%0\n\t"
		     "movl %%ebp, 20+%0\n\t"
		     "popal"
		     : "=m"(after), "=m"(after.eflags) : "a"(nr) : "memory");
}

static void check_registers(u32 nr)
{
	call_with_pattern(nr);
	TG_EQ(after.ebx, 0x11111111, "ebx");
	TG_EQ(after.ecx, 0x22222222, "ecx");
	TG_EQ(after.edx, 0x33333333, "edx");
	TG_EQ(after.esi, 0x44444444, "esi");
	TG_EQ(after.edi, 0x55555555, "edi");
	TG_EQ(after.ebp, 0x66666666, "ebp");
	TG_EQ(after.eflags & 0x601, 0x601, "IF, DF and CF");
}

static void check_segments(void)
{
	u32 cs, ss, ds, es, fs, gs;

	asm volatile("movl %6, %%fs\n\t"
		     "movl %6, %%gs\n\t"
		     "int $0x1f\n\t"
		     "movl %%cs, %0\n\t"
		     "movl %%ss, %1\n\t"
		     "movw %%ds, %2\n\t"
		     "movw %%es, %3\n\t"
		     "movw %%fs, %4\n\t"
		     "movw %%gs, %5"
		     : "=&r"(cs), "=&r"(ss), "=m"(ds), "=m"(es), "=m"(fs),
		       "=m"(gs)
		     : "r"(TG_USER_DS), "a"(LG32_FLUSH_ASYNC));
	TG_EQ(cs & 0xffff, LG32_KERNEL_CS, "cs");
	TG_EQ(ss & 0xffff, LG32_KERNEL_DS, "ss");
	TG_EQ(ds & 0xffff, LG32_KERNEL_DS, "ds");
	TG_EQ(es & 0xffff, LG32_KERNEL_DS, "es");
	TG_EQ(fs & 0xffff, TG_USER_DS, "fs");
	TG_EQ(gs & 0xffff, TG_USER_DS, "gs");
}

void test_main(void)
{
	static const u32 args[] = { 0, 1, 2, 0x7fffffff, 0x80000000, ~0u };
	u32 i;

	check_registers(LG32_FLUSH_ASYNC);
	check_registers(LG32_SEND_INTERRUPTS);
	check_segments();
	for (i = 0; i < ARRAY_SIZE(args); i++) {
		tg_hcall(LG32_FLUSH_ASYNC, args[i], args[i], args[i], args[i]);
		tg_hcall(LG32_SEND_INTERRUPTS, args[i], args[i], args[i],
			 args[i]);
		tg_hcall(LG32_FLUSH_TLB, args[i], args[i], 0, 0);
		tg_hcall(LG32_SET_CLOCKEVENT, 0, args[i], 0, 0);
		tg_hcall(LG32_TS, args[i], args[i], 0, 0);
	}
	tg_hcall(LG32_TS, 0, 0, 0, 0);
	TG_EQ(tg_irq_count[0], 0, "timer interrupts");
}
