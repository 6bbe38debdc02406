// SPDX-License-Identifier: GPL-2.0
/*
 * User mode: a page or two of code linked at TG_USER, a stack, a root of its own
 * that shares the low half with the kernel's, and a way in and out again.
 */
#include "tg.h"

extern u64 tg_user_sp;
extern char tg_user_begin[], tg_user_end[], tg_user_load[];
static struct tg_user *running;
u64 tg_gdt;

void tg_user_enter(const struct tg_user *u);
void __attribute__((noreturn)) tg_user_leave(void);
void tg_user_trap(struct tg_regs *regs);

void tg_user_map(u64 gva, u64 pte)
{
	u64 table;
	u32 slot = gva >> 39 & 511;

	tg_map(tg_root, gva, pte);
	table = tg_entry_get(tg_root, slot);
	if (tg_entry_get(tg_user_root, slot) != table)
		tg_entry_put(tg_user_root, slot, table);
}

/* Segments of programs. */
static void set_gdt(void)
{
	u64 *gdt;
	long rc;

	tg_gdt = tg_page_alloc();
	gdt = tg_va(tg_gdt);
	gdt[TG_USER_CS32 / 8] = 0x00cffb000000ffff;
	gdt[TG_USER_SS / 8] = 0x00cff3000000ffff;
	gdt[TG_USER_CS / 8] = 0x00affb000000ffff;
	tg_table_protect(tg_gdt);
	rc = tg_hcall(set_gdt, &tg_gdt, 512, 0, 0);
	if (rc)
		tg_failure("set_gdt: %ld", rc);
}

void tg_user_init(void)
{
	u64 gva, gfn = tg_gfn(tg_user_load);
	long rc;

	if (tg_user_root)
		return;
	set_gdt();
	tg_user_root = tg_table_alloc();
	rc = tg_mmuext(MMUEXT_PIN_L4_TABLE, tg_user_root, 0);
	if (rc)
		tg_failure("pinning of the user root: %ld", rc);
	for (gva = TG_USER; gva < (u64)tg_user_end; gva += TG_PAGE)
		tg_user_map(gva, tg_pte(gfn++, TG_RO));
	tg_user_map(TG_USER_STACK - TG_PAGE, tg_pte(tg_page_alloc(), TG_RW));
	rc = tg_mmuext(MMUEXT_NEW_USER_BASEPTR, tg_user_root, 0);
	if (rc)
		tg_failure("loading of the user root: %ld", rc);
}

void tg_user_start(struct tg_user *u, const void *rip)
{
	memset(u, 0, sizeof(*u));
	u->rip = (u64)rip;
	u->rsp = TG_USER_STACK;
	u->rflags = 0x202;
	u->cs = TG_USER_CS;
	u->ss = TG_USER_SS;
}

/* From tg_trap(): what user mode was doing is over. */
void tg_user_trap(struct tg_regs *regs)
{
	struct tg_user *u = running;

	memcpy(u, regs, offsetof(struct tg_user, rip));
	u->rip = regs->rip;
	u->cs = regs->cs & 0xffff;
	u->rflags = regs->rflags;
	u->rsp = regs->rsp;
	u->ss = regs->ss & 0xffff;
	tg_user_leave();
}

/* Events are as they were before, whatever they were in user mode. */
u32 tg_user_run(struct tg_user *u)
{
	u8 mask = ONCE(tg_info()->evtchn_upcall_mask);

	running = u;
	tg_user_enter(u);
	ONCE(tg_info()->evtchn_upcall_mask) = mask;
	return tg_fault.vector;
}

u32 tg_user_call(const void *rip, u64 rdi, u64 *rax)
{
	struct tg_user u;
	u32 vector;

	tg_user_init();
	tg_user_start(&u, rip);
	u.rdi = rdi;
	vector = tg_user_run(&u);
	if (rax)
		*rax = u.rax;
	return vector;
}
