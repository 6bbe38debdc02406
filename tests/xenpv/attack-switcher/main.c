// SPDX-License-Identifier: GPL-2.0
/*
 * The hypervisor's part of the address space: the M2P, the switcher's window and
 * what is between them.
 *
 * Claim: the guest's kernel can read the M2P and nothing else there; nothing can
 * be written, executed, mapped, walked or named in a hypercall. Entries 256 to
 * 271 of a root stay as the host wants them whatever the guest writes there.
 *
 * Source: docs/design.md; reliability classes 19 and 20.
 */
#include "tg.h"

#include <xen/memory.h>

const char tg_title[] = "the hypervisor's addresses";

#define FIRST	0xffff800000000000ul
#define LAST	0xffff880000000000ul
#define WINDOW	0xffff808000000000ul
#define SLOT	(1ul << 39)

#define EFAULT	14
#define EINVAL	22

static void expect_nothing(u64 gva)
{
	TG_CHECK(tg_try_read(gva, NULL) == 14, "read of %#lx: trap %u", gva,
		 tg_fault.vector);
	TG_CHECK(tg_try_write(gva, 0) == 14, "write to %#lx: trap %u", gva,
		 tg_fault.vector);
	TG_CHECK(tg_try("jmpq *%0", : : "r"(gva)) == 14,
		 "jump to %#lx: trap %u", gva, tg_fault.vector);
}

static void check_m2p(void)
{
	u64 i, value, pages = tg_start_info->nr_pages;

	for (i = 0; i < pages; i += 97) {
		TG_EQ(tg_try_read(FIRST + 8 * i, &value), TG_NO_TRAP,
		      "trap of a read of the M2P");
		TG_EQ(value, i, "entry of the M2P");
	}
	TG_CHECK(tg_try_write(FIRST, 0) == 14, "write to the M2P: trap %u",
		 tg_fault.vector);
	TG_EQ(tg_fault.error & 2, 2, "error code of a write to the M2P");
	TG_CHECK(tg_try("jmpq *%0", : : "r"(FIRST)) == 14,
		 "jump to the M2P: trap %u", tg_fault.vector);
	/* Far behind the last page. */
	expect_nothing(FIRST + (8ul << 24));
	expect_nothing(FIRST + (8ul << 35));
	expect_nothing(FIRST + SLOT - 8);
}

static void check_window(void)
{
	u64 gva;

	for (gva = WINDOW; gva < WINDOW + 2 * (64 << 12); gva += TG_PAGE)
		expect_nothing(gva + 0x10);
	for (gva = FIRST + SLOT; gva < LAST; gva += SLOT) {
		expect_nothing(gva);
		expect_nothing(gva + SLOT / 2);
		expect_nothing(gva + SLOT - 8);
	}
}

/* The window as the address of every argument there is. */
static void check_arguments(void)
{
	static const u64 at[] = { WINDOW, WINDOW + 0x3f00, LAST - 8, FIRST };
	u32 i, nr;

	for (i = 0; i < ARRAY_SIZE(at); i++)
		for (nr = 0; nr < 64; nr++) {
			/* What would put us to sleep or end us. */
			if (nr == __HYPERVISOR_iret ||
			    nr == __HYPERVISOR_sched_op ||
			    nr == __HYPERVISOR_sched_op_compat ||
			    nr == __HYPERVISOR_stack_switch ||
			    nr == __HYPERVISOR_vcpu_op)
				continue;
			tg_hcall6(nr, at[i], at[i], at[i], at[i], at[i], at[i]);
			tg_hcall6(nr, 1, at[i], 1, at[i], at[i], at[i]);
			tg_hcall6(nr, 2, at[i], 1, at[i], at[i], at[i]);
			tg_hcall6(nr, at[i], 1, 0, DOMID_SELF, 0, 0);
		}
	for (nr = 0; nr < 20; nr++)
		if (nr != VCPUOP_down && nr != VCPUOP_send_nmi)
			tg_hcall(vcpu_op, nr, 0, WINDOW, 0);
	tg_traps_init();
	TG_CHECK(tg_va_mapping(WINDOW, tg_pte(1, TG_RW), 0) < 0,
		 "update_va_mapping of the window");
	TG_CHECK(tg_va_mapping(FIRST, tg_pte(1, TG_RW), 0) < 0,
		 "update_va_mapping of the M2P");
}

