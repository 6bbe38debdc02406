// SPDX-License-Identifier: GPL-2.0
/* Descriptor tables, segment bases, entry points, debug registers, the FPU. */
#include "errors.h"

#include <xen/nmi.h>

static void ask_gdt(void)
{
	u64 frame[16] = { mfn_of(page_ro()), mfn_of(page_ro()) }, i;
	u64 writable = mfn_of(page_rw());
	u64 root = mfn_here((void *)tg_start_info->pt_base), bad = NO_MFN;

	ASK("set_gdt/one-page", set_gdt, frame, 512, 0, 0);
	ASK("set_gdt/two-pages", set_gdt, frame, 513, 0, 0);
	ASK("set_gdt/none", set_gdt, frame, 0, 0, 0);
	ASK("set_gdt/none-at-nowhere", set_gdt, TG_NOWHERE, 0, 0, 0);
	ASK("set_gdt/nowhere", set_gdt, TG_NOWHERE, 512, 0, 0);
	ASK("set_gdt/too-many", set_gdt, frame, 7169, 0, 0);
	ASK("set_gdt/too-many-at-nowhere", set_gdt, TG_NOWHERE, 7169, 0, 0);
	ASK("set_gdt/count-of-64-bits", set_gdt, frame, 1ul << 32 | 512, 0, 0);
	ASK("set_gdt/no-frame", set_gdt, &bad, 512, 0, 0);
	ASK("set_gdt/writable", set_gdt, &writable, 512, 0, 0);
	ASK("set_gdt/root", set_gdt, &root, 512, 0, 0);
	for (i = 0; i < 14; i++)
		frame[i] = frame[0];
	ASK("set_gdt/all-the-same-page", set_gdt, frame, 7168, 0, 0);
	ASK("set_gdt/again", set_gdt, frame, 512, 0, 0);
}

static void descriptor(const char *name, u64 at, u64 desc)
{
	answer(name, tg_hcall(update_descriptor, at, desc, 0, 0));
}

static void ask_kinds_of_descriptors(u64 at)
{
	descriptor("descriptor/nothing", at, 0);
	descriptor("descriptor/code64-of-programs", at, 0x00affb000000ffff);
	descriptor("descriptor/code32-of-programs", at, 0x00cffb000000ffff);
	descriptor("descriptor/data-of-programs", at, 0x00cff3000000ffff);
	descriptor("descriptor/code64-of-ring-0", at, 0x00af9b000000ffff);
	descriptor("descriptor/data-of-ring-0", at, 0x00cf93000000ffff);
	descriptor("descriptor/data-of-ring-1", at, 0x00cfb3000000ffff);
	descriptor("descriptor/code-of-both-sizes", at, 0x00effb000000ffff);
	descriptor("descriptor/conforming-code", at, 0x00afff000000ffff);
	descriptor("descriptor/expand-down", at, 0x00cff7000000ffff);
	descriptor("descriptor/not-accessed", at, 0x00cff2000000ffff);
	descriptor("descriptor/not-present-code", at, 0x00af7b000000ffff);
	descriptor("descriptor/not-present-gate", at, 0x00006c000000ffff);
	descriptor("descriptor/call-gate", at, 0x0000ec0000330000);
	descriptor("descriptor/interrupt-gate", at, 0x0000ee0000330000);
	descriptor("descriptor/tss", at, 0x0000e9000000ffff);
	descriptor("descriptor/busy-tss", at, 0x0000eb000000ffff);
	descriptor("descriptor/ldt", at, 0x0000e2000000ffff);
	descriptor("descriptor/task-gate", at, 0x0000e50000330000);
	descriptor("descriptor/base", at, 0x12cff3345678ffff);
}

static void ask_descriptors(void)
{
	u64 gdt = mfn_of(page_ro()), at = gdt * TG_PAGE + 64;
	u64 code = 0x00affb000000ffff;

	ASK("set_gdt/for-descriptors", set_gdt, &gdt, 512, 0, 0);
	ask_kinds_of_descriptors(at);
	descriptor("descriptor/misaligned", at + 4, code);
	descriptor("descriptor/no-frame", NO_MFN * TG_PAGE, code);
	descriptor("descriptor/frame-0", 64, code);
	descriptor("descriptor/writable-page", mfn_of(page_rw()) * TG_PAGE, code);
	descriptor("descriptor/read-only-page", mfn_of(page_ro()) * TG_PAGE, code);
	descriptor("descriptor/root",
		   mfn_here((void *)tg_start_info->pt_base) * TG_PAGE + 64, 0);
	ASK("set_gdt/none-again", set_gdt, 0, 0, 0, 0);
}

