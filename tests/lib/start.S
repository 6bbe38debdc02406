/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first instructions of a test guest.
 *
 * Called from: the host, as the ABI's boot protocol has it: ring 1, flat
 * segments, linear memory, no stack.  All registers should be zero; they are
 * kept in tg_first for the test that looks.  Symbols ending in _pa are
 * physical addresses: the image may be linked for the kernel half, which only
 * exists once tg_boot() has made page tables.
 */
	.section .text.start, "ax"
	.globl	tg_start
tg_start:
	movl	%eax, tg_first_pa + 0
	movl	%ecx, tg_first_pa + 4
	movl	%edx, tg_first_pa + 8
	movl	%ebx, tg_first_pa + 12
	movl	%esp, tg_first_pa + 16
	movl	%ebp, tg_first_pa + 20
	movl	%esi, tg_first_pa + 24
	movl	%edi, tg_first_pa + 28
	movw	%cs, tg_first_pa + 36
	movw	%ss, tg_first_pa + 40
	movw	%ds, tg_first_pa + 44
	movw	%es, tg_first_pa + 48
	movw	%fs, tg_first_pa + 52
	movw	%gs, tg_first_pa + 56

	/* A stack, at last: then flags can be looked at. */
	movl	$tg_stack_pa, %esp
	pushfl
	popl	tg_first_pa + 32
	pushl	$0
	popfl

	/* INIT and, where the environment has them, page tables. */
	call	tg_boot

	/* From here on at linked addresses. */
	movl	$1f, %eax
	jmp	*%eax
1:	movl	$tg_stack_top, %esp
	xorl	%ebp, %ebp
	call	tg_main
	ud2

	.bss
	.balign	4096
	.skip	16384
	.globl	tg_stack_top
tg_stack_top:

	.data
	.balign	4
	.globl	tg_first
tg_first:
	.skip	60

	/* Launchers look for this to tell a guest for lguest from others. */
	.section .rodata, "a"
	.asciz	"lguest-guest-abi=lg32"
	.section .note.GNU-stack, "", @progbits
