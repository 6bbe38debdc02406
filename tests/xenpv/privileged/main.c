// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that ring 3 may not execute, and what the kernel gets instead.
 *
 * Claim: port accesses read ones and write nowhere; MSRs, control and debug
 * registers are as the policy says; CPUID with the prefix shows Xen and hides
 * what does not work; what is not emulated is #GP or #UD at its own address, in
 * whatever way it is encoded, also where the code ends at the end of a page.
 *
 * Source: docs/abi/xenpv.md; XSA-105, 191, 195, 239.
 */
#include "tg.h"

const char tg_title[] = "privileged instructions";

static void cpuid(u32 leaf, u32 sub, u32 r[4])
{
	asm volatile("ud2\n\t.ascii \"xen\"\n\tcpuid"
		     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		     : "0"(leaf), "2"(sub));
}

static void check_cpuid(void)
{
	u32 r[4], i;

	cpuid(0x40000000, 0, r);
	TG_EQ(r[1], 0x566e6558, "XenV");
	TG_EQ(r[2], 0x65584d4d, "MMXe");
	TG_EQ(r[3], 0x4d4d566e, "nVMM");
	cpuid(0x40000001, 0, r);
	TG_EQ(r[0] >> 16, 4, "major version");
	cpuid(1, 0, r);
	TG_CHECK(r[2] >> 31, "no hypervisor bit");
	TG_CHECK(!(r[2] & (1 << 17 | 1 << 21 | 1 << 5 | 1 << 3)),
		 "PCID, x2APIC, VMX or MONITOR in %#x", r[2]);
	TG_CHECK(!(r[3] & (1 << 3 | 1 << 13 | 1 << 1)),
		 "PSE, PGE or VME in %#x", r[3]);
	cpuid(7, 0, r);
	TG_CHECK(!(r[1] & (1 << 7 | 1 << 20 | 1 << 10)),
		 "SMEP, SMAP or INVPCID in %#x", r[1]);
	TG_CHECK(!(r[2] & (1 << 3 | 1 << 16)), "PKU or LA57 in %#x", r[2]);
	for (i = 0; i < 2000; i++)
		cpuid(tg_rand(), tg_rand(), r);
}

static void check_ports(void)
{
	u32 v;

	asm volatile("inb $0x64, %%al" : "=a"(v) : "0"(0));
	TG_EQ(v & 0xff, 0xff, "inb");
	asm volatile("inw %%dx, %%ax" : "=a"(v) : "0"(0), "d"(0xcfc));
	TG_EQ(v, 0xffff, "inw");
	asm volatile("inl %%dx, %%eax" : "=a"(v) : "0"(0), "d"(0xffff));
	TG_EQ(v, 0xffffffff, "inl");
	for (v = 0; v < 65536; v += 13)
		asm volatile("outb %%al, %%dx\n\toutl %%eax, %%dx\n\t"
			     "inl %%dx, %%eax" : : "a"(-1), "d"(v));
}

/* INS in both directions, more elements than the host does at once; OUTS. */
static void check_string_ports(void)
{
	static u8 buf[1024];
	u64 to = (u64)buf, count = 1000;
	u32 i;

	asm volatile("rep insb" : "+D"(to), "+c"(count) : "d"(0x64) : "memory");
	TG_EQ(to, (u64)buf + 1000, "rdi after rep insb");
	TG_EQ(count, 0, "rcx after rep insb");
	for (i = 0; i < sizeof(buf); i++)
		TG_CHECK(buf[i] == (i < 1000 ? 0xff : 0), "byte %u is %#x", i,
			 buf[i]);
	to = (u64)buf + 996;
	count = 249;
	asm volatile("std\n\trep insl\n\tcld" : "+D"(to), "+c"(count) : "d"(0x42)
		     : "memory");
	TG_EQ(to, (u64)buf, "rdi after rep insl backwards");
	for (i = 0; i < 1000; i++)
		TG_CHECK(buf[i] == (i < 4 ? 0xff : 0), "byte %u is %#x", i,
			 buf[i]);
	to = (u64)buf;
	asm volatile("insw" : "+D"(to) : "d"(0x64) : "memory");
	TG_EQ(to, (u64)buf + 2, "rdi after insw");
	to = TG_NOWHERE;
	count = 5000;
	asm volatile("rep outsb" : "+S"(to), "+c"(count) : "d"(0x80) : "memory");
	TG_EQ(to, TG_NOWHERE + 5000, "rsi after rep outsb");
	TG_EQ(count, 0, "rcx after rep outsb");
}