static void ask_bases(void)
{
	ASK("base/fs", set_segment_base, SEGBASE_FS, 0x1000, 0, 0);
	ASK("base/fs-non-canonical", set_segment_base, SEGBASE_FS, NON_CANONICAL, 0, 0);
	ASK("base/fs-in-the-hole", set_segment_base, SEGBASE_FS, HOLE, 0, 0);
	ASK("base/gs-user", set_segment_base, SEGBASE_GS_USER, 0x1000, 0, 0);
	ASK("base/gs-user-non-canonical", set_segment_base, SEGBASE_GS_USER,
	    NON_CANONICAL, 0, 0);
	ASK("base/gs-user-in-the-hole", set_segment_base, SEGBASE_GS_USER, HOLE, 0, 0);
	ASK("base/gs-kernel", set_segment_base, SEGBASE_GS_KERNEL, 0x1000, 0, 0);
	ASK("base/gs-kernel-non-canonical", set_segment_base, SEGBASE_GS_KERNEL,
	    NON_CANONICAL, 0, 0);
	ASK("base/selector-0", set_segment_base, SEGBASE_GS_USER_SEL, 0, 0, 0);
	ASK("base/selector-3", set_segment_base, SEGBASE_GS_USER_SEL, 3, 0, 0);
	ASK("base/selector-data", set_segment_base, SEGBASE_GS_USER_SEL,
	    FLAT_USER_DS64, 0, 0);
	ASK("base/selector-of-32-bits", set_segment_base, SEGBASE_GS_USER_SEL,
	    FLAT_USER_DS32, 0, 0);
	ASK("base/selector-empty", set_segment_base, SEGBASE_GS_USER_SEL, 0x1237, 0, 0);
	ASK("base/selector-beyond", set_segment_base, SEGBASE_GS_USER_SEL, 0xffff, 0, 0);
	ASK("base/selector-of-xen", set_segment_base, SEGBASE_GS_USER_SEL, 0xe008, 0, 0);
	ASK("base/selector-and-more", set_segment_base, SEGBASE_GS_USER_SEL,
	    1ul << 40, 0, 0);
	ASK("base/unknown", set_segment_base, 4, 0, 0, 0);
	ASK("base/unknown-non-canonical", set_segment_base, 4, NON_CANONICAL, 0, 0);
}

static void trap(const char *name, u16 cs, u64 address)
{
	struct trap_info t[2] = {
		{ .vector = 200, .flags = 3, .cs = cs, .address = address },
	};

	ASK(name, set_trap_table, t, 0, 0, 0);
}

static void ask_traps(void)
{
	trap("trap/good", FLAT_KERNEL_CS64, tg_stubs[200]);
	trap("trap/non-canonical", FLAT_KERNEL_CS64, NON_CANONICAL);
	trap("trap/in-the-hole", FLAT_KERNEL_CS64, HOLE);
	trap("trap/low", FLAT_KERNEL_CS64, 0x1000);
	trap("trap/no-cs", 0, tg_stubs[200]);
	trap("trap/cs-of-ring-0", 0xe008, tg_stubs[200]);
	trap("trap/cs-of-nothing", 0x1230, tg_stubs[200]);
	trap("trap/cs-of-the-ldt", 0x0f, tg_stubs[200]);
	trap("trap/empty", FLAT_KERNEL_CS64, 0);
	ASK("trap/nowhere", set_trap_table, TG_NOWHERE, 0, 0, 0);
	ASK("trap/in-the-hole-list", set_trap_table, HOLE, 0, 0, 0);
	ASK("trap/null", set_trap_table, 0, 0, 0, 0);
	tg_traps_init();
}

static void callback(const char *name, u16 type, u16 flags, u64 address)
{
	answer(name, tg_callback(type, flags, address));
}

static void forget(const char *name, u16 type)
{
	struct callback_unregister u = { .type = type };

	ASK(name, callback_op, CALLBACKOP_unregister, &u, 0, 0);
}

