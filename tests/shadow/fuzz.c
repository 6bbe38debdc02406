// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that does what it likes to its page tables: entries of every kind,
 * recursive, aliased, out of range, at the wrong level, written by calls and
 * directly, pinned and not, while it uses them and its shadow is short of memory.
 *
 * Claim (module/mmu64/sync.c): whatever it does, the CPU never sees anything
 * but the guest's own memory; nothing is lost; and a guest that keeps to Xen's
 * rules never has a shadow entry that its tables do not justify. Failure shows
 * as a line with the seed, or as the sanitizer's report.
 */
#include "world.h"

/* Pages by what a guest that keeps to the rules uses them for. */
static const struct {
	unsigned int first, count;
} pages_of_level[] = {
	{ 61, 35 }, { 37, 24 }, { 21, 16 }, { 9, 12 }, { 1, 8 },
};

static bool hostile;
static struct lg_guest guest;
static struct lg_vcpu vcpu;
static unsigned long fills, own;

/* ---- choices ---- */

static bool one_in(unsigned int n)
{
	return rand() % n == 0;
}

static u64 any(void)
{
	return (u64)rand() << 33 ^ (u64)rand() << 12 ^ rand();
}

static u64 page_of_level(unsigned int level)
{
	return pages_of_level[level].first + rand() % pages_of_level[level].count;
}

static u64 any_page(void)
{
	return rand() % (GUEST_PAGES + 4);
}

static unsigned int level_of_page(u64 gfn)
{
	unsigned int level = 4;

	while (gfn < pages_of_level[level].first ||
	       gfn >= pages_of_level[level].first + pages_of_level[level].count)
		if (!level--)
			return 0;
	return level;
}

/* Few different ones, so that they meet; those at borders among them. */
static unsigned int some_index(unsigned int level)
{
	static const u16 top[] = { 0, 1, 255, 256, 257, 258, 271, 272, 511 };

	if (level == 4)
		return top[rand() % 9];
	return one_in(4) ? 511 : one_in(8) ? rand() % 512 : rand() % 3;
}

static u64 some_gva(void)
{
	u64 gva = some_index(1 + rand() % 4) * sizeof(u64);
	unsigned int level;

	if (one_in(64))
		return any() << 17 ^ any();
	for (level = 1; level <= 4; level++)
		gva |= (u64)some_index(level) << (3 + 9 * level);
	return (u64)((int64_t)(gva << 16) >> 16);
}

static u64 some_entry(unsigned int level)
{
	u64 flags = (any() & 0x1ef) | LG_PTE_P | (one_in(3) ? LG_PTE_NX : 0);

	if (!one_in(4))
		flags |= 0x67;
	if (one_in(8))
		return one_in(2) ? any() : 0;
	if (hostile && one_in(4))
		return any_page() << PAGE_SHIFT | flags;
	if (level > 1)
		return page_of_level(level - 1) << PAGE_SHIFT |
		       (flags & ~LG_PTE_PSE);
	if (one_in(4))	/* its own tables, read-only */
		return page_of_level(1 + rand() % 4) << PAGE_SHIFT |
		       (flags & ~LG_PTE_RW);
	return page_of_level(0) << PAGE_SHIFT | flags;
}

/* ---- what it does ---- */

/* The guest's program or kernel has got this far: it writes, directly. */
static void write_directly(u64 gva)
{
	u64 *at = cpu_access(lg_shadow_root_phys(&vcpu), gva, true);
	unsigned int level;

	if (!at)
		return;
	if ((u8 *)at < guest_memory ||
	    (u8 *)at >= guest_memory + GUEST_PAGES * PAGE_SIZE)
		unsafe("a write outside of the guest", gva, (u64)at);
	level = level_of_page(((u8 *)at - guest_memory) >> PAGE_SHIFT);
	if (!hostile && level > 1)
		unsafe("a write to a table that is not of the last level", gva,
		       level);
	*at = some_entry(level ?: (unsigned int)rand() % 5);
}

/* Where it has been, or next to it. */
static u64 nearby_gva(void)
{
	static u64 last;

	if (one_in(3))
		last = some_gva();
	else
		last ^= (u64)(rand() % 4) << PAGE_SHIFT;
	return last;
}

static void touch(void)
{
	u64 gva = nearby_gva(), error = rand() & (X86_PF_WRITE | X86_PF_INSTR);
	bool write = error & X86_PF_WRITE, guests;

	if (!cpu_access(lg_shadow_root_phys(&vcpu), gva, write)) {
		guests = vcpu.mmu.user && lg_shadow_is_exact(&vcpu) &&
			 switcher_sees(lg_shadow_root_phys(&vcpu), gva, write);
		own += guests;
		if (lg_shadow_fault(&vcpu, gva, &error) == LG_FAULT_FILLED) {
			fills++;
			if (guests && !hostile)
				unsafe("a fault that was not the guest's", gva,
				       write);
		}
	}
	if (one_in(2))
		write_directly(gva);
}

static void write_by_call(void)
{
	unsigned int level = 1 + rand() % 4, index = some_index(level);
	u64 gfn = page_of_level(level), old, new = some_entry(level);
	u8 *at;

	if (hostile && one_in(10))
		gfn = rand() % GUEST_PAGES;
	at = guest_memory + gfn * PAGE_SIZE + index * sizeof(u64);
	memcpy(&old, at, sizeof(old));
	memcpy(at, &new, sizeof(new));
	lg_shadow_changed(&vcpu, gfn, index, old, new);
}

static void flush(void)
{
	lg_shadow_flush(&vcpu);
}