/* Where the memory ends, so far and no further. */
static void check_string_fault(void)
{
	u64 to = TG_KTEST + TG_PAGE - 100, count = 1000;
	u32 vector;

	tg_map(tg_root, TG_KTEST, tg_pte(tg_page_alloc(), TG_RW));
	tg_map(tg_root, TG_KTEST + TG_PAGE, 0);
	vector = tg_try("rep insb", : "+D"(to), "+c"(count) : "d"(0x64)
			: "memory");
	TG_EQ(vector, 14, "rep insb to what is not there");
	TG_EQ(tg_fault.cr2, TG_KTEST + TG_PAGE, "cr2");
	TG_EQ(to, TG_KTEST + TG_PAGE, "rdi");
	TG_EQ(count, 900, "rcx");
}

static u32 rdmsr(u32 msr, u64 *value)
{
	u32 lo = 0, hi = 0;
	u32 vector = tg_try("rdmsr", : "+a"(lo), "+d"(hi) : "c"(msr));

	*value = (u64)hi << 32 | lo;
	return vector;
}

static u32 wrmsr(u32 msr, u64 value)
{
	return tg_try("wrmsr", : : "c"(msr), "a"((u32)value),
		      "d"((u32)(value >> 32)));
}

/* The host's own addresses and secrets are in none of them. */
static void check_msrs(void)
{
	static const u32 never[] = {
		0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0x174, 0x175,
		0x176, 0x48, 0x49, 0x10a, 0x1d9, 0x600, 0x611, 0x1a4,
	};
	u64 value;
	u32 i, msr;

	for (i = 0; i < ARRAY_SIZE(never); i++) {
		TG_CHECK(rdmsr(never[i], &value) == 13 || !(value >> 40),
			 "MSR %#x is %#lx", never[i], value);
		TG_CHECK(wrmsr(never[i], 0xffffffff81000000) == 13,
			 "MSR %#x was written", never[i]);
	}
	TG_EQ(rdmsr(0xc0000080, &value), TG_NO_TRAP, "EFER");
	TG_EQ(value & 0x501, 0x501, "EFER");
	TG_EQ(wrmsr(0xc0000080, 0), 13, "EFER to 0");
	for (msr = 0; msr < 0x1000; msr++) {
		if (rdmsr(msr, &value) == TG_NO_TRAP)
			TG_CHECK(value < 0xffff800000000000,
				 "MSR %#x is %#lx", msr, value);
		wrmsr(msr, tg_rand());
	}
	for (msr = 0xc0000000; msr < 0xc0001000; msr++)
		if (msr < 0xc0000100 || msr > 0xc0000102)
			wrmsr(msr, tg_rand());
	for (msr = 0xc0010000; msr < 0xc0010300; msr++)
		wrmsr(msr, tg_rand());
}

static void check_registers(void)
{
	u32 bad = tg_has_xsave() ? 13 : 6;
	u64 value;

	asm volatile("movq %%cr0, %0" : "=r"(value));
	TG_EQ(value & 0x80010001, 0x80010001, "PG, WP, PE");
	asm volatile("movq %%cr3, %0" : "=r"(value));
	TG_EQ(value / TG_PAGE, tg_root, "cr3");
	TG_EQ(tg_try("movq %0, %%cr0", : : "r"(0ul)), 13, "cr0 to 0");
	TG_CHECK(tg_try("movq %0, %%cr3", : : "r"(1ul << 45)) == 13,
		 "cr3 to a page that is not ours");
	TG_EQ(tg_try("movq %%cr8, %%rax", : : : "rax"), 13, "cr8");
	TG_EQ(tg_try("movq %%cr4, %0\n\tmovq %0, %%cr4", : "=r"(value)),
	      TG_NO_TRAP, "cr4");
	TG_EQ(tg_try("cli\n\tsti\n\tclts\n\twbinvd", :), TG_NO_TRAP,
	      "cli, sti, clts, wbinvd");
	/* Six is XCR0: x87 must stay. */
	TG_EQ(tg_try("xsetbv", : : "a"(0), "c"(0), "d"(0)), bad, "xsetbv of 0");
	TG_EQ(tg_try("xsetbv", : : "a"(-1), "c"(0), "d"(-1)), bad,
	      "xsetbv of all");
	TG_EQ(tg_try("xsetbv", : : "a"(7), "c"(9), "d"(0)), bad,
	      "xsetbv of register 9");
}

