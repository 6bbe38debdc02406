/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short ways: what the switcher answers by itself, without an exit. Included by
 * switcher.S.
 *
 * A program's system calls and page faults go to its kernel, and back by iret; the
 * kernel's own iret, its most frequent hypercalls and its stores to page tables are
 * done here. What may be done so, and with what, xenpv_direct_give() has said in
 * struct lg_direct; each of these ways can be left for the long one (direct_slow,
 * *_slow) until it has changed something.
 *
 * The guest's memory is only touched between a label guest_memory_N, or one like it,
 * and its end: a fault there is looked up in a table at the end of switcher.S.
 */

#define DIRECT_ADDRESS(field)	switcher_text + WINDOW_FRAME * 4096 + \
				 LG_DIRECT_##field
#define DIRECT(field)		(DIRECT_ADDRESS(field))(%rip)
/* The first four as instructions number them. */
#define SAVED_RAX		0
#define SAVED_RCX		1
#define SAVED_RDX		2
#define SAVED_RBX		3
#define SAVED_R11		4
#define SAVED_OTHER		5
#define SAVE(which)		(DIRECT_ADDRESS(save) + SAVED_##which * 8)(%rip)

/* Of a system call's frame: see docs/abi/xenpv.md, section 4. */
#define BOUNCE_BYTES		(7 * 8)
#define ERROR_BYTES		8

#define INSN_CLI		0xfa
#define INSN_RDMSR		0x320f
#define INSN_XCHG		0x87
#define INSN_LOCK		0xf0
#define INSN_DS			0x3e
#define INSN_GROUP1		0x80
#define INSN_GROUP1_AND		4

/* Most entries of one call: interrupts are off. */
#define DIRECT_BATCH		32

#define KERNEL_CS		(LG_FLAT_CS64 & ~3)	/* as frames have it */
#define USER_CS			0x33
#define USER_CS32		0x23
#define USER_DS			0x2b
#define USER_END		0x00007ffffffff000
#define KERNEL_START		0xffff880000000000
#define HOLE_OFFSET		0x800	/* in a root: the hypervisor's entries */
#define HOLE_BYTES		0x80

/* Is it in the kernel's part of the guest, with some bytes to follow? RCX is lost. */
.macro IN_KERNEL address else
	movq	$KERNEL_START, %rcx
	cmpq	%rcx, \address
	jb	\else
	cmpq	$-128, \address
	ja	\else
.endm

/* ModRM is in AL: is the operand at an address in a register, and no more? */
.macro PLAIN_BASE else
	movl	%eax, %ecx
	andb	$6, %cl
	cmpb	$4, %cl
	je	\else
.endm

/*
 * Which of the tables is it that \list has \key for? RCX = its number; RBX, from
 * the address of an entry, becomes where that is, a page before the shadow's. \key
 * and \scratch are lost.
 */
.macro HOT_ENTRY list key scratch else
	leaq	\list, \scratch
	xorl	%ecx, %ecx
661:	cmpq	\key, (\scratch, %rcx, 8)
	je	662f
	incl	%ecx
	cmpl	$LG_DIRECT_HOT, %ecx
	jb	661b
	jmp	\else
662:	andl	$0xff8, %ebx
	movq	%rcx, \key
	shlq	$13, \key
	addq	\key, %rbx
	leaq	(switcher_text + WINDOW_HOT * 4096)(%rip), \key
	addq	\key, %rbx
.endm

/* Error code and five words on the stack: the guest's, and ours to look at? */
.macro FAULT_FOR_US else
	testb	$3, 16(%rsp)
	jz	\else
	cmpl	$0, DIRECT(on)
	je	\else
.endm

/* Arguments of a call like mmu_update(requests, COUNT, 0, DOMID_SELF)? */
.macro BATCH_OF_UP_TO count
	leaq	-1(%rsi), %rcx
	cmpq	$\count, %rcx
	jae	direct_slow
	testq	%rdx, %rdx
	jnz	direct_slow
	cmpq	$OUR_DOMAIN, %r10
	jne	direct_slow
	IN_KERNEL %rdi direct_slow
.endm

