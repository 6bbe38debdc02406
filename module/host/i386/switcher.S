/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switcher: the code that sits at the same address in both worlds and
 * swaps stack, GDT, IDT, TSS and page tables between them.
 *
 * It is position independent and lives here as data: window.c copies it into
 * the first page of the window. Everything it needs is found from one address:
 * EBX points to this CPU's pages (struct lg_pages in host.h).
 *
 * The run frame, at the end of page A, lowest address first:
 *
 *	ebx ecx edx esi edi ebp gs eax fs ds es	   pushed by us
 *	spare[4]				   room for an NMI
 *	trapnum errcode				   pushed by the stub
 *	eip cs eflags esp ss			   pushed by the CPU
 *
 * NMIs. The guest's IDT is loaded first on the way in and the host's last on
 * the way out, so in between an NMI arrives at stub 2, whatever else is half
 * swapped. From the guest's rings it is an exit like any other, and as no iret
 * is executed on the way out, NMIs stay blocked until the host's own `int $2`
 * has finished, as on the bare machine. From ring 0 the place tells what to do:
 *
 *	host_cr3_code..guest_cr3_code	host page tables, EBX valid: note it in
 *					page B; the entry looks there before it
 *					commits, the exit is going there anyway
 *	guest_cr3_code..switcher_end	entry committed, frame intact, ESP at its
 *					eip: turn the entry into an exit
 *	below host_cr3_code		guest page tables, ESP in page A: the
 *					host is next anyway, and must only know
 *
 * That last note cannot be a word in memory: all that is writable on the
 * guest's page tables is writable for the guest too, and the host would take
 * NMIs that never were. So the text is mapped four times, one page after the
 * other, and the note is to go on in another copy: bit 0 of its number means an
 * NMI, bit 1 a machine check, which goes the same way in all.
 *
 * A machine check that hits the handling of an NMI which returns to either of
 * the other two places is lost, if it was not fatal.
 */
#include <linux/linkage.h>
#include "host.h"
#include <asm/segment.h>
#include "asm-offsets.h"

	.section .rodata.switcher, "a"
	.balign	4096
SYM_DATA_START(switcher_text)

/*
 * 256 entry points, one per vector: the CPU does not say which one it took.
 * Each pushes a zero where the CPU pushes no error code, and its number.
 * Ring 0, interrupts off, ESP in page A, guest page tables, guest segments.
 */
.macro STUB vector
	.pushsection .rodata.switcher_stubs, "a"
	.long	.Lstub_\vector - switcher_text
	.popsection
.Lstub_\vector:
	.if \vector == 2
	jmp	handle_nmi
	.elseif \vector == 18
	jmp	handle_mc
	.else
	.if \vector != 8 && (\vector < 10 || \vector > 14) && \vector != 17 && \vector != 21
	pushl	$0
	.endif
	pushl	$\vector
	jmp	switch_to_host
	.endif
.endm

	.pushsection .rodata.switcher_stubs, "a"
	.balign	4
SYM_DATA_START(switcher_stubs)
	.popsection
	.altmacro
	vector = 0
	.rept	256
	STUB	%vector
	vector = vector + 1
	.endr
	.noaltmacro
	.pushsection .rodata.switcher_stubs, "a"
SYM_DATA_END(switcher_stubs)
	.popsection

/*
 * NMI and machine check: three words on the stack, all registers somebody
 * else's. NOTE is its bit, in the number of the copy and in page B.
 */
.macro ASYNC name vector note
handle_\name:
	testb	$3, 4(%esp)
	jnz	.L\name\()_from_guest
	pushl	%eax
	movl	4(%esp), %eax
	andl	$0xfff, %eax
	cmpl	$(guest_cr3_code - switcher_text), %eax
	jae	.L\name\()_entry_committed
	cmpl	$(host_cr3_code - switcher_text), %eax
	jae	.L\name\()_host_cr3
	/* Go on in the copy that has our bit, and those that we have here. */
	pushl	%ecx
	call	1f
1:	popl	%ecx
	andl	$~0xfff, %ecx
	movl	%ss:(switcher_home - switcher_text)(%ecx), %eax
	subl	%eax, %ecx
	subl	%eax, 8(%esp)
	orl	%ecx, 8(%esp)
	orl	$(0x1000 * \note), 8(%esp)
	addl	%eax, 8(%esp)
	popl	%ecx
	popl	%eax
	iretl