static void check_others(void)
{
	static const char *const none = "";

	(void)none;
	TG_EQ(tg_try("hlt", :), 13, "hlt");
	TG_EQ(tg_try("invlpg (%0)", : : "r"(0ul) : "memory"), 13, "invlpg");
	TG_EQ(tg_try("lidt (%0)", : : "r"(tg_va(0)) : "memory"), 13, "lidt");
	TG_EQ(tg_try("lldt %w0", : : "r"(0)), 13, "lldt");
	TG_EQ(tg_try("lmsw %w0", : : "r"(1)), 13, "lmsw");
	TG_CHECK(tg_try("vmcall", :) != TG_NO_TRAP, "vmcall");
	TG_CHECK(tg_try("vmmcall", :) != TG_NO_TRAP, "vmmcall");
	TG_CHECK(tg_try("sysenter", :) != TG_NO_TRAP, "sysenter");
	TG_CHECK(tg_try("sysexitl", :) != TG_NO_TRAP, "sysexit");
	TG_CHECK(tg_try("rsm", :) != TG_NO_TRAP, "rsm");
}

/*
 * SGDT, which the CPU does where it has no UMIP and we do elsewhere, with all
 * kinds of memory operands: ten bytes there and none beside them.
 */
static u8 table[64] __attribute__((aligned(8)));

static void expect_table(const u8 want[10], const char *how)
{
	u32 i;

	TG_CHECK(!memcmp(table + 16, want, 10), "sgdt %s wrote elsewhere", how);
	for (i = 0; i < 64; i++)
		TG_CHECK(table[i] == 0x5a || (i >= 16 && i < 26),
			 "sgdt %s wrote to byte %u", how, i);
	memset(table, 0x5a, sizeof(table));
}

#define SGDT(text, ...) \
	do { \
		asm volatile(text : : __VA_ARGS__ : "memory", "r9", "r10", "r12"); \
		expect_table(want, text); \
	} while (0)

static void check_operands(void)
{
	u64 at = (u64)table + 16;
	u8 want[10];

	asm volatile("sgdt %0" : "=m"(want));
	memset(table, 0x5a, sizeof(table));
	SGDT("sgdt -8(%0)", "a"(at + 8));
	SGDT("sgdt 0x12345(%0)", "a"(at - 0x12345));
	SGDT("sgdt table+16(%%rip)", "a"(0));
	SGDT("movq %0, %%r9\n\tsgdt (%%r9)", "a"(at));
	SGDT("movq %0, %%r12\n\tsgdt (%%r12)", "a"(at));
	SGDT("movl $3, %%r10d\n\tsgdt (%0,%%r10,4)", "a"(at - 12));
	SGDT("sgdt -16(,%0,8)", "a"((at + 16) / 8));
	tg_hcall(set_segment_base, SEGBASE_GS_KERNEL, at - 32, 0, 0);
	SGDT("sgdt %%gs:32", "a"(0));
	tg_hcall(set_segment_base, SEGBASE_GS_KERNEL, 0, 0, 0);
}

/* The last bytes before nothing. */
static void check_page_end(void)
{
	static const u8 code[][4] = {
		{ 0x0f }, { 0x0f, 0x20 }, { 0x0f, 0x0b }, { 0xe4 }, { 0xcd },
		{ 0x0f, 0x32 }, { 0x66 }, { 0x48, 0x0f, 0x22 }, { 0xf4 },
	};
	static const u8 bytes[] = { 1, 2, 2, 1, 1, 2, 1, 3, 1 };
	u64 gfn = tg_page_alloc();
	u32 i, n;

	tg_map(tg_root, TG_KTEST, tg_pte(gfn, TG_RW));
	for (i = 0; i < ARRAY_SIZE(code); i++) {
		u8 *page = tg_va(gfn);

		n = bytes[i];
		memcpy(page + 4096 - n, code[i], n);
		TG_CHECK(tg_try("jmpq *%0", : : "r"(TG_KTEST + 4096 - n),
				"a"(0), "c"(0xc0000080) : "rdx") != TG_NO_TRAP,
			 "code %u before nothing", i);
	}
	/* Prefixes without end. */
	memset(tg_va(gfn), 0x66, 4096);
	TG_CHECK(tg_try("jmpq *%0", : : "r"(TG_KTEST)) != TG_NO_TRAP,
		 "a page of prefixes");
}

void test_main(void)
{
	check_cpuid();
	check_ports();
	check_string_ports();
	check_string_fault();
	check_msrs();
	check_registers();
	check_others();
	check_operands();
	check_page_end();
}
