/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The assembly an lguest guest needs: the way in from the host, and the few
 * operations that are called from where no C function could be.
 */
#include <linux/init.h>
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/lguest.h>
#include <asm/page_types.h>
#include <asm/processor-flags.h>

#define pa(X) ((X) - __PAGE_OFFSET)

/*
 * From startup_32, once the BSS is clear, boot_params copied and
 * initial_page_table built.  In: ring 1, flat segments, addresses are
 * physical, stack physical, interrupts off.  Goes on in startup_32 at
 * startup_32_segments with virtual addresses and our own GDT.
 */
	__INIT
SYM_CODE_START(lguest_startup_32)
	/* The first thing the host must hear. */
	movl	$LG32_INIT, %eax
	movl	$pa(lguest_data), %ebx
	int	$LG32_HCALL_VECTOR

	/* Paging; the identity map in it covers the next instruction. */
	movl	$LG32_NEW_PGTABLE, %eax
	movl	$pa(initial_page_table), %ebx
	int	$LG32_HCALL_VECTOR
	movl	$.Lvirtual, %eax
	jmp	*%eax
.Lvirtual:
	addl	$__PAGE_OFFSET, %esp

	/* No C code that touches the interrupt flag may run before this. */
	call	lguest_patch_text

	/* Emulated: the host reads the table and makes its DPLs 1. */
	lgdt	early_gdt_descr
	jmp	startup_32_segments
SYM_CODE_END(lguest_startup_32)

	.text
/*
 * sti.  Called from inline assembly: all registers but the flags live on.
 * An interrupt that came while they were off made the host set irq_pending.
 */
SYM_FUNC_START(lguest_irq_enable)
	movl	$LG32_IF, lguest_data + LG32_DATA_irq_enabled
	cmpl	$0, lguest_data + LG32_DATA_irq_pending
	jne	.Lsend_interrupts
	RET
.Lsend_interrupts:
	pushl	%eax
	movl	$LG32_SEND_INTERRUPTS, %eax
	int	$LG32_HCALL_VECTOR
	popl	%eax
	RET
SYM_FUNC_END(lguest_irq_enable)

/* cpuid.  In: eax, ecx; out: eax, ebx, ecx, edx; nothing else changes. */
SYM_FUNC_START(lguest_cpuid)
	subl	$16, %esp
	movl	%eax, (%esp)
	movl	%ecx, 8(%esp)
	movl	%esp, %eax
	call	lguest_filter_cpuid
	popl	%eax
	popl	%ebx
	popl	%ecx
	popl	%edx
	RET
SYM_FUNC_END(lguest_cpuid)

	.section .entry.text, "ax"
/*
 * int $0x80 from ring 3, through a trap gate that the host put into the real
 * IDT: it does not know that we are here, and injects nothing at the first
 * instruction.  Data segments are the user's.
 */
SYM_CODE_START(lguest_entry_INT80_32)
	movl	$0, %ss:lguest_data + LG32_DATA_irq_enabled
	jmp	entry_INT80_32
SYM_CODE_END(lguest_entry_INT80_32)

/*
 * iret.  In: an iret frame on the stack, all other registers as they must be
 * after it, interrupts off.  The host injects nothing at the iret itself.
 *
 * An interrupt that is already pending would wait for the next exit, maybe a
 * long user-space time slice away: take it here as if it were an exception at
 * the place we return to.
 */
SYM_CODE_START(lguest_iret)
	testl	$X86_EFLAGS_IF, 8(%esp)
	jz	lguest_noirq_iret
	cmpl	$0, %ss:lguest_data + LG32_DATA_irq_pending
	jne	.Lpending
	movl	$LG32_IF, %ss:lguest_data + LG32_DATA_irq_enabled
SYM_INNER_LABEL(lguest_noirq_iret, SYM_L_GLOBAL)
	iret
	_ASM_EXTABLE(lguest_noirq_iret, asm_iret_error)

.Lpending:
	pushl	$0			# no error code
	pushl	$exc_lguest_pending
	jmp	handle_exception
SYM_CODE_END(lguest_iret)
