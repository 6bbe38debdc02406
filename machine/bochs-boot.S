/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boot sector of a Bochs machine (bochs.py): fetches what the disk holds
 * into memory and jumps into the kernel.
 *
 * The disk begins with this sector; the parts follow it without gaps. The
 * table at `parts`, filled in by bochs.py, says where in memory each goes. The
 * kernel has been unpacked on the outer machine, which takes Bochs minutes, so
 * it is entered as its own decompressor would do it: flat segments, ESI/RSI at
 * the boot parameters; 32-bit kernels without paging, 64-bit ones in long mode
 * on page tables that are among the parts.
 */
#define ATA_DATA	0x1f0
#define ATA_COUNT	0x1f2
#define ATA_STATUS	0x1f7
#define ATA_READ	0x20
#define ATA_LBA_MASTER	0xe0
#define ATA_BUSY	0x80
#define ATA_DRQ		0x08

#define BOOT_CS		0x10
#define BOOT_DS		0x18
#define BOOT_CS64	0x20

#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME	0x100

	.code16
	.globl	_start
_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmp	$BOOT_CS, $protected

	.code32
protected:
	movw	$BOOT_DS, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$_start, %esp

	/* EBP the next sector, ESI the next part, EDI memory, EBX sectors left */
	movl	$1, %ebp
	movl	$parts, %esi
.Lnext_part:
	lodsl
	movl	%eax, %edi
	lodsl
	movl	%eax, %ebx
	testl	%ebx, %ebx
	jz	enter_kernel

	/* One command for at most 256 sectors: a count of zero. */
.Lnext_command:
	movl	$256, %ecx
	cmpl	%ecx, %ebx
	cmovb	%ebx, %ecx
	subl	%ecx, %ebx
	movw	$ATA_COUNT, %dx
	movb	%cl, %al
	outb	%al, %dx
	movl	%ebp, %eax
	addl	%ecx, %ebp
	.rept	3
	incw	%dx
	outb	%al, %dx
	shrl	$8, %eax
	.endr
	orb	$ATA_LBA_MASTER, %al
	incw	%dx
	outb	%al, %dx
	movb	$ATA_READ, %al
	incw	%dx
	outb	%al, %dx

.Lnext_sector:
	pushl	%ecx
	movw	$ATA_STATUS, %dx
1:	inb	%dx, %al
	andb	$ATA_BUSY | ATA_DRQ, %al
	cmpb	$ATA_DRQ, %al
	jne	1b
	movw	$ATA_DATA, %dx
	movl	$512 / 4, %ecx
	rep insl
	popl	%ecx
	loop	.Lnext_sector
	testl	%ebx, %ebx
	jnz	.Lnext_command
	jmp	.Lnext_part

enter_kernel:
	movl	boot_params, %esi
	movl	page_tables, %eax
	testl	%eax, %eax
	jnz	1f
	jmp	*entry
1:	movl	%eax, %cr3
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	movl	$EFER_LME, %eax
	xorl	%edx, %edx
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	ljmp	$BOOT_CS64, $long

	.code64
long:	movl	entry(%rip), %eax
	jmp	*%rax

	.balign	8
gdt:	.quad	0, 0
	.quad	0x00cf9b000000ffff	/* BOOT_CS */
	.quad	0x00cf93000000ffff	/* BOOT_DS */
	.quad	0x00af9b000000ffff	/* BOOT_CS64 */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	/* Filled in by bochs.py, which knows these places. */
	.org	0x1b0
entry:
	.long	0
boot_params:
	.long	0
page_tables:
	.long	0
	/* address, sectors; zeros end it */
parts:
	.org	510
	.word	0xaa55
