/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switcher: the code that sits at the same address in both worlds and
 * swaps page tables, stack and registers between them.
 *
 * It is position independent and lives here as data: window.c copies it into
 * three pages, which every CPU's area of the window begins with. All that it needs
 * of its CPU lies at a fixed distance from RIP: see host.h.
 *
 * GDTR, IDTR and TR hold addresses in the area for as long as a vCPU is
 * loaded. On the host's page tables the host's own tables are found there, on
 * the guest's ours. So a world switch is a load of CR3, and there is no moment
 * at which an NMI or machine check finds half of each:
 *
 * - on the host's page tables the host's handlers run, on the host's stacks;
 * - in the guest, ours make an exit of it, and as no IRET is executed on the way
 *   out, NMIs stay blocked until the host's own `int $2` has finished;
 * - in ring 0 on the guest's page tables, on the way in (enter_1, enter_2), ours
 *   give the entry up: the frame has all registers still;
 * - in the same place on the way out they leave a note and go back. The
 *   note is in memory that the guest has no access to.
 *
 * A machine check in the handler of an NMI that goes back unblocks NMIs too
 * early, by its IRET: a second NMI in that moment would be lost.
 *
 * The window is the only thing the guest's page tables hold of the host.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>
#include "host.h"
#include "asm-offsets.h"

#define ENDBR_			.byte 0xf3, 0x0f, 0x1e, 0xfa
#define STATE(field)		(switcher_text + WINDOW_STATE * 4096 + \
				 LG_STATE_##field)(%rip)
#define FRAME			(switcher_text + WINDOW_FRAME * 4096 + \
				 LG_PAGE_frame)(%rip)
#define FRAME_END		(switcher_text + (WINDOW_FRAME + 1) * 4096)(%rip)

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

.macro STAC_
	testl	$LG_STATE_SMAP, STATE(flags)
	jz	661f
	.byte	0x0f, 0x01, 0xcb
661:
.endm

.macro CLAC_
	testl	$LG_STATE_SMAP, STATE(flags)
	jz	661f
	.byte	0x0f, 0x01, 0xca
661:
.endm

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

#define MSR_FS_BASE_		0xc0000100
#define MSR_GS_BASE_		0xc0000101
#define MSR_KERNEL_GS_BASE_	0xc0000102

	.section .rodata.switcher, "a"
	.balign	4096
SYM_DATA_START(switcher_text)

/*
 * The way in. Called from host_switch(), interrupts off. Comes back with the
 * trap number in EAX, as if it had been an ordinary function.
 */
switch_to_guest:
	ENDBR_
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, STATE(host_rsp)
	/* The guest's page tables: the host is gone. */
	movq	STATE(guest_cr3), %rax
	movq	%rax, %cr3
enter_1:
	/* The host's GS base waits in the other MSR. */
	swapgs
enter_2:
	leaq	FRAME, %rsp
	testl	$LG_STATE_VERW, STATE(flags)
	jz	1f
	verw	STATE(verw)
1:	testl	$LG_STATE_SELECTORS, STATE(flags)
	jz	2f
	movw	STATE(ds), %ds
	movw	STATE(es), %es
	movw	STATE(fs), %fs
	movw	STATE(gs), %gs
	/* Loading FS and GS has set their bases, so those come last. */
2:	popq	%rsi
	popq	%rdi
	testl	$LG_STATE_FSGSBASE, STATE(flags)
	jz	3f
	wrfsbase %rsi
	wrgsbase %rdi
	jmp	4f
3:	movl	$MSR_FS_BASE_, %ecx
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
	wrmsr
	movl	$MSR_GS_BASE_, %ecx
	movl	%edi, %eax
	movq	%rdi, %rdx
	shrq	$32, %rdx
	wrmsr
4:	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	addq	$16, %rsp
	iretq
enter_end:

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
	movq	IRET_rflags(%rax), %r11
	testl	$FLAG_IF, %r11d
	jz	direct_slow
	andl	$FLAGS_LOADABLE, %r11d
	orl	$FLAGS_ALWAYS, %r11d
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
	movq	IRET_rflags(%rax), %r11
	testl	$FLAG_IF, %r11d
	setz	%bl
	andl	$FLAGS_LOADABLE, %r11d
	orl	$FLAGS_ALWAYS, %r11d
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
 * and RSI follow, so that what is unusual can be left to the host in the middle.
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

/* Of another level. Linux clears many that are clear. */
upper_entry:
	cmpq	(%rbx), %rdx
	je	3b
	jmp	direct_slow

