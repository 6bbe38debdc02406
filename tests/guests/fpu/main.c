// SPDX-License-Identifier: GPL-2.0
/*
 * x87 and SSE state.
 *
 * Claim: what a guest has in its x87, XMM and MXCSR registers is there after
 * anything the host and its launcher do: hypercalls, port exits, interrupts,
 * sleeping.  The first state is clean: nothing of anybody else.
 *
 * Source: reliability class 13.
 *
 * Run several at once, with host programs that use the same registers, to
 * mean something (tests/host/fpu).  A failure names the register.
 */
#include "tg.h"

const char tg_title[] = "FPU state";

struct fxsave {
	u16 fcw, fsw;
	u8 ftw, zero;
	u16 fop;
	u32 fip, fcs, fdp, fds;
	u32 mxcsr, mxcsr_mask;
	u32 st[8][4];
	u32 xmm[16][4];
	u32 rest[24];
} __attribute__((aligned(16)));

static struct fxsave first, in, out;

static void save(struct fxsave *f)
{
	asm volatile("fxsave %0" : "=m"(*f));
}

static void load(const struct fxsave *f)
{
	asm volatile("fxrstor %0" : : "m"(*f));
}

static void check_first(void)
{
	u32 i, j;

	TG_EQ(first.fcw, 0x37f, "first control word");
	TG_EQ(first.ftw, 0, "first tags");
	TG_EQ(first.mxcsr, 0x1f80, "first MXCSR");
	for (i = 0; i < 8; i++)
		for (j = 0; j < 4; j++)
			TG_CHECK(!first.xmm[i][j], "first xmm%u is %#x", i,
				 first.xmm[i][j]);
	for (i = 0; i < 8; i++)
		for (j = 0; j < 2; j++)
			TG_CHECK(!first.st[i][j], "first st%u is %#x", i,
				 first.st[i][j]);
}

static void fill(struct fxsave *f, u32 seed)
{
	u32 i, j;

	tg_rand_seed(seed);
	memset(f, 0, sizeof(*f));
	f->fcw = 0x27f | (seed & 3) << 10;
	f->ftw = 0xff;
	f->mxcsr = 0x1f80 | (seed & 3) << 13;
	for (i = 0; i < 8; i++) {
		for (j = 0; j < 4; j++)
			f->xmm[i][j] = tg_rand();
		f->st[i][0] = tg_rand();
		f->st[i][1] = tg_rand() | 0x80000000;
		f->st[i][2] = 0x3fff;
	}
}

static void compare(u32 round, const char *what)
{
	u32 i;

	save(&out);
	TG_CHECK(out.fcw == in.fcw, "%s: fcw %#x, not %#x (%u)", what, out.fcw,
		 in.fcw, round);
	TG_CHECK(out.mxcsr == in.mxcsr, "%s: mxcsr %#x, not %#x", what,
		 out.mxcsr, in.mxcsr);
	TG_CHECK(out.ftw == in.ftw, "%s: tags %#x", what, out.ftw);
	for (i = 0; i < 8; i++) {
		TG_CHECK(!memcmp(out.xmm[i], in.xmm[i], 16), "%s: xmm%u", what,
			 i);
		TG_CHECK(!memcmp(out.st[i], in.st[i], 10), "%s: st%u", what, i);
	}
}

static void check_round(u32 round)
{
	u64 end;

	fill(&in, round + 1);
	load(&in);
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	compare(round, "hypercall");
	tg_inb(0x80);
	compare(round, "port");
	tg_sleep(200000);
	compare(round, "sleep");
	end = tg_rdtsc() + 1000000;
	while (tg_rdtsc() < end)
		;
	compare(round, "spin");
}

void test_main(void)
{
	u32 i;

	save(&first);
	check_first();
	tg_irq_unmask(0);
	for (i = 0; i < 300; i++)
		check_round(i);
}
