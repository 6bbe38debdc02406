// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that ring 3 may not execute and the guest's kernel does: port
 * accesses, MSRs, control and debug registers, INT; and CPUID, which has a prefix
 * that makes it trap.
 *
 * Few and rare: what happens often has a hypercall. What is not here goes to the
 * guest as the fault it was. There are no devices behind the ports.
 */
#include <asm/cpufeature.h>
#include <asm/emulate_prefix.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trap_pf.h>
#include <asm/trapnr.h>
#include "insn.h"

#define PORT_PIT2	0x42	/* the timer that kernels measure the TSC with */
#define STRING_BATCH	64	/* elements of INS and OUTS that we do at once */

/* ---- ports ---- */

static void port_read(struct lg_vcpu *vcpu, u16 port, unsigned int size)
{
	struct lg_frame *f = host_frame(vcpu);
	u32 value = port == PORT_PIT2 ? 0 : ~0u;

	if (size == 1)
		f->rax = (f->rax & ~0xffull) | (value & 0xff);
	else if (size == 2)
		f->rax = (f->rax & ~0xffffull) | (value & 0xffff);
	else
		f->rax = value;
}

/*
 * May the guest use the ports? Its kernel always, programs by IOPL, or by a
 * bitmap, as in a TSS, in which the kernel has cleared all of the ports' bits.
 */
static bool port_is_allowed(struct lg_vcpu *vcpu, u16 port, unsigned int size)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	u16 bits = 0;

	if (a->kernel || a->iopl == 3)
		return true;
	if (port + size > a->io_ports ||
	    lg_shadow_read(vcpu, a->io_bitmap_gva + port / 8, &bits,
			   port / 8 + 1 < DIV_ROUND_UP(a->io_ports, 8) ? 2 : 1))
		return false;
	return !(bits >> port % 8 & GENMASK(size - 1, 0));
}

static bool port_access(struct lg_vcpu *vcpu, const struct insn *insn)
{
	u8 op = insn->byte[insn->op];
	unsigned int size = op & 1 ? insn->size : 1;
	bool by_dx = op & 8;
	int imm = insn_after(insn, 1);
	u16 port = by_dx ? host_frame(vcpu)->rdx : imm;

	if ((!by_dx && imm < 0) || !port_is_allowed(vcpu, port, size))
		return false;
	if (!(op & 2))
		port_read(vcpu, port, size);
	insn_skip(vcpu, insn, by_dx ? 1 : 2);
	return true;
}

/*
 * INS and OUTS by the kernel, a few elements at a time, for each may go to a page
 * table: a repeated one that is not finished is executed again. What OUTS would send
 * is not even read.
 */
static bool string_port_access(struct lg_vcpu *vcpu, const struct insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);
	u8 op = insn->byte[insn->op];
	unsigned int size = op & 1 ? insn->size : 1;
	u64 *at = op & 2 ? &f->rsi : &f->rdi;
	u64 count = insn->repeat ? f->rcx : 1, i;
	s64 step = f->rflags & X86_EFLAGS_DF ? -(s64)size : size;
	u32 value = (u16)f->rdx == PORT_PIT2 ? 0 : ~0u;

	for (i = 0; i < min_t(u64, count, STRING_BATCH); i++) {
		if (!(op & 2) && lg_shadow_write(vcpu, *at, &value, size)) {
			xenpv_inject_page_fault(vcpu, *at, X86_PF_WRITE);
			return true;
		}
		*at += step;
		if (insn->repeat)
			f->rcx--;
	}
	if (i == count)
		insn_skip(vcpu, insn, 1);
	return true;
}

/* ---- MSRs ---- */

/* What a read and a write of an MSR do. */
enum msr_how {
	MSR_FAULT,	/* #GP */
	MSR_VALUE,	/* read: the value in the table; write: ignored */
};

/*
 * The policy. What depends on the vCPU is in msr_read() and msr_write(); what is
 * nowhere does not exist.
 */