.macro BATCH_OF count
	cmpq	$\count, %rsi
	jne	direct_slow
	BATCH_OF_UP_TO \count
.endm

/* The registers that the short ways work with. */
.macro SAVE_GUEST
	movq	%rax, SAVE(RAX)
	movq	%rbx, SAVE(RBX)
	movq	%rcx, SAVE(RCX)
	movq	%rdx, SAVE(RDX)
	movq	%r11, SAVE(R11)
.endm

.macro RESTORE_GUEST
	movq	SAVE(RAX), %rax
	movq	SAVE(RBX), %rbx
	movq	SAVE(RCX), %rcx
	movq	SAVE(RDX), %rdx
	movq	SAVE(R11), %r11
.endm

/* From a program to its kernel's page tables. RAX = where a frame on its stack ends. */
.macro LOAD_KERNEL
	movq	DIRECT(kernel_cr3), %rax
	movq	%rax, %cr3
	movq	DIRECT(kernel_sp), %rax
.endm

/*
 * On the kernel's page tables, the frame that it wants on its stack, of what the CPU
 * knows of the program; or of the kernel itself. RAX = where it ends, and stays; R11
 * = the flags; RBX, RCX and RDX are lost. Between the label \stack and its end, the
 * stack may not be there. A page fault has an error code.
 */
.macro BOUNCE stack rip cs flags sp ss masks error
	movq	DIRECT(info), %rdx
	movzbl	INFO_MASK(%rdx), %edx
	STAC_
\stack:
	.ifnb \error
	movq	%rcx, -64(%rax)
	movq	%r11, -56(%rax)
	movl	\error, %ebx
	movq	%rbx, -48(%rax)
	.else
	movq	%rcx, -56(%rax)
	movq	%r11, -48(%rax)
	.endif
	movq	\rip, %rbx
	movq	%rbx, -40(%rax)
	movq	%rdx, %rcx
	shlq	$32, %rcx
	movl	\cs, %ebx
	movzwl	%bx, %ebx
	orq	%rcx, %rbx
	movq	%rbx, -32(%rax)
	movq	\flags, %r11
	movq	%r11, %rbx
	andq	$~FLAGS_IF_IOPL, %rbx
	testl	%edx, %edx
	jnz	661f
	orq	$FLAG_IF, %rbx
661:	movq	%rbx, -24(%rax)
	movq	\sp, %rbx
	movq	%rbx, -16(%rax)
	movl	\ss, %ebx
	movzwl	%bx, %ebx
	movq	%rbx, -8(%rax)
\stack\()_end:
	CLAC_
	cmpl	$0, \masks
	je	662f
	movq	DIRECT(info), %rdx
	movb	$1, INFO_MASK(%rdx)
662:
.endm

/*
 * SYSCALL in the guest: its return address is in RCX, its flags in R11, and RSP
 * still its own. Build the frame that a trap would have pushed.
 */
.macro SYSCALL_EXIT cs trap
	leaq	FRAME_END, %rsp
	pushq	$LG_FLAT_DS
	pushq	STATE(scratch)
	pushq	%r11
	pushq	$\cs
	pushq	%rcx
	pushq	$0
	pushq	$\trap
	jmp	save_registers
.endm

switch_syscall32:
	ENDBR_
	movq	%rsp, STATE(scratch)
	SYSCALL_EXIT LG_FLAT_CS32 LG_TRAP_SYSCALL32

switch_syscall:
	ENDBR_
	movq	%rsp, STATE(scratch)
	cmpl	$0, DIRECT(on)
	je	syscall_exit
	leaq	FRAME_END, %rsp
	SAVE_GUEST
	cmpl	$0, DIRECT(kernel)
	jne	hypercall

/*
 * A system call, straight to the guest's kernel: on its page tables, with its GS
 * base, on its stack, where the frame goes that the ABI wants. If that memory is
 * not there, it was an exit after all: nothing has been changed.
 */
	cmpq	$0, DIRECT(syscall_rip)
	je	direct_slow
	LOAD_KERNEL
	BOUNCE	guest_stack, rip=%rcx, cs=$USER_CS, flags=%r11, ss=$USER_DS, \
		sp=STATE(scratch), masks=DIRECT(syscall_masks)
	movq	DIRECT(syscall_rip), %rcx
	andl	$FLAGS_SYSCALL, %r11d

