/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A decoder for the few instructions that trap: privileged ones, port accesses
 * and plain moves to and from device memory. Pure: bytes in, struct out.
 */
#ifndef LG_INSN_H
#define LG_INSN_H

#include <linux/types.h>

#define LG_INSN_MAX	15

enum lg_seg { LG_ES, LG_CS_, LG_SS, LG_DS_, LG_FS, LG_GS };

/**
 * struct lg_insn - one decoded instruction
 * @len: bytes, prefixes included
 * @opcode: opcode; two-byte ones have 0x0f00 added
 * @size: operand size in bytes: 1 where the opcode says so, else 2 or 4
 * @seg: segment of the memory operand
 * @has_modrm: the fields below it are valid
 * @mod: register operand if 3
 * @reg: register, or part of the opcode
 * @rm: register if @mod is 3
 * @base: register number or -1
 * @index: register number or -1
 * @scale: index is shifted left by it
 * @disp: displacement, or address (moffs)
 * @imm: immediate
 */
struct lg_insn {
	u8 len;
	u16 opcode;
	u8 size;
	u8 seg;
	bool has_modrm;
	u8 mod, reg, rm;
	s8 base, index;
	u8 scale;
	u32 disp;
	u32 imm;
};

int lg_insn_decode(const u8 *bytes, size_t count, struct lg_insn *insn);

#endif
