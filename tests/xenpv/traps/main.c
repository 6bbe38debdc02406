// SPDX-License-Identifier: GPL-2.0
/*
 * Traps given to the guest's kernel, from the kernel itself.
 *
 * Claim: each exception reaches its handler once, with the right address, error
 * code and cr2; the handler runs with TF, NT and AC clear whatever they were, and
 * with events masked if its gate says so; stepping with TF works, also across a
 * hypercall, and never steps the host; of NMIs, one comes at a time, and the next
 * after the iret of the one before.
 *
 * Source: Intel SDM vol. 3, chapter 6; docs/abi/xenpv.md, bouncing; Xen's
 * create_bounce_frame; XSA-444 (debug state).
 *
 * A failure names the vector that came instead.
 */
#include "tg.h"

const char tg_title[] = "traps in the kernel";

#define NON_CANONICAL	0x0000800000000000ul

static void expect(u32 vector, u32 want, u64 error, const char *what)
{
	TG_CHECK(vector == want, "%s: trap %u, not %u", what, vector, want);
	TG_CHECK(vector != want || tg_fault.error == error,
		 "%s: error %#lx, not %#lx", what, tg_fault.error, error);
}

static void check_faults(void)
{
	u64 rip;

	expect(tg_try("xorl %%edx, %%edx\n\tdivl %%edx", : : "a"(1)
		      : "edx", "cc"), 0, 0, "divide");
	expect(tg_try("movq $1f, %0\n1:\tud2", : "=&r"(rip)), 6, 0, "ud2");
	TG_EQ(tg_fault.rip, rip, "rip of ud2");
	TG_EQ(tg_fault.cs & 0xffff, FLAT_KERNEL_CS64 & ~3, "cs of the kernel");
	TG_EQ(tg_fault.ss & 0xffff, FLAT_KERNEL_SS64, "ss of the kernel");
	expect(tg_try("movl %0, %%fs", : : "r"(0x53)), 13, 0x50,
	       "segment that is not there");
	expect(tg_try("movl %0, %%ss", : : "r"(0)), 13, 0, "null stack segment");
	expect(tg_try("int $0x30", :), 13, 0x30 * 8 + 2, "int 0x30");
	expect(tg_try("movq (%0), %%rax", : : "r"(NON_CANONICAL) : "rax"), 13,
	       0, "non-canonical read");
	expect(tg_try("hlt", :), 13, 0, "hlt");
	expect(tg_try("lgdt (%0)", : : "r"(tg_va(0))), 13, 0, "lgdt");
	expect(tg_try("ltr %w0", : : "r"(0xe040)), 13, 0, "ltr");
	expect(tg_try("swapgs", :), 13, 0, "swapgs");
	expect(tg_try("sysretq", :), 13, 0, "sysret");
}

/* Traps that come behind the instruction. */
static void check_traps(void)
{
	u64 rip;

	expect(tg_try("movq $1f, %0\n\tint3\n1:", : "=&r"(rip)), 3, 0, "int3");
	TG_EQ(tg_fault.rip, rip, "rip after int3");
	expect(tg_try("movq $1f, %0\n\tint $3\n1:", : "=&r"(rip)), 3, 0,
	       "int $3");
	TG_EQ(tg_fault.rip, rip, "rip after int $3");
	/* Some emulators have no int1. */
	if (tg_try("movq $1f, %0\n\t.byte 0xf1\n1:", : "=&r"(rip)) != 6) {
		expect(tg_fault.vector, 1, 0, "int1");
		TG_EQ(tg_fault.rip, rip, "rip after int1");
	}
}

