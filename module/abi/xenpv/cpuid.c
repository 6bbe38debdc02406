// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest's kernel is told about the CPU: one policy, in tables.
 *
 * Programs of the guest execute CPUID themselves and see the host's CPU; the
 * kernel asks us. It may use what works in ring 3 without our help, and is not
 * told of what needs ring 0, of large pages, which shadows do not have, and of
 * registers that we would have to switch. What is not named here does not exist.
 * State that XSAVE covers is the host's own, as far as guests may use it:
 * programs see it anyway.
 */
#include <asm/cpufeature.h>
#include <asm/fpu/xcr.h>
#include <asm/processor.h>
#include <asm/xen/cpuid.h>
#include "xenpv.h"

#define BASIC_MAX	0xd
#define EXTENDED_MAX	0x80000008
#define XEN_FIRST	0x40000000
#define XEN_LAST	0x4fffffff

#define F(name)		BIT(X86_FEATURE_##name & 31)

/* CPUID 1, EDX. */
#define LEAF1_EDX (F(FPU) | F(DE) | F(TSC) | F(MSR) | F(PAE) | F(CX8) |	\
	F(CMOV) | F(PAT) | F(CLFLUSH) | F(MMX) | F(FXSR) | F(XMM) |	\
	F(XMM2) | F(SELFSNOOP))

/* CPUID 1, ECX; OSXSAVE as the guest has set it, HYPERVISOR always. */
#define LEAF1_ECX (F(XMM3) | F(PCLMULQDQ) | F(SSSE3) | F(CX16) |	\
	F(XMM4_1) | F(XMM4_2) | F(MOVBE) | F(POPCNT) | F(AES) | F(RDRAND))
#define LEAF1_ECX_XSAVE (F(XSAVE) | F(AVX) | F(FMA) | F(F16C))

/* CPUID 7, EBX. */
#define LEAF7_EBX (F(BMI1) | F(BMI2) | F(ERMS) | F(FDP_EXCPTN_ONLY) |	\
	F(RDSEED) | F(ADX) | F(CLFLUSHOPT) | F(CLWB) | F(SHA_NI) |	\
	F(ZERO_FCS_FDS))
#define LEAF7_EBX_AVX	F(AVX2)
#define LEAF7_EBX_ZMM (F(AVX512F) | F(AVX512DQ) | F(AVX512IFMA) |	\
	F(AVX512CD) | F(AVX512BW) | F(AVX512VL))

/* CPUID 7, ECX. */
#define LEAF7_ECX_AVX (F(GFNI) | F(VAES) | F(VPCLMULQDQ))
#define LEAF7_ECX_ZMM (F(AVX512VBMI) | F(AVX512_VBMI2) |		\
	F(AVX512_VNNI) | F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ))

/* CPUID 7, EDX. */
#define LEAF7_EDX	(F(FSRM) | F(MD_CLEAR))

/* CPUID 0xd.1, EAX: neither XSAVES nor XFD. */
#define LEAFD1_EAX	(F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1))

/* CPUID 0x80000001, EDX: AMD's repeat CPUID 1, too. */
#define LEAFX1_EDX (F(SYSCALL) | F(NX) | F(MMXEXT) | F(FXSR_OPT) |	\
	F(LM) | F(3DNOWEXT) | F(3DNOW))
#define LEAFX1_EDX_AMD	(LEAF1_EDX & 0x0183f3ff)

/* CPUID 0x80000001, ECX. */
#define LEAFX1_ECX (F(LAHF_LM) | F(ABM) | F(SSE4A) | F(MISALIGNSSE) |	\
	F(3DNOWPREFETCH) | F(TBM))
#define LEAFX1_ECX_AVX	(F(XOP) | F(FMA4))

/* CPUID 0x80000008, EBX. */
#define LEAFX8_EBX	F(CLZERO)

#define OFFERED_XCR0 (XFEATURE_MASK_FP | XFEATURE_MASK_SSE |		\
	XFEATURE_MASK_YMM | XFEATURE_MASK_AVX512)

#define XSAVE_LEGACY	(512 + 64)	/* bytes: FXSAVE area and header */
#define XCR0_BITS	63

enum { EAX, EBX, ECX, EDX };

/**
 * xenpv_xcr0_offered - bits that a guest may set in XCR0; 0: no XSAVE
 */
u64 xenpv_xcr0_offered(void)
{
	if (!boot_cpu_has(X86_FEATURE_OSXSAVE))
		return 0;
	return xgetbv(XCR_XFEATURE_ENABLED_MASK) & OFFERED_XCR0;
}

static void leaf_features(struct lg_vcpu *vcpu, u32 reg[4])
{
	u64 xcr0 = xenpv_xcr0_offered();
	u32 ecx = LEAF1_ECX;

	if (xcr0)
		ecx |= F(XSAVE);
	if (xcr0 & XFEATURE_MASK_YMM)
		ecx |= LEAF1_ECX_XSAVE;
	reg[EBX] = (reg[EBX] & 0xff00) | 1 << 16;	/* CLFLUSH; one CPU */
	reg[ECX] = (reg[ECX] & ecx) | F(HYPERVISOR);
	if (xcr0 && xenpv_vcpu(vcpu)->cr4 & X86_CR4_OSXSAVE)
		reg[ECX] |= F(OSXSAVE);
	reg[EDX] &= LEAF1_EDX;
}

