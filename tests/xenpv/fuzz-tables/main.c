// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables that make no sense, changed in every way there is.
 *
 * Claim: a few pages are tables of all levels, roots, memory and descriptors by
 * turns, pinned and not, written by calls, by stores to them and by programs, on the
 * short ways and on the long ones, while they are in use. The guest gets by or is
 * killed; the host does not notice, and no shadow entry leads where none may.
 *
 * Source: docs/threat-model.md; XSA-148, 182, 212, 286. The command line is the seed
 * and the number of steps: "7 5000". Run it while the module audits.
 *
 * A failure shows in the host's log, or as a foreign shadow entry.
 */
#include "tg.h"

const char tg_title[] = "fuzzed page tables";

#define PAGES	12
#define ROOTS	3		/* as many of them are loaded as roots */
#define STEPS	2000
#define BATCH	40		/* more than the switcher takes at once */
#define FIRST	1		/* entries of ours; 0 and 511 keep us alive */
#define ENTRIES	6

static u64 page[PAGES];
static u64 user;			/* root of programs, or 0 */

static u64 any(void)
{
	return page[tg_rand() % PAGES];
}

static u64 frame(void)
{
	switch (tg_rand() % 24) {
	case 0:
		return tg_start_info->nr_pages + tg_rand() % 70;
	case 1:
		return tg_rand() >> tg_rand() % 64;
	case 2:
		return tg_root;
	case 3:
		return tg_user_root;
	case 4:
		return tg_gdt;
	case 5:
		return tg_gfn(tg_shared);
	default:
		return any();
	}
}

static u64 entry(void)
{
	u64 r = tg_rand(), pte = tg_pte(frame(), r & 0xe67);

	if (r >> 12 & 3)	/* mostly something that is of use */
		pte |= TG_P | TG_U | TG_A | (r >> 14 & 1 ? TG_W | TG_D : 0);
	if (!(r >> 16 & 31))
		pte |= TG_PS;
	if (!(r >> 21 & 7))
		pte |= TG_NX;
	return pte;
}

static u32 index(void)
{
	return FIRST + tg_rand() % ENTRIES;
}

/* Through any of the entries; sometimes through one level more than once. */
static u64 gva(void)
{
	return (u64)index() << 39 | (u64)index() << 30 | (u64)index() << 21 |
	       (u64)index() << 12 | index() * 8;
}

static volatile u64 *place(void)
{
	return (u64 *)tg_va(any()) + index();
}

static void update(void)
{
	static struct mmu_update u[BATCH];
	u32 i, n = tg_rand() % 4 ? 1 + tg_rand() % 3 : 1 + tg_rand() % BATCH;

	for (i = 0; i < n; i++) {
		u[i].ptr = any() * TG_PAGE + index() * 8;
		if (tg_rand() % 4 == 0)
			u[i].ptr |= MMU_PT_UPDATE_PRESERVE_AD;
		u[i].val = entry();
	}
	/* The number done may go to a table: also a write that is ours. */
	tg_hcall(mmu_update, u, n, tg_rand() % 8 ? 0 : (u64)place(), DOMID_SELF);
}

static void load(void)
{
	struct mmuext_op op[2] = {
		{ .cmd = MMUEXT_NEW_BASEPTR },
		{ .cmd = MMUEXT_NEW_USER_BASEPTR },
	};

	op[0].arg1.mfn = tg_rand() % 2 ? page[tg_rand() % ROOTS] : tg_root;
	op[1].arg1.mfn = tg_rand() % 2 ? page[tg_rand() % ROOTS] :
			 tg_rand() % 2 ? tg_user_root : 0;
	if (tg_rand() % 4 == 0)
		tg_hcall(mmuext_op, op, 1, 0, DOMID_SELF);
	else if (!tg_hcall(mmuext_op, op, 2, 0, DOMID_SELF))
		user = op[1].arg1.mfn;
}

static void pin(void)
{
	u64 gfn = tg_rand() % 2 ? any() : page[tg_rand() % ROOTS];

	if (tg_rand() % 2)
		tg_mmuext(MMUEXT_UNPIN_TABLE, gfn, 0);
	else
		tg_mmuext(MMUEXT_PIN_L1_TABLE + tg_rand() % 4, gfn, 0);
}

