// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions of the guest kernel that ring 1 may not execute, and its moves
 * to and from device memory.
 *
 * Few and rare: what happens often has a hypercall. Control registers keep what
 * the guest puts there as far as it could matter to it; MSRs read as zero and
 * swallow everything; debug registers have no effect. Ports and device memory
 * are the launcher's. What is not here goes to the guest as the #GP it was.
 */
#include <asm/processor-flags.h>
#include <asm/trapnr.h>
#include "lg32.h"
#include "insn.h"

#define REG_EAX	0
#define REG_EDX	2
#define INSN_PUSHF	0x9c

/* Register by its number in an instruction. */
static u32 *reg32(struct lg_frame *f, unsigned int n)
{
	u32 *reg[] = { &f->eax, &f->ecx, &f->edx, &f->ebx,
		       &f->esp, &f->ebp, &f->esi, &f->edi };

	return reg[n & 7];
}

static u32 reg_read(struct lg_frame *f, unsigned int n, unsigned int size)
{
	if (size == 1)
		return *reg32(f, n & 3) >> (n & 4 ? 8 : 0) & 0xff;
	return size == 2 ? *reg32(f, n) & 0xffff : *reg32(f, n);
}

static void reg_write(struct lg_frame *f, unsigned int n, unsigned int size,
		      u32 value)
{
	unsigned int shift = size == 1 && n & 4 ? 8 : 0;
	u32 mask = (size == 1 ? 0xff : size == 2 ? 0xffff : ~0u) << shift;
	u32 *reg = reg32(f, size == 1 ? n & 3 : n);

	*reg = (*reg & ~mask) | (value << shift & mask);
}

static u32 selector(struct lg_frame *f, unsigned int seg)
{
	const u32 sel[] = { f->es, f->cs, f->ss, f->ds, f->fs, f->gs };

	return sel[seg];
}

/* The offset that a memory operand names. */
static u32 operand_offset(struct lg_frame *f, const struct lg_insn *insn)
{
	u32 offset = insn->disp;

	if (insn->base >= 0)
		offset += *reg32(f, insn->base);
	if (insn->index >= 0)
		offset += *reg32(f, insn->index) << insn->scale;
	return offset;
}

static lg_gva_t operand_gva(struct lg_vcpu *vcpu, const struct lg_insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);

	return host_segment_base(vcpu, selector(f, insn->seg)) +
	       operand_offset(f, insn);
}

/* The instruction at EIP; bytes that cannot be read count as not there. */
static bool fetch(struct lg_vcpu *vcpu, struct lg_insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);
	lg_gva_t gva = host_segment_base(vcpu, f->cs) + f->eip;
	size_t here = min_t(size_t, LG_INSN_MAX,
			    PAGE_SIZE - offset_in_page(gva));
	size_t count = LG_INSN_MAX;
	u8 bytes[LG_INSN_MAX];

	if (lg_shadow_read(vcpu, gva, bytes, count)) {
		count = here;
		if (lg_shadow_read(vcpu, gva, bytes, count))
			return false;
	}
	return !lg_insn_decode(bytes, count, insn);
}

/* ---- control registers ---- */

/**
 * lg32_set_ts - should FPU instructions trap?
 * @vcpu: running guest
 * @ts: CR0.TS
 */
void lg32_set_ts(struct lg_vcpu *vcpu, bool ts)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	a->cr0 = (a->cr0 & ~X86_CR0_TS) | (ts ? X86_CR0_TS : 0);
	host_set_ts(vcpu, ts);
}

static void set_cr0(struct lg_vcpu *vcpu, u32 value)
{
	lg32_vcpu(vcpu)->cr0 = value;
	host_set_ts(vcpu, value & X86_CR0_TS);
}

/* Without global pages: a load of the same table is a flush of its user half. */
static void set_cr3(struct lg_vcpu *vcpu, u32 value)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	bool same = !lg_shadow_is_linear(vcpu) &&
		    (value & ~0x1f) == lg_shadow_cr3(vcpu);

	lg32_new_pgtable(vcpu, value);
	if (same && a->kernel_address)
		lg_shadow_sync(vcpu, lg_shadow_cr3(vcpu), 0,
			       a->kernel_address - 1);
}

static void set_cr4(struct lg_vcpu *vcpu, u32 value)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	if ((a->cr4 ^ value) & X86_CR4_PGE)
		lg_shadow_sync_all(vcpu);
	a->cr4 = value;
}

