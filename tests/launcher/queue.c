// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walker of virtqueues believes nothing.  Each case sets up a ring that a
 * good or a bad driver might, and says what has to come of it; the last one
 * throws dice.  A wrong address shows as an AddressSanitizer report.
 */
#include "dev/virtio/queue.h"

#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#include "dev/virtio/virtio.h"
#include "ktap.h"
#include "mem.h"

#define MEM_BYTES	0x10000
#define DESC_GPA	0x1000
#define AVAIL_GPA	0x2000
#define USED_GPA	0x3000
#define TABLE_GPA	0x4000
#define DATA_GPA	0x8000
#define SIZE		8

static struct mem mem;
static struct virtq q;
static struct chain chain;
static const char *why;

static struct vring_desc *desc(unsigned int i)
{
	return (struct vring_desc *)(mem.base + DESC_GPA) + i;
}

static struct vring_avail *avail(void)
{
	return (struct vring_avail *)(mem.base + AVAIL_GPA);
}

static struct vring_used *used(void)
{
	return (struct vring_used *)(mem.base + USED_GPA);
}

static void set_desc(unsigned int i, u64 addr, u32 len, u16 flags, u16 next)
{
	*desc(i) = (struct vring_desc){ addr, len, flags, next };
}

static void offer(u16 head)
{
	avail()->ring[avail()->idx % SIZE] = head;
	avail()->idx++;
}

static void set_up(void)
{
	memset(mem.base, 0, mem.size);
	virtq_reset(&q, SIZE);
	q.desc_gpa = DESC_GPA;
	q.avail_gpa = AVAIL_GPA;
	q.used_gpa = USED_GPA;
	why = virtq_enable(&q, &mem);
}

static void empty(void)
{
	set_up();
	CHECK(!why);
	CHECK(virtq_pop(&q, &chain, &why) == 0);
}

static void not_ready(void)
{
	set_up();
	offer(0);
	q.ready = false;
	CHECK(virtq_pop(&q, &chain, &why) == 0);
}

static void out_and_in(void)
{
	set_up();
	set_desc(3, DATA_GPA, 16, VRING_DESC_F_NEXT, 5);
	set_desc(5, DATA_GPA + 16, 100, VRING_DESC_F_WRITE, 0);
	offer(3);
	CHECK(virtq_pop(&q, &chain, &why) == 1);
	CHECK(chain.head == 3 && chain.out == 1 && chain.in == 1);
	CHECK(chain.out_bytes == 16 && chain.in_bytes == 100);
	CHECK(chain.iov[0].iov_base == mem.base + DATA_GPA);
	CHECK(chain.iov[1].iov_base == mem.base + DATA_GPA + 16);
	virtq_push(&q, chain.head, 100);
	CHECK(used()->idx == 1 && used()->ring[0].id == 3);
	CHECK(used()->ring[0].len == 100);
	CHECK(virtq_pop(&q, &chain, &why) == 0);
}

static void index_wraps(void)
{
	set_up();
	set_desc(0, DATA_GPA, 1, 0, 0);
	q.next_avail = q.next_used = 0xfffe;
	avail()->idx = 0xfffe;
	for (u32 i = 0; i < 5; i++) {
		offer(0);
		CHECK(virtq_pop(&q, &chain, &why) == 1);
		virtq_push(&q, chain.head, 7 + i);
		CHECK(used()->ring[(0xfffe + i) % SIZE].len == 7 + i);
	}
	CHECK(used()->idx == 3);
}

static void indirect(void)
{
	struct vring_desc *table;

	set_up();
	table = (struct vring_desc *)(mem.base + TABLE_GPA);
	table[0] = (struct vring_desc){ DATA_GPA, 4, VRING_DESC_F_NEXT, 2 };
	table[2] = (struct vring_desc){ DATA_GPA, 8, VRING_DESC_F_WRITE, 0 };
	set_desc(0, TABLE_GPA, 3 * sizeof(*table), VRING_DESC_F_INDIRECT, 0);
	offer(0);
	CHECK(virtq_pop(&q, &chain, &why) == 1);
	CHECK(chain.out_bytes == 4 && chain.in_bytes == 8);
}

/* Longer than any ring, and not behind the first descriptor of one. */
static void indirect_long(void)
{
	struct vring_desc *table;

	set_up();
	table = (struct vring_desc *)(mem.base + TABLE_GPA);
	for (u16 i = 0; i < 3 * SIZE; i++)
		table[i] = (struct vring_desc){ DATA_GPA + i, 1,
						VRING_DESC_F_NEXT, (u16)(i + 1) };
	table[3 * SIZE - 1].flags = 0;
	set_desc(5, TABLE_GPA, 3 * SIZE * sizeof(*table),
		 VRING_DESC_F_INDIRECT, 0);
	offer(5);
	CHECK(virtq_pop(&q, &chain, &why) == 1);
	CHECK(chain.head == 5 && chain.out == 3 * SIZE);
	CHECK(chain.iov[0].iov_base == mem.base + DATA_GPA);
}

