/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the amd64 host keeps per vCPU and per CPU, and the layout that the
 * switcher shares with C.
 *
 * The window is one slot of the top-level page table, in the hole that Linux
 * and Xen leave to a hypervisor. In it each CPU has an area of its own, a row
 * of pages; text and state lie at fixed distances, so that the switcher finds
 * everything from its own address. The areas look different from the two
 * worlds: see enum window_page. GDTR, IDTR and TR hold addresses in
 * the area all the time that a vCPU is loaded; what the CPU finds there
 * changes with the page tables, and so a world switch loads CR3 and no more.
 */
#ifndef LG_HOST_H
#define LG_HOST_H

#define WINDOW_SLOT		257	/* of the top-level table */
#define SELF_SLOT		258	/* guest: leads to that table itself, for ring 0 */
#define SELF_BASE		0xffff810000000000 /* last-level entries, all in a row */
#define WINDOW_BASE		0xffff808000000000
#define WINDOW_FRAMES		(WINDOW_BASE + (1 << 30)) /* guest: see mmu64/frames.c */
#define WINDOW_AREA_SHIFT	18	/* 64 pages for each CPU */

/* Pages of an area. Host: what is there on the host's page tables; guest: on ours. */
#define WINDOW_TEXT		0	/* the switcher, in both */
#define WINDOW_TEXT_PAGES	3
#define WINDOW_FRAME		3	/* host: nothing; guest: the vCPU's run frame */
#define WINDOW_IDT		4	/* host: its own; guest: ours */
#define WINDOW_TSS		5	/* host: its own; guest: ours */
#define WINDOW_INFO		6	/* host: nothing; guest: a page of its own */
#define WINDOW_STATE		7	/* struct lg_state, in both */
#define WINDOW_GDT		8	/* 14 pages. host: its own; guest: the vCPU's */
#define WINDOW_GDT_OURS		22	/* the 15th, in both */
#define WINDOW_LDT		32	/* 16 pages. host: nothing; guest: the vCPU's */
#define WINDOW_HOT		48	/* 16 pages. guest: tables and their shadows */
#define WINDOW_AREA_PAGES	64

#define LG_GDT_PAGES		14	/* that belong to the guest */
#define LG_GDT_LIMIT		(15 * 4096 - 1)
#define LG_LDT_PAGES		16
#define LG_IDT_ENTRIES		256

/* Selectors in WINDOW_GDT_OURS. Xen's: see xen/interface/arch-x86. */
#define LG_CS			0xe008	/* the switcher's */
#define LG_SS			0xe010
#define LG_FLAT_CS32		0xe023
#define LG_FLAT_DS		0xe02b
#define LG_FLAT_CS64		0xe033
#define LG_TSS			0xe040
#define LG_LDT			0xe050

/* lg_state.notes */
#define LG_NOTE_NMI		1
#define LG_NOTE_MC		2

/* lg_state.flags */
#define LG_STATE_FSGSBASE	1	/* the instructions may be used */
#define LG_STATE_SELECTORS	2	/* load DS, ES, FS and GS on the way in */
#define LG_STATE_VERW		4	/* clear the CPU's buffers on the way in */
#define LG_STATE_SMAP		8	/* STAC before user memory */

#define LG_DIRECT_ROOTS		4	/* of each kind, in struct lg_direct */
#define LG_DIRECT_HOT		8	/* tables in WINDOW_HOT */

/* IST numbers, ours */
#define LG_IST_NMI		1
#define LG_IST_MC		2
#define LG_IST_DB		3
#define LG_IST_DF		4
#define LG_IST_BYTES		512

/* Trap numbers above the CPU's own */
#define LG_TRAP_SWITCHER	0x100	/* a fault inside the switcher */
#define LG_TRAP_SYSCALL		0x101	/* the SYSCALL instruction */
#define LG_TRAP_SYSCALL32	0x102	/* ... in compatibility mode */
#define LG_TRAP_NOTED		0x103	/* none: lg_state.notes say why */

#ifndef __ASSEMBLER__
#include <linux/types.h>
#include <asm/desc_defs.h>
#include <asm/page.h>
#include <asm/processor.h>

/**
 * struct lg_frame - the run frame: guest registers in push order
 *
 * The CPU pushes the last five (errcode too, for some), the stub trapnum, the
 * switcher the rest. For LG_TRAP_SYSCALL the switcher pushes all.
 */
struct lg_frame {
	u64 fs_base, gs_base;
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	u64 rax, rcx, rdx, rsi, rdi;
	u64 trapnum, errcode;
	u64 rip, cs, rflags, rsp, ss;
};

/**
 * struct lg_direct_root - a top-level table that the guest may load
 * @gfn: its page number; 0: none
 * @cr3: its shadow
 */
struct lg_direct_root {
	u64 gfn, cr3;
};