static bool mov_cr(struct lg_vcpu *vcpu, const struct lg_insn *insn)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);
	u32 *reg = reg32(host_frame(vcpu), insn->rm);
	bool write = insn->opcode == 0x0f22;

	switch (insn->reg) {
	case 0:
		if (write)
			set_cr0(vcpu, *reg);
		else
			*reg = a->cr0 | (lg_shadow_is_linear(vcpu) ?
					 0 : X86_CR0_PG);
		return true;
	case 2:
		if (write && a->data)
			WRITE_ONCE(a->data->cr2, *reg);
		else if (!write)
			*reg = a->data ? READ_ONCE(a->data->cr2) : 0;
		return true;
	case 3:
		if (write)
			set_cr3(vcpu, *reg);
		else
			*reg = lg_shadow_is_linear(vcpu) ?
			       0 : lg_shadow_cr3(vcpu);
		return true;
	case 4:
		if (write)
			set_cr4(vcpu, *reg);
		else
			*reg = a->cr4;
		return true;
	default:
		return false;
	}
}

static bool mov_dr(struct lg_vcpu *vcpu, const struct lg_insn *insn)
{
	u32 *dr = &lg32_vcpu(vcpu)->dr[insn->reg];
	u32 *reg = reg32(host_frame(vcpu), insn->rm);

	if (insn->opcode == 0x0f23)
		*dr = *reg;
	else
		*reg = *dr;
	return true;
}

/* ---- descriptor tables ---- */

static bool load_table(struct lg_vcpu *vcpu, const struct lg_insn *insn)
{
	bool is_idt = insn->reg == 3;
	unsigned int i, count, max = is_idt ? 256 : LG32_GDT_ENTRIES;
	struct {
		u16 limit;
		u32 base;
	} __packed d;

	if (insn->mod == 3 ||
	    lg_shadow_read(vcpu, operand_gva(vcpu, insn), &d, sizeof(d)))
		return false;
	count = min(max, (d.limit + 1u) / 8);
	for (i = 0; i < max && !lg_guest_is_dead(vcpu->guest); i++) {
		u64 desc = 0;

		if (i < count &&
		    lg_shadow_read(vcpu, d.base + i * 8, &desc, sizeof(desc)))
			return false;
		if (is_idt)
			lg32_load_idt_entry(vcpu, i, desc);
		else
			lg32_load_gdt_entry(vcpu, i, desc);
	}
	return true;
}

static bool group7(struct lg_vcpu *vcpu, const struct lg_insn *insn)
{
	struct lg32_vcpu *a = lg32_vcpu(vcpu);

	switch (insn->reg) {
	case 2:	/* LGDT */
	case 3:	/* LIDT */
		return load_table(vcpu, insn);
	case 6:	/* LMSW: can set PE, not clear it */
		if (insn->mod != 3)
			return false;
		set_cr0(vcpu, (a->cr0 & ~0xeu) |
			  (*reg32(host_frame(vcpu), insn->rm) & 0xf));
		return true;
	case 7:	/* INVLPG */
		if (insn->mod == 3)
			return false;
		lg_shadow_sync(vcpu, lg_shadow_cr3(vcpu),
			       operand_gva(vcpu, insn),
			       operand_gva(vcpu, insn));
		return true;
	default:
		return false;
	}
}

/* ---- ports and device memory ---- */

static void ask_io(struct lg_vcpu *vcpu, const struct lg_insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);
	struct lg_run *run = vcpu->run;
	bool by_dx = insn->opcode & 8;

	lg_count(vcpu, LG_STAT_IO);
	vcpu->access = (struct lg_access) {
		.pending = true,
		.is_write = insn->opcode & 2,
		.size = insn->size,
		.reg = REG_EAX,
		.insn_len = insn->len,
	};
	run->exit_reason = LG_EXIT_IO;
	run->io.port = by_dx ? f->edx & 0xffff : insn->imm;
	run->io.size = insn->size;
	run->io.is_write = vcpu->access.is_write;
	run->io.data = vcpu->access.is_write ? reg_read(f, REG_EAX, insn->size) : 0;
}

static bool mmio_is_write(u16 opcode)
{
	return opcode == 0x88 || opcode == 0x89 || opcode == 0xa2 ||
	       opcode == 0xa3 || opcode == 0xc6 || opcode == 0xc7;
}

/**
 * lg32_mmio - the guest touched device memory
 * @vcpu: at the instruction
 * @gpa: what it touched
 * @exit: set if the launcher must answer
 *
 * Returns false if it is no instruction we know.
 */