/* RAX = where the frame ends, RCX = where to go, R11 = with which flags. */
direct_to_kernel:
	rdgsbase %rbx
	movq	%rbx, DIRECT(gs_user)
	movq	DIRECT(gs_kernel), %rbx
	wrgsbase %rbx
	movl	$1, DIRECT(kernel)
/* The kernel has been running. */
direct_in_kernel:
	incq	DIRECT(changes)
	pushq	$LG_FLAT_DS
	subq	$BOUNCE_BYTES, %rax
	pushq	%rax
	orl	$FLAGS_ALWAYS, %r11d
	pushq	%r11
	pushq	$LG_FLAT_CS64
	pushq	%rcx
	RESTORE_GUEST

/* To the guest: five words on the stack, registers its own. */
direct_enter:
	cmpl	$0, STATE(notes)
	jne	direct_noted
	iretq
direct_enter_end:

/* Something for the host came on the way. */
direct_noted:
	pushq	$0
	pushq	$LG_TRAP_NOTED
	jmp	save_registers

/*
 * From the guest's kernel: what it asks for most. RAX, RBX, RCX, RDX and R11 are
 * saved, RSP is ours. Whatever is unusual goes the long way.
 */
hypercall:
	cmpq	$HYPERCALL_IRET, %rax
	je	direct_iret
	cmpq	$HYPERCALL_MMU_UPDATE, %rax
	je	direct_mmu_update
	cmpq	$HYPERCALL_MMUEXT_OP, %rax
	je	direct_mmuext
	cmpq	$HYPERCALL_STACK_SWITCH, %rax
	je	direct_stack_switch
	cmpq	$HYPERCALL_SEGMENT_BASE, %rax
	je	direct_segment_base
	cmpq	$HYPERCALL_VCPU_OP, %rax
	je	direct_vcpu_op
	jmp	syscall_exit

/*
 * R11 = flags of the frame at RAX, fit to be loaded. The instruction \if_off finds ZF
 * set if IF is not among them.
 */
.macro IRET_FLAGS if_off:vararg
	movq	IRET_rflags(%rax), %r11
	testl	$FLAG_IF, %r11d
	\if_off
	andl	$FLAGS_LOADABLE, %r11d
	orl	$FLAGS_ALWAYS, %r11d
.endm

/* Back to a program, or to the kernel from a trap or an event. */
direct_iret:
	movq	STATE(scratch), %rax
	IN_KERNEL %rax direct_slow
	STAC_
guest_memory_1:
	cmpq	$0, IRET_flags(%rax)
	jne	direct_slow
	movzwl	IRET_cs(%rax), %ebx
	cmpl	$KERNEL_CS, %ebx
	je	iret_to_kernel
	cmpq	$0, DIRECT(user_cr3)
	je	direct_slow
	movq	DIRECT(info), %rcx
	cmpb	$0, INFO_PENDING(%rcx)
	jne	direct_slow
	cmpl	$USER_CS, %ebx
	je	1f
	cmpl	$USER_CS32, %ebx
	jne	direct_slow
	cmpl	$0, (IRET_rip + 4)(%rax)
	jne	direct_slow
1:	cmpw	$USER_DS, IRET_ss(%rax)
	jne	direct_slow
	movq	IRET_rip(%rax), %rcx
	movq	$USER_END, %r11
	cmpq	%r11, %rcx
	jae	direct_slow
	IRET_FLAGS jz	direct_slow
	pushq	$USER_DS
	pushq	IRET_rsp(%rax)
	pushq	%r11
	pushq	%rbx
	pushq	%rcx
	movq	IRET_r11(%rax), %r11
	movq	IRET_rcx(%rax), %rcx
	movq	IRET_rax(%rax), %rax
guest_memory_1_end:
	CLAC_
	movq	%rax, SAVE(RAX)
	movq	DIRECT(info), %rax
	movb	$0, INFO_MASK(%rax)
	rdgsbase %rax
	movq	%rax, DIRECT(gs_kernel)
	movq	DIRECT(gs_user), %rax
	wrgsbase %rax
	movl	$0, DIRECT(kernel)
	incq	DIRECT(changes)
	movq	DIRECT(user_cr3), %rax
	movq	%rax, %cr3
	movq	SAVE(RAX), %rax
	movq	SAVE(RBX), %rbx
	jmp	direct_enter

