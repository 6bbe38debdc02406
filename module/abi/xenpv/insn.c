// SPDX-License-Identifier: GPL-2.0
/*
 * Reading an instruction of the guest's: prefixes, opcode, memory operand. SDM
 * volume 2, chapter 2.
 */
#include "insn.h"

#define SEG_L		BIT_ULL(53)

/**
 * insn_gpr - a general register by its number in an instruction
 * @f: the registers
 * @n: bits above the lowest four do not count
 */
u64 *insn_gpr(struct lg_frame *f, unsigned int n)
{
	u64 *reg[] = { &f->rax, &f->rcx, &f->rdx, &f->rbx,
		       &f->rsp, &f->rbp, &f->rsi, &f->rdi,
		       &f->r8, &f->r9, &f->r10, &f->r11,
		       &f->r12, &f->r13, &f->r14, &f->r15 };

	return reg[n & 15];
}

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

/**
 * insn_fetch - read the instruction the guest is at
 * @vcpu: not running
 * @insn: filled
 * @is_long: set: it is executed in 64-bit mode
 *
 * Returns false if there is no opcode.
 */
bool insn_fetch(struct lg_vcpu *vcpu, struct insn *insn, bool *is_long)
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
		gva = *insn_gpr(f, base);
	return index == 4 ? gva : gva + (*insn_gpr(f, index) << (byte >> 6));
}

/**
 * insn_operand - the memory operand of an instruction in long mode
 * @vcpu: at the instruction
 * @insn: has a ModR/M byte that names memory
 * @opcode_bytes: before that byte
 * @gva: set; if it goes by RIP, as if there were no immediate
 *
 * Returns the instruction's length from its opcode on, without an immediate; 0 if
 * it is not all there.
 */
unsigned int insn_operand(struct lg_vcpu *vcpu, const struct insn *insn,
			  unsigned int opcode_bytes, u64 *gva)
{
	struct lg_frame *f = host_frame(vcpu);
	unsigned int at = insn->op + opcode_bytes;
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
		*gva = *insn_gpr(f, rm | (insn->rex & 1) << 3);
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

/**
 * insn_skip - the instruction has been done
 * @vcpu: at it
 * @insn: the instruction
 * @len: its bytes, from the opcode on
 */
void insn_skip(struct lg_vcpu *vcpu, const struct insn *insn, unsigned int len)
{
	host_frame(vcpu)->rip += insn->op + len;
	lg_count(vcpu, LG_STAT_EMULATED);
}