/*
 * R11 = what the shadow of last-level entry RDX is without a fault to justify more,
 * as leaf_entry() has it: of nothing, or of a page that is the guest's. Carry: it is
 * nonsense, and R11 zero. RAX and RCX are lost.
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
	testb	$PTE_A, %dl
	jz	not_accessed
	movabsq	$WINDOW_FRAMES, %rax
frames:
	movq	(%rax, %rcx, 8), %r11
frames_end:
	testq	%r11, %r11
	jz	3f
	movl	%edx, %ecx
	andl	$(PTE_RW | PTE_D), %ecx
	cmpl	$(PTE_RW | PTE_D), %ecx
	je	1f
	andq	$~PTE_RW, %r11
1:	movl	%edx, %ecx
	andl	$PTE_RW, %ecx
	testl	%r11d, %ecx
	jnz	2f
	shll	$(9 - 1), %ecx		/* SHADOW_NARROWED if the guest may */
	orq	%rcx, %r11
2:	testq	%rdx, %rdx
	jns	3f
	btsq	$63, %r11
3:	clc
	ret
4:	xorl	%r11d, %r11d
	stc
	ret
not_accessed:
	movq	$SHADOW_READ_ONLY, %r11
	testb	$PTE_RW, %dl
	jz	3b
nothing_known:
	xorl	%r11d, %r11d
	clc
	ret

/* That part of the table is not there. */
no_frames:
	movq	(FRAME_rsp - FRAME_trapnum)(%rsp), %rsp
	jmp	nothing_known

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

/*
 * The way out, for every vector. The guest's page tables and registers; RSP at
 * the frame's trapnum.
 */
switch_to_host:
	testb	$3, (FRAME_cs - FRAME_trapnum)(%rsp)
	jz	ring_0_fault
save_registers:
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
	testl	$LG_STATE_FSGSBASE, STATE(flags)
	jz	1f
	rdgsbase %rax
	pushq	%rax
	rdfsbase %rax
	pushq	%rax
	jmp	2f
1:	movl	$MSR_GS_BASE_, %ecx
	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	pushq	%rax
	movl	$MSR_FS_BASE_, %ecx
	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	pushq	%rax
2:	movl	FRAME_trapnum(%rsp), %edi
back_swapgs:
	swapgs
back:
	/* The host's page tables; then its stack and flags. */
	movq	STATE(host_cr3), %rax
	movq	%rax, %cr3
	movq	STATE(host_rsp), %rsp
	pushq	$2
	popfq
	movl	$__KERNEL_DS, %eax
	movl	%eax, %ss
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	movl	%edi, %eax
	/* Return with the host's code segment. */
	popq	%rdx
	pushq	$__KERNEL_CS
	pushq	%rdx
	lretq

/*
 * A fault of the switcher's own. The guest's stack is not there: try another way.
 * Or its registers would not load.
 */
ring_0_fault:
	movq	(FRAME_rip - FRAME_trapnum)(%rsp), %rax
	leaq	switcher_text(%rip), %rcx
	subq	%rcx, %rax
	subq	$(guest_stack - switcher_text), %rax
	cmpq	$(guest_stack_end - guest_stack), %rax
	jb	direct_slow
	subq	$(guest_memory_1 - guest_stack), %rax
	cmpq	$(guest_memory_1_end - guest_memory_1), %rax
	jb	direct_slow
	subq	$(guest_memory_2 - guest_memory_1), %rax
	cmpq	$(guest_memory_2_end - guest_memory_2), %rax
	jb	direct_slow
	subq	$(guest_memory_3 - guest_memory_2), %rax
	cmpq	$(guest_memory_3_end - guest_memory_3), %rax
	jb	gp_slow
	subq	$(guest_memory_4 - guest_memory_3), %rax
	cmpq	$(guest_memory_4_end - guest_memory_4), %rax
	jb	direct_slow
	subq	$(frames - guest_memory_4), %rax
	cmpq	$(frames_end - frames), %rax
	jb	no_frames
	subq	$(guest_memory_5 - frames), %rax
	cmpq	$(guest_memory_5_end - guest_memory_5), %rax
	jb	direct_slow
	subq	$(guest_memory_6 - guest_memory_5), %rax
	cmpq	$(guest_memory_6_end - guest_memory_6), %rax
	jb	direct_slow
	subq	$(guest_stack_2 - guest_memory_6), %rax
	cmpq	$(guest_stack_2_end - guest_stack_2), %rax
	jb	int80_slow
	subq	$(shadow_entry - guest_stack_2), %rax
	cmpq	$(guest_stack_3_end - shadow_entry), %rax
	jb	pf_slow
	subq	$(store - shadow_entry), %rax
	cmpq	$(store_end - store), %rax
	jb	pf_slow
switcher_fault:
	movl	$LG_TRAP_SWITCHER, %edi
	jmp	back_swapgs