static const struct msr_rule {
	u32 first, last;
	enum msr_how read, write;
	u64 value;
} msr_rules[] = {
	/* Present, and of no use: the kernel looks at each while booting. */
	{ MSR_IA32_APICBASE, MSR_IA32_APICBASE, MSR_VALUE, MSR_FAULT,
	  APIC_DEFAULT_PHYS_BASE | MSR_IA32_APICBASE_ENABLE |
	  MSR_IA32_APICBASE_BSP },
	{ MSR_IA32_FEAT_CTL, MSR_IA32_FEAT_CTL, MSR_VALUE, MSR_FAULT,
	  FEAT_CTL_LOCKED },
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV, MSR_VALUE, MSR_VALUE, 0 },
	{ MSR_PLATFORM_INFO, MSR_PLATFORM_INFO, MSR_VALUE, MSR_FAULT, 0 },
	{ MSR_MISC_FEATURES_ENABLES, MSR_MISC_FEATURES_ENABLES,
	  MSR_VALUE, MSR_VALUE, 0 },
	/* Fast strings yes, branch tracing and PEBS no. */
	{ MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE, MSR_VALUE, MSR_VALUE,
	  MSR_IA32_MISC_ENABLE_FAST_STRING | MSR_IA32_MISC_ENABLE_BTS_UNAVAIL |
	  MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL },
	/* WB, WT, WP, UC-, UC in Xen's order; shadows have only WB. */
	{ MSR_IA32_CR_PAT, MSR_IA32_CR_PAT, MSR_VALUE, MSR_FAULT,
	  0x0000050100070406 },
	/* AMD: performance counters, configuration. */
	{ MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3, MSR_VALUE, MSR_VALUE, 0 },
	{ MSR_K7_HWCR, MSR_K7_HWCR, MSR_VALUE, MSR_VALUE, 0 },
	{ MSR_AMD64_DE_CFG, MSR_AMD64_DE_CFG, MSR_VALUE, MSR_VALUE,
	  MSR_AMD64_DE_CFG_LFENCE_SERIALIZE },
};

static const struct msr_rule *msr_find(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msr_rules); i++)
		if (msr >= msr_rules[i].first && msr <= msr_rules[i].last)
			return &msr_rules[i];
	return NULL;
}

static u64 guest_efer(void)
{
	u64 efer = EFER_SCE | EFER_LME | EFER_LMA;

	return boot_cpu_has(X86_FEATURE_NX) ? efer | EFER_NX : efer;
}

static bool msr_read(struct lg_vcpu *vcpu, u32 msr, u64 *value)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	const struct msr_rule *rule;

	switch (msr) {
	case MSR_FS_BASE:
		*value = host_frame(vcpu)->fs_base;
		return true;
	case MSR_GS_BASE:
		*value = host_frame(vcpu)->gs_base;
		return true;
	case MSR_KERNEL_GS_BASE:
		*value = a->gs_user;
		return true;
	case MSR_TSC_AUX:
		*value = a->tsc_aux;
		return true;
	case MSR_EFER:
		*value = guest_efer();
		return true;
	}
	rule = msr_find(msr);
	if (!rule || rule->read == MSR_FAULT)
		return false;
	*value = rule->value;
	return true;
}

static bool base_is_ok(u64 value, u64 *base)
{
	if (!host_is_canonical(value))
		return false;
	*base = value;
	return true;
}

static bool msr_write(struct lg_vcpu *vcpu, u32 msr, u64 value)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	const struct msr_rule *rule;

	switch (msr) {
	case MSR_FS_BASE:
		return base_is_ok(value, &host_frame(vcpu)->fs_base);
	case MSR_GS_BASE:
		return base_is_ok(value, &host_frame(vcpu)->gs_base);
	case MSR_KERNEL_GS_BASE:
		return base_is_ok(value, &a->gs_user);
	case MSR_TSC_AUX:
		if (value >> 32)
			return false;
		a->tsc_aux = value;
		return true;
	case MSR_EFER:
		return value == guest_efer();
	}
	rule = msr_find(msr);
	return rule && (rule->write == MSR_VALUE || value == rule->value);
}

static bool rdmsr_insn(struct lg_vcpu *vcpu, const struct insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);
	u64 value;

	if (!msr_read(vcpu, f->rcx, &value))
		return false;
	f->rax = (u32)value;
	f->rdx = value >> 32;
	insn_skip(vcpu, insn, 2);
	return true;
}

static bool wrmsr_insn(struct lg_vcpu *vcpu, const struct insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);

	if (!msr_write(vcpu, f->rcx, f->rdx << 32 | (u32)f->rax))
		return false;
	insn_skip(vcpu, insn, 2);
	return true;
}

/* ---- control and debug registers ---- */

static u64 guest_cr0(struct xenpv_vcpu *a)
{
	u64 cr0 = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE |
		  X86_CR0_WP | X86_CR0_AM | X86_CR0_PG;

	return a->ts ? cr0 | X86_CR0_TS : cr0;
}

static bool cr_read(struct lg_vcpu *vcpu, unsigned int cr, u64 *value)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	switch (cr) {
	case 0:
		*value = guest_cr0(a);
		return true;
	case 2:
		*value = READ_ONCE(a->info->arch.cr2);
		return true;
	case 3:
		*value = xen_pfn_to_cr3(vcpu->mmu.kernel_gfn);
		return true;
	case 4:
		*value = a->cr4;
		return true;
	default:
		return false;
	}
}