static void check_page_fault(void)
{
	u64 gva = TG_NOWHERE + 0x1234;

	expect(tg_try_read(gva, NULL), 14, 0, "read of nothing");
	TG_EQ(tg_fault.cr2, gva, "cr2");
	expect(tg_try_write(gva + 0x1000, 1), 14, 2, "write to nothing");
	TG_EQ(tg_fault.cr2, gva + 0x1000, "cr2");
	expect(tg_try_read(0, NULL), 14, 0, "read of null");
	TG_EQ(tg_fault.cr2, 0, "cr2");
	/* Page tables are mapped read-only. */
	expect(tg_try("movb $1, (%0)", : : "r"(tg_va(tg_root)) : "memory"), 14,
	       3, "write to the root");
	expect(tg_try("movq $1f, %%rax\n\tcallq *%0\n1:", :
		      : "r"(TG_NOWHERE) : "rax"), 14, 0x10, "call of nothing");
	TG_EQ(tg_fault.rip, TG_NOWHERE, "rip of the call");
}

static void check_no_execute(void)
{
	u64 gfn = tg_page_alloc();

	*(u8 *)tg_va(gfn) = 0xc3;
	tg_map(tg_root, TG_KTEST, tg_pte(gfn, TG_RW));
	TG_EQ(tg_try("callq *%0", : : "r"(TG_KTEST) : "memory"), TG_NO_TRAP,
	      "call of a page");
	tg_map(tg_root, TG_KTEST, tg_pte(gfn, TG_RW | TG_NX));
	expect(tg_try("callq *%0", : : "r"(TG_KTEST) : "memory"), 14, 0x11,
	       "call of a page with NX");
}

/* The address itself is what faults, from wherever the guest jumped. */
static void check_bad_rip(void)
{
	u32 vector = tg_try("jmpq *%0", : : "r"(NON_CANONICAL));

	expect(vector, 13, 0, "jump to a non-canonical address");
}

static void check_handler_flags(void)
{
	expect(tg_try("pushfq\n\torq $0x44000, (%%rsp)\n\tpopfq\n\tstd\n\tud2",
		      : : : "cc", "memory"), 6, 0, "ud2 with NT and AC");
	TG_EQ(tg_fault.handler_rflags & 0x74100, 0,
	      "AC, RF, NT, TF in the handler");
	TG_EQ(tg_fault.rflags & 0x44000, 0x44000, "NT and AC in the frame");
	TG_EQ(tg_fault.rflags & 0x3000, 0, "IOPL in the frame");
	asm volatile("pushq $2\n\tpopfq" : : : "cc");
}

/* Gates mask events or leave them; the frame tells how it was. */
static void check_mask(void)
{
	tg_events_on();
	tg_try("ud2", :);
	TG_EQ(tg_fault.mask, 1, "mask in the handler of an interrupt gate");
	TG_EQ(tg_fault.cs >> 32 & 0xff, 0, "saved mask");
	TG_EQ(tg_fault.rflags & 0x200, 0x200, "IF in the frame");
	TG_EQ(tg_info()->evtchn_upcall_mask, 0, "mask after the handler");
	tg_trap_set(6, 0, (void *)tg_stubs[6]);
	tg_try("ud2", :);
	TG_EQ(tg_fault.mask, 0, "mask in the handler of a trap gate");
	tg_trap_default(6);
	tg_events_off();
	tg_try("ud2", :);
	TG_EQ(tg_fault.mask, 1, "mask in the handler, masked before");
	TG_EQ(tg_fault.cs >> 32 & 0xff, 1, "saved mask");
	TG_EQ(tg_fault.rflags & 0x200, 0, "IF in the frame");
	TG_EQ(tg_info()->evtchn_upcall_mask, 1, "mask after the handler");
}

/* The frame lies below the stack pointer, aligned. */
static void check_frame(void)
{
	u64 sp;

	tg_try("movq %%rsp, %0\n\tsubq $0x108, %%rsp\n\tandq $-16, %%rsp\n\t"
	       "orq $8, %%rsp\n\tmovq %%rsp, %0\n\tud2", : "=&r"(sp)
	       : : "cc", "memory");
	TG_EQ(tg_fault.rsp, sp, "rsp in the frame");
	/* ss, rsp, rflags, cs, rip; error and vector; 15 registers */
	TG_EQ(tg_fault.frame, (sp & -16ul) - 22 * 8, "where the frame is");
}