bool lg32_mmio(struct lg_vcpu *vcpu, lg_gpa_t gpa, bool *exit)
{
	struct lg_frame *f = host_frame(vcpu);
	struct lg_run *run = vcpu->run;
	struct lg_insn insn;
	bool is_moffs, is_imm;
	u32 data = 0;

	if (!fetch(vcpu, &insn) || (insn.has_modrm && insn.mod == 3))
		return false;
	is_moffs = insn.opcode >= 0xa0 && insn.opcode <= 0xa3;
	is_imm = insn.opcode == 0xc6 || insn.opcode == 0xc7;
	if (!is_moffs && !is_imm && insn.opcode != 0x0fb6 &&
	    insn.opcode != 0x0fb7 && (insn.opcode < 0x88 || insn.opcode > 0x8b))
		return false;
	vcpu->access = (struct lg_access) {
		.pending = true,
		.is_mmio = true,
		.is_write = mmio_is_write(insn.opcode),
		.zero_extend = insn.opcode >= 0x0f00,
		.size = insn.size,
		.reg = is_moffs ? REG_EAX : insn.reg,
		.insn_len = insn.len,
	};
	if (vcpu->access.is_write) {
		data = is_imm ? insn.imm :
			reg_read(f, vcpu->access.reg, insn.size);
		if (lg_doorbell_ring(vcpu->guest, gpa, insn.size)) {
			lg_count(vcpu, LG_STAT_DOORBELL);
			lg32_complete(vcpu);
			return true;
		}
	}
	lg_count(vcpu, LG_STAT_MMIO);
	run->exit_reason = LG_EXIT_MMIO;
	run->mmio.gpa = gpa;
	run->mmio.size = insn.size;
	run->mmio.is_write = vcpu->access.is_write;
	run->mmio.data = data;
	*exit = true;
	return true;
}

/**
 * lg32_complete - the access is done
 * @vcpu: the launcher's answer, if it owed one, is in the run page
 */
void lg32_complete(struct lg_vcpu *vcpu)
{
	struct lg_access *access = &vcpu->access;
	struct lg_frame *f = host_frame(vcpu);
	struct lg_run *run = vcpu->run;
	u32 data;

	access->pending = false;
	f->eip += access->insn_len;
	if (access->is_write)
		return;
	data = access->is_mmio ? READ_ONCE(run->mmio.data) :
				 READ_ONCE(run->io.data);
	if (access->zero_extend)
		reg_write(f, access->reg, 4,
			  data & (access->size == 1 ? 0xff : 0xffff));
	else
		reg_write(f, access->reg, access->size, data);
}

/* ---- all together ---- */

/*
 * Where Linux of old has no other way it says "pushf; cli", and popf in the
 * end; but in ring 1 popf moves nothing, and the flag would stay off. So it
 * stays on, and only the next instruction is not interrupted.
 */
static void emulate_cli(struct lg_vcpu *vcpu, const struct lg_insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);
	lg_gva_t gva = host_segment_base(vcpu, f->cs) + f->eip;
	u8 before;

	if (!lg_shadow_read(vcpu, gva - 1, &before, 1) && before == INSN_PUSHF)
		lg32_vcpu(vcpu)->sti_shadow = f->eip + insn->len;
	else
		lg32_set_irq_enabled(vcpu, false);
}

static bool emulate(struct lg_vcpu *vcpu, const struct lg_insn *insn)
{
	struct lg_frame *f = host_frame(vcpu);

	switch (insn->opcode) {
	case 0xf4:	/* HLT */
		lg32_halt(vcpu);
		return true;
	case 0xfa:	/* CLI */
		emulate_cli(vcpu, insn);
		return true;
	case 0xfb:	/* STI */
		lg32_set_irq_enabled(vcpu, true);
		lg32_vcpu(vcpu)->sti_shadow = f->eip + insn->len;
		return true;
	case 0x0f00:	/* LLDT, LTR: we have none, and our own */
		return insn->reg == 2 || insn->reg == 3;
	case 0x0f01:
		return group7(vcpu, insn);
	case 0x0f06:	/* CLTS */
		set_cr0(vcpu, lg32_vcpu(vcpu)->cr0 & ~X86_CR0_TS);
		return true;
	case 0x0f08:	/* INVD */
	case 0x0f09:	/* WBINVD */
	case 0x0f30:	/* WRMSR */
		return true;
	case 0x0f32:	/* RDMSR */
		f->eax = 0;
		f->edx = 0;
		return true;
	case 0x0f20:
	case 0x0f22:
		return mov_cr(vcpu, insn);
	case 0x0f21:
	case 0x0f23:
		return mov_dr(vcpu, insn);
	default:
		return false;
	}
}

/**
 * lg32_emulate - the guest kernel executed something privileged
 * @vcpu: at the instruction
 * @exit: set if the launcher must answer
 *
 * Returns false if it is no instruction we know: the #GP stands.
 */
bool lg32_emulate(struct lg_vcpu *vcpu, bool *exit)
{
	struct lg_insn insn;

	if (!fetch(vcpu, &insn))
		return false;
	if ((insn.opcode & ~3) == 0xe4 || (insn.opcode & ~3) == 0xec) {
		ask_io(vcpu, &insn);
		*exit = true;
		return true;
	}
	if (!emulate(vcpu, &insn))
		return false;
	lg_count(vcpu, LG_STAT_EMULATED);
	host_frame(vcpu)->eip += insn.len;
	return true;
}
