// SPDX-License-Identifier: GPL-2.0
/*
 * Non-canonical addresses, everywhere that takes one.
 *
 * Claim: in an argument they get an error or have no effect; in a register the
 * guest gets the fault, from where it went. The guest lives, and so does the
 * host, whose CPU would fault in ring 0 on loading one.
 *
 * Source: XSA-7 (SYSRET), XSA-193 (segment bases), XSA-212; issue of non-canonical
 * RIP after SYSCALL at the end of the low half.
 */
#include "tg.h"

const char tg_title[] = "non-canonical addresses";

static const u64 bad[] = {
	0x0000800000000000, 0xffff7fffffffffff, 0x00007fffffffffff + 1,
	0x8000000000000000, 0x7fffffffffffffff, 0x1234567890abcdef,
	0x0001000000000000, 0xfffe800000000000,
};

static void check_bases(u64 a)
{
	u32 which;

	for (which = 0; which < 3; which++)
		TG_CHECK(tg_hcall(set_segment_base, which, a, 0, 0) == -22,
			 "set_segment_base %u of %#lx", which, a);
	TG_CHECK(tg_try("wrmsr", : : "c"(0xc0000100), "a"((u32)a),
			"d"((u32)(a >> 32))) == 13, "FS_BASE of %#lx", a);
	TG_CHECK(tg_try("wrmsr", : : "c"(0xc0000101), "a"((u32)a),
			"d"((u32)(a >> 32))) == 13, "GS_BASE of %#lx", a);
	TG_CHECK(tg_try("wrmsr", : : "c"(0xc0000102), "a"((u32)a),
			"d"((u32)(a >> 32))) == 13, "KERNEL_GS_BASE of %#lx", a);
}

static void check_entry_points(u64 a)
{
	static u64 sent;
	static u32 port;
	u16 type;

	if (!port) {
		port = tg_bind_ipi();
		tg_port_unmask(port);
	}
	for (type = 0; type < 9; type++)
		TG_CHECK(tg_callback(type, 0, a) < 0, "callback %u at %#lx",
			 type, a);
	/* No error, as Xen has it, and no effect: events still come. */
	TG_EQ(tg_hcall(set_callbacks, a, a, a, 0), 0, "set_callbacks");
	tg_send(port);
	tg_events_on();
	tg_events_off();
	TG_EQ(tg_event_count[port], ++sent, "events");
	TG_CHECK(tg_trap_set(6, 4, (void *)a) < 0, "trap handler at %#lx", a);
	/* Looked at when it is used. */
	tg_hcall(stack_switch, FLAT_KERNEL_SS64, a, 0, 0);
	tg_hcall(stack_switch, FLAT_KERNEL_SS64, TG_TRAP_SP, 0, 0);
}

/* As the address of an argument, or as an address meant. */
static void check_arguments(u64 a)
{
	u32 nr;

	for (nr = 0; nr < 64; nr++) {
		/* What would end us, or takes no address there. */
		if (nr == __HYPERVISOR_iret || nr == __HYPERVISOR_sched_op ||
		    nr == __HYPERVISOR_sched_op_compat ||
		    nr == __HYPERVISOR_stack_switch ||
		    nr == __HYPERVISOR_vcpu_op || nr == __HYPERVISOR_set_gdt)
			continue;
		tg_hcall6(nr, a, a, a, a, a, a);
		tg_hcall6(nr, 1, a, a, a, a, a);
		tg_hcall6(nr, 2, a, 1, a, a, a);
		tg_hcall6(nr, a, 1, 0, DOMID_SELF, a, a);
	}
	TG_CHECK(tg_hcall(set_gdt, a, 512, 0, 0) < 0, "GDT at %#lx", a);
	for (nr = 0; nr < 20; nr++)
		if (nr != VCPUOP_down && nr != VCPUOP_send_nmi)
			tg_hcall(vcpu_op, nr, 0, a, a);
	tg_hcall(sched_op, SCHEDOP_poll, a, 0, 0);
	tg_hcall(sched_op, SCHEDOP_shutdown, a, 0, 0);
	TG_CHECK(tg_va_mapping(a, 0, 0) < 0, "update_va_mapping of %#lx", a);
	tg_mmuext(MMUEXT_INVLPG_LOCAL, a, 0);
	TG_CHECK(tg_mmuext(MMUEXT_SET_LDT, a, 16) < 0, "LDT at %#lx", a);
	tg_traps_init();
}

