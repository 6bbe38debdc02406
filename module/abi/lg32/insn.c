// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder described in insn.h. 32-bit code, 32-bit addresses only: an
 * address-size prefix, string instructions and all else are refused.
 *
 * SDM volume 2, chapter 2 (formats) and appendix A (opcode maps).
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "insn.h"

struct cursor {
	const u8 *at, *end;
};

static bool take(struct cursor *c, unsigned int n, u32 *value)
{
	unsigned int i;

	if (c->end - c->at < n)
		return false;
	*value = 0;
	for (i = 0; i < n; i++)
		*value |= (u32)*c->at++ << (8 * i);
	return true;
}

static int decode_sib(struct cursor *c, struct lg_insn *insn)
{
	u32 sib;

	if (!take(c, 1, &sib))
		return -EINVAL;
	insn->scale = sib >> 6;
	insn->index = sib >> 3 & 7;
	insn->base = sib & 7;
	if (insn->index == 4)
		insn->index = -1;
	if (insn->base == 5 && !insn->mod)
		insn->base = -1;
	return 0;
}

static int decode_modrm(struct cursor *c, struct lg_insn *insn, bool seg_given)
{
	u32 modrm, disp = 0;
	unsigned int disp_bytes;

	if (!take(c, 1, &modrm))
		return -EINVAL;
	insn->has_modrm = true;
	insn->mod = modrm >> 6;
	insn->reg = modrm >> 3 & 7;
	insn->rm = modrm & 7;
	/* Moves to and from CRs and DRs have registers, whatever MOD says. */
	if (insn->opcode >= 0x0f20 && insn->opcode <= 0x0f23)
		insn->mod = 3;
	if (insn->mod == 3)
		return 0;
	insn->base = insn->rm;
	if (insn->rm == 4) {
		if (decode_sib(c, insn))
			return -EINVAL;
	} else if (insn->rm == 5 && !insn->mod) {
		insn->base = -1;
	}
	disp_bytes = insn->mod == 1 ? 1 :
		     insn->mod == 2 || insn->base < 0 ? 4 : 0;
	if (disp_bytes && !take(c, disp_bytes, &disp))
		return -EINVAL;
	insn->disp = disp_bytes == 1 ? (s8)disp : disp;
	if (!seg_given)
		insn->seg = insn->base == 4 || insn->base == 5 ? LG_SS : LG_DS_;
	return 0;
}

/*
 * Prefixes, down to the first byte that is none; others than these are opcodes
 * that nobody knows. False: nothing behind them.
 */
static bool take_prefixes(struct cursor *c, struct lg_insn *insn,
			  bool *seg_given)
{
	static const u8 seg_prefix[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	unsigned int i;

	insn->size = 4;
	insn->seg = LG_DS_;
	for (; c->at < c->end; c->at++) {
		if (*c->at == 0x66) {
			insn->size = 2;
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(seg_prefix); i++)
			if (*c->at == seg_prefix[i])
				break;
		if (i == ARRAY_SIZE(seg_prefix))
			return true;
		insn->seg = i;
		*seg_given = true;
	}
	return false;
}

/* What follows the opcode. */
enum form { NONE, MODRM, IMM8, MOFFS, MODRM_IMM, BAD };

static enum form opcode_form(u16 opcode)
{
	switch (opcode) {
	case 0xf4: case 0xfa: case 0xfb:		/* hlt cli sti */
	case 0xec: case 0xed: case 0xee: case 0xef:	/* in/out dx */
	case 0x0f06: case 0x0f08: case 0x0f09:		/* clts invd wbinvd */
	case 0x0f30: case 0x0f32:			/* wrmsr rdmsr */
		return NONE;
	case 0xe4: case 0xe5: case 0xe6: case 0xe7:	/* in/out imm8 */
		return IMM8;
	case 0xa0: case 0xa1: case 0xa2: case 0xa3:	/* mov moffs */
		return MOFFS;
	case 0x88: case 0x89: case 0x8a: case 0x8b:	/* mov */
	case 0x0f00: case 0x0f01:			/* lldt ltr lgdt ... */
	case 0x0f20: case 0x0f21: case 0x0f22: case 0x0f23: /* mov cr, dr */
	case 0x0fb6: case 0x0fb7:			/* movzx */
		return MODRM;
	case 0xc6: case 0xc7:				/* mov imm */
		return MODRM_IMM;
	default:
		return BAD;
	}
}

static bool opcode_is_byte(u16 opcode)
{
	switch (opcode) {
	case 0x88: case 0x8a: case 0xa0: case 0xa2: case 0xc6: case 0x0fb6:
	case 0xe4: case 0xe6: case 0xec: case 0xee:
		return true;
	default:
		return false;
	}
}

/**
 * lg_insn_decode - decode one instruction
 * @bytes: from the guest; may be shorter than the instruction
 * @count: how many, at most LG_INSN_MAX matter
 * @insn: filled
 *
 * Returns 0, or -EINVAL: not one of those we know, or cut off.
 */
int lg_insn_decode(const u8 *bytes, size_t count, struct lg_insn *insn)
{
	struct cursor c = { bytes, bytes + min_t(size_t, count, LG_INSN_MAX) };
	bool seg_given = false, ok = true;
	enum form form;
	u32 opcode;

	memset(insn, 0, sizeof(*insn));
	insn->base = -1;
	insn->index = -1;
	if (!take_prefixes(&c, insn, &seg_given) || !take(&c, 1, &opcode))
		return -EINVAL;
	if (opcode == 0x0f) {
		if (!take(&c, 1, &opcode))
			return -EINVAL;
		opcode |= 0x0f00;
	}
	insn->opcode = opcode;
	if (opcode_is_byte(opcode))
		insn->size = 1;
	else if (opcode == 0x0fb7)
		insn->size = 2;
	form = opcode_form(opcode);
	if (form == MODRM || form == MODRM_IMM)
		ok = !decode_modrm(&c, insn, seg_given);
	if (ok && form == MODRM_IMM)
		ok = take(&c, insn->size, &insn->imm);
	if (form == IMM8)
		ok = take(&c, 1, &insn->imm);
	if (form == MOFFS)
		ok = take(&c, 4, &insn->disp);
	insn->len = c.at - bytes;
	return ok && form != BAD ? 0 : -EINVAL;
}
