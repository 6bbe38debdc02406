/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One instruction of the guest's, as far as those who do its work must know it.
 */
#ifndef XENPV_INSN_H
#define XENPV_INSN_H

#include "xenpv.h"

#define INSN_MAX	15

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

/* Byte after the opcode's first, or -1. */
static inline int insn_after(const struct insn *insn, unsigned int n)
{
	return insn->op + n < insn->count ? insn->byte[insn->op + n] : -1;
}

/* insn.c */
u64 *insn_gpr(struct lg_frame *f, unsigned int n);
bool insn_fetch(struct lg_vcpu *vcpu, struct insn *insn, bool *is_long);
unsigned int insn_operand(struct lg_vcpu *vcpu, const struct insn *insn,
			  unsigned int opcode_bytes, u64 *gva);
void insn_skip(struct lg_vcpu *vcpu, const struct insn *insn, unsigned int len);

#endif
