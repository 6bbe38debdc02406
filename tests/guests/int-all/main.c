// SPDX-License-Identifier: GPL-2.0
/*
 * `int n` for all 256 vectors, ring 1 and ring 3.
 *
 * Claim: only int3, into, the system call and (in ring 1) the hypercall are
 * gates the guest may use; each other vector is #GP with the vector in its
 * error code.  None reaches a handler of the host: not its system call, not
 * its interrupts.  A guest that gives all its gates DPL 3 can use those of more
 * exceptions, but of none for which the CPU pushes an error code, none that the
 * host keeps for itself, and no interrupt's.  Nor do trap gates, which may need
 * no host, take from it what is its own.
 *
 * Source: docs/abi/lg32.md; reliability class 20.
 *
 * A failure names the vector.
 */
#include "tg.h"

const char tg_title[] = "int n";

/* Three bytes a vector, in ring 3's section so that both rings can run it. */
asm(".pushsection .user, \"ax\"\n"
    ".balign 16\n"
    "int_table:\n"
    ".set n, 0\n"
    ".rept 256\n"
    ".byte 0xcd, n\n"
    "ret\n"
    ".set n, n + 1\n"
    ".endr\n"
    ".popsection\n");
extern const char int_table[], tg_user_begin[], tg_user_load[];

static void call_it(void *fn)
{
	asm volatile("call *%1" : : "a"(LG32_FLUSH_ASYNC), "r"(fn) : "memory");
}

/* Gates that stay closed whatever DPL they are given. */
static bool never(u32 n)
{
	return n >= 32 || n == 2 || n == 8 || (n >= 10 && n <= 15) ||
	       n == 17 || n == 18 || n == 21 || n >= 29;
}

static bool all_open;		/* every gate has DPL 3 */

static void check(u32 n, u32 vector, u32 ring)
{
	u32 want = 13, error = n * 8 + 2;

	if (n == 3 || n == 4 || n == 0x80 || (all_open && !never(n))) {
		want = n;
		error = 0;
	}
	if (n == LG32_HCALL_VECTOR && ring == 1) {
		TG_CHECK(vector == TG_NO_TRAP, "hypercall: trap %u", vector);
		return;
	}
	TG_CHECK(vector == want && tg_fault.error == error,
		 "int %#x in ring %u: trap %u, error %#x", n, ring, vector,
		 tg_fault.error);
}

static void run_all(void)
{
	u32 n, to_kernel;

	/* The same code at the address where ring 1 has it. */
	to_kernel = (u32)tg_user_load + tg_env.offset - (u32)tg_user_begin;
	for (n = 0; n < 256; n++)
		check(n, tg_catch(call_it, (void *)((u32)int_table + 3 * n +
						    to_kernel)), 1);
	if (!tg_env.paged)
		return;
	for (n = 0; n < 256; n++)
		check(n, tg_user_call(int_table + 3 * n, 0, NULL), 3);
}

/* NMI, double fault, a spurious interrupt, machine check, the hypercall */
static const u8 hosts_own[] = { 2, 8, 15, 18, LG32_HCALL_VECTOR };

void test_main(void)
{
	u32 n;

	if (tg_env.paged)
		tg_user_map(tg_root);
	run_all();
	for (n = 0; n < 256; n++)
		tg_idt_set(n, TG_GATE_INTR, 3, (const void *)tg_stubs[n]);
	all_open = true;
	run_all();
	for (n = 0; n < ARRAY_SIZE(hosts_own); n++)
		tg_idt_set(hosts_own[n], TG_GATE_TRAP, 3,
			   (const void *)tg_stubs[hosts_own[n]]);
	run_all();
}
