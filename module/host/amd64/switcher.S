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
	/* From here they are the guest's to change, whatever its exit will be. */
	andl	$~LG_STATE_SELECTORS, STATE(flags)
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

#include "direct.S"

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