static void interrupt_wanted(void)
{
	set_up();
	CHECK(virtq_wants_irq(&q));
	avail()->flags = VRING_AVAIL_F_NO_INTERRUPT;
	CHECK(!virtq_wants_irq(&q));
}

static void bad_rings(void)
{
	static const u64 bad[] = {
		MEM_BYTES, MEM_BYTES - 16, 0xfffffffffffffff0ull, 0xfffffff0,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_up();
		q.desc_gpa = bad[i];
		CHECK(virtq_enable(&q, &mem));
		q.desc_gpa = DESC_GPA;
		q.avail_gpa = bad[i];
		CHECK(virtq_enable(&q, &mem));
		q.avail_gpa = AVAIL_GPA;
		q.used_gpa = bad[i];
		CHECK(virtq_enable(&q, &mem));
	}
}

/* By less than their entries are long, and by what their entries are aligned to. */
static void odd_rings(void)
{
	set_up();
	q.desc_gpa = DESC_GPA + 8;
	CHECK(virtq_enable(&q, &mem));
	q.desc_gpa = DESC_GPA;
	q.avail_gpa = AVAIL_GPA + 1;
	CHECK(virtq_enable(&q, &mem));
	q.avail_gpa = AVAIL_GPA;
	q.used_gpa = USED_GPA + 2;
	CHECK(virtq_enable(&q, &mem));
}

/* Rings that end where memory does; then with their last bytes behind it. */
static void rings_at_the_end(void)
{
	u64 desc_bytes = SIZE * sizeof(struct vring_desc);
	u64 avail_bytes = (3 + SIZE) * sizeof(u16);
	u64 used_bytes = 3 * sizeof(u16) + SIZE * sizeof(struct vring_used_elem);

	set_up();
	q.desc_gpa = MEM_BYTES - desc_bytes;
	CHECK(!virtq_enable(&q, &mem));
	q.desc_gpa += 16;
	CHECK(virtq_enable(&q, &mem));
	q.desc_gpa = DESC_GPA;
	q.avail_gpa = MEM_BYTES - avail_bytes;
	CHECK(!virtq_enable(&q, &mem));
	q.avail_gpa += 2;
	CHECK(virtq_enable(&q, &mem));
	q.avail_gpa = AVAIL_GPA;
	q.used_gpa = (MEM_BYTES - used_bytes) & ~3ull;
	CHECK(!virtq_enable(&q, &mem));
	q.used_gpa += 4;
	CHECK(virtq_enable(&q, &mem));
}

static void runaway_index(void)
{
	set_up();
	avail()->idx = SIZE + 1;
	CHECK(virtq_pop(&q, &chain, &why) < 0);
}

static void bad_head(void)
{
	set_up();
	offer(SIZE);
	CHECK(virtq_pop(&q, &chain, &why) < 0);
}

static void circle(void)
{
	set_up();
	set_desc(0, DATA_GPA, 1, VRING_DESC_F_NEXT, 1);
	set_desc(1, DATA_GPA, 1, VRING_DESC_F_NEXT, 0);
	offer(0);
	CHECK(virtq_pop(&q, &chain, &why) < 0);
}

static void outside_memory(void)
{
	static const struct {
		u64 addr;
		u32 len;
	} bad[] = {
		{ MEM_BYTES - 1, 2 }, { MEM_BYTES + 1, 0 }, { 0, MEM_BYTES + 1 },
		{ 0xffffffffffffffffull, 2 }, { 0xffffffff, 0xffffffff },
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_up();
		set_desc(0, bad[i].addr, bad[i].len, 0, 0);
		offer(0);
		CHECK(virtq_pop(&q, &chain, &why) < 0);
	}
}

static void read_after_write(void)
{
	set_up();
	set_desc(0, DATA_GPA, 1, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	set_desc(1, DATA_GPA, 1, 0, 0);
	offer(0);
	CHECK(virtq_pop(&q, &chain, &why) < 0);
}

static void bad_indirect(void)
{
	static const struct {
		u64 addr;
		u32 len;
		u16 flags;
	} bad[] = {
		{ TABLE_GPA, 0, 0 },
		{ TABLE_GPA, 17, 0 },
		{ MEM_BYTES - 16, 32, 0 },
		{ TABLE_GPA, 16, VRING_DESC_F_NEXT },
		{ TABLE_GPA, 0xfffffff0, 0 },
	};
	struct vring_desc *table;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_up();
		set_desc(0, bad[i].addr, bad[i].len,
			 bad[i].flags | VRING_DESC_F_INDIRECT, 1);
		offer(0);
		CHECK(virtq_pop(&q, &chain, &why) < 0);
	}
	set_up();
	table = (struct vring_desc *)(mem.base + TABLE_GPA);
	table[0] = (struct vring_desc){ TABLE_GPA, 16, VRING_DESC_F_INDIRECT, 0 };
	set_desc(0, TABLE_GPA, 16, VRING_DESC_F_INDIRECT, 0);
	offer(0);
	CHECK(virtq_pop(&q, &chain, &why) < 0);
}