/* From the guest, on a stack of our own: as if it had come to the run frame's. */
.macro EXIT_FROM_IST vector
	pushq	%rax
	movq	%rsp, %rax
	leaq	FRAME_END, %rsp
	pushq	40(%rax)
	pushq	32(%rax)
	pushq	24(%rax)
	pushq	16(%rax)
	pushq	8(%rax)
	pushq	$0
	pushq	$\vector
	movq	(%rax), %rax
	jmp	save_registers
.endm

/*
 * What may come at any instruction: NMI, machine check. On a stack of its own,
 * five words pushed by the CPU, all registers somebody else's.
 */
.macro ASYNC name vector note
handle_\name:
	ENDBR_
	testb	$3, 8(%rsp)
	jnz	.L\name\()_from_guest
	pushq	%rax
	pushq	%rcx
	/* Where in the text? */
	movq	16(%rsp), %rax
	leaq	switcher_text(%rip), %rcx
	subq	%rcx, %rax
	cmpq	$(enter_1 - switcher_text), %rax
	jb	.L\name\()_note
	cmpq	$(enter_2 - switcher_text), %rax
	jb	.L\name\()_give_up_1
	cmpq	$(enter_end - switcher_text), %rax
	jb	.L\name\()_give_up_2
	subq	$(direct_enter - switcher_text), %rax
	cmpq	$(direct_enter_end - direct_enter), %rax
	jb	.L\name\()_direct
.L\name\()_note:
	orl	$\note, STATE(notes)
	popq	%rcx
	popq	%rax
	iretq
.L\name\()_give_up_1:
	movl	$\vector, %edi
	jmp	back
.L\name\()_give_up_2:
	movl	$\vector, %edi
	jmp	back_swapgs
	/* As good as there already. */
.L\name\()_direct:
	popq	%rcx
	popq	%rax
	movq	24(%rsp), %rsp
	pushq	$0
	pushq	$\vector
	jmp	save_registers
.L\name\()_from_guest:
	EXIT_FROM_IST \vector
.endm

	ASYNC	nmi 2 LG_NOTE_NMI
	ASYNC	mc 18 LG_NOTE_MC

/* Only in the guest may it step; a trap that reaches ring 0 is forgotten. */
handle_db:
	ENDBR_
	testb	$3, 8(%rsp)
	jnz	1f
	andl	$~0x100, 16(%rsp)
	iretq
1:	EXIT_FROM_IST 1

/* Its error code is zero, and where it came from does not matter. */
handle_df:
	ENDBR_
	jmp	switcher_fault

/*
 * 256 entry points, one per vector: the CPU does not say which one it took.
 * Each pushes a zero where the CPU pushes no error code, and its number.
 */
	.balign	16
switcher_stubs:
	vector = 0
	.rept	256
	.balign	16
	ENDBR_
	.if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
	pushq	$0
	.endif
	pushq	$vector
	jmp	switch_to_host
	vector = vector + 1
	.endr
switcher_end:
	/* Three pages, text and all: this fails to assemble otherwise. */
	.org	switcher_text + WINDOW_TEXT_PAGES * 4096
SYM_DATA_END(switcher_text)

	.section .rodata, "a"
	.balign	4
/* Offsets into the text. */
SYM_DATA(switcher_size, .long switcher_end - switcher_text)
SYM_DATA(switcher_entry, .long switch_to_guest - switcher_text)
SYM_DATA(switcher_syscall, .long switch_syscall - switcher_text)
SYM_DATA(switcher_syscall32, .long switch_syscall32 - switcher_text)
SYM_DATA(switcher_vectors, .long switcher_stubs - switcher_text)
SYM_DATA(switcher_gp, .long handle_gp - switcher_text)
SYM_DATA(switcher_int80, .long handle_int80 - switcher_text)
SYM_DATA(switcher_pf, .long handle_pf - switcher_text)
SYM_DATA(switcher_nmi, .long handle_nmi - switcher_text)
SYM_DATA(switcher_mc, .long handle_mc - switcher_text)
SYM_DATA(switcher_db, .long handle_db - switcher_text)
SYM_DATA(switcher_df, .long handle_df - switcher_text)

/*
 * void host_interrupt(unsigned long handler): what the CPU does when an
 * interrupt arrives in ring 0 with interrupts off, to the handler of its gate.
 */
	.text
SYM_FUNC_START(host_interrupt)
	pushq	%rbp
	movq	%rsp, %rbp
	andq	$~0xf, %rsp
	pushq	$__KERNEL_DS
	pushq	%rbp
	pushfq
	pushq	$__KERNEL_CS
	CALL_NOSPEC rdi
	movq	%rbp, %rsp
	popq	%rbp
	RET
SYM_FUNC_END(host_interrupt)

	.section .note.GNU-stack, "", @progbits
