/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where traps and callbacks arrive in the guest's kernel, and the ways out of
 * it. The frame is struct tg_regs (tg.h), in push order:
 *
 *	ss rsp rflags cs rip	by the host
 *	error			by the host for 8, 10 to 14, 17, 21; else the stub
 *	vector			the stub
 *	r11 rcx			the host pushed them below the rest: moved
 *	rdi .. r15		tg_common
 */
	.text

	/* A stub per vector and callback, and the table of their addresses. */
	.pushsection .rodata.stubs, "a"
	.balign	8
	.globl	tg_stubs
tg_stubs:
	.popsection

	.set	vector, 0
	.rept	260
	.pushsection .rodata.stubs, "a"
	.quad	1f
	.popsection
	.balign	16
1:
	popq	%rcx
	popq	%r11
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	pushq	$0
	.endif
	pushq	$vector
	jmp	tg_common
	.set	vector, vector + 1
	.endr

tg_common:
	pushq	%r11
	pushq	%rcx
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushfq
	popq	%rsi
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	tg_trap
	movq	%rbx, %rsp

	/* Back, by the iret hypercall. */
	.globl	tg_restore
tg_restore:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rdx
	popq	%rsi
	popq	%rdi
	popq	%rcx
	popq	%r11
	addq	$16, %rsp		# vector, error
	pushq	$0
	pushq	%rcx
	pushq	%r11
	pushq	%rax
	movl	$23, %eax
	.globl	tg_iret
tg_iret:
	syscall
	ud2

	/*
	 * u32 tg_catch(void (*fn)(void *), void *arg)
	 * A trap in fn makes tg_trap() send us to tg_catch_return, on
	 * whatever stack fn had.
	 */
	.globl	tg_catch
tg_catch:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$8, %rsp
	movl	$-1, tg_fault
	movq	%rsp, tg_catch_sp
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
	.globl	tg_catch_return
tg_catch_return:
	movq	tg_catch_sp, %rsp
	movq	$0, tg_catch_sp
	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	movl	tg_fault, %eax
	ret

	/*
	 * void tg_user_enter(const struct tg_user *u)
	 * Into user mode; tg_trap() comes back through tg_user_leave() when
	 * something happened there.
	 */
	.globl	tg_user_enter
tg_user_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$8, %rsp
	movq	%rsp, tg_user_sp
	pushq	152(%rdi)		# ss
	pushq	144(%rdi)		# rsp
	pushq	136(%rdi)		# rflags
	pushq	128(%rdi)		# cs
	pushq	120(%rdi)		# rip
	pushq	$0
	pushq	$0
	pushq	112(%rdi)		# r11
	pushq	104(%rdi)		# rcx
	pushq	96(%rdi)		# rdi
	pushq	88(%rdi)
	pushq	80(%rdi)
	pushq	72(%rdi)
	pushq	64(%rdi)
	pushq	56(%rdi)
	pushq	48(%rdi)
	pushq	40(%rdi)
	pushq	32(%rdi)
	pushq	24(%rdi)
	pushq	16(%rdi)
	pushq	8(%rdi)
	pushq	0(%rdi)
	jmp	tg_restore

	.globl	tg_user_leave
tg_user_leave:
	movq	tg_user_sp, %rsp
	movq	$0, tg_user_sp
	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.bss
	.balign	8
	.globl	tg_catch_sp, tg_user_sp
tg_catch_sp:
	.quad	0
tg_user_sp:
	.quad	0

	.section .note.GNU-stack, "", @progbits
