// SPDX-License-Identifier: GPL-2.0
/*
 * The timer.
 *
 * Claim: SET_CLOCKEVENT makes IRQ 0 pending once, not before its time; zero
 * turns it off; a new one replaces the old; one nanosecond and the largest
 * value are fine; a masked timer stays pending.
 *
 * Source: docs/abi/lg32.md, clock and time.
 *
 * The host's monotonic clock (test device) is the judge.  Nothing here has an
 * upper limit: a slow machine is no failure.
 */
#include "tg.h"

const char tg_title[] = "timer";

#define data ((volatile struct lg32_data *)&tg_data)

static void set(u32 ns)
{
	tg_hcall(LG32_SET_CLOCKEVENT, ns, 0, 0, 0);
}

/* Interrupts are off while a test sets a timer: it waits for the HALT. */
static void halt(void)
{
	tg_hcall(LG32_HALT, 0, 0, 0, 0);
	tg_irq_disable();
}

static u32 usec(void)
{
	return tg_inl(TG_PORT_USEC);
}

static void check_delay(u32 ns)
{
	u32 start = usec(), n = tg_irq_count[0], took;

	set(ns);
	halt();
	took = usec() - start;
	TG_EQ(tg_irq_count[0] - n, 1, "timer interrupts");
	TG_CHECK(took >= ns / 1000, "%u ns took %u us", ns, took);
}

/* A sleep of this many microseconds with no interrupt to come. */
static void spin(u32 us)
{
	u32 start = usec();

	while (usec() - start < us)
		;
}

static void check_off(void)
{
	u32 n = tg_irq_count[0];

	tg_irq_mask(0);
	set(20000000);
	set(0);
	spin(40000);
	tg_irq_unmask(0);
	tg_irq_enable();
	tg_hcall(LG32_SEND_INTERRUPTS, 0, 0, 0, 0);
	tg_irq_disable();
	TG_EQ(tg_irq_count[0], n, "interrupts of a timer turned off");
}

static void check_replace(void)
{
	u32 n = tg_irq_count[0], start = usec();

	set(5000000);
	set(50000000);
	halt();
	TG_EQ(tg_irq_count[0] - n, 1, "interrupts of a replaced timer");
	TG_CHECK(usec() - start >= 50000, "the replaced timer came");
	set(0xffffffff);
	set(1000);
	halt();
	TG_EQ(tg_irq_count[0] - n, 2, "interrupts after a long timer");
	set(0);
}

static void check_masked(void)
{
	u32 n = tg_irq_count[0];

	tg_irq_mask(0);
	set(1000);
	spin(5000);
	TG_EQ(tg_irq_count[0], n, "interrupts of a masked timer");
	tg_irq_unmask(0);
	tg_irq_enable();
	tg_hcall(LG32_SEND_INTERRUPTS, 0, 0, 0, 0);
	tg_irq_disable();
	TG_EQ(tg_irq_count[0], n + 1, "interrupts once unmasked");
}

/* It interrupts a guest that never visits the host. */
static void check_busy(void)
{
	u32 n = tg_irq_count[0];

	tg_irq_enable();
	set(1000000);
	while (tg_irq_count[0] == n)
		asm volatile("pause" : : : "memory");
	tg_irq_disable();
}

static void check_many(void)
{
	u32 n = tg_irq_count[0], i;

	for (i = 0; i < 200; i++) {
		set(1 + i * 37 % 1000);
		halt();
	}
	TG_EQ(tg_irq_count[0] - n, 200, "interrupts of many timers");
}

void test_main(void)
{
	static const u32 delays[] = { 1, 99, 1000, 100000, 2000000, 30000000 };
	u32 i;

	if (!tg_needs_device())
		return;
	tg_irq_unmask(0);
	for (i = 0; i < ARRAY_SIZE(delays); i++)
		check_delay(delays[i]);
	check_off();
	check_replace();
	check_masked();
	check_busy();
	check_many();
}
