// SPDX-License-Identifier: GPL-2.0
/*
 * The switcher's 256 entry stubs, one by one.
 *
 * Claim: the real IDT has a gate for each vector, to a stub of its own, which
 * pushes a zero if the CPU pushes no error code for that vector, and the
 * vector's number.  Most of them cannot be reached by a trap that a guest, or
 * an emulator, could make on purpose.  But ring 1 can read the IDT and the text
 * of the switcher, so we jump to each as if a trap had brought us there, on a
 * stack of our own.  It goes on into the switcher's way out, which saves the
 * registers and then loads a data segment of ring 0: there it is #GP for us,
 * and what it pushed lies on our stack.
 *
 * Source: docs/design.md, item 5; Intel SDM vol. 3, section 6.15 says which
 * vectors have an error code.
 *
 * A failure names the vector.
 */
#include "tg.h"

const char tg_title[] = "the switcher's stubs";

#define SWITCHER_CS	0x50
#define SWITCHER_DS	0x58
/* What the way out saves before it faults: 11 registers, 4 spare words. */
#define SAVED		(15 * 4)
#define EFLAGS		0x202

struct entry {
	u32 stub, esp;
};

static u32 stack[1024];

/* As the CPU leaves it: error code if there is one, eip, cs, eflags. */
static u32 *const top = &stack[ARRAY_SIZE(stack) - 8];

/* void enter(struct entry *entry); never comes back. */
asm(".text\n"
    "enter:\n\t"
    "movl 4(%esp), %eax\n\t"
    "movl 4(%eax), %esp\n\t"
    "jmp *(%eax)\n");
extern const char enter[];

static bool has_error(u32 vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 ||
	       vector == 21;
}

static const volatile u64 *real_idt(void)
{
	struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) idtr;

	asm volatile("sidt %0" : "=m"(idtr));
	TG_EQ(idtr.limit, 256 * 8 - 1, "limit of the real IDT");
	return (const volatile u64 *)idtr.base;
}

/* Where the gate leads; it must be a closed one of the switcher's. */
static u32 stub_of(u32 vector, u64 gate)
{
	u32 stub = (u32)(gate & 0xffff) | (u32)(gate >> 32 & 0xffff0000);

	TG_CHECK((gate >> 16 & 0xffff) == SWITCHER_CS, "gate %u: selector %#x",
		 vector, (u32)(gate >> 16 & 0xffff));
	TG_CHECK((gate >> 40 & 0x9f) == 0x8e, "gate %u: type %#x", vector,
		 (u32)(gate >> 40 & 0xff));
	return stub;
}

static void check(u32 vector, u32 stub)
{
	struct entry entry = { stub, (u32)top };
	const u32 *frame;
	u32 trap, words;

	if (has_error(vector)) {
		top[0] = 0xe0000000 | vector;
		top[1] = 0x12345678;
		top[2] = LG32_KERNEL_CS;
		top[3] = EFLAGS;
	} else {
		top[0] = 0x12345678;
		top[1] = LG32_KERNEL_CS;
		top[2] = EFLAGS;
	}
	trap = tg_catch((void (*)(void *))enter, &entry);
	TG_CHECK(trap == 13 && tg_fault.error == SWITCHER_DS,
		 "stub %u: trap %u, error %#x at %#x", vector, trap,
		 tg_fault.error, tg_fault.eip);
	frame = (const u32 *)tg_fault.esp;
	if (frame < stack || frame >= top) {
		tg_failure("stub %u: stack at %#x", vector, tg_fault.esp);
		return;
	}
	words = top - frame - SAVED / 4;
	TG_CHECK(words == (has_error(vector) ? 1 : 2),
		 "stub %u pushes %u words", vector, words);
	TG_EQ(frame[SAVED / 4], vector, "number");
	TG_CHECK(frame[SAVED / 4 + 1] ==
		 (has_error(vector) ? 0xe0000000 | vector : 0),
		 "stub %u: error code %#x", vector, frame[SAVED / 4 + 1]);
}

void test_main(void)
{
	const volatile u64 *idt = real_idt();
	u32 vector, at, first = 0;

	for (vector = 0; vector < 256; vector++) {
		check(vector, stub_of(vector, idt[vector]));
		/* They all meet in one place. */
		at = tg_fault.eip;
		TG_CHECK(!vector || at == first, "stub %u goes to %#x, not %#x",
			 vector, at, first);
		first = at;
	}
}