.L\name\()_host_cr3:
	orl	$\note, %ss:LG_PAGES_notes(%ebx)
	popl	%eax
	iretl
.L\name\()_entry_committed:
	movl	4(%esp), %eax
	andl	$~0xfff, %eax
	addl	$(abort_\name - switcher_text), %eax
	movl	%eax, 4(%esp)
	popl	%eax
	iretl
.L\name\()_from_guest:
	pushl	$0
	pushl	$\vector
	jmp	switch_to_host
.endm

	ASYNC	nmi 2 LG_NOTE_NMI
	ASYNC	mc 18 LG_NOTE_MC

/*
 * One of them hit a committed entry: report it instead of entering. ESP is at
 * the frame's eip; registers may or may not be loaded, the frame still has
 * them all, and what follows it may be interrupted again.
 */
abort_nmi:
	subl	$FRAME_eip, %esp
	movl	$2, %ss:FRAME_trapnum(%esp)
	jmp	frame_saved
abort_mc:
	subl	$FRAME_eip, %esp
	movl	$18, %ss:FRAME_trapnum(%esp)
	jmp	frame_saved
abort_noted:
	/* The note in page B says which. */
	testl	$LG_NOTE_MC, LG_PAGES_notes(%ebx)
	jnz	abort_mc
	jmp	abort_nmi

/*
 * The way out, for every vector. Guest page tables and segments; ESP at the
 * frame's trapnum, or lower in page A if the switcher itself faulted.
 */
switch_to_host:
	/* Save the guest's registers. */
	subl	$FRAME_spare_bytes, %esp
	pushl	%es
	pushl	%ds
	pushl	%fs
	pushl	%eax
	pushl	%gs
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
frame_saved:
	/* A data segment of our own, for convenience. */
	movl	$LG_DS, %eax
	movl	%eax, %ds
	/* Where are we? The stack tells. */
	movl	%esp, %ebx
	andl	$~0xfff, %ebx
	/* Take the trap number while we can still see it. */
	movl	FRAME_trapnum(%esp), %edi
	/* The host's page tables: all it owns is beyond them, so they go first. */
	movl	LG_PAGES_host_cr3(%ebx), %eax
	movl	%eax, %cr3

host_cr3_code:
	movl	%esp, LG_PAGES_exit_esp(%ebx)
	/* Which copy of the text is this? */
	call	1f
1:	popl	LG_PAGES_exit_eip(%ebx)
	/* SMEP, SMAP and global pages come back. */
	movl	LG_PAGES_host_cr4(%ebx), %eax
	cmpl	LG_PAGES_guest_cr4(%ebx), %eax
	je	2f
	movl	%eax, %cr4
2:	/* The guest's TSS is no longer busy: the next entry loads it again. */
	andb	$~2, (LG_PAGES_guest_tss_desc + 5)(%ebx)
	/* The host's GDT, TSS, LDT. */
	lgdtl	LG_PAGES_host_gdt(%ebx)
	movl	$LG_TSS, %eax
	ltr	%ax
	movl	LG_PAGES_host_ldt(%ebx), %eax
	testl	%eax, %eax
	jz	3f
	lldt	%ax
3:	/* The host's stack; from it, its segments. */
	lss	LG_PAGES_host_esp(%ebx), %esp
	popl	%ebp
	popl	%fs
	popl	%ds
	popl	%es
	/* A handler of the host's may want the FPU. */
	cmpl	$0, %ss:LG_PAGES_guest_ts(%ebx)
	je	4f
	clts
4:	/* What happened decides where to go; the answer waits in EDX. */
	xorl	%edx, %edx
	cmpl	$32, %edi
	jb	5f
	cmpl	$128, %edi
	je	5f
	/* A real interrupt: decode the host's gate for it. */
	movl	%ss:(LG_PAGES_host_idt + 2)(%ebx), %eax
	movl	%ss:(%eax, %edi, 8), %edx
	movl	%ss:4(%eax, %edi, 8), %eax
	andl	$0xffff, %edx
	andl	$0xffff0000, %eax
	orl	%eax, %edx