static bool cr_write(struct lg_vcpu *vcpu, unsigned int cr, u64 value)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);

	switch (cr) {
	case 0:		/* only TS may be something else */
		if ((value ^ guest_cr0(a)) & ~X86_CR0_TS)
			return false;
		a->ts = value & X86_CR0_TS;
		return true;
	case 2:
		WRITE_ONCE(a->info->arch.cr2, value);
		return true;
	case 3:
		return !lg_shadow_set_roots(vcpu, value >> PAGE_SHIFT,
					    vcpu->mmu.user_gfn);
	case 4:		/* it finds what it wrote; the CPU's stays the host's */
		if (value >> 32)
			return false;
		a->cr4 = value;
		return true;
	default:
		return false;
	}
}

static bool mov_cr_dr(struct lg_vcpu *vcpu, const struct insn *insn)
{
	struct xenpv_vcpu *a = xenpv_vcpu(vcpu);
	int opcode = insn_after(insn, 1), modrm = insn_after(insn, 2);
	unsigned int number;
	bool ok = true;
	u64 *reg;

	if (modrm < 0)
		return false;
	reg = insn_gpr(host_frame(vcpu), (modrm & 7) | (insn->rex & 1) << 3);
	number = (modrm >> 3 & 7) | (insn->rex & 4) << 1;
	switch (opcode) {
	case 0x20:
		ok = cr_read(vcpu, number, reg);
		break;
	case 0x22:
		ok = cr_write(vcpu, number, *reg);
		break;
	case 0x21:
		if (number > 7)
			return false;
		*reg = a->dr[number];
		break;
	case 0x23:
		if (number > 7 || (number > 3 && *reg >> 32))
			return false;
		a->dr[number] = *reg;
		break;
	}
	if (ok)
		insn_skip(vcpu, insn, 3);
	return ok;
}

/* ---- where tables are: the host may have UMIP on ---- */

/* What Linux shows to programs; nothing is there. */
#define DUMMY_GDT_BASE	0xfffffffffffe0000ull
#define DUMMY_IDT_BASE	0xffffffffffff0000ull

struct table_register {
	u16 limit;
	u64 base;
} __packed;

/* SGDT and SIDT; only memory that the kernel may write to can be meant. */
static bool store_table(struct lg_vcpu *vcpu, const struct insn *insn, u64 base)
{
	struct table_register table = { .base = base };
	u64 gva = 0;
	unsigned int len = insn_operand(vcpu, insn, 2, &gva);

	if (!len || lg_shadow_write(vcpu, gva, &table, sizeof(table)))
		return false;
	insn_skip(vcpu, insn, len);
	return true;
}

/* SLDT, STR and SMSW: memory gets two bytes, a register what its size asks for. */
static bool store_word(struct lg_vcpu *vcpu, const struct insn *insn, u32 value)
{
	u8 modrm = insn->byte[insn->op + 2];
	unsigned int len = 3;
	u64 gva = 0, *reg;

	if (modrm >> 6 != 3) {
		len = insn_operand(vcpu, insn, 2, &gva);
		if (!len || lg_shadow_write(vcpu, gva, &value, sizeof(u16)))
			return false;
	} else {
		reg = insn_gpr(host_frame(vcpu), (modrm & 7) | (insn->rex & 1) << 3);
		if (insn->size == 2 && !(insn->rex & 8))
			*reg = (*reg & ~0xffffull) | (value & 0xffff);
		else
			*reg = value;
	}
	insn_skip(vcpu, insn, len);
	return true;
}

/* XCR0 stays the host's: the guest may use what it has there, and no more. */
static bool xsetbv(struct lg_vcpu *vcpu, const struct insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);
	u64 value = f->rdx << 32 | (u32)f->rax;

	if (insn_after(insn, 2) != 0xd1 || (u32)f->rcx ||
	    !(xenpv_vcpu(vcpu)->cr4 & X86_CR4_OSXSAVE) ||
	    !(value & XFEATURE_MASK_FP) || value & ~xenpv_xcr0_offered())
		return false;
	xenpv_vcpu(vcpu)->xcr0 = value;
	insn_skip(vcpu, insn, 3);
	return true;
}

/* ---- all together ---- */