/**
 * struct lg_direct - what the switcher needs to change between the guest's kernel
 *	and its programs by itself
 * @on: it may; all of the rest is checked
 * @kernel: the kernel is running
 * @kernel_cr3: page tables of the one
 * @user_cr3: and of the other; 0: not without an exit
 * @kernel_sp: where a system call's frame ends: a multiple of 16, in the
 *	guest's part of the address space
 * @syscall_rip: where a system call goes; 0: out
 * @syscall_masks: and turns events off
 * @int80_rip: where INT 0x80 of a program goes; 0: out
 * @int80_masks: and turns events off
 * @pf_rip: where page faults at a program's address go that are the guest's own; 0: out
 * @pf_masks: and turns events off
 * @gs_kernel: GS base of the kernel, while a program runs
 * @gs_user: the other way round
 * @info: window address of the guest's vcpu_info, which is in WINDOW_INFO
 * @save: RAX, RBX, RCX, RDX, R11 for a moment; and what else must be kept
 * @changes: how many system calls, their returns and hypercalls went this way
 * @faults: how many page faults did
 * @kernel_gfn: page number of the kernel's root
 * @user_gfn: of the other, or 0
 * @vcpus: how many the guest has
 * @may_load: the guest's kernel may load other roots, and flush; all it has done
 *	to its page tables is in their shadows
 * @kernel_root: those it may load
 * @user_root: and for its programs
 * @pages: how many the guest has
 * @hot: page numbers of the tables in WINDOW_HOT; ~0: none
 * @hot_frame: where they are, by host-physical address
 * @hot_shadows: bitmap of those that have a shadow there, each the page after
 * @hot_upper: bitmap of those whose entries must stay what they are
 *
 * The ABI writes it before each entry and reads it after each exit.
 */
struct lg_direct {
	u32 on;
	u32 kernel;
	u64 kernel_cr3, user_cr3;
	u64 kernel_sp;
	u64 syscall_rip;
	u64 int80_rip;
	u64 pf_rip;
	u32 syscall_masks, int80_masks, pf_masks;
	u64 gs_kernel, gs_user;
	u64 info;
	u64 save[6];
	u64 changes, faults;
	u64 kernel_gfn, user_gfn;
	u32 vcpus;
	u32 may_load;
	struct lg_direct_root kernel_root[LG_DIRECT_ROOTS];
	struct lg_direct_root user_root[LG_DIRECT_ROOTS];
	u64 pages;
	u64 hot[LG_DIRECT_HOT], hot_frame[LG_DIRECT_HOT];
	u32 hot_shadows, hot_upper;
};

struct lg_frame_page {
	struct lg_direct direct;
	u8 stack[PAGE_SIZE - sizeof(struct lg_direct) - sizeof(struct lg_frame)];
	struct lg_frame frame;
};

static_assert(sizeof(struct lg_frame_page) == PAGE_SIZE);

/**
 * struct lg_state - what the switcher needs of one CPU
 * @host_rsp: the host's stack, while the guest runs
 * @host_cr3: its page tables
 * @guest_cr3: the guest's
 * @scratch: the guest's RSP, for a moment, after SYSCALL
 * @flags: LG_STATE_x
 * @notes: LG_NOTE_x: came while the switcher was on its way out
 * @ds: the guest's selectors, for LG_STATE_SELECTORS; and es, fs, gs
 * @verw: operand of VERW
 *
 * Mapped for ring 0 alone, and so out of the guest's reach.
 */
struct lg_state {
	u64 host_rsp, host_cr3, guest_cr3;
	u64 scratch;
	u32 flags, notes;
	u16 ds, es, fs, gs;
	u16 verw;
};

/**
 * struct lg_tss_page - the TSS that is in force while the guest runs
 * @tss: as the CPU wants it
 * @ist: stacks for what may come at any instruction, by number - 1
 */
struct lg_tss_page {
	struct x86_hw_tss tss;
	u8 ist[4][LG_IST_BYTES] __aligned(16);
};

static_assert(sizeof(struct lg_tss_page) <= PAGE_SIZE);

/**
 * struct host_vcpu - what the host folder keeps per vCPU
 * @frame: the guest's registers while it is not running
 * @page: the page it is in
 * @info: page shown at WINDOW_INFO, or NULL
 * @info_offset: of the vcpu_info in it
 * @hot: what is at WINDOW_HOT, by host-physical address; 0: nothing
 * @gdt: pages of the guest's GDT, sanitised; NULL: all empty
 * @ldt: the same for the LDT
 * @ldt_entries: its size
 * @ldt_changed: LDTR must be loaded anew
 * @ds: data selectors, valid while the vCPU is not loaded; and es, fs, gs
 * @cpu: CPU in whose area our tables show this vCPU, or -1
 * @check: the frame's CS and SS must be checked before the next entry
 * @loaded: a CPU holds our state
 * @cr2: address of the last page fault
 * @dr6: what the last debug trap was, bits that read as one cleared
 * @pkru: the guest's
 * @host_ds: the launcher's, while we are loaded; and so on
 */
