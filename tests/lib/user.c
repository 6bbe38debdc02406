// SPDX-License-Identifier: GPL-2.0
/*
 * Ring 3: a page or two of code linked at TG_USER, a stack, and a way in and
 * out again.  Only for environments with page tables.
 */
#include "tg.h"

extern u32 tg_user_esp;
extern char tg_user_begin[], tg_user_end[], tg_user_load[];
static struct tg_user *running;

void tg_user_enter(const struct tg_user *u);
void __attribute__((noreturn)) tg_user_leave(void);
bool tg_user_trap(struct tg_regs *regs);

void tg_user_map(u32 root)
{
	u32 gva, gpa = (u32)tg_user_load;

	for (gva = TG_USER; gva < (u32)tg_user_end; gva += TG_PAGE) {
		tg_set_pte(root, gva, gpa | TG_P | TG_U);
		gpa += TG_PAGE;
	}
	tg_set_pte(root, TG_USER_STACK - TG_PAGE,
		   tg_page_alloc() | TG_P | TG_W | TG_U);
}

void tg_user_start(struct tg_user *u, const void *eip)
{
	memset(u, 0, sizeof(*u));
	u->eip = (u32)eip;
	u->esp = TG_USER_STACK;
	u->eflags = 0x202;
	u->cs = TG_USER_CS;
	u->ss = TG_USER_DS;
	u->ds = TG_USER_DS;
	u->es = TG_USER_DS;
}

/* From tg_trap(): what ring 3 was doing is over. */
bool tg_user_trap(struct tg_regs *regs)
{
	struct tg_user *u = running;

	u->eip = regs->eip;
	u->esp = regs->esp;
	u->eflags = regs->eflags;
	u->eax = regs->eax;
	u->ebx = regs->ebx;
	u->ecx = regs->ecx;
	u->edx = regs->edx;
	u->esi = regs->esi;
	u->edi = regs->edi;
	u->ebp = regs->ebp;
	u->ds = regs->ds & 0xffff;
	u->es = regs->es & 0xffff;
	u->fs = regs->fs & 0xffff;
	u->gs = regs->gs & 0xffff;
	u->cs = regs->cs & 0xffff;
	u->ss = regs->ss & 0xffff;
	tg_user_leave();
}

u32 tg_user_run(struct tg_user *u)
{
	u32 irqs = tg_data.irq_enabled;

	running = u;
	tg_user_enter(u);
	((volatile struct lg32_data *)&tg_data)->irq_enabled = irqs;
	return tg_fault.vector;
}

u32 tg_user_call(const void *eip, u32 eax, u32 *result)
{
	struct tg_user u;
	u32 vector;

	tg_user_start(&u, eip);
	u.eax = eax;
	vector = tg_user_run(&u);
	if (result)
		*result = u.eax;
	return vector;
}
