// SPDX-License-Identifier: GPL-2.0
/*
 * Becoming an lguest guest: from entry.S to start_kernel(), and the way out
 * again.  lguest_data is the memory that host and guest share; the host is
 * trusted, it can read and write all of ours anyway.
 */
#include <linux/console.h>
#include <linux/init.h>
#include <linux/panic_notifier.h>
#include <linux/pm.h>
#include <linux/reboot.h>
#include <asm/e820/api.h>
#include <asm/i8259.h>
#include <asm/idtentry.h>
#include <asm/pgtable.h>
#include <asm/reboot.h>
#include <asm/setup.h>
#include <asm/x86_init.h>

#include "hcall.h"

extern const char lguest_noirq_iret[];
extern const struct alt_instr __lguest_alts[], __alt_instructions[];

bool lguest_guest __ro_after_init;

/* Aligned so that it lies in one page.  Every interrupt is masked at first. */
struct lg32_data lguest_data __aligned(2048) = {
	.hcall_status		= { [0 ... LG32_RING_SLOTS - 1] = LG32_RING_FREE },
	.noirq_iret		= (unsigned long)lguest_noirq_iret,
	.kernel_address		= PAGE_OFFSET,
	.blocked_interrupts	= ~0U,
	.syscall_vec		= LG32_SYSCALL_VECTOR,
};

/* Replace one native instruction; a call or jump is relative to its place. */
static void __init patch_one(const struct alt_instr *a)
{
	u8 *instr = (u8 *)&a->instr_offset + a->instr_offset;
	const u8 *repl = (u8 *)&a->repl_offset + a->repl_offset;
	unsigned int i;

	for (i = 0; i < a->instrlen; i++)
		instr[i] = i < a->replacementlen ? repl[i] : 0x90;
	if (repl[0] == 0xe8 || repl[0] == 0xe9)
		*(s32 *)(instr + 1) += repl - instr;
}

/* From entry.S, before there is anything: see LGUEST_ALT. */
__visible void __init lguest_patch_text(void)
{
	const struct alt_instr *a;

	for (a = __lguest_alts; a < __alt_instructions; a++)
		patch_one(a);
	lguest_guest = true;
}

/*
 * From lguest_iret, as if an exception had hit where it was going to return
 * to: turning interrupts on delivers what is pending, and going back looks
 * again whether to reschedule.
 */
__visible noinstr void exc_lguest_pending(struct pt_regs *regs,
					  unsigned long error_code)
{
	irqentry_state_t state = irqentry_enter(regs);

	instrumentation_begin();
	local_irq_enable();
	local_irq_disable();
	instrumentation_end();
	irqentry_exit(regs, state);
}

static char * __init lguest_memory_setup(void)
{
	unsigned int i;

	for (i = 0; i < boot_params.e820_entries; i++)
		e820__range_add(boot_params.e820_table[i].addr,
				boot_params.e820_table[i].size,
				boot_params.e820_table[i].type);
	return "LGUEST";
}

static void lguest_power_off(void)
{
	hcall(LG32_SHUTDOWN, __pa("Power down"), LG32_POWEROFF, 0);
}

static void lguest_restart(char *cmd)
{
	hcall(LG32_SHUTDOWN, __pa(cmd ?: "Restart"), LG32_RESTART, 0);
}

static void lguest_emergency_restart(void)
{
	lguest_restart(NULL);
}

static int lguest_panic(struct notifier_block *nb, unsigned long l, void *text)
{
	hcall(LG32_SHUTDOWN, __pa(text), 0, 0);
	return NOTIFY_DONE;
}

static struct notifier_block lguest_panic_notifier = {
	.notifier_call = lguest_panic,
};

/* From i386_start_kernel(): no PC around us, take the hooks that has. */
void __init lguest_setup(void)
{
	reserve_top_address(lguest_data.reserve_mem);

	x86_init.resources.memory_setup = lguest_memory_setup;
	x86_init.resources.probe_roms = x86_init_noop;
	x86_init.resources.reserve_resources = x86_init_noop;
	x86_init.mpparse.find_smp_config = x86_init_noop;
	x86_init.mpparse.get_smp_config = x86_init_uint_noop;
	x86_init.irqs.intr_init = lguest_init_IRQ;
	x86_init.pci.init_irq = x86_init_noop;
	x86_platform.realmode_reserve = x86_init_noop;
	x86_platform.realmode_init = x86_init_noop;
	x86_platform.legacy.i8042 = X86_LEGACY_I8042_PLATFORM_ABSENT;
	x86_platform.legacy.rtc = 0;
	x86_platform.legacy.warm_reset = 0;
	x86_platform.legacy.reserve_bios_regions = 0;
	x86_platform.legacy.devices.pnpbios = 0;
	legacy_pic = &null_legacy_pic;
	lguest_init_time();
	lguest_init_pci();

	machine_ops.restart = lguest_restart;
	machine_ops.emergency_restart = lguest_emergency_restart;
	machine_ops.halt = lguest_power_off;
	pm_power_off = lguest_power_off;
	atomic_notifier_chain_register(&panic_notifier_list,
				       &lguest_panic_notifier);
	add_preferred_console("hvc", 0, NULL);
}
