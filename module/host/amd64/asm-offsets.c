// SPDX-License-Identifier: GPL-2.0
/*
 * Generates asm-offsets.h: what switcher.S may know of C structs and of Xen's
 * interface.
 */
#include <linux/errno.h>
#include <linux/kbuild.h>
#include <asm/trap_pf.h>
#include "lg.h"
#include <xen/interface/xen.h>
#include <xen/interface/vcpu.h>

#define STATE(field)	DEFINE(LG_STATE_ ## field, offsetof(struct lg_state, field))
#define FRAME(field)	DEFINE(FRAME_ ## field, offsetof(struct lg_frame, field))

#define DIRECT(field)	DEFINE(LG_DIRECT_ ## field, offsetof(struct lg_direct, field))
#define IRET(field)	DEFINE(IRET_ ## field, offsetof(struct iret_context, field))

int main(void);

int main(void)
{
	STATE(host_rsp);
	STATE(host_cr3);
	STATE(guest_cr3);
	STATE(scratch);
	STATE(flags);
	STATE(notes);
	STATE(ds);
	STATE(es);
	STATE(fs);
	STATE(gs);
	STATE(verw);
	FRAME(trapnum);
	FRAME(rip);
	FRAME(cs);
	FRAME(rsp);
	DIRECT(on);
	DIRECT(kernel);
	DIRECT(kernel_cr3);
	DIRECT(user_cr3);
	DIRECT(kernel_sp);
	DIRECT(syscall_rip);
	DIRECT(syscall_masks);
	DIRECT(int80_rip);
	DIRECT(int80_masks);
	DIRECT(pf_rip);
	DIRECT(pf_masks);
	DIRECT(faults);
	DIRECT(gs_kernel);
	DIRECT(gs_user);
	DIRECT(info);
	DIRECT(save);
	DIRECT(changes);
	DIRECT(kernel_gfn);
	DIRECT(user_gfn);
	DIRECT(vcpus);
	DIRECT(may_load);
	DIRECT(kernel_root);
	DIRECT(user_root);
	DIRECT(pages);
	DIRECT(hot);
	DIRECT(hot_frame);
	DIRECT(hot_shadows);
	DIRECT(hot_upper);
	DEFINE(INFO_PENDING, offsetof(struct vcpu_info, evtchn_upcall_pending));
	DEFINE(INFO_MASK, offsetof(struct vcpu_info, evtchn_upcall_mask));
	DEFINE(INFO_CR2, offsetof(struct vcpu_info, arch.cr2));
	DEFINE(PF_WRITE, X86_PF_WRITE);
	DEFINE(PF_USER, X86_PF_USER);
	DEFINE(PF_PROT, X86_PF_PROT);
	DEFINE(PF_INSTR, X86_PF_INSTR);
	IRET(rax);
	IRET(r11);
	IRET(rcx);
	IRET(flags);
	IRET(rip);
	IRET(cs);
	IRET(rflags);
	IRET(rsp);
	IRET(ss);
	DEFINE(HYPERCALL_MMU_UPDATE, __HYPERVISOR_mmu_update);
	DEFINE(MMU_UPDATE_ptr, offsetof(struct mmu_update, ptr));
	DEFINE(MMU_UPDATE_val, offsetof(struct mmu_update, val));
	DEFINE(MMU_UPDATE_BYTES, sizeof(struct mmu_update));
	DEFINE(UPDATE_PRESERVE_AD, MMU_PT_UPDATE_PRESERVE_AD);
	DEFINE(HYPERCALL_STACK_SWITCH, __HYPERVISOR_stack_switch);
	DEFINE(HYPERCALL_IRET, __HYPERVISOR_iret);
	DEFINE(HYPERCALL_VCPU_OP, __HYPERVISOR_vcpu_op);
	DEFINE(VCPUOP_IS_UP, VCPUOP_is_up);
	DEFINE(HYPERCALL_SEGMENT_BASE, __HYPERVISOR_set_segment_base);
	DEFINE(BASE_FS, SEGBASE_FS);
	DEFINE(BASE_GS_USER, SEGBASE_GS_USER);
	DEFINE(BASE_GS_USER_SEL, SEGBASE_GS_USER_SEL);
	DEFINE(HYPERCALL_MMUEXT_OP, __HYPERVISOR_mmuext_op);
	DEFINE(NEW_BASEPTR, MMUEXT_NEW_BASEPTR);
	DEFINE(NEW_USER_BASEPTR, MMUEXT_NEW_USER_BASEPTR);
	DEFINE(INVLPG_LOCAL, MMUEXT_INVLPG_LOCAL);
	DEFINE(TLB_FLUSH_LOCAL, MMUEXT_TLB_FLUSH_LOCAL);
	DEFINE(MMUEXT_BYTES, sizeof(struct mmuext_op));
	DEFINE(MMUEXT_cmd, offsetof(struct mmuext_op, cmd));
	DEFINE(MMUEXT_mfn, offsetof(struct mmuext_op, arg1));
	DEFINE(OUR_DOMAIN, DOMID_SELF);
	DEFINE(NO_ENTRY, ENOENT);
	DEFINE(SHADOW_ABSENT, LG_SHADOW_ABSENT);
	DEFINE(SHADOW_READ_ONLY, LG_SHADOW_READ_ONLY);
	DEFINE(SHADOW_NARROWED, LG_SHADOW_NARROWED);
	DEFINE(PTE_P, LG_PTE_P);
	DEFINE(PTE_RW, LG_PTE_RW);
	DEFINE(PTE_A, LG_PTE_A);
	DEFINE(PTE_D, LG_PTE_D);
	/* Flags a program may have; what a trap and a system call start with. */
	DEFINE(FLAGS_LOADABLE, LG_EFLAGS_LOADABLE);
	DEFINE(FLAGS_TRAP, LG_EFLAGS_LOADABLE &
	       ~(X86_EFLAGS_AC | X86_EFLAGS_RF | X86_EFLAGS_NT |
		 X86_EFLAGS_TF));
	DEFINE(FLAGS_SYSCALL, LG_EFLAGS_LOADABLE &
	       ~(X86_EFLAGS_AC | X86_EFLAGS_RF | X86_EFLAGS_NT |
		 X86_EFLAGS_TF | X86_EFLAGS_DF));
	DEFINE(FLAGS_ALWAYS, X86_EFLAGS_IF | X86_EFLAGS_FIXED);
	DEFINE(FLAG_IF, X86_EFLAGS_IF);
	DEFINE(FLAG_TF, X86_EFLAGS_TF);
	DEFINE(FLAG_RF, X86_EFLAGS_RF);
	DEFINE(FLAGS_STATUS, X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF |
	       X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF);
	DEFINE(FLAGS_IF_IOPL, X86_EFLAGS_IF | X86_EFLAGS_IOPL);
	DEFINE(LG_PAGE_frame, offsetof(struct lg_frame_page, frame));
	return 0;
}