static void load_roots(void)
{
	u64 kernel = page_of_level(4), user = one_in(4) ? 0 : page_of_level(4);

	if (hostile && one_in(5))
		kernel = any_page();
	lg_shadow_set_roots(&vcpu, kernel, user);
}

static void change_mode(void)
{
	lg_shadow_use(&vcpu, !one_in(3));
}

static void pin_or_unpin(void)
{
	if (!hostile)
		return;
	if (one_in(2))
		lg_shadow_pin(&vcpu, any_page(), 1 + rand() % 4);
	else
		lg_shadow_unpin(&vcpu, any_page());
}

/* Went the copy where the guest's tables lead, which it has not changed since? */
static void check_copy(u64 gva, bool write, int rc, u64 data)
{
	struct lg_walk walk;
	bool ok;

	lg_walk(&guest, vcpu.mmu.kernel_gfn, gva, &walk);
	if (lg_shadow_entry_gpa(&vcpu, gva) != walk.leaf_gpa)
		unsafe("an entry elsewhere", gva, walk.leaf_gpa);
	ok = walk.present && (!write || walk.flags & LG_PTE_RW);
	if (ok != !rc)
		unsafe("a copy that may not be, or may", gva, write);
	if (ok && memcmp(guest_memory + pte_gfn(walk.leaf) * PAGE_SIZE +
			 offset_in_page(gva), &data, sizeof(data)))
		unsafe("a copy of something else", gva, data);
}

static void copy(void)
{
	u64 gva = some_gva() & ~7ull, data[8];
	unsigned int i;
	u8 code[15];
	int rc;

	lg_shadow_fetch(&vcpu, gva, code, sizeof(code));
	lg_shadow_read(&vcpu, gva, data, sizeof(data));
	for (i = 0; i < 8; i++)
		data[i] = some_entry(rand() % 5);
	lg_shadow_write(&vcpu, gva, data, rand() % sizeof(data));
	if (hostile || failures || !lg_shadow_is_exact(&vcpu) ||
	    !gva_is_guests(gva))
		return;
	rc = lg_shadow_write(&vcpu, gva, data, sizeof(data[0]));
	check_copy(gva, true, rc, data[0]);
	rc = lg_shadow_read(&vcpu, gva, data, sizeof(data[0]));
	check_copy(gva, false, rc, data[0]);
}

static void replace_page(void)
{
	u64 gfn = any_page();

	if (hostile && !lg_shadow_replaced(&vcpu, gfn))
		memset(guest_memory + gfn * PAGE_SIZE, one_in(2) ? 0 : 0x67,
		       PAGE_SIZE);
}

static void change_limit(void)
{
	guest.shadow->limit = 6 + rand() % 60;
}

static const struct {
	unsigned int weight;
	void (*run)(void);
} deeds[] = {
	{ 50, touch }, { 30, write_by_call }, { 5, flush }, { 4, load_roots },
	{ 4, change_mode }, { 3, pin_or_unpin }, { 3, copy },
	{ 1, replace_page }, { 1, change_limit },
};

static void some_deed(void)
{
	unsigned int i, at = rand() % 101;

	for (i = 0; at >= deeds[i].weight; i++)
		at -= deeds[i].weight;
	deeds[i].run();
}

/* ---- lives ---- */

static void begin(void)
{
	unsigned int gfn, i;
	u64 entry;

	memset(&vcpu, 0, sizeof(vcpu));
	memset(&guest, 0, sizeof(guest));
	memset(guest_memory, 0, GUEST_PAGES * PAGE_SIZE);
	guest.ram_pages = GUEST_PAGES;
	vcpu.guest = &guest;
	assert(!lg_shadow_init(&guest));
	change_limit();
	for (gfn = 1; level_of_page(gfn); gfn++) {
		for (i = 0; i < 20; i++) {
			entry = some_entry(level_of_page(gfn));
			memcpy(guest_memory + gfn * PAGE_SIZE +
			       some_index(level_of_page(gfn)) * sizeof(u64),
			       &entry, sizeof(entry));
		}
		if (!hostile)
			lg_shadow_pin(&vcpu, gfn, level_of_page(gfn));
	}
	assert(!lg_shadow_set_roots(&vcpu, 1, 2));
}

static void live(unsigned int deeds_to_do, unsigned int fail)
{
	unsigned long foreign, stale;
	unsigned int i;

	srand(seed);
	begin();
	failures = fail;
	for (i = 0; i < deeds_to_do; i++) {
		some_deed();
		if (i % 16 == 0)
			cpu_check(&guest);
		if (i % 64)
			continue;
		foreign = lg_shadow_audit(&vcpu, &stale);
		if (foreign)
			unsafe("the auditor found foreign entries", foreign, i);
		if (stale && !hostile)
			unsafe("the auditor found stale entries", stale, i);
	}
	failures = 0;
	cpu_check(&guest);
	lg_shadow_free(&guest);
	if (pages_used != 1)
		unsafe("pages lost at the end", pages_used, 0);
}

int main(int argc, char *argv[])
{
	unsigned int first = argc > 1 ? atoi(argv[1]) : 1;
	unsigned int count = argc > 2 ? atoi(argv[2]) : 25;

	world_init();
	for (seed = first; seed < first + count; seed++) {
		hostile = false;
		live(20000, 0);
		hostile = true;
		live(20000, 0);
		live(20000, 20);
	}
	if (!fills || !own)
		unsafe("nothing was ever filled, or no fault the guest's",
		       fills, own);
	printf("SUCCESS %u guests, %lu faults filled, %lu told by the shadow\n",
	       3 * count, fills, own);
	return 0;
}