static void ask_callbacks(void)
{
	u64 stub = tg_stubs[TG_EVENT];

	callback("callback/event", CALLBACKTYPE_event, 0, stub);
	callback("callback/event-masked", CALLBACKTYPE_event, 1, stub);
	callback("callback/event-all-flags", CALLBACKTYPE_event, 0xffff, stub);
	callback("callback/event-non-canonical", CALLBACKTYPE_event, 0, NON_CANONICAL);
	callback("callback/event-in-the-hole", CALLBACKTYPE_event, 0, HOLE);
	callback("callback/event-null", CALLBACKTYPE_event, 0, 0);
	callback("callback/failsafe", CALLBACKTYPE_failsafe, 0, tg_stubs[TG_FAILSAFE]);
	callback("callback/failsafe-non-canonical", CALLBACKTYPE_failsafe, 0,
		 NON_CANONICAL);
	callback("callback/syscall", CALLBACKTYPE_syscall, 1, tg_stubs[TG_SYSCALL]);
	callback("callback/syscall-non-canonical", CALLBACKTYPE_syscall, 1,
		 NON_CANONICAL);
	callback("callback/syscall32", CALLBACKTYPE_syscall32, 1,
		 tg_stubs[TG_SYSCALL32]);
	callback("callback/syscall32-non-canonical", CALLBACKTYPE_syscall32, 1,
		 NON_CANONICAL);
	callback("callback/sysenter", CALLBACKTYPE_sysenter, 1, stub);
	callback("callback/sysenter-non-canonical", CALLBACKTYPE_sysenter, 1,
		 NON_CANONICAL);
	callback("callback/sysenter-deprecated", CALLBACKTYPE_sysenter_deprecated, 1,
		 stub);
	callback("callback/nmi", CALLBACKTYPE_nmi, 0, tg_stubs[2]);
	callback("callback/nmi-non-canonical", CALLBACKTYPE_nmi, 0, NON_CANONICAL);
	callback("callback/unknown", 8, 0, stub);
	callback("callback/unknown-non-canonical", 8, 0, NON_CANONICAL);
	forget("callback/forget-event", CALLBACKTYPE_event);
	forget("callback/forget-failsafe", CALLBACKTYPE_failsafe);
	forget("callback/forget-syscall", CALLBACKTYPE_syscall);
	forget("callback/forget-syscall32", CALLBACKTYPE_syscall32);
	forget("callback/forget-sysenter", CALLBACKTYPE_sysenter);
	forget("callback/forget-sysenter-deprecated", CALLBACKTYPE_sysenter_deprecated);
	forget("callback/forget-nmi", CALLBACKTYPE_nmi);
	forget("callback/forget-unknown", 8);
	ASK("callback/nowhere", callback_op, CALLBACKOP_register, TG_NOWHERE, 0, 0);
	ASK("callback/forget-nowhere", callback_op, CALLBACKOP_unregister,
	    TG_NOWHERE, 0, 0);
	ASK("callback/unknown-command", callback_op, 7, 0, 0, 0);
	ASK("callbacks/good", set_callbacks, stub, tg_stubs[TG_FAILSAFE],
	    tg_stubs[TG_SYSCALL], 0);
	ASK("callbacks/event-non-canonical", set_callbacks, NON_CANONICAL, 0, 0, 0);
	ASK("callbacks/failsafe-non-canonical", set_callbacks, 0, NON_CANONICAL, 0, 0);
	ASK("callbacks/syscall-non-canonical", set_callbacks, 0, 0, NON_CANONICAL, 0);
	ASK("callbacks/in-the-hole", set_callbacks, HOLE, HOLE, HOLE, 0);
	tg_traps_init();
}

static void ask_nmi_op(void)
{
	struct xennmi_callback cb = { .handler_address = tg_stubs[2] };

	ASK("nmi_op/register", nmi_op, XENNMI_register_callback, &cb, 0, 0);
	ASK("nmi_op/nowhere", nmi_op, XENNMI_register_callback, TG_NOWHERE, 0, 0);
	cb.handler_address = NON_CANONICAL;
	ASK("nmi_op/non-canonical", nmi_op, XENNMI_register_callback, &cb, 0, 0);
	ASK("nmi_op/unregister", nmi_op, XENNMI_unregister_callback, 0, 0, 0);
	ASK("nmi_op/unknown", nmi_op, 7, 0, 0, 0);
}