5:	/* The host's IDT: from here NMIs are the host's. */
	lidtl	%ss:LG_PAGES_host_idt(%ebx)
	movl	%edi, %eax
	/* The guest may have set AC: the host's flags, all of them. */
	pushl	8(%esp)
	popfl
	testl	%edx, %edx
	jnz	6f
	/* Return to host_switch(), over the flags, without an iret. */
	lretl	$4
6:	/*
	 * As if the interrupt had hit host_switch(): its far call left just the
	 * frame that the handler's iret needs. The handler has the host's CS.
	 */
	pushl	$__KERNEL_CS
	pushl	%edx
	lretl

/*
 * The way in. Far call from host_switch() after pushing EFLAGS, interrupts off:
 * EAX = window address of this CPU's pages. All registers but the segments,
 * EBP and ESP may be clobbered. Comes back with EAX = trap number, straight or
 * by the iret of the host's interrupt handler (which preserves it).
 */
switch_to_guest:
	/*
	 * Save the host's segments on the host's stack, then the stack. GS is
	 * not the kernel's but the launcher's, and might not even load again:
	 * host_switch() cares for it.
	 */
	pushl	%es
	pushl	%ds
	pushl	%fs
	pushl	%ebp
	movl	%eax, %ebx
	movl	%esp, LG_PAGES_host_esp(%ebx)
	/* The guest's IDT: from here NMIs are ours, on any valid stack. */
	lidtl	LG_PAGES_guest_idt(%ebx)
	/* The stack an NMI, or a fault, may use on both page tables. */
	movl	LG_PAGES_frame_eip(%ebx), %esp
	/* The guest's GDT, and its TSS while we can still mark it busy. */
	lgdtl	LG_PAGES_guest_gdt(%ebx)
	movl	$LG_TSS, %eax
	ltr	%ax
	/* The host's TSS becomes available again: the way out loads it. */
	movl	LG_PAGES_host_tss_desc(%ebx), %eax
	andb	$~2, 5(%eax)
	/* No LDT in the guest. */
	cmpl	$0, LG_PAGES_host_ldt(%ebx)
	je	1f
	xorl	%eax, %eax
	lldt	%ax
1:	movl	LG_PAGES_guest_cr4(%ebx), %eax
	cmpl	LG_PAGES_host_cr4(%ebx), %eax
	je	2f
	movl	%eax, %cr4
2:	/* The guest's page tables: page B is now read-only, page C is gone. */
	movl	LG_PAGES_guest_cr3(%ebx), %eax
	movl	%eax, %cr3

guest_cr3_code:
	/* An NMI came on the way: back out. */
	cmpl	$0, LG_PAGES_notes(%ebx)
	jne	abort_noted
	/*
	 * The guest's registers, read in place: the frame must stay whole for
	 * an abort, so nothing is popped.
	 */
	movw	(FRAME_gs - FRAME_eip)(%esp), %gs
	movw	(FRAME_fs - FRAME_eip)(%esp), %fs
	movw	(FRAME_es - FRAME_eip)(%esp), %es
	movl	(FRAME_ecx - FRAME_eip)(%esp), %ecx
	movl	(FRAME_edx - FRAME_eip)(%esp), %edx
	movl	(FRAME_esi - FRAME_eip)(%esp), %esi
	movl	(FRAME_edi - FRAME_eip)(%esp), %edi
	movl	(FRAME_ebp - FRAME_eip)(%esp), %ebp
	movl	(FRAME_eax - FRAME_eip)(%esp), %eax
	movl	(FRAME_ebx - FRAME_eip)(%esp), %ebx
	movw	%ss:(FRAME_ds - FRAME_eip)(%esp), %ds
	iretl
	/* Where the first copy is mapped: window.c writes it into the page. */
	.balign	4
switcher_home:
	.long	0
switcher_end:
	/* One page, text and all: this fails to assemble otherwise. */
	.org	switcher_text + 4096
SYM_DATA_END(switcher_text)

	.section .rodata, "a"
	.balign	4
SYM_DATA(switcher_size, .long switcher_end - switcher_text)
SYM_DATA(switcher_home_offset, .long switcher_home - switcher_text)
SYM_DATA(switcher_entry, .long switch_to_guest - switcher_text)
	.section .note.GNU-stack, "", @progbits
