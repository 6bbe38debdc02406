// SPDX-License-Identifier: GPL-2.0
/*
 * `int n` for all 256 vectors, kernel and user mode, 64-bit and 32-bit.
 *
 * Claim: a gate is open to whom the guest's trap table opens it; each other
 * vector is #GP with the vector in its error code. None reaches a handler of the
 * host: not its system call, not its interrupts.
 *
 * Source: docs/abi/xenpv.md; reliability class 20.
 *
 * A failure names the vector.
 */
#include "tg.h"

const char tg_title[] = "int n";

/* Four bytes a vector, in the user section so that both modes can run it. */
asm(".pushsection .user, \"ax\"\n"
    ".balign 16\n"
    "int_table:\n"
    ".set n, 0\n"
    ".rept 256\n"
    ".byte 0xcd, n\n"
    "ret\n"
    "nop\n"
    ".set n, n + 1\n"
    ".endr\n"
    ".popsection\n");
extern const char int_table[], tg_user_begin[], tg_user_load[];

static void call_it(void *fn)
{
	asm volatile("call *%0" : : "r"(fn) : "memory");
}

static void check(u32 n, u32 vector, bool open, const char *mode)
{
	u32 want = open ? n : 13;
	u64 error = open ? 0 : n * 8 + 2;

	TG_CHECK(vector == want && tg_fault.error == error,
		 "int %#x in %s mode: trap %u, error %#lx", n, mode, vector,
		 tg_fault.error);
}

/* Those that have an error code as exceptions: none by an INT. */
static bool pushes_error(u32 n)
{
	return n == 8 || (n >= 10 && n <= 14) || n == 17 || n == 21;
}

/* Gates of the CPU that are open to everybody, as Xen's are. */
static bool always(u32 n)
{
	return n == 3 || n == 4;
}

static void run_all(u32 dpl)
{
	u64 to_kernel = (u64)tg_user_load - (u64)tg_user_begin;
	struct tg_user u;
	u32 n;

	for (n = 0; n < 256; n++) {
		const char *insn = int_table + 4 * n;

		/* The stub would take the place of an error code for one. */
		if (pushes_error(n) && dpl)
			continue;
		tg_trap_set(n, dpl | 4, (void *)tg_stubs[n]);
		check(n, tg_catch(call_it, (void *)(insn + to_kernel)),
		      always(n) || dpl >= 1, "kernel");
		check(n, tg_user_call(insn, 0, NULL), always(n) || dpl == 3,
		      "user");
		tg_user_start(&u, insn);
		u.cs = TG_USER_CS32;
		check(n, tg_user_run(&u), always(n) || dpl == 3, "32-bit");
		tg_trap_default(n);
	}
}

void test_main(void)
{
	tg_user_init();
	run_all(0);
	run_all(1);
	run_all(3);
}