static void ask_stack(void)
{
	ASK("stack/good", stack_switch, FLAT_KERNEL_SS64, TG_TRAP_SP, 0, 0);
	ASK("stack/non-canonical", stack_switch, FLAT_KERNEL_SS64, NON_CANONICAL, 0, 0);
	ASK("stack/in-the-hole", stack_switch, FLAT_KERNEL_SS64, HOLE, 0, 0);
	ASK("stack/no-ss", stack_switch, 0, TG_TRAP_SP, 0, 0);
	ASK("stack/ss-of-nothing", stack_switch, 0x1230, TG_TRAP_SP, 0, 0);
	ASK("stack/again", stack_switch, FLAT_KERNEL_SS64, TG_TRAP_SP, 0, 0);
	ASK("fpu/set", fpu_taskswitch, 1, 0, 0, 0);
	ASK("fpu/clear", fpu_taskswitch, 0, 0, 0, 0);
	ASK("fpu/odd", fpu_taskswitch, 77, 0, 0, 0);
	ASK("fpu/clear-again", fpu_taskswitch, 0, 0, 0, 0);
}

static void ask_debug_registers(void)
{
	ASK("debugreg/0", set_debugreg, 0, 0x1000, 0, 0);
	ASK("debugreg/0-read", get_debugreg, 0, 0, 0, 0);
	ASK("debugreg/1-of-kernel", set_debugreg, 1, TG_KERNEL, 0, 0);
	ASK("debugreg/2-in-the-hole", set_debugreg, 2, HOLE, 0, 0);
	ASK("debugreg/3-non-canonical", set_debugreg, 3, NON_CANONICAL, 0, 0);
	ASK("debugreg/4", set_debugreg, 4, 0, 0, 0);
	ASK("debugreg/4-read", get_debugreg, 4, 0, 0, 0);
	ASK("debugreg/5", set_debugreg, 5, 0, 0, 0);
	ASK("debugreg/5-read", get_debugreg, 5, 0, 0, 0);
	ASK("debugreg/6", set_debugreg, 6, 0, 0, 0);
	ASK("debugreg/6-read", get_debugreg, 6, 0, 0, 0);
	ASK("debugreg/6-wide", set_debugreg, 6, 1ul << 32, 0, 0);
	ASK("debugreg/7", set_debugreg, 7, 0, 0, 0);
	ASK("debugreg/7-read", get_debugreg, 7, 0, 0, 0);
	ASK("debugreg/7-wide", set_debugreg, 7, 1ul << 32, 0, 0);
	ASK("debugreg/7-general-detect", set_debugreg, 7, 1 << 13, 0, 0);
	ASK("debugreg/7-reserved", set_debugreg, 7, 1 << 12, 0, 0);
	ASK("debugreg/7-io-disabled", set_debugreg, 7, 2 << 16, 0, 0);
	ASK("debugreg/7-io", set_debugreg, 7, 2 << 16 | 1, 0, 0);
	ASK("debugreg/7-global", set_debugreg, 7, 2, 0, 0);
	ASK("debugreg/7-global-read", get_debugreg, 7, 0, 0, 0);
	ASK("debugreg/7-local", set_debugreg, 7, 1, 0, 0);
	ASK("debugreg/7-off", set_debugreg, 7, 0, 0, 0);
	ASK("debugreg/8", set_debugreg, 8, 0, 0, 0);
	ASK("debugreg/8-read", get_debugreg, 8, 0, 0, 0);
	ASK("debugreg/huge", set_debugreg, -1ul, 0, 0, 0);
	ASK("debugreg/huge-read", get_debugreg, -1ul, 0, 0, 0);
	ASK("debugreg/0-again", set_debugreg, 0, 0, 0, 0);
	ASK("debugreg/1-again", set_debugreg, 1, 0, 0, 0);
}

void ask_cpu(void)
{
	ask_gdt();
	ask_descriptors();
	ask_bases();
	ask_traps();
	ask_callbacks();
	ask_nmi_op();
	ask_stack();
	ask_debug_registers();
}