static u32 steps, in_host;
extern const char step_first[], step_last[];

static bool count_steps(struct tg_regs *regs)
{
	u64 flags;

	if (regs->vector != 1)
		return false;
	asm volatile("pushfq; popq %0" : "=r"(flags));
	TG_EQ(flags & 0x100, 0, "TF in the handler");
	steps++;
	if (regs->rip < (u64)step_first || regs->rip > (u64)step_last)
		in_host++;
	return true;
}

/* Instructions under TF, one of them a hypercall, one emulated. */
static void check_step(void)
{
	tg_trap_hook = count_steps;
	asm volatile("pushfq\n\t"
		     "orq $0x100, (%%rsp)\n\t"
		     "popfq\n"
		     "step_first:\n\t"
		     "nop\n\t"
		     "nop\n\t"
		     "syscall\n\t"
		     "nop\n\t"
		     "inb %%dx, %%al\n\t"
		     "nop\n\t"
		     "pushfq\n\t"
		     "andq $~0x100, (%%rsp)\n\t"
		     "popfq\n"
		     "step_last:\n\t"
		     "nop"
		     : : "a"(__HYPERVISOR_xen_version), "d"(0x3fd), "D"(0)
		     : "rcx", "r11", "cc", "memory");
	tg_trap_hook = NULL;
	TG_CHECK(steps >= 6 && steps <= 11, "%u steps", steps);
	TG_EQ(in_host, 0, "steps elsewhere");
}

/* An unmasked x87 or SSE exception pending is ours, not the host's. */
static void check_fpu(void)
{
	static const u16 unmasked = 0x0340, normal = 0x037f;
	static const u32 sse_unmasked = 0x1d80, sse_normal = 0x1f80;

	expect(tg_try("fninit\n\tfldcw %0\n\tfldz\n\tfld1\n\t"
		      "fdiv %%st(1), %%st\n\tsyscall\n\tfwait",
		      : : "m"(unmasked), "a"(__HYPERVISOR_xen_version), "D"(0)
		      : "rcx", "r11", "memory"), 16, 0, "x87 exception");
	asm volatile("fnclex\n\tfninit\n\tfldcw %0" : : "m"(normal));
	expect(tg_try("ldmxcsr %0\n\tpxor %%xmm0, %%xmm0\n\t"
		      "divss %%xmm0, %%xmm0\n\tldmxcsr %1",
		      : : "m"(sse_unmasked), "m"(sse_normal)),
	       TG_NO_TRAP, 0, "divide 0 by 0 with invalid masked");
	asm volatile("ldmxcsr %0" : : "m"(sse_normal));
}

static u32 nmis, nmi_depth, nmi_nested;

static void send_nmi(void)
{
	TG_EQ(tg_hcall(vcpu_op, VCPUOP_send_nmi, 0, 0, 0), 0, "send_nmi");
	tg_hcall(xen_version, 0, 0, 0, 0);
}

/* The first ones send another. */
static bool on_nmi(struct tg_regs *regs)
{
	if (regs->vector != 2)
		return false;
	nmi_nested += nmi_depth++;
	if (++nmis % 3)
		send_nmi();
	nmi_depth--;
	return true;
}

static void check_nmis(void)
{
	tg_callback(CALLBACKTYPE_nmi, 0, tg_stubs[2]);
	tg_trap_hook = on_nmi;
	send_nmi();
	TG_EQ(nmis, 3, "NMIs");
	send_nmi();
	TG_EQ(nmis, 6, "NMIs, again");
	TG_EQ(nmi_nested, 0, "NMIs in NMIs");
	tg_trap_hook = NULL;
}

void test_main(void)
{
	check_faults();
	check_traps();
	check_page_fault();
	check_no_execute();
	check_bad_rip();
	check_handler_flags();
	check_mask();
	check_frame();
	check_step();
	check_fpu();
	check_nmis();
}
