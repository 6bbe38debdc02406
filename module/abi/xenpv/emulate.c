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
#include "xenpv.h"

#define INSN_MAX	15
#define PORT_PIT2	0x42	/* the timer that kernels measure the TSC with */

#define SEG_L		BIT_ULL(53)

/* General registers by their number in an instruction. */
static u64 *gpr(struct lg_frame *f, unsigned int n)
{
	u64 *reg[] = { &f->rax, &f->rcx, &f->rdx, &f->rbx,
		       &f->rsp, &f->rbp, &f->rsi, &f->rdi,
		       &f->r8, &f->r9, &f->r10, &f->r11,
		       &f->r12, &f->r13, &f->r14, &f->r15 };

	return reg[n & 15];
}

/**
 * struct insn - one instruction, as far as we look at it
 * @byte: from RIP on
 * @count: how many of them could be read
 * @op: where the opcode is
 * @size: of an operand that is not always a byte or eight
 * @rex: prefix or 0
 * @segment: the last such prefix or 0
 * @repeat: REP or REPNE
 */
struct insn {
	u8 byte[INSN_MAX];
	unsigned int count;
	unsigned int op;
	u8 size;
	u8 rex;
	u8 segment;
	bool repeat;
};

static u64 code_base(struct lg_vcpu *vcpu, bool *is_long)
{
	u64 desc = host_descriptor(vcpu, host_frame(vcpu)->cs);

	*is_long = desc & SEG_L;
	return *is_long ? 0 : xenpv_descriptor_base(desc);
}

static bool is_prefix(u8 byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e:	/* segments */
	case 0x64: case 0x65:
	case 0x66: case 0x67:				/* sizes */
	case 0xf0: case 0xf2: case 0xf3:		/* LOCK, REP */
		return true;
	default:
		return false;
	}
}

/* Returns false if there is no opcode. */
static bool fetch(struct lg_vcpu *vcpu, struct insn *insn, bool *is_long)
{
	u64 base = code_base(vcpu, is_long);

	memset(insn, 0, sizeof(*insn));
	insn->size = 4;
	insn->count = lg_shadow_fetch(vcpu, base + host_frame(vcpu)->rip,
				      insn->byte, INSN_MAX);
	for (; insn->op < insn->count; insn->op++) {
		u8 byte = insn->byte[insn->op];

		if (*is_long && (byte & 0xf0) == 0x40) {
			insn->rex = byte;
			insn->op++;
			break;
		}
		if (!is_prefix(byte))
			break;
		if (byte == 0x66)
			insn->size = 2;
		if ((byte & 0xfe) == 0x64)
			insn->segment = byte;
		if ((byte & 0xfe) == 0xf2)
			insn->repeat = true;
	}
	return insn->op < insn->count;
}

/* Byte after the opcode's first, or -1. */
static int after(const struct insn *insn, unsigned int n)
{
	return insn->op + n < insn->count ? insn->byte[insn->op + n] : -1;
}

static void skip(struct lg_vcpu *vcpu, const struct insn *insn, unsigned int len)
{
	host_frame(vcpu)->rip += insn->op + len;
	vcpu->stats[LG_STAT_EMULATED]++;
}

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
	int imm = after(insn, 1);
	u16 port = by_dx ? host_frame(vcpu)->rdx : imm;

	if ((!by_dx && imm < 0) || !port_is_allowed(vcpu, port, size))
		return false;
	if (!(op & 2))
		port_read(vcpu, port, size);
	skip(vcpu, insn, by_dx ? 1 : 2);
	return true;
}

/*
 * INS and OUTS by the kernel, as many elements as fit a page at a time: a
 * repeated one that is not finished is executed again. What OUTS would send is
 * not even read.
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

	for (i = 0; i < min_t(u64, count, PAGE_SIZE / size); i++) {
		if (!(op & 2) && lg_shadow_write(vcpu, *at, &value, size)) {
			xenpv_inject_page_fault(vcpu, *at, X86_PF_WRITE);
			return true;
		}
		*at += step;
		if (insn->repeat)
			f->rcx--;
	}
	if (i == count)
		skip(vcpu, insn, 1);
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
	skip(vcpu, insn, 2);
	return true;
}

static bool wrmsr_insn(struct lg_vcpu *vcpu, const struct insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);

	if (!msr_write(vcpu, f->rcx, f->rdx << 32 | (u32)f->rax))
		return false;
	skip(vcpu, insn, 2);
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
	int opcode = after(insn, 1), modrm = after(insn, 2);
	unsigned int number;
	bool ok = true;
	u64 *reg;

	if (modrm < 0)
		return false;
	reg = gpr(host_frame(vcpu), (modrm & 7) | (insn->rex & 1) << 3);
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
		skip(vcpu, insn, 3);
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

static s32 displacement(const struct insn *insn, unsigned int at,
			unsigned int bytes)
{
	u32 disp = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		disp |= (u32)insn->byte[at + i] << i * 8;
	return bytes == 1 ? (s8)disp : (s32)disp;
}

/* Base and index of a memory operand; @modrm_at moves to its last byte. */
static u64 sib(struct lg_vcpu *vcpu, const struct insn *insn,
	       unsigned int *modrm_at, unsigned int mod, unsigned int *disp)
{
	struct lg_frame *f = host_frame(vcpu);
	u8 byte = insn->byte[++*modrm_at];
	unsigned int base = (byte & 7) | (insn->rex & 1) << 3;
	unsigned int index = (byte >> 3 & 7) | (insn->rex & 2) << 2;
	u64 gva = 0;

	if ((byte & 7) == 5 && !mod)
		*disp = 4;
	else
		gva = *gpr(f, base);
	return index == 4 ? gva : gva + (*gpr(f, index) << (byte >> 6));
}