/* Page tables and GS base stay. An event that is let in now is the host's to see to. */
iret_to_kernel:
guest_memory_6:
	movzwl	IRET_ss(%rax), %ebx
	orl	$3, %ebx
	cmpl	$LG_FLAT_DS, %ebx
	je	1f
	cmpl	$3, %ebx		/* as after an interrupt in long mode */
	jne	direct_slow
1:	movq	IRET_rip(%rax), %rdx
	IN_KERNEL %rdx direct_slow
	IRET_FLAGS setz	%bl
	pushq	$LG_FLAT_DS
	pushq	IRET_rsp(%rax)
	pushq	%r11
	pushq	$LG_FLAT_CS64
	pushq	%rdx
	movq	IRET_r11(%rax), %r11
	movq	IRET_rcx(%rax), %rcx
	movq	IRET_rax(%rax), %rdx
guest_memory_6_end:
	CLAC_
	movq	%rdx, SAVE(RAX)
	incq	DIRECT(changes)
	movq	DIRECT(info), %rax
	movb	%bl, INFO_MASK(%rax)
	cmpb	$0, INFO_PENDING(%rax)
	setne	%bh
	cmpb	%bl, %bh
	movq	SAVE(RAX), %rax
	movq	SAVE(RBX), %rbx
	movq	SAVE(RDX), %rdx
	ja	direct_noted
	jmp	direct_enter

/* stack_switch(ss, sp) */
direct_stack_switch:
	andq	$~15, %rsi
	movq	$(KERNEL_START + 4096), %rcx
	cmpq	%rcx, %rsi
	jb	direct_slow
	cmpq	$-4096, %rsi
	ja	direct_slow
	movq	%rsi, DIRECT(kernel_sp)
	jmp	direct_done

/* set_segment_base(which, base); or a selector, which mostly is the null one of before */
direct_segment_base:
	cmpq	$BASE_GS_USER_SEL, %rdi
	je	2f
	movq	%rsi, %rcx
	shlq	$16, %rcx
	sarq	$16, %rcx
	cmpq	%rcx, %rsi
	jne	direct_slow
	cmpq	$BASE_GS_USER, %rdi
	jne	1f
	movq	%rsi, DIRECT(gs_user)
	jmp	direct_done
1:	cmpq	$BASE_FS, %rdi
	jne	direct_slow
	wrfsbase %rsi
	jmp	direct_done
2:	movl	%gs, %ecx
	cmpq	$3, %rcx
	ja	direct_slow
	cmpq	%rcx, %rsi
	jne	direct_slow
	movq	$0, DIRECT(gs_user)
	jmp	direct_done

/* vcpu_op(is_up, number): asked for thousands that are not. */
direct_vcpu_op:
	cmpq	$VCPUOP_IS_UP, %rdi
	jne	direct_slow
	movl	DIRECT(vcpus), %ecx
	cmpl	%ecx, %esi
	jb	direct_slow
	movq	$-NO_ENTRY, %rax
	jmp	direct_done_rax

/*
 * mmu_update(requests, count, 0, DOMID_SELF) of entries of tables that we have at
 * hand, last-level ones in pairs with their shadows: each is written there, and to
 * the shadow what it allows; nothing if we do not know the page: it will fault. RDI
 * and RSI follow, so that what is unusual can be left to the host in the middle;
 * whatever it might refuse is.
 */
direct_mmu_update:
	BATCH_OF_UP_TO DIRECT_BATCH
1:	STAC_
guest_memory_4:
	movq	MMU_UPDATE_ptr(%rdi), %rbx
	movq	MMU_UPDATE_val(%rdi), %rdx