static void read_stack(void *a)
{
	asm volatile("pushq %%rbp\n\tmovq %0, %%rbp\n\tmovq (%%rbp), %%rax\n\t"
		     "popq %%rbp" : : "c"(a) : "rax", "memory");
}

static void check_memory(u64 a)
{
	u32 vector;

	TG_CHECK(tg_try("movq (%0), %%rax", : : "c"(a) : "rax") == 13,
		 "read of %#lx: trap %u", a, tg_fault.vector);
	TG_CHECK(tg_try("movq %%rax, (%0)", : : "c"(a) : "memory") == 13,
		 "write to %#lx: trap %u", a, tg_fault.vector);
	/* By way of RBP it is the stack's fault; QEMU makes no difference. */
	vector = tg_catch(read_stack, (void *)a);
	TG_CHECK(vector == 12 || vector == 13, "read of a stack at %#lx: trap %u",
		 a, vector);
	TG_CHECK(tg_try("jmpq *%0", : : "r"(a)) == 13, "jump to %#lx: trap %u",
		 a, tg_fault.vector);
}

static void tg_user_code user_ud2(void)
{
	asm volatile("ud2");
}

static void tg_user_code user_jump(u64 a)
{
	asm volatile("jmpq *%0" : : "r"(a));
}

static void check_user(u64 a)
{
	struct tg_user u;

	tg_user_start(&u, (void *)a);
	TG_CHECK(tg_user_run(&u) == 13, "iret to %#lx: trap %u", a,
		 tg_fault.vector);
	tg_user_start(&u, user_ud2);
	u.rsp = a;
	TG_CHECK(tg_user_run(&u) == 6 && u.rsp == a,
		 "iret with a stack at %#lx: trap %u", a, tg_fault.vector);
	tg_user_start(&u, user_jump);
	u.rdi = a;
	TG_CHECK(tg_user_run(&u) == 13, "jump of a program to %#lx: trap %u",
		 a, tg_fault.vector);
}

/* SYSCALL as the last instruction of the low half: RCX is not canonical. */
static void check_end(void)
{
	u64 end = 0x7ffffffff000, gfn = tg_page_alloc();
	struct tg_user u;
	u8 *code = tg_va(gfn);
	u32 vector;

	code[0xffe] = 0x0f;
	code[0xfff] = 0x05;
	tg_user_map(end, tg_pte(gfn, TG_RO));
	tg_user_start(&u, (void *)(end + 0xffe));
	vector = tg_user_run(&u);
	TG_EQ(vector, TG_SYSCALL, "SYSCALL at the end");
	TG_EQ(u.rip, 0x800000000000, "rip after it");
	/* And back to where it says. */
	TG_EQ(tg_user_run(&u), 13, "iret behind the end");
	/* The kernel's own; the second has a short way. */
	vector = tg_try("jmpq *%0", : : "r"(end + 0xffe),
			"a"(__HYPERVISOR_xen_version), "D"(0)
			: "rcx", "r11", "memory");
	TG_EQ(vector, 13, "hypercall at the end");
	vector = tg_try("jmpq *%0", : : "r"(end + 0xffe),
			"a"(__HYPERVISOR_vcpu_op), "D"(VCPUOP_is_up), "S"(1000ul)
			: "rcx", "r11", "memory");
	TG_EQ(vector, 13, "is_up at the end");
	TG_EQ(tg_fault.rip, 0x800000000000, "rip after it");
}

static void check_end_int3(void)
{
	u64 end = 0x7fffffffe000, gfn = tg_page_alloc();

	*((u8 *)tg_va(gfn) + 0xfff) = 0xcc;
	tg_user_map(end, tg_pte(gfn, TG_RO));
	TG_EQ(tg_user_call((void *)(end + 0xfff), 0, NULL), 3, "int3");
}

void test_main(void)
{
	u32 i;

	tg_user_init();
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		check_bases(bad[i]);
		check_entry_points(bad[i]);
		check_arguments(bad[i]);
		check_memory(bad[i]);
		check_user(bad[i]);
	}
	check_end_int3();
	check_end();
}