static void leaf_more_features(u32 subleaf, u32 reg[4])
{
	u64 xcr0 = xenpv_xcr0_offered();
	u32 ebx = LEAF7_EBX, ecx = 0;

	if (subleaf) {
		memset(reg, 0, 4 * sizeof(reg[0]));
		return;
	}
	if (boot_cpu_has(X86_FEATURE_FSGSBASE))
		ebx |= F(FSGSBASE);
	if (xcr0 & XFEATURE_MASK_YMM) {
		ebx |= LEAF7_EBX_AVX;
		ecx |= LEAF7_ECX_AVX;
	}
	if (xcr0 & XFEATURE_MASK_AVX512) {
		ebx |= LEAF7_EBX_ZMM;
		ecx |= LEAF7_ECX_ZMM;
	}
	reg[EAX] = 0;
	reg[EBX] &= ebx;
	reg[ECX] &= ecx;
	reg[EDX] &= LEAF7_EDX;
}

/* Bytes of an XSAVE area with these components, by the CPU's own offsets. */
static u32 xsave_size(u64 mask, bool compacted)
{
	u32 size = XSAVE_LEGACY, reg[4];
	unsigned int i;

	for (i = 2; i < XCR0_BITS; i++) {
		if (!(mask & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &reg[EAX], &reg[EBX], &reg[ECX], &reg[EDX]);
		if (!compacted)
			size = max(size, reg[EBX] + reg[EAX]);
		else if (reg[ECX] & 2)
			size = ALIGN(size, 64) + reg[EAX];
		else
			size += reg[EAX];
	}
	return size;
}

static void leaf_xsave(struct lg_vcpu *vcpu, u32 subleaf, u32 reg[4])
{
	u64 offered = xenpv_xcr0_offered(), xcr0 = xenpv_vcpu(vcpu)->xcr0;

	if (!offered) {
		memset(reg, 0, 4 * sizeof(reg[0]));
	} else if (subleaf == 0) {
		reg[EAX] = offered;
		reg[EBX] = xsave_size(xcr0, false);
		reg[ECX] = xsave_size(offered, false);
		reg[EDX] = offered >> 32;
	} else if (subleaf == 1) {
		reg[EAX] &= LEAFD1_EAX;
		reg[EBX] = xsave_size(xcr0, true);
		reg[ECX] = 0;
		reg[EDX] = 0;
	} else if (subleaf < XCR0_BITS && offered & BIT_ULL(subleaf)) {
		reg[ECX] &= 2;	/* alignment; not supervisor, not XFD */
		reg[EDX] = 0;
	} else {
		memset(reg, 0, 4 * sizeof(reg[0]));
	}
}

static void leaf_extended_features(u32 reg[4])
{
	bool avx = xenpv_xcr0_offered() & XFEATURE_MASK_YMM;
	bool amd = boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
		   boot_cpu_data.x86_vendor == X86_VENDOR_HYGON;

	reg[EBX] = 0;
	reg[ECX] &= LEAFX1_ECX | (avx ? LEAFX1_ECX_AVX : 0);
	reg[EDX] &= LEAFX1_EDX | (amd ? LEAFX1_EDX_AMD : 0);
}

/* Grant tables of version 2 would follow from leaf 5: it is not there. */
static void leaf_xen(u32 leaf, u32 reg[4])
{
	memset(reg, 0, 4 * sizeof(reg[0]));
	switch (leaf) {
	case XEN_FIRST:
		reg[EAX] = XEN_FIRST + 2;
		reg[EBX] = XEN_CPUID_SIGNATURE_EBX;
		reg[ECX] = XEN_CPUID_SIGNATURE_ECX;
		reg[EDX] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case XEN_FIRST + 1:
		reg[EAX] = XENPV_VERSION;
		break;
	case XEN_FIRST + 2:
		reg[ECX] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	}
}

/**
 * xenpv_cpuid - CPUID for the guest's kernel
 * @vcpu: which
 * @leaf: EAX
 * @subleaf: ECX
 * @reg: EAX, EBX, ECX, EDX: filled
 */
void xenpv_cpuid(struct lg_vcpu *vcpu, u32 leaf, u32 subleaf, u32 reg[4])
{
	if (leaf >= XEN_FIRST && leaf <= XEN_LAST) {
		leaf_xen(leaf, reg);
		return;
	}
	cpuid_count(leaf, subleaf, &reg[EAX], &reg[EBX], &reg[ECX], &reg[EDX]);
	switch (leaf) {
	case 0:
		reg[EAX] = min_t(u32, reg[EAX], BASIC_MAX);
		break;
	case 1:
		leaf_features(vcpu, reg);
		break;
	case 2:		/* caches, as they are */
	case 0x80000002 ... 0x80000004:	/* the CPU's name */
	case 0x80000005 ... 0x80000006:	/* caches */
		break;
	case 4:		/* caches, not shared with other CPUs */
		reg[EAX] &= 0x3fff;
		break;
	case 7:
		leaf_more_features(subleaf, reg);
		break;
	case 0xd:
		leaf_xsave(vcpu, subleaf, reg);
		break;
	case 0x80000000:
		reg[EAX] = min_t(u32, reg[EAX], EXTENDED_MAX);
		break;
	case 0x80000001:
		leaf_extended_features(reg);
		break;
	case 0x80000008:	/* four levels of page tables, one core */
		reg[EAX] = (reg[EAX] & 0xff) | 48 << 8;
		reg[EBX] &= LEAFX8_EBX;
		reg[ECX] = 0;
		reg[EDX] = 0;
		break;
	default:
		memset(reg, 0, 4 * sizeof(reg[0]));
		break;
	}
}