guest_memory_4_end:
	CLAC_
	/* A write, plain or one that keeps accessed and dirty bits. */
	movq	%rbx, SAVE(OTHER)
	testb	$(7 & ~UPDATE_PRESERVE_AD), %bl
	jnz	direct_slow
	movq	%rbx, %r11
	shrq	$12, %r11
	HOT_ENTRY list=DIRECT(hot), key=%r11, scratch=%rax, else=direct_slow
	testb	$UPDATE_PRESERVE_AD, SAVE(OTHER)
	jz	2f
	movl	(%rbx), %eax
	andl	$(PTE_A | PTE_D), %eax
	orq	%rax, %rdx
2:	btl	%ecx, DIRECT(hot_upper)
	jc	upper_entry
	movl	%ecx, SAVE(OTHER)
	call	shadow_of
	jc	direct_slow
	movq	%rdx, (%rbx)
	movl	SAVE(OTHER), %ecx
	btl	%ecx, DIRECT(hot_shadows)
	jnc	3f
	movq	%r11, 4096(%rbx)
3:	addq	$MMU_UPDATE_BYTES, %rdi
	decl	%esi
	jnz	1b
	jmp	direct_done

/* Of another level. Linux clears many that are clear; not in a root's hole. */
upper_entry:
	cmpq	(%rbx), %rdx
	jne	direct_slow
	andl	$0xff8, %ebx
	subl	$HOLE_OFFSET, %ebx
	cmpl	$HOLE_BYTES, %ebx
	jae	3b
	jmp	direct_slow

/*
 * R11 = what the shadow of last-level entry RDX is without a fault to justify more,
 * as leaf_entry() has it: of nothing, or of a page that is the guest's. Carry, and
 * R11 zero: the entry is nonsense, or is to let the guest write to a table page;
 * what comes of that is the host's to say. RAX and RCX are lost.
 */
shadow_of:
	movq	$SHADOW_ABSENT, %r11
	testb	$PTE_P, %dl
	jz	3f
	movq	%rdx, %rcx
	shlq	$12, %rcx
	shrq	$24, %rcx
	cmpq	DIRECT(pages), %rcx
	jae	4f
	movabsq	$WINDOW_FRAMES, %rax
frames:
	movq	(%rax, %rcx, 8), %r11
frames_end:
	testb	$PTE_RW, %dl
	jz	read_only
	testb	$PTE_RW, %r11b
	jz	not_writable
	testb	$PTE_A, %dl
	jz	nothing_known
	testb	$PTE_D, %dl
	jnz	2f
	xorq	$(PTE_RW | SHADOW_NARROWED), %r11
2:	testq	%rdx, %rdx
	jns	3f
	btsq	$63, %r11
3:	clc
	ret
not_writable:
	testq	%r11, %r11
	jz	nothing_known
4:	xorl	%r11d, %r11d
	stc
	ret
read_only:
	testb	$PTE_A, %dl
	jz	not_accessed
	testb	$PTE_P, %r11b
	jz	nothing_known
	andq	$~PTE_RW, %r11
	jmp	2b
not_accessed:
	movq	$SHADOW_READ_ONLY, %r11
	jmp	3b
nothing_known:
	xorl	%r11d, %r11d
	jmp	3b

/* That part of the table is not there. */
no_frames:
	movq	(FRAME_rsp - FRAME_trapnum)(%rsp), %rsp
	xorl	%r11d, %r11d
	jmp	frames_end

/* mmuext_op(op, 1, 0, DOMID_SELF) that flushes; what it is to show is there. */
direct_flush:
	BATCH_OF 1
	STAC_
guest_memory_5:
	movl	MMUEXT_cmd(%rdi), %ebx
	movq	MMUEXT_mfn(%rdi), %rdx
guest_memory_5_end:
	CLAC_
	cmpl	$INVLPG_LOCAL, %ebx
	je	1f
	cmpl	$TLB_FLUSH_LOCAL, %ebx
	jne	direct_slow
	movq	%cr3, %rax
	movq	%rax, %cr3
	jmp	direct_done
1:	invlpg	(%rdx)
	jmp	direct_done

/* mmuext_op(ops, 2, 0, DOMID_SELF) that loads both roots */
direct_mmuext:
	cmpl	$0, DIRECT(may_load)
	je	direct_slow
	cmpq	$1, %rsi
	je	direct_flush
	BATCH_OF 2
	STAC_