/* More buffers than any ring has entries, through an indirect table. */
static void too_many_buffers(void)
{
	struct vring_desc *table;

	set_up();
	table = (struct vring_desc *)(mem.base + TABLE_GPA);
	for (u16 i = 0; i < 300; i++)
		table[i] = (struct vring_desc){ DATA_GPA, 1, VRING_DESC_F_NEXT,
						(u16)(i + 1) };
	set_desc(0, TABLE_GPA, 301 * 16, VRING_DESC_F_INDIRECT, 0);
	offer(0);
	CHECK(virtq_pop(&q, &chain, &why) < 0);
}

/* No device could say how many of them it wrote.  Nothing of it is touched. */
static void too_many_bytes(void)
{
	struct mem large = { .base = mem.base, .size = 1ull << 32 };

	set_up();
	q.mem = &large;
	set_desc(0, 0, 0x80000000, VRING_DESC_F_NEXT, 1);
	set_desc(1, 0, 0x7fffffff, VRING_DESC_F_NEXT, 2);
	set_desc(2, 0, 0x80000000, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 3);
	set_desc(3, 0, 0x7fffffff, VRING_DESC_F_WRITE, 0);
	offer(0);
	CHECK(virtq_pop(&q, &chain, &why) == 1);
	CHECK(chain.out_bytes == UINT32_MAX && chain.in_bytes == UINT32_MAX);
	desc(3)->len++;
	offer(0);
	CHECK(virtq_pop(&q, &chain, &why) < 0);
	desc(3)->len--;
	desc(1)->len++;
	CHECK(virtq_pop(&q, &chain, &why) < 0);
}

static void cut_anywhere(void)
{
	char text[8] = { 0 };

	set_up();
	memcpy(mem.base + DATA_GPA, "abcdef", 6);
	set_desc(0, DATA_GPA, 1, VRING_DESC_F_NEXT, 1);
	set_desc(1, DATA_GPA + 1, 0, VRING_DESC_F_NEXT, 2);
	set_desc(2, DATA_GPA + 1, 5, VRING_DESC_F_NEXT, 3);
	set_desc(3, DATA_GPA + 8, 2, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 4);
	set_desc(4, DATA_GPA + 12, 2, VRING_DESC_F_WRITE, 0);
	offer(0);
	CHECK(virtq_pop(&q, &chain, &why) == 1);
	CHECK(chain_read(&chain, 0, text, 8) == 6 && !strcmp(text, "abcdef"));
	CHECK(chain_read(&chain, 4, text, 1) == 1 && text[0] == 'e');
	CHECK(chain_write(&chain, 1, "xyz", 3) == 3);
	CHECK(!memcmp(mem.base + DATA_GPA + 8, "\0x\0\0yz", 6));
}

static u32 dice(void)
{
	static u32 seed = 1;

	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Any ring at all: no bad access, and whatever comes out is in memory. */
static void fuzz(void)
{
	for (int round = 0; round < 20000; round++) {
		set_up();
		for (u32 i = 0; i < SIZE; i++)
			set_desc(i, dice() % (MEM_BYTES + 64),
				 dice() % 4 ? dice() % 64 * 16 : dice(),
				 (u16)(dice() % 8), (u16)(dice() % (SIZE + 1)));
		for (u32 i = 0; i < 0x400; i++)
			mem.base[TABLE_GPA + i] = (u8)(dice() % 9);
		offer((u16)(dice() % (SIZE + 1)));
		if (virtq_pop(&q, &chain, &why) != 1)
			continue;
		for (unsigned int i = 0; i < chain.out + chain.in; i++) {
			u8 *at = chain.iov[i].iov_base;

			CHECK(at >= mem.base);
			CHECK(at + chain.iov[i].iov_len <=
			      mem.base + MEM_BYTES);
		}
	}
}

static const struct ktap_case cases[] = {
	{ "an empty queue gives nothing", empty },
	{ "a queue not enabled gives nothing", not_ready },
	{ "a request to read and to write", out_and_in },
	{ "indices wrap", index_wraps },
	{ "an indirect table", indirect },
	{ "a long indirect table", indirect_long },
	{ "interrupts can be declined", interrupt_wanted },
	{ "rings outside memory", bad_rings },
	{ "rings at odd addresses", odd_rings },
	{ "rings at the end of memory", rings_at_the_end },
	{ "an available index that ran away", runaway_index },
	{ "a head out of range", bad_head },
	{ "a chain in a circle", circle },
	{ "buffers outside memory", outside_memory },
	{ "a buffer to read after one to write", read_after_write },
	{ "bad indirect tables", bad_indirect },
	{ "too many buffers", too_many_buffers },
	{ "too many bytes", too_many_bytes },
	{ "buffers cut anywhere", cut_anywhere },
	{ "any ring at all", fuzz },
};

int main(void)
{
	mem.base = malloc(MEM_BYTES);
	mem.size = MEM_BYTES;
	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
