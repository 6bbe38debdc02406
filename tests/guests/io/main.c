// SPDX-License-Identifier: GPL-2.0
/*
 * Ports and memory-mapped registers that the launcher answers.
 *
 * Claim: in and out of 1, 2 and 4 bytes reach whoever runs the guest, with
 * the right port, value and width, by DX and by immediate; `in` leaves the
 * rest of EAX alone; accesses to the MMIO range do the same for memory, with
 * the usual forms of mov; a doorbell rings without the launcher.
 *
 * Source: include/lguest/api.h, LG_EXIT_IO, LG_EXIT_MMIO, LG_DOORBELL.
 *
 * A failure shows the value that came back.
 */
#include "tg.h"

const char tg_title[] = "ports and MMIO";

static u32 mmio;	/* gva of TG_MMIO_GPA */

static void check_ports(void)
{
	u32 v;

	tg_outl(TG_PORT_ECHO, 0x12345678);
	TG_EQ(tg_inl(TG_PORT_ECHO), 0x12345678, "4 bytes");
	tg_outw(TG_PORT_ECHO, 0xabcd);
	TG_EQ(tg_inl(TG_PORT_ECHO), 0xabcd, "2 bytes, upper ones zero");
	tg_outb(TG_PORT_ECHO, 0xef);
	TG_EQ(tg_inl(TG_PORT_ECHO), 0xef, "1 byte, upper ones zero");
	tg_outl(TG_PORT_ECHO, 0xa1b2c3d4);
	asm volatile("inb %w1, %b0" : "=a"(v) : "d"(TG_PORT_ECHO), "0"(0x11111111));
	TG_EQ(v, 0x111111d4, "eax after inb");
	asm volatile("inw %w1, %w0" : "=a"(v) : "d"(TG_PORT_ECHO), "0"(0x22222222));
	TG_EQ(v, 0x2222c3d4, "eax after inw");
	asm volatile("inb $0x80, %b0" : "=a"(v) : "0"(0));
	TG_EQ(v, 0xff, "a port nobody has");
	asm volatile("outb %%al, $0x80" : : "a"(1));
	asm volatile("inl $0x80, %0" : "=a"(v));
	TG_EQ(v, 0xffffffff, "a port nobody has, 4 bytes");
	asm volatile("inl %w1, %0" : "=a"(v) : "d"(0xabcd0000 | TG_PORT_ECHO));
	TG_EQ(v, 0xa1b2c3d4, "a port is what DX has");
}

static void check_moves(void)
{
	volatile u32 *r32 = (void *)mmio;
	volatile u16 *r16 = (void *)mmio;
	volatile u8 *r8 = (void *)mmio;
	u32 v;

	r32[0] = 0x11223344;
	TG_EQ(r32[0], 0x11223344, "4 bytes");
	TG_EQ(r16[1], 0x1122, "2 bytes");
	TG_EQ(r8[2], 0x22, "1 byte");
	r8[0] = 0xaa;
	r16[1] = 0xbbcc;
	TG_EQ(r32[0], 0xbbcc33aa, "4 bytes after parts");
	/* Registers of all kinds, immediates, index forms. */
	asm volatile("movl %1, (%0)" : : "r"(mmio + 4), "D"(0x55aa55aa));
	asm volatile("movl (%1), %0" : "=S"(v) : "b"(mmio + 4));
	TG_EQ(v, 0x55aa55aa, "esi");
	asm volatile("movb %%ch, (%0)" : : "r"(mmio + 4), "c"(0x7700));
	asm volatile("movb (%1), %%bh" : "=b"(v) : "r"(mmio + 4), "0"(0));
	TG_EQ(v, 0x7700, "bh");
	asm volatile("movl $0x13572468, (%0)" : : "r"(mmio + 8));
	TG_EQ(r32[2], 0x13572468, "immediate");
	asm volatile("movl (%1,%2,4), %0" : "=r"(v) : "r"(mmio), "r"(2));
	TG_EQ(v, 0x13572468, "scaled index");
	asm volatile("movl 8(%1), %0" : "=r"(v) : "r"(mmio));
	TG_EQ(v, 0x13572468, "displacement");
	asm volatile("movl 8(,%1,4), %0" : "=r"(v) : "r"(mmio / 4));
	TG_EQ(v, 0x13572468, "index without base");
	asm volatile("movzbl 8(%1), %0" : "=r"(v) : "r"(mmio));
	TG_EQ(v, 0x68, "movzbl");
	asm volatile("movzwl 8(%1), %0" : "=r"(v) : "r"(mmio));
	TG_EQ(v, 0x2468, "movzwl");
}

static void check_doorbell(void)
{
	u32 before = tg_stat(LG_STAT_DOORBELL);

	tg_irq_unmask(TG_DOORBELL_IRQ);
	tg_irq_enable();
	*(volatile u32 *)(mmio + TG_DOORBELL_GPA - TG_MMIO_GPA) = 1;
	/* The eventfd's interrupt may take a moment. */
	while (!tg_irq_count[TG_DOORBELL_IRQ])
		tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	tg_irq_disable();
	TG_EQ(tg_stat(LG_STAT_DOORBELL) - before, 1, "doorbells");
	TG_EQ(tg_irq_count[TG_DOORBELL_IRQ], 1, "interrupts");
	/* Another width is an ordinary access. */
	*(volatile u8 *)(mmio + TG_DOORBELL_GPA - TG_MMIO_GPA) = 2;
	TG_EQ(tg_stat(LG_STAT_DOORBELL) - before, 1, "doorbells of 1 byte");
}

void test_main(void)
{
	u32 i;

	if (!tg_needs_device())
		return;
	mmio = TG_MMIO_GPA;
	if (tg_env.paged) {
		mmio = TG_UTEST;
		for (i = 0; i < TG_MMIO_BYTES; i += TG_PAGE)
			tg_set_pte(tg_root, mmio + i,
				   (TG_MMIO_GPA + i) | TG_P | TG_W);
	}
	check_ports();
	check_moves();
	check_doorbell();
}