guest_memory_2:
	cmpl	$NEW_BASEPTR, MMUEXT_cmd(%rdi)
	jne	direct_slow
	movq	MMUEXT_mfn(%rdi), %rbx
	cmpl	$NEW_USER_BASEPTR, (MMUEXT_BYTES + MMUEXT_cmd)(%rdi)
	jne	direct_slow
	movq	(MMUEXT_BYTES + MMUEXT_mfn)(%rdi), %rdx
guest_memory_2_end:
	CLAC_
	testq	%rbx, %rbx
	jz	direct_slow
	/* RCX = shadow of kernel root RBX, R11 = of user root RDX, 0 for none. */
	leaq	DIRECT(kernel_root), %rax
	movl	$LG_DIRECT_ROOTS, %ecx
1:	cmpq	(%rax), %rbx
	je	2f
	addq	$16, %rax
	decl	%ecx
	jnz	1b
	jmp	direct_slow
2:	movq	8(%rax), %rcx
	xorl	%r11d, %r11d
	testq	%rdx, %rdx
	jz	5f
	leaq	DIRECT(user_root), %rax
	movl	$LG_DIRECT_ROOTS, %r11d
3:	cmpq	(%rax), %rdx
	je	4f
	addq	$16, %rax
	decl	%r11d
	jnz	3b
	jmp	direct_slow
4:	movq	8(%rax), %r11
5:	movq	%rbx, DIRECT(kernel_gfn)
	movq	%rdx, DIRECT(user_gfn)
	movq	%rcx, DIRECT(kernel_cr3)
	movq	%r11, DIRECT(user_cr3)
	movq	%rcx, %cr3

/* The hypercall is done. If that makes an event due, the host must see to it. */
direct_done:
	xorl	%eax, %eax
direct_done_rax:
	incq	DIRECT(changes)
	movq	SAVE(RBX), %rbx
	movq	SAVE(RDX), %rdx
	movq	SAVE(RCX), %rcx
	movq	SAVE(R11), %r11
	pushq	$LG_FLAT_DS
	pushq	STATE(scratch)
	pushq	%r11
	pushq	$LG_FLAT_CS64
	pushq	%rcx
	/* From the very end of the low half, it is not canonical. */
	testq	%rcx, %rcx
	jns	direct_noted
	movq	DIRECT(info), %r11
	cmpb	$0, INFO_PENDING(%r11)
	je	direct_enter
	cmpb	$0, INFO_MASK(%r11)
	jne	direct_enter
	jmp	direct_noted

/*
 * #GP: Linux executes CLI by the thousand before it has patched itself, and it
 * does nothing here; and it reads the GS base of programs by RDMSR whenever it
 * goes to another task. Error code and five words on the stack.
 */
handle_gp:
	ENDBR_
	FAULT_FOR_US gp_exit
	cmpl	$0, DIRECT(kernel)
	je	gp_exit
	cmpq	$0, (%rsp)
	jne	gp_exit
	movq	%rax, SAVE(RAX)
	movq	%rcx, SAVE(RCX)
	movq	8(%rsp), %rax
	IN_KERNEL %rax gp_slow
	STAC_
guest_memory_3:
	cmpb	$INSN_CLI, (%rax)
	je	1f
	cmpw	$INSN_RDMSR, (%rax)
guest_memory_3_end:
	jne	gp_slow
	CLAC_
	cmpl	$MSR_KERNEL_GS_BASE_, SAVE(RCX)
	jne	gp_slow
	movl	DIRECT(gs_user), %eax
	movl	(DIRECT_ADDRESS(gs_user) + 4)(%rip), %edx
	movq	%rax, SAVE(RAX)
	incq	8(%rsp)
1:	CLAC_
	incq	8(%rsp)
	incq	DIRECT(changes)
	movq	SAVE(RAX), %rax
	movq	SAVE(RCX), %rcx
	addq	$8, %rsp
	jmp	direct_enter
gp_slow:
	CLAC_
	movq	SAVE(RAX), %rax
	movq	SAVE(RCX), %rcx
	leaq	FRAME_END, %rsp
	subq	$48, %rsp
gp_exit:
	pushq	$13
	jmp	switch_to_host