static void cpuid_insn(struct lg_vcpu *vcpu, unsigned int len)
{
	struct lg_frame *f = host_frame(vcpu);
	u32 reg[4];

	xenpv_cpuid(vcpu, f->rax, f->rcx, reg);
	f->rax = reg[0];
	f->rbx = reg[1];
	f->rcx = reg[2];
	f->rdx = reg[3];
	f->rip += len;
	lg_count(vcpu, LG_STAT_EMULATED);
}

/* The instructions that a byte after 0f 00 and 0f 01 tells apart. */
static bool group(struct lg_vcpu *vcpu, const struct insn *insn)
{
	int modrm = insn_after(insn, 2);
	unsigned int which = (insn_after(insn, 1) & 1) << 3 | (modrm >> 3 & 7);

	if (modrm < 0)
		return false;
	switch (which) {
	case 0:		/* SLDT */
	case 1:		/* STR */
		return store_word(vcpu, insn, 0);
	case 8:		/* SGDT */
		return modrm < 0xc0 && store_table(vcpu, insn, DUMMY_GDT_BASE);
	case 9:		/* SIDT */
		return modrm < 0xc0 && store_table(vcpu, insn, DUMMY_IDT_BASE);
	case 10:
		return xsetbv(vcpu, insn);
	case 12:	/* SMSW */
		return store_word(vcpu, insn, guest_cr0(xenpv_vcpu(vcpu)));
	default:
		return false;
	}
}

static bool two_byte(struct lg_vcpu *vcpu, const struct insn *insn)
{
	switch (insn_after(insn, 1)) {
	case 0x00:
	case 0x01:
		return group(vcpu, insn);
	case 0x06:	/* CLTS */
		xenpv_vcpu(vcpu)->ts = false;
		insn_skip(vcpu, insn, 2);
		return true;
	case 0x08:	/* INVD */
	case 0x09:	/* WBINVD */
		insn_skip(vcpu, insn, 2);
		return true;
	case 0x20 ... 0x23:
		return mov_cr_dr(vcpu, insn);
	case 0x30:
		return wrmsr_insn(vcpu, insn);
	case 0x32:
		return rdmsr_insn(vcpu, insn);
	case 0xa2:
		cpuid_insn(vcpu, insn->op + 2);
		return true;
	default:
		return false;
	}
}

static bool emulate(struct lg_vcpu *vcpu, const struct insn *insn, bool is_long)
{
	u8 op = insn->byte[insn->op];

	if ((op & ~3) == 0xe4 || (op & ~3) == 0xec)
		return port_access(vcpu, insn);
	if (!xenpv_vcpu(vcpu)->kernel || !is_long)
		return false;
	switch (op) {
	case 0x0f:
		return two_byte(vcpu, insn);
	case 0x6c ... 0x6f:
		return string_port_access(vcpu, insn);
	case 0xfa:	/* CLI and STI mean nothing here: events have a mask */
	case 0xfb:
		insn_skip(vcpu, insn, 1);
		return true;
	default:
		return false;
	}
}

/**
 * xenpv_general_protection - #GP: something privileged, an INT, or a mistake
 * @vcpu: at the instruction
 *
 * What an INT wants is in the instruction; not all CPUs have it right in the
 * error code.
 */
void xenpv_general_protection(struct lg_vcpu *vcpu)
{
	struct lg_frame *f = host_frame(vcpu);
	u32 error = f->errcode;
	struct insn insn;
	bool is_long;

	if (!insn_fetch(vcpu, &insn, &is_long)) {
		xenpv_inject(vcpu, X86_TRAP_GP, error);
		return;
	}
	if (insn.byte[insn.op] == 0xcd && insn.op == 0 && insn.count > 1) {
		if (xenpv_soft_int(vcpu, insn.byte[1]))
			return;
		error = insn.byte[1] << 3 | 2;
	} else if (!error && emulate(vcpu, &insn, is_long)) {
		return;
	}
	xenpv_inject(vcpu, X86_TRAP_GP, error);
}

/**
 * xenpv_invalid_opcode - #UD: CPUID by the prefix that makes it trap, or a mistake
 * @vcpu: at the instruction
 */
void xenpv_invalid_opcode(struct lg_vcpu *vcpu)
{
	static const u8 cpuid[] = { __XEN_EMULATE_PREFIX, 0x0f, 0xa2 };
	u8 byte[sizeof(cpuid)];

	if (lg_shadow_fetch(vcpu, host_frame(vcpu)->rip, byte, sizeof(byte)) ==
	    sizeof(byte) && !memcmp(byte, cpuid, sizeof(cpuid)))
		cpuid_insn(vcpu, sizeof(cpuid));
	else
		xenpv_inject(vcpu, X86_TRAP_UD, 0);
}