/*
 * The memory operand of an instruction in long mode with two opcode bytes and no
 * immediate. Returns the instruction's length from its opcode on, 0 if it is not
 * all there.
 */
static unsigned int operand(struct lg_vcpu *vcpu, const struct insn *insn,
			    u64 *gva)
{
	struct lg_frame *f = host_frame(vcpu);
	unsigned int at = insn->op + 2;
	u8 modrm = insn->byte[at];
	unsigned int mod = modrm >> 6, rm = modrm & 7;
	unsigned int disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	bool by_rip = !mod && rm == 5;

	if (at + 6 > INSN_MAX)
		return 0;
	if (rm == 4)
		*gva = sib(vcpu, insn, &at, mod, &disp);
	else if (by_rip)
		disp = 4;
	else
		*gva = *gpr(f, rm | (insn->rex & 1) << 3);
	at++;
	if (at + disp > insn->count)
		return 0;
	if (by_rip)
		*gva = f->rip + at + disp;
	*gva += displacement(insn, at, disp);
	if (insn->segment == 0x64)
		*gva += f->fs_base;
	if (insn->segment == 0x65)
		*gva += f->gs_base;
	return at + disp - insn->op;
}

/* SGDT and SIDT; only memory that the kernel may write to can be meant. */
static bool store_table(struct lg_vcpu *vcpu, const struct insn *insn, u64 base)
{
	struct table_register table = { .base = base };
	u64 gva = 0;
	unsigned int len = operand(vcpu, insn, &gva);

	if (!len || lg_shadow_write(vcpu, gva, &table, sizeof(table)))
		return false;
	skip(vcpu, insn, len);
	return true;
}

/* SLDT, STR and SMSW: memory gets two bytes, a register what its size asks for. */
static bool store_word(struct lg_vcpu *vcpu, const struct insn *insn, u32 value)
{
	u8 modrm = insn->byte[insn->op + 2];
	unsigned int len = 3;
	u64 gva = 0, *reg;

	if (modrm >> 6 != 3) {
		len = operand(vcpu, insn, &gva);
		if (!len || lg_shadow_write(vcpu, gva, &value, sizeof(u16)))
			return false;
	} else {
		reg = gpr(host_frame(vcpu), (modrm & 7) | (insn->rex & 1) << 3);
		if (insn->size == 2 && !(insn->rex & 8))
			*reg = (*reg & ~0xffffull) | (value & 0xffff);
		else
			*reg = value;
	}
	skip(vcpu, insn, len);
	return true;
}

/* XCR0 stays the host's: the guest may use what it has there, and no more. */
static bool xsetbv(struct lg_vcpu *vcpu, const struct insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);
	u64 value = f->rdx << 32 | (u32)f->rax;

	if (after(insn, 2) != 0xd1 || (u32)f->rcx ||
	    !(xenpv_vcpu(vcpu)->cr4 & X86_CR4_OSXSAVE) ||
	    !(value & XFEATURE_MASK_FP) || value & ~xenpv_xcr0_offered())
		return false;
	xenpv_vcpu(vcpu)->xcr0 = value;
	skip(vcpu, insn, 3);
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
	vcpu->stats[LG_STAT_EMULATED]++;
}

/* The instructions that a byte after 0f 00 and 0f 01 tells apart. */
static bool group(struct lg_vcpu *vcpu, const struct insn *insn)
{
	int modrm = after(insn, 2);
	unsigned int which = (after(insn, 1) & 1) << 3 | (modrm >> 3 & 7);

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
	switch (after(insn, 1)) {
	case 0x00:
	case 0x01:
		return group(vcpu, insn);
	case 0x06:	/* CLTS */
		xenpv_vcpu(vcpu)->ts = false;
		skip(vcpu, insn, 2);
		return true;
	case 0x08:	/* INVD */
	case 0x09:	/* WBINVD */
		skip(vcpu, insn, 2);
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
		skip(vcpu, insn, 1);
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

	if (!fetch(vcpu, &insn, &is_long)) {
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