/*
 * INT 0x80, the older system call: five words on the stack. As above, but the
 * frame is the CPU's. What is unusual is #GP at the instruction, as for any INT.
 */
handle_int80:
	ENDBR_
	cmpl	$0, DIRECT(on)
	je	int80_exit
	cmpl	$0, DIRECT(kernel)
	jne	int80_exit
	cmpq	$0, DIRECT(int80_rip)
	je	int80_exit
	SAVE_GUEST
	LOAD_KERNEL
	BOUNCE	guest_stack_2, rip=(%rsp), cs=8(%rsp), flags=16(%rsp), \
		sp=24(%rsp), ss=32(%rsp), masks=DIRECT(int80_masks)
	leaq	FRAME_END, %rsp
	movq	DIRECT(int80_rip), %rcx
	andl	$FLAGS_TRAP, %r11d
	jmp	direct_to_kernel

int80_slow:
	CLAC_
	RESTORE_GUEST
	leaq	FRAME_END, %rsp
	subq	$40, %rsp
int80_exit:
	subq	$2, (%rsp)
	pushq	$(0x80 * 8 + 2)
	pushq	$13
	jmp	switch_to_host

/*
 * A page fault at a program's address: the guest's own if the shadow entry says so,
 * see mmu64/sync.c. Error code and five words on the stack. A fault on the way
 * changes CR2, and not what it was about.
 */
handle_pf:
	ENDBR_
	FAULT_FOR_US pf_exit
	SAVE_GUEST
	movq	%cr2, %rax
	movq	%rax, SAVE(OTHER)
	btq	$47, %rax
	jc	table_store
	cmpq	$0, DIRECT(pf_rip)
	je	pf_slow
	shrq	$12, %rax
	movabsq	$SELF_BASE, %rcx
shadow_entry:
	movq	(%rcx, %rax, 8), %rax
	cmpq	$SHADOW_ABSENT, %rax
	je	1f
	cmpq	$SHADOW_READ_ONLY, %rax
	jne	2f
	cmpl	$(PF_WRITE | PF_USER), (%rsp)
	jne	pf_slow
	orb	$PF_PROT, (%rsp)
	jmp	1f
2:	cmpl	$(PF_PROT | PF_WRITE | PF_USER), (%rsp)
	jne	pf_slow
	andl	$(PTE_P | PTE_RW | SHADOW_NARROWED), %eax
	cmpl	$PTE_P, %eax
	jne	pf_slow
1:	andl	$(PF_PROT | PF_WRITE | PF_USER | PF_INSTR), (%rsp)
	cmpl	$0, DIRECT(kernel)
	jne	3f
	LOAD_KERNEL
	jmp	4f
	/* The kernel's, as it copies from or to a program: it stays on its stack. */
3:	cmpw	$LG_FLAT_CS64, 16(%rsp)
	jne	pf_slow
	movq	32(%rsp), %rax
	subq	$128, %rax
	IN_KERNEL %rax pf_slow
	movq	32(%rsp), %rax
	andq	$~15, %rax
	andb	$~PF_USER, (%rsp)
	andb	$~3, 16(%rsp)
4:	movq	SAVE(RCX), %rcx
	BOUNCE	guest_stack_3, rip=8(%rsp), cs=16(%rsp), flags=24(%rsp), \
		sp=32(%rsp), ss=40(%rsp), masks=DIRECT(pf_masks), error=(%rsp)
	movq	SAVE(OTHER), %rcx
	movq	DIRECT(info), %rdx
	movq	%rcx, INFO_CR2(%rdx)
	leaq	FRAME_END, %rsp
	incq	DIRECT(faults)
	subq	$ERROR_BYTES, %rax
	movq	DIRECT(pf_rip), %rcx
	andl	$FLAGS_TRAP, %r11d
	cmpl	$0, DIRECT(kernel)
	jne	direct_in_kernel
	jmp	direct_to_kernel

/*
 * Another address. A write fault of the kernel: a store to a last-level table that
 * it has mapped read-only, and that we have at hand? It is done if it is one of the
 * instructions with which Linux takes entries back: XCHG of one of four registers,
 * AND of a byte. The guest's stack is of no interest.
 */