static u64 gva_of(u32 l4, u32 l3, u32 l2, u32 l1)
{
	return 0xffff000000000000 | (u64)l4 << 39 | (u64)l3 << 30 | l2 << 21 |
	       l1 << 12;
}

/*
 * A call reads its argument where the kernel itself could, though there are ways
 * through these entries: the host's, from a root to itself, and those of the guest's
 * own root, which do not count.
 */
static void expect_no_argument(void)
{
	u32 slot, i;

	for (slot = 256; slot < 272; slot++) {
		const u64 at[] = {
			gva_of(slot, 0, 0, 0), gva_of(slot, slot, 0, 0),
			gva_of(slot, slot, slot, slot),
			gva_of(slot, slot, slot, 511),
			gva_of(slot, slot, 511, 511), gva_of(slot, 511, 511, 511),
		};

		for (i = 0; i < ARRAY_SIZE(at); i++) {
			TG_EQ(tg_hcall(memory_op, XENMEM_current_reservation,
				       at[i], 0, 0), -EFAULT, "a domain there");
			TG_EQ(tg_va_mapping(at[i], tg_pte(1, TG_RO), 0), -EINVAL,
			      "update_va_mapping there");
		}
	}
}

static void check_root_entries(void)
{
	u32 slot;
	u64 table = tg_table_alloc(), value;

	for (slot = 256; slot < 272; slot++) {
		TG_CHECK(tg_entry_put(tg_root, slot, tg_pte(table, TG_RW)) < 0,
			 "entry %u of the root was taken", slot);
		TG_EQ(tg_entry_get(tg_root, slot), 0, "entry of the root");
	}
	/* A root that has them from before. */
	u64 root = tg_page_alloc();

	memcpy(tg_va(root), tg_va(tg_root), TG_PAGE);
	for (slot = 256; slot < 272; slot++)
		((u64 *)tg_va(root))[slot] = tg_pte(root, TG_RW);
	tg_table_protect(root);
	tg_mmuext(MMUEXT_PIN_L4_TABLE, root, 0);
	if (!tg_mmuext(MMUEXT_NEW_BASEPTR, root, 0)) {
		for (slot = 257; slot < 272; slot++)
			expect_nothing(FIRST + (slot - 256) * SLOT);
		TG_EQ(tg_try_read(FIRST + 8 * 5, &value), TG_NO_TRAP,
		      "trap of the M2P on the new root");
		TG_EQ(value, 5, "entry of the M2P on the new root");
		expect_nothing(WINDOW);
		expect_no_argument();
	}
	TG_EQ(tg_mmuext(MMUEXT_NEW_BASEPTR, tg_root, 0), 0, "back");
	expect_no_argument();
}

static u64 tg_user_code user_read(u64 gva)
{
	return *(volatile u64 *)gva;
}

static void check_user(void)
{
	u64 gva;

	for (gva = FIRST; gva < LAST; gva += SLOT)
		TG_EQ(tg_user_call(user_read, gva, NULL), 14,
		      "trap of a program that reads there");
}

/*
 * SGDT and SIDT tell addresses: the window's, or those that Linux gives to
 * everybody where the CPU has UMIP; not the host's own.
 */
static bool is_harmless(u64 base)
{
	return (base >= FIRST && base < LAST) || base >= 0xfffffffffffe0000;
}

static void check_tables(void)
{
	struct {
		u16 pad[3];
		u16 limit;
		u64 base;
	} __attribute__((packed, aligned(8))) t;

	if (tg_try("sgdt %0", : "=m"(t.limit) : : "memory") == TG_NO_TRAP)
		TG_CHECK(is_harmless(t.base), "GDT at %#lx", t.base);
	if (tg_try("sidt %0", : "=m"(t.limit) : : "memory") == TG_NO_TRAP)
		TG_CHECK(is_harmless(t.base), "IDT at %#lx", t.base);
}

void test_main(void)
{
	check_m2p();
	check_window();
	check_arguments();
	check_root_entries();
	check_user();
	check_tables();
}