/* All of a page at once; what keeps us alive is in each of them. */
static void replace(void)
{
	tg_mmuext(MMUEXT_COPY_PAGE, any(), any());
}

/* By which the kernel's own map may write to it. */
static void protect(void)
{
	u64 gfn = any();

	tg_va_mapping((u64)tg_va(gfn),
		      tg_pte(gfn, tg_rand() % 3 ? TG_RO : TG_RW),
		      tg_rand() % 3);
}

static void store(void *unused)
{
	volatile u64 *at = place();
	u64 value = entry(), old = *at;

	(void)unused;
	switch (tg_rand() % 4) {
	case 0:
		*at = value;
		break;
	case 1:
		asm volatile("xchgq %0, (%1)" : "+a"(value) : "D"(at) : "memory");
		break;
	case 2:
		asm volatile("lock andb $0xfd, (%0)" : : "D"(at) : "memory", "cc");
		break;
	default:
		asm volatile("lock cmpxchgq %1, (%2)" : "+a"(old)
			     : "r"(value), "D"(at) : "memory", "cc");
	}
}

static void touch(void *unused)
{
	volatile u64 *at = (u64 *)gva();
	u64 value = entry();

	(void)unused;
	switch (tg_rand() % 3) {
	case 0:
		(void)*at;
		break;
	case 1:
		*at = value;
		break;
	default:
		asm volatile("xchgq %0, (%1)" : "+a"(value) : "D"(at) : "memory");
	}
}

static void tg_user_code user_touch(u64 *at, u64 value)
{
	asm volatile("movq (%0), %%rax\n\tmovq %1, (%0)\n\tsyscall\n\tud2"
		     : : "r"(at), "r"(value) : "rax", "rcx", "r11", "memory");
}

static void program(void)
{
	struct tg_user u;

	if (!user)
		return;
	tg_user_start(&u, user_touch);
	u.rdi = gva();
	u.rsi = entry();
	tg_user_run(&u);
}

static void flush(void)
{
	switch (tg_rand() % 4) {
	case 0:
		tg_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
		break;
	case 1:
		tg_va_mapping(gva(), entry(), tg_rand() % 3);
		break;
	default:
		tg_mmuext(MMUEXT_INVLPG_LOCAL, gva(), 0);
	}
}

/* Neither needs the tables; both are looked up in them. */
static void describe(void)
{
	u64 gfn = any();

	if (tg_rand() % 2)
		tg_mmuext(MMUEXT_SET_LDT, gva() & -TG_PAGE, tg_rand() % 1024);
	else
		tg_hcall(update_descriptor, gfn * TG_PAGE + index() * 8,
			 tg_rand(), 0, 0);
}

/*
 * Stores to tables keep the short ways to other roots shut until the next flush, so
 * for a while there are none.
 */
static void step(u32 i)
{
	u32 r = tg_rand() % (i % 64 < 32 ? 21 : 31);

	if (r < 5)
		update();
	else if (r < 9)
		load();
	else if (r < 12)
		pin();
	else if (r < 16)
		program();
	else if (r < 18)
		flush();
	else if (r < 19)
		protect();
	else if (r < 20)
		describe();
	else if (r < 21)
		replace();
	else if (r < 26)
		tg_catch(store, NULL);
	else
		tg_catch(touch, NULL);
}

void test_main(void)
{
	const char *p = tg_arg;
	u64 seed = tg_number(&p), steps = tg_number(&p);
	u32 i;

	tg_rand_seed(seed * 0x9e3779b97f4a7c15ul);
	tg_user_init();
	user = tg_user_root;
	for (i = 0; i < PAGES; i++) {
		u64 *t;

		page[i] = tg_page_alloc();
		t = tg_va(page[i]);
		t[0] = tg_entry_get(tg_user_root, 0);
		t[511] = tg_entry_get(tg_root, 511);
	}
	for (i = 0; i < (steps ? steps : STEPS); i++)
		step(i);
}