table_store:
	cmpl	$0, DIRECT(kernel)
	je	pf_slow
	cmpl	$(PF_PROT | PF_WRITE | PF_USER), (%rsp)
	jne	pf_slow
	cmpw	$LG_FLAT_CS64, 16(%rsp)
	jne	pf_slow
	testl	$FLAG_TF, 24(%rsp)
	jnz	pf_slow
	movq	%rax, %rbx
	testb	$7, %bl
	jnz	pf_slow
	IN_KERNEL %rbx pf_slow
	/* RAX = where the page is, of which the guest's own entry says read-only. */
	movq	%rbx, %rax
	shlq	$16, %rax
	shrq	$28, %rax
	movabsq	$SELF_BASE, %rcx
store:
	movq	(%rcx, %rax, 8), %rax
	movl	%eax, %ecx
	andl	$(PTE_P | PTE_RW | SHADOW_NARROWED), %ecx
	cmpl	$PTE_P, %ecx
	jne	pf_slow
	shlq	$12, %rax
	shrq	$24, %rax
	shlq	$12, %rax
	HOT_ENTRY list=DIRECT(hot_frame), key=%rax, scratch=%rdx, else=pf_slow
	btl	%ecx, DIRECT(hot_shadows)
	jnc	pf_slow
	btl	%ecx, DIRECT(hot_upper)
	jc	pf_slow
	/* RAX = the instruction. */
	movq	8(%rsp), %rax
	IN_KERNEL %rax pf_slow
	STAC_
	movq	(%rax), %rax
	CLAC_
store_end:
	movl	%eax, %ecx
	andl	$0xfffe, %ecx			/* 48 or 49: REX.W */
	cmpl	$INSN_XCHG << 8 | 0x48, %ecx
	jne	store_and
	shrl	$16, %eax
	testb	$0xe0, %al
	jnz	pf_slow
	PLAIN_BASE pf_slow
	shrl	$3, %eax
	andl	$3, %eax
	leaq	DIRECT(save), %rcx
	leaq	(%rcx, %rax, 8), %rax
	movq	(%rax), %rdx
	movq	(%rbx), %rcx
	movq	%rcx, (%rax)
	movq	%rdx, (%rbx)
	addq	$3, 8(%rsp)
store_done:
	call	shadow_of
	movq	%r11, 4096(%rbx)
	andl	$~FLAG_RF, 24(%rsp)
	incq	DIRECT(changes)
	RESTORE_GUEST
	addq	$8, %rsp
	jmp	direct_enter

/* LOCK AND, or as kernels for one CPU have it, DS AND. */
store_and:
	cmpb	$INSN_LOCK, %al
	je	1f
	cmpb	$INSN_DS, %al
	jne	pf_slow
1:	shrq	$8, %rax
	movl	$4, %edx
	cmpb	$0x41, %al			/* REX.B */
	jne	2f
	shrq	$8, %rax
	incl	%edx
2:	cmpb	$INSN_GROUP1, %al
	jne	pf_slow
	shrl	$8, %eax
	movl	%eax, %ecx
	andb	$0xf8, %cl
	cmpb	$(INSN_GROUP1_AND << 3), %cl
	jne	pf_slow
	PLAIN_BASE pf_slow
	addq	%rdx, 8(%rsp)
	andb	%ah, (%rbx)
	pushfq
	popq	%rax
	andl	$FLAGS_STATUS, %eax
	andl	$~FLAGS_STATUS, 24(%rsp)
	orl	%eax, 24(%rsp)
	movq	(%rbx), %rdx
	jmp	store_done

pf_slow:
	CLAC_
	movq	SAVE(OTHER), %rax
	movq	%rax, %cr2
	RESTORE_GUEST
	leaq	FRAME_END, %rsp
	subq	$48, %rsp
	orb	$3, 16(%rsp)		/* where we may have taken it back */
pf_exit:
	pushq	$14
	jmp	switch_to_host

/* As if we had not tried. */
direct_slow:
	CLAC_
	RESTORE_GUEST
syscall_exit:
	SYSCALL_EXIT LG_FLAT_CS64 LG_TRAP_SYSCALL
