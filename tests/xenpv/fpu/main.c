// SPDX-License-Identifier: GPL-2.0
/*
 * x87, SSE and AVX state, and PKRU.
 *
 * Claim: what a guest has in its x87, XMM, YMM, MXCSR and PKRU registers is there
 * after anything the host and its launcher do: hypercalls, console exits,
 * interrupts, sleeping, changes between user mode and kernel. The first state is
 * clean: nothing of anybody else.
 *
 * Source: reliability class 13; XSA-52, XSA-172, XSA-190.
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
	u64 fip, fdp;
	u32 mxcsr, mxcsr_mask;
	u64 st[8][2];
	u64 xmm[16][2];
	u64 rest[12];
} __attribute__((aligned(16)));

static struct fxsave first, in, out;
static u64 ymm_in[16][4] __attribute__((aligned(32)));
static u64 ymm_out[16][4] __attribute__((aligned(32)));
static bool has_avx, has_pkru;

static void save(struct fxsave *f)
{
	asm volatile("fxsave64 %0" : "=m"(*f));
}

static void load(const struct fxsave *f)
{
	asm volatile("fxrstor64 %0" : : "m"(*f));
}

/* As the kernel sees the CPU, and as it is. */
static bool find_avx(void)
{
	u32 a = 1, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 28 & c >> 27 & 1;
}

/* Protection keys: the host has them on; the guest's kernel is not told. */
static bool find_pkru(void)
{
	u32 a = 7, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 4 & 1;
}

static u32 read_pkru(void)
{
	u32 a, d;

	asm volatile("rdpkru" : "=a"(a), "=d"(d) : "c"(0));
	return a;
}

/* Key 0 is that of all pages here. */
static u32 pkru_of(u32 round)
{
	return 0x12345600 + (round << 4);
}

static void load_ymm(void)
{
	asm volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
		     "vmovdqa 32 * \\n(%0), %%ymm\\n\n\t"
		     ".endr" : : "r"(ymm_in) : "memory");
}

static void save_ymm(void)
{
	asm volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
		     "vmovdqa %%ymm\\n, 32 * \\n(%0)\n\t"
		     ".endr" : : "r"(ymm_out) : "memory");
}

static void check_first(void)
{
	u32 i, j;

	TG_EQ(first.fcw, 0x37f, "first control word");
	TG_EQ(first.ftw, 0, "first tags");
	TG_EQ(first.mxcsr, 0x1f80, "first MXCSR");
	for (i = 0; i < 16; i++)
		for (j = 0; j < 2; j++)
			TG_CHECK(!first.xmm[i][j], "first xmm%u is %#lx", i,
				 first.xmm[i][j]);
	for (i = 0; i < 8; i++)
		TG_CHECK(!first.st[i][0], "first st%u is %#lx", i,
			 first.st[i][0]);
	for (i = 0; has_avx && i < 16; i++)
		for (j = 0; j < 4; j++)
			TG_CHECK(!ymm_out[i][j], "first ymm%u is %#lx", i,
				 ymm_out[i][j]);
}

static void fill(struct fxsave *f, u32 seed)
{
	u32 i, j;

	tg_rand_seed(seed);
	memset(f, 0, sizeof(*f));
	f->fcw = 0x27f | (seed & 3) << 10;
	f->ftw = 0xff;
	f->mxcsr = 0x1f80 | (seed & 3) << 13;
	for (i = 0; i < 16; i++)
		for (j = 0; j < 4; j++)
			ymm_in[i][j] = tg_rand();
	for (i = 0; i < 16; i++)
		memcpy(f->xmm[i], ymm_in[i], 16);
	for (i = 0; i < 8; i++) {
		f->st[i][0] = tg_rand() | 1ul << 63;
		f->st[i][1] = 0x3fff;
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
	for (i = 0; i < 16; i++)
		TG_CHECK(!memcmp(out.xmm[i], in.xmm[i], 16), "%s: xmm%u", what,
			 i);
	for (i = 0; i < 8; i++)
		TG_CHECK(!memcmp(out.st[i], in.st[i], 10), "%s: st%u", what, i);
	if (has_pkru)
		TG_EQ(read_pkru(), pkru_of(round), what);
	if (!has_avx)
		return;
	save_ymm();
	for (i = 0; i < 16; i++)
		TG_CHECK(!memcmp(ymm_out[i], ymm_in[i], 32), "%s: ymm%u", what,
			 i);
}

static void tg_user_code user_syscall(void)
{
	asm volatile("syscall");
}

static void check_round(u32 round)
{
	u64 end;

	fill(&in, round + 1);
	load(&in);
	if (has_avx)
		load_ymm();
	if (has_pkru)
		asm volatile("wrpkru" : : "a"(pkru_of(round)), "c"(0), "d"(0));
	tg_hcall(xen_version, 0, 0, 0, 0);
	compare(round, "hypercall");
	tg_ask(TG_ASK_NSEC, 0);
	compare(round, "console");
	tg_try("ud2", :);
	compare(round, "trap");
	tg_user_call(user_syscall, 0, NULL);
	compare(round, "user mode");
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

	has_avx = find_avx();
	has_pkru = find_pkru();
	save(&first);
	if (has_avx)
		save_ymm();
	check_first();
	for (i = 0; i < 200; i++)
		check_round(i);
}