struct host_vcpu {
	struct lg_frame *frame;
	struct lg_frame_page *page;
	struct page *info;
	u64 hot[2 * LG_DIRECT_HOT];
	unsigned int info_offset;
	u64 *gdt[LG_GDT_PAGES];
	u64 *ldt[LG_LDT_PAGES];
	u32 ldt_entries;
	bool ldt_changed;
	u16 ds, es, fs, gs;
	int cpu;
	bool check;
	bool loaded;
	unsigned long cr2;
	unsigned long dr6;
	u32 pkru;
	u16 host_ds, host_es, host_fs, host_gs, host_ldt;
	u64 host_fs_base, host_gs_base;
};

/* A claim: the CPU accepts it as an address, with four levels of page tables. */
static inline bool host_is_canonical(u64 gva)
{
	return __is_canonical_address(gva, 48);
}

#define HOST_MAX_MEMORY		(64ull << 30)	/* bytes */
#define HOST_GET_REGS		LG_GET_REGS64
#define HOST_SET_REGS		LG_SET_REGS64

typedef struct lg_regs64 lg_regs_t;

struct lg_vcpu;
struct lg_guest;
struct lg_hot;

/**
 * struct host_guest - the window as a guest's page tables show it
 * @pud: the table the slot leads to; below it the areas of the CPUs
 * @pmd: the next
 * @pte: the last-level tables, eight areas each
 */
struct host_guest {
	u64 *pud, *pmd, **pte;
};

/* window.c */
int host_guest_init(struct lg_guest *guest);
void host_guest_free(struct lg_guest *guest);
u64 host_window_entry(struct lg_guest *guest);
void host_window_frames(struct lg_guest *guest, phys_addr_t table);

/* for the other files of this folder */

/**
 * struct window_cpu - one CPU's area, as the host's kernel sees it
 * @state: see there
 * @idt: page with our gates
 * @tss: page with our TSS
 * @gdt: page with our descriptors
 * @host_gdt: what GDTR holds while no vCPU is loaded
 * @host_idt: IDTR, in the same way
 */
struct window_cpu {
	struct lg_state *state;
	gate_desc *idt;
	struct lg_tss_page *tss;
	u64 *gdt;
	struct desc_ptr host_gdt, host_idt;
};

struct window_cpu *window_cpu(int cpu);
unsigned long window_page_gva(int cpu, unsigned int page);
unsigned long window_entry(int cpu);
unsigned long window_syscall(int cpu);
unsigned long window_syscall32(int cpu);
void window_show(struct lg_vcpu *vcpu, int cpu);
void window_show_tables(struct lg_vcpu *vcpu);
void window_show_hot(struct lg_vcpu *vcpu);
void desc_load(struct lg_vcpu *vcpu);
void desc_put(struct lg_vcpu *vcpu);
void desc_load_ldt(struct lg_vcpu *vcpu);
void msr_load(int cpu);
void msr_enter(int cpu);
void msr_leave(void);
int msr_init(void);
void msr_exit(void);
void host_interrupt(unsigned long handler);

/* switch.c */
struct lg_direct *host_direct(struct lg_vcpu *vcpu);
void host_direct_info(struct lg_vcpu *vcpu, struct page *page,
		      unsigned int offset);
void host_direct_hot(struct lg_vcpu *vcpu, const struct lg_hot *hot,
		     unsigned int count);

/* desc.c: the guest's descriptor tables; entries are sanitised here */
int host_set_gdt_entry(struct lg_vcpu *vcpu, unsigned int index, u64 desc);
void host_clear_gdt(struct lg_vcpu *vcpu);
int host_set_ldt_entry(struct lg_vcpu *vcpu, unsigned int index, u64 desc);
void host_set_ldt_size(struct lg_vcpu *vcpu, unsigned int entries);
bool host_descriptor_is_ok(u64 desc);
u64 host_descriptor(struct lg_vcpu *vcpu, u16 selector);
bool host_code_selector_is_ok(struct lg_vcpu *vcpu, u16 selector);
bool host_code_address_is_ok(struct lg_vcpu *vcpu, u16 selector, u64 rip);
bool host_stack_selector_is_ok(struct lg_vcpu *vcpu, u16 selector);
bool host_data_selector_is_ok(struct lg_vcpu *vcpu, u16 selector);
void host_get_data_selectors(struct lg_vcpu *vcpu, u16 *ds, u16 *es, u16 *fs,
			     u16 *gs);
void host_set_data_selectors(struct lg_vcpu *vcpu, u16 ds, u16 es, u16 fs,
			     u16 gs);

#endif /* __ASSEMBLER__ */
#endif
