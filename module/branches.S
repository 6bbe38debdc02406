/* SPDX-License-Identifier: GPL-2.0 */
/*
 * void lg_forget_branches(void): the first thing after a switch to the host. The
 * guest's code ran at addresses that may be the host's own, and the CPU has learned
 * from its calls, returns and branches where such go. What is forgotten is what the
 * host forgets on its ways in from user mode, and KVM on its way back from a guest:
 * entries of the return stack always (if the host fills it at all; for programs SMEP
 * makes that unnecessary, for our guests it does not), the rest where the CPU has
 * that flaw. The kernel's own macros become what this CPU needs when the module is
 * loaded.
 *
 * The way here has no return that the CPU predicts: the switcher's is a far one.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/nospec-branch.h>

	.text
SYM_FUNC_START(lg_forget_branches)
	FILL_RETURN_BUFFER %_ASM_AX, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_CTXSW
	UNTRAIN_RET
#ifdef X86_FEATURE_CLEAR_BHB_LOOP
	CLEAR_BRANCH_HISTORY
#endif
	RET
SYM_FUNC_END(lg_forget_branches)

	.section .note.GNU-stack, "", @progbits
