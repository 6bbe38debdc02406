/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rest of arch/x86 must know about running as an lguest guest.
 *
 * The kernel then runs in ring 1 under a host that cannot see it disable
 * interrupts: the interrupt flag is a word in lguest_data.  Whatever else is
 * privileged traps and is emulated, so only instructions that do not trap (or
 * are too frequent to trap) appear here.  <asm/lg32.h> is the ABI.
 */
#ifndef _ASM_X86_LGUEST_H
#define _ASM_X86_LGUEST_H

#include <linux/stringify.h>
#include <asm/alternative.h>
#include <asm/lg32.h>

/*
 * LGUEST_ALT(native, ours): two spellings of one operation.  Ours replaces
 * the native one before the first C code that could contain it.  Long before
 * other alternatives are applied, and so in a list of its own: going through
 * all of them again there would be three percent of a boot.
 */
#ifdef __ASSEMBLY__

#ifdef CONFIG_LGUEST_GUEST
.macro LGUEST_ALT native ours
140:
	\native
141:
	.skip	-(((144f-143f)-(141b-140b)) > 0) * ((144f-143f)-(141b-140b)), 0x90
142:
	.pushsection .altinstructions.lguest, "a"
	altinstruction_entry 140b, 143f, 0, 142b-140b, 144f-143f
	.popsection
	.pushsection .altinstr_replacement, "ax"
143:
	\ours
144:
	.popsection
.endm
#else
.macro LGUEST_ALT native ours
	\native
.endm
#endif

#else /* __ASSEMBLY__ */

#ifdef CONFIG_LGUEST_GUEST
#define LGUEST_ALT(native, ours)				\
	OLDINSTR(native, 1)					\
	".pushsection .altinstructions.lguest, \"a\"\n"		\
	ALTINSTR_ENTRY(0, 1)					\
	".popsection\n"						\
	".pushsection .altinstr_replacement, \"ax\"\n"		\
	ALTINSTR_REPLACEMENT(ours, 1)				\
	".popsection\n"
#else
#define LGUEST_ALT(native, ours) native
#endif

/* Operand text of a field of lguest_data. */
#define LGUEST_DATA(field) "lguest_data+" __stringify(LG32_DATA_##field)

/* sti and hlt in one: the host turns interrupts on when one arrives. */
#define LGUEST_SAFE_HALT "mov $" __stringify(LG32_HALT) ", %%eax; " \
	"int $" __stringify(LG32_HCALL_VECTOR)

struct desc_struct;
struct mm_struct;
struct pt_regs;
struct thread_struct;
struct vm_area_struct;

#ifdef CONFIG_LGUEST_GUEST

extern bool lguest_guest;
extern struct lg32_data lguest_data;

/* arch/x86/lguest/entry.S */
void lguest_entry_INT80_32(void);

/* arch/x86/lguest/hcall.c */
void lguest_start_context_switch(void);
void lguest_end_context_switch(void);

/* arch/x86/lguest/setup.c */
void lguest_setup(void);

/* arch/x86/lguest/cpu.c */
void lguest_load_tls(struct thread_struct *t, struct desc_struct *gdt);
void lguest_set_stack(unsigned long sp0);

/* arch/x86/lguest/mmu.c */
void lguest_load_cr3(unsigned long cr3);
void lguest_flush_mm(struct mm_struct *mm, unsigned long start,
		     unsigned long end, bool freed_tables);
void lguest_flush_kernel(unsigned long start, unsigned long end);
void lguest_flush_user(void);
void lguest_update_mmu_cache(struct vm_area_struct *vma, unsigned long addr);
void lguest_flush_all(void);

#else

#define lguest_guest false
static inline void lguest_setup(void) {}
static inline void lguest_load_tls(struct thread_struct *t,
				   struct desc_struct *gdt) {}
static inline void lguest_set_stack(unsigned long sp0) {}
static inline void lguest_load_cr3(unsigned long cr3) {}
static inline void lguest_flush_mm(struct mm_struct *mm, unsigned long start,
				   unsigned long end, bool freed_tables) {}
static inline void lguest_flush_kernel(unsigned long start,
				       unsigned long end) {}
static inline void lguest_flush_user(void) {}
static inline void lguest_update_mmu_cache(struct vm_area_struct *vma,
					   unsigned long addr) {}
static inline void lguest_flush_all(void) {}

#endif /* CONFIG_LGUEST_GUEST */
#endif /* __ASSEMBLY__ */
#endif /* _ASM_X86_LGUEST_H */
