/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first instructions of a test guest, and the notes by which a domain
 * builder knows what it is.
 *
 * Called from: the host, as the Xen PV ABI has it: kernel mode, on page tables
 * that map all of our memory, with a stack; RSI is the address of start_info.
 * Registers are kept in tg_first for the test that looks.
 */
#define __ASSEMBLY__
#include <xen/elfnote.h>

	.section .text.start, "ax"
	.globl	tg_start
tg_start:
	movq	%rsp, tg_first_rsp
	leaq	tg_first_end(%rip), %rsp
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	leaq	tg_stack_top(%rip), %rsp
	pushfq
	popq	tg_first_rsp + 8
	movw	%cs, tg_first_rsp + 16
	movw	%ss, tg_first_rsp + 18
	movw	%ds, tg_first_rsp + 20
	movw	%es, tg_first_rsp + 22
	movw	%fs, tg_first_rsp + 24
	movw	%gs, tg_first_rsp + 26
	cld
	movq	%rsi, %rdi
	xorl	%ebp, %ebp
	call	tg_main
	ud2

	.bss
	.balign	4096
	.skip	32768
	.globl	tg_stack_top
tg_stack_top:

	.data
	.balign	16
	.globl	tg_first
tg_first:
	.skip	15 * 8
tg_first_end:
tg_first_rsp:
	.skip	2 * 8 + 6 * 2 + 4

	.macro	NOTE type, value:vararg
	.pushsection .note.Xen, "a", @note
	.balign	4
	.long	2f - 1f, 4f - 3f, \type
1:	.asciz	"Xen"
2:	.balign	4
3:	\value
4:	.balign	4
	.popsection
	.endm

	NOTE	XEN_ELFNOTE_GUEST_OS, .asciz "lguest-test"
	NOTE	XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	NOTE	XEN_ELFNOTE_VIRT_BASE, .quad 0xffffffff80000000
	NOTE	XEN_ELFNOTE_PADDR_OFFSET, .quad 0
	NOTE	XEN_ELFNOTE_ENTRY, .quad tg_start
	NOTE	XEN_ELFNOTE_LOADER, .asciz "generic"

	.section .note.GNU-stack, "", @progbits
