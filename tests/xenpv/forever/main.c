// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that never end, for host programs that do something to them:
 *
 *	spin		nothing but instructions, events on
 *	off		the same with events off
 *	hypercall	as many hypercalls as there is time for
 *	syscall		a program that makes system calls
 *	fault		page faults that the guest's kernel handles
 *	console		text for the launcher
 *	sleep		blocked, for a timer that comes every millisecond
 *	halt		blocked for ever
 *	roots		from one root to the next
 *	trap		traps that the guest's kernel handles
 *	flush		flushes
 *	ring		lists of hypercalls
 *	ac		hypercalls, traps and nothing, with AC and DF set
 */
#include "tg.h"

const char tg_title[] = "for ever";

static void spin(void)
{
	tg_events_on();
	for (;;)
		barrier();
}

static void off(void)
{
	tg_events_off();
	for (;;)
		barrier();
}

static void hypercall(void)
{
	for (;;)
		tg_hcall(xen_version, 0, 0, 0, 0);
}

static void tg_user_code user_syscalls(void)
{
	asm volatile("1:\tsyscall\n\tjmp 1b");
}

static void sys(void)
{
	struct tg_user u;

	tg_user_init();
	tg_user_start(&u, user_syscalls);
	for (;;)
		tg_user_run(&u);
}

static void fault(void)
{
	for (;;)
		tg_try_read(TG_NOWHERE, NULL);
}

static void trap(void)
{
	for (;;)
		tg_try("ud2", :);
}

static void flush(void)
{
	for (;;) {
		tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
		barrier();
	}
}

static void multicall(void)
{
	static struct multicall_entry e[32];
	u32 i;

	for (;;) {
		for (i = 0; i < ARRAY_SIZE(e); i++)
			e[i].op = __HYPERVISOR_xen_version;
		tg_hcall(multicall, e, ARRAY_SIZE(e), 0, 0);
	}
}

static void ac(void)
{
	u32 i;

	for (;;) {
		asm volatile("pushfq\n\torq $0x40400, (%%rsp)\n\tpopfq"
			     : : : "cc", "memory");
		tg_hcall(xen_version, 0, 0, 0, 0);
		tg_hcall(sched_op, SCHEDOP_yield, 0, 0, 0);
		for (i = 0; i < 1000; i++)
			barrier();
		tg_try("ud2", :);
	}
}

static void console(void)
{
	for (;;)
		tg_console("# text\n", 7);
}

static void doze(void)
{
	for (;;)
		tg_sleep(1000000);
}

static void halt(void)
{
	for (;;)
		tg_hcall(sched_op, SCHEDOP_block, 0, 0, 0);
}

static void roots(void)
{
	u64 other = tg_root_new();

	for (;;) {
		tg_mmuext(MMUEXT_NEW_BASEPTR, other, 0);
		tg_mmuext(MMUEXT_NEW_BASEPTR, tg_root, 0);
	}
}

static const struct tg_case cases[] = {
	{ "spin", spin },
	{ "off", off },
	{ "hypercall", hypercall },
	{ "syscall", sys },
	{ "fault", fault },
	{ "console", console },
	{ "sleep", doze },
	{ "halt", halt },
	{ "roots", roots },
	/* As the guests of 32-bit hosts are called. */
	{ "hcall", hypercall },
	{ "trap", trap },
	{ "timer", doze },
	{ "flush", flush },
	{ "ring", multicall },
	{ "port", console },
	{ "ac", ac },
};

void test_main(void)
{
	tg_run_case(cases, ARRAY_SIZE(cases));
}
