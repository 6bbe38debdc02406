/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where traps and virtual interrupts arrive in ring 1, and the ways out of
 * it.  The register frame is struct tg_regs (tg.h), in push order:
 *
 *	ss esp			only from ring 3
 *	eflags cs eip		by the host (or the CPU, for direct gates)
 *	error			by the host for 8, 10 to 14, 17; else the stub
 *	vector			the stub
 *	ds es fs gs		tg_common
 *	eax .. edi		tg_common (pushal)
 */
	.text

	/* A stub per vector, and the table of their addresses. */
	.pushsection .rodata.stubs, "a"
	.balign	4
	.globl	tg_stubs
tg_stubs:
	.popsection

	.set	vector, 0
	.rept	256
	.pushsection .rodata.stubs, "a"
	.long	1f
	.popsection
	.balign	16
1:
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17)
	pushl	$0
	.endif
	pushl	$vector
	jmp	tg_common
	.set	vector, vector + 1
	.endr

tg_common:
	pushl	%ds
	pushl	%es
	pushl	%fs
	pushl	%gs
	pushal
	movl	$0x69, %eax
	movl	%eax, %ds
	movl	%eax, %es
	cld
	pushl	%esp
	call	tg_trap
	addl	$4, %esp

tg_restore:
	popal
	popl	%gs
	popl	%fs
	popl	%es
	popl	%ds
	addl	$8, %esp
	/*
	 * The interrupt flag lives in memory: take it out of the frame.  No
	 * IRQ may be put in between the store and the iret: the host knows
	 * that address.
	 */
	pushl	8(%esp)
	andl	$0x200, (%esp)
	.globl	tg_iret_store
tg_iret_store:
	popl	%ss:tg_data
	.globl	tg_iret
tg_iret:
	iret

	/*
	 * u32 tg_catch(void (*fn)(void *), void *arg)
	 * A trap in fn makes tg_trap() send us to tg_catch_return, on
	 * whatever stack fn had.
	 */
	.globl	tg_catch
tg_catch:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	$-1, tg_fault
	movl	%esp, tg_catch_esp
	pushl	24(%esp)
	call	*24(%esp)
	.globl	tg_catch_return
tg_catch_return:
	movl	tg_catch_esp, %esp
	movl	$0, tg_catch_esp
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	movl	tg_fault, %eax
	ret

	/*
	 * void tg_user_enter(const struct tg_user *u)
	 * Into ring 3; tg_trap() comes back through tg_user_leave() when
	 * something happened there.
	 */
	.globl	tg_user_enter
tg_user_enter:
	movl	4(%esp), %eax
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	%esp, tg_user_esp
	pushl	60(%eax)		# ss
	pushl	4(%eax)			# esp
	pushl	8(%eax)			# eflags
	pushl	56(%eax)		# cs
	pushl	0(%eax)			# eip
	movl	16(%eax), %ebx
	movl	20(%eax), %ecx
	movl	24(%eax), %edx
	movl	28(%eax), %esi
	movl	32(%eax), %edi
	movl	36(%eax), %ebp
	movw	48(%eax), %fs
	movw	52(%eax), %gs
	movw	44(%eax), %es
	pushl	40(%eax)
	movl	12(%eax), %eax
	popl	%ds
	pushl	8(%esp)
	andl	$0x200, (%esp)
	popl	%ss:tg_data
	jmp	tg_iret

	.globl	tg_user_leave
tg_user_leave:
	movl	tg_user_esp, %esp
	movl	$0, tg_user_esp
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

	.bss
	.balign	4
	.globl	tg_catch_esp, tg_user_esp
tg_catch_esp:
	.long	0
tg_user_esp:
	.long	0

	.section .note.GNU-stack, "", @progbits
