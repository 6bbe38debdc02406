// SPDX-License-Identifier: GPL-2.0
/*
 * Stores of the guest's kernel to its page tables, done for it one by one: what
 * Linux uses to change an entry of a table in use by itself. The shadow stays
 * true by that, and needs not be compared with the whole table at the next flush.
 *
 * What is not here, and stores in a row, are the guest's own: see fault.c of
 * mmu64. SDM volume 2: MOV, XCHG, CMPXCHG, AND, OR.
 */
#include <asm/processor-flags.h>
#include "insn.h"

#define OP_GROUP1_IMM8	0x80	/* OR, AND and others, of a byte */
#define OP_XCHG		0x87
#define OP_MOV		0x89
#define OP_TWO_BYTES	0x0f
#define OP2_CMPXCHG	0xb1
#define GROUP1_OR	1
#define GROUP1_AND	4

#define FLAGS_RESULT \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | \
	 X86_EFLAGS_SF | X86_EFLAGS_OF)

/**
 * struct store - one such instruction, while it is done
 * @f: the guest's registers
 * @reg: its register operand
 * @op: opcode; its second byte, if it has two
 * @group: what a group's opcode does
 * @imm: an immediate of one byte
 * @shift: which byte of the entry it is about, in bits
 */
struct store {
	struct lg_frame *f;
	u64 *reg;
	u8 op;
	u8 group;
	u8 imm;
	unsigned int shift;
};

/* What the entry becomes; registers and flags are for finish(). */
static u64 value_of(const struct store *s, u64 old)
{
	u64 imm = (u64)s->imm << s->shift;

	if (s->op == OP2_CMPXCHG)
		return old == s->f->rax ? *s->reg : old;
	if (s->op != OP_GROUP1_IMM8)
		return *s->reg;
	return s->group == GROUP1_OR ? old | imm :
				       old & (imm | ~(0xffull << s->shift));
}

/* PF: an even number of bits is set; a nibble indexes bits of a constant. */
static u64 parity_flag(u8 result)
{
	return 0x6996 >> ((result ^ result >> 4) & 15) & 1 ? 0 : X86_EFLAGS_PF;
}

/* CF, OF: of logic none; AF: undefined. */
static u64 logic_flags(u8 result)
{
	return (result ? 0 : X86_EFLAGS_ZF) |
	       (result & 0x80 ? X86_EFLAGS_SF : 0) |
	       parity_flag(result);
}

/* Those of a CMP of 64 bits. */
static u64 compare_flags(u64 a, u64 b)
{
	u64 d = a - b;

	return (d ? 0 : X86_EFLAGS_ZF) |
	       (a < b ? X86_EFLAGS_CF : 0) |
	       (d >> 63 ? X86_EFLAGS_SF : 0) |
	       ((a ^ b) & (a ^ d) & BIT_ULL(63) ? X86_EFLAGS_OF : 0) |
	       ((a ^ b ^ d) & 0x10 ? X86_EFLAGS_AF : 0) |
	       parity_flag(d);
}

static void set_flags(struct lg_frame *f, u64 flags)
{
	f->rflags = (f->rflags & ~(u64)FLAGS_RESULT) | flags;
}

static void finish(const struct store *s, u64 old, u64 new)
{
	switch (s->op) {
	case OP_XCHG:
		*s->reg = old;
		break;
	case OP2_CMPXCHG:
		set_flags(s->f, compare_flags(s->f->rax, old));
		s->f->rax = old;
		break;
	case OP_GROUP1_IMM8:
		set_flags(s->f, logic_flags(new >> s->shift));
		break;
	}
}

/* Returns the length from the opcode on, or 0: none of ours. */
static unsigned int decode(struct lg_vcpu *vcpu, const struct insn *insn,
			   lg_gva_t gva, struct store *s)
{
	unsigned int at = insn->op, len, modrm;
	u64 operand = 0;

	s->f = host_frame(vcpu);
	s->op = insn->byte[at];
	if (s->op == OP_TWO_BYTES && at + 1 < insn->count)
		s->op = insn->byte[++at] == OP2_CMPXCHG ? OP2_CMPXCHG : 0;
	if (at + 1 >= insn->count || insn->repeat || insn->size == 2)
		return 0;
	modrm = insn->byte[at + 1];
	s->group = modrm >> 3 & 7;
	s->reg = insn_gpr(s->f, s->group | (insn->rex & 4) << 1);
	if (modrm >= 0xc0)
		return 0;
	len = insn_operand(vcpu, insn, at + 1 - insn->op, &operand);
	if (!len || operand != gva)
		return 0;
	s->shift = gva % sizeof(u64) * 8;
	switch (s->op) {
	case OP_XCHG:
	case OP_MOV:
	case OP2_CMPXCHG:
		return insn->rex & 8 && !s->shift ? len : 0;
	case OP_GROUP1_IMM8:
		if (insn->op + len >= insn->count ||
		    (s->group != GROUP1_AND && s->group != GROUP1_OR))
			return 0;
		s->imm = insn->byte[insn->op + len];
		return len + 1;
	default:
		return 0;
	}
}

static bool exchange(struct lg_vcpu *vcpu, lg_gpa_t gpa, const struct store *s)
{
	unsigned int tries = 16;
	u64 old, new;
	int rc;

	if (lg_mem_entry(vcpu->guest, gpa, sizeof(old), &old))
		return false;
	do {
		new = value_of(s, old);
		rc = lg_mem_exchange(vcpu->guest, gpa, &old, new);
	} while (rc == -EAGAIN && --tries);
	if (rc)
		return false;
	finish(s, old, new);
	lg_shadow_changed(vcpu, gpa >> PAGE_SHIFT,
			  offset_in_page(gpa) / sizeof(u64), old, new);
	return true;
}

/**
 * xenpv_table_store - a write fault: is it a store to a page table?
 * @vcpu: in kernel mode
 * @gva: where it faulted
 *
 * Returns true if it was, and has been done.
 */
bool xenpv_table_store(struct lg_vcpu *vcpu, lg_gva_t gva)
{
	struct insn insn;
	struct store s;
	unsigned int len;
	bool is_long;
	lg_gpa_t gpa;

	if (host_frame(vcpu)->rflags & X86_EFLAGS_TF ||
	    !lg_shadow_is_store(vcpu, gva, &gpa) ||
	    !insn_fetch(vcpu, &insn, &is_long) || !is_long)
		return false;
	len = decode(vcpu, &insn, gva, &s);
	if (!len || !exchange(vcpu, gpa & ~7ull, &s))
		return false;
	insn_skip(vcpu, &insn, len);
	return true;
}
