/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the i386 host keeps per vCPU and per CPU, and the layout that the
 * switcher shares with C.
 *
 * The window holds the page of switcher text four times, then three
 * pages per CPU:
 *
 *   A  writable while the guest runs: the stack traps land on. Its end is the
 *      run frame. The guest's shadow shows a page of the vCPU's own here; the
 *      host's tables show a filler that only NMIs in mid-switch ever use.
 *   B  read-only while the guest runs, and readable by the guest kernel: GDT,
 *      IDT, TSS. Nothing in it tells of the host but its page-table frame.
 *   C  the host's own state; not mapped while the guest runs.
 */
#ifndef LG_HOST_H
#define LG_HOST_H

#define LG_GDT_CODE	10		/* the switcher's, in both worlds */
#define LG_GDT_DATA	11
#define LG_GDT_TLS_FIRST 6		/* the guest's; copied apart */
#define LG_GDT_TLS_COUNT 3
#define LG_GDT_GUEST_CS	12		/* of the guest's kernel */
#define LG_GDT_TSS	16		/* where the host has its own, too */
#define LG_GDT_ENTRIES	32
#define LG_IDT_ENTRIES	256
#define LG_CS		(LG_GDT_CODE * 8)
#define LG_DS		(LG_GDT_DATA * 8)
#define LG_TSS		(LG_GDT_TSS * 8)

/* Bits of lg_page_b.notes and of the number of a copy of the text. */
#define LG_NOTE_NMI	1
#define LG_NOTE_MC	2

/* Trap number above the CPU's own: a fault inside the switcher */
#define LG_TRAP_SWITCHER 256

/* The text is mapped this often: see switcher.S. */
#define LG_TEXT_COPIES	4

#ifndef __ASSEMBLER__
#include <linux/types.h>
#include <asm/desc_defs.h>
#include <asm/processor.h>

/**
 * struct lg_frame - the run frame: guest registers in push order
 * @spare: an NMI that interrupts the last steps of an entry pushes its frame
 *	here, so that it spoils nothing
 *
 * The CPU pushes the last five (errcode too, for some), the stub trapnum,
 * the switcher the rest, from es down to ebx.
 */
struct lg_frame {
	u32 ebx, ecx, edx, esi, edi, ebp;
	u32 gs;
	u32 eax;
	u32 fs, ds, es;
	u32 spare[4];
	u32 trapnum, errcode;
	u32 eip, cs, eflags, esp, ss;
};

struct lg_page_a {
	u8 stack[PAGE_SIZE - sizeof(struct lg_frame)];
	struct lg_frame frame;
};

struct lg_page_b {
	u32 host_cr3;
	u32 notes;			/* LG_NOTE_x: came in the switch, host cr3 */
	struct x86_hw_tss tss;
	u64 idt[LG_IDT_ENTRIES] __aligned(8);
	u64 gdt[LG_GDT_ENTRIES];
	u8 rest[PAGE_SIZE - 8 - sizeof(struct x86_hw_tss) -
		8 * (LG_IDT_ENTRIES + LG_GDT_ENTRIES)];
};

struct lg_page_c {
	u32 host_esp, host_ss;		/* far pointer, for LSS */
	u32 host_cr4, guest_cr4;
	u32 guest_cr3;
	u32 guest_ts;
	u32 host_ldt;
	u32 host_tss_desc;		/* address of the host's TSS descriptor */
	u32 frame_eip;			/* window address of lg_frame.eip */
	u32 exit_esp;			/* where the frame really lay */
	u32 exit_eip;			/* in which copy of the text we left */
	struct desc_ptr host_gdt, host_idt, guest_gdt, guest_idt;
	u8 rest[PAGE_SIZE - 11 * 4 - 4 * sizeof(struct desc_ptr)];
};

/**
 * struct lg_pages - one CPU's part of the window
 */
struct lg_pages {
	struct lg_page_a a;
	struct lg_page_b b;
	struct lg_page_c c;
};

static_assert(sizeof(struct lg_page_a) == PAGE_SIZE);
static_assert(sizeof(struct lg_page_b) == PAGE_SIZE);
static_assert(sizeof(struct lg_page_c) == PAGE_SIZE);

/* What must be copied to page B before the next entry. */
#define HOST_DIRTY_GDT		BIT(0)
#define HOST_DIRTY_TLS		BIT(1)
#define HOST_DIRTY_IDT		BIT(2)
#define HOST_DIRTY_STACK	BIT(3)
#define HOST_DIRTY_ALL		(BIT(4) - 1)

/**
 * struct host_vcpu - what the host folder keeps per vCPU
 * @page_a: the page the guest's shadow shows as page A
 * @frame: the run frame in it; the guest's registers while it is not running
 * @gdt: descriptors for the CPU, checked
 * @idt: gates for the CPU
 * @ss1: stack segment of the guest kernel
 * @esp1: its stack pointer, for traps from guest user mode
 * @dirty: HOST_DIRTY_x: what page B has not seen yet
 * @cpu: CPU whose pages the guest's shadow shows, or -1
 * @ts: set CR0.TS while the guest runs
 * @check: selectors in the frame must be checked before the next entry
 * @sysenter_cs: the host's, while ours is in the MSR
 * @cr2: address of the last page fault
 * @dr6: what the last debug trap was, bits that read as one cleared
 */
struct host_vcpu {
	struct lg_page_a *page_a;
	struct lg_frame *frame;
	u64 gdt[LG_GDT_ENTRIES];
	u64 idt[LG_IDT_ENTRIES];
	u32 ss1, esp1;
	u32 dirty;
	int cpu;
	bool ts;
	bool check;
	u32 sysenter_cs;
	u32 cr2;
	u32 dr6;
};

/* window.c, for the other files of this folder */
struct lg_vcpu;

struct lg_pages_host {
	struct lg_page_b *b;
	struct lg_page_c *c;
	struct lg_vcpu *last;		/* whose tables page B holds */
};

struct lg_pages_host *window_cpu(int cpu);
u32 window_stub(unsigned int vector);
u32 window_entry(void);
u32 window_cpu_gva(int cpu);
unsigned int window_text_copy(u32 eip);
void window_show(struct lg_vcpu *vcpu, int cpu);

/* For the ABI and the core */
#define HOST_MAX_MEMORY	0xc0000000ull	/* bytes; a 32-bit launcher has no more */
#define HOST_GET_REGS	LG_GET_REGS
#define HOST_SET_REGS	LG_SET_REGS

typedef struct lg_regs32 lg_regs_t;

/* Nothing: the window hangs in the guest's shadow, which has it all. */
struct lg_guest;
struct host_guest {
};

static inline int host_guest_init(struct lg_guest *guest)
{
	return 0;
}

static inline void host_guest_free(struct lg_guest *guest)
{
}

unsigned int host_window_pages(void);
unsigned long host_window_page_gva(unsigned int page);
unsigned int host_window_text_pages(void);
phys_addr_t host_window_text_phys(void);
void host_set_descriptor(struct lg_vcpu *vcpu, unsigned int index, u64 desc);
void host_set_gate(struct lg_vcpu *vcpu, unsigned int vector, u64 gate,
		   bool direct);
void host_set_stack(struct lg_vcpu *vcpu, u32 ss, u32 esp);
void host_set_ts(struct lg_vcpu *vcpu, bool ts);
u32 host_segment_base(struct lg_vcpu *vcpu, u32 selector);

#endif /* __ASSEMBLER__ */
#endif
