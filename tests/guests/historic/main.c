// SPDX-License-Identifier: GPL-2.0
/*
 * What a Linux 4.x kernel built with CONFIG_LGUEST_GUEST does on its way up, in
 * its order and with its numbers, for there is no such kernel to be had: under
 * `lguest run`, with a console and a disk.
 *
 * Claim: its GDT, loaded entry by entry as on a PC, with descriptors of
 * privilege 0, a TSS, 16-bit ones and a canary segment, leaves it running with
 * FS and GS in use; its IDT is taken; the calls of a context switch work from
 * the ring, with thread-local segments where they happen to lie; ports it
 * probes are not there; PCI is found as a PC's would be; the console on slot 1
 * prints through the window in configuration space, eight port accesses a
 * letter; a virtio 1.0 disk is driven by plain moves to a mapping that is not
 * cached, and its interrupt, from the line that its configuration space says,
 * wakes the guest from HALT; a restart needs no text, and a panic makes the call
 * of a power-off, with another text.
 *
 * Source: docs/abi/lg32.md; facts about Linux 4.1.18; virtio 1.0, sections 4.1
 * and 5.2.
 *
 * The disk must begin with "historic"; its second sector gets the first one's
 * bytes, backwards.  With those there, the next boot panics, if told to, or goes
 * on to power off; the first restarts.  A failure says what came instead.
 */
#include "tg.h"

const char tg_title[] = "a guest of old";

/* ---- segments: the 32-bit kernel's own table ---- */

#define PERCPU		27
#define CANARY		28

static u32 percpu[4] = { 0x9e2c9e2c }, canary[6] = { 0, 0, 0, 0, 0, 0xca9a4e00 };

#define FLAGS(flags, limit) \
	((u64)((flags) & 0xf0ff) << 40 | (u64)((limit) >> 16 & 0xf) << 48 | \
	 ((limit) & 0xffff))
#define WITH_BASE(desc, base) \
	((desc) | (u64)((base) & 0xffffff) << 16 | (u64)((base) >> 24) << 56)

static void load_gdt(void)
{
	u64 gdt[32] = {
		[12] = FLAGS(0xc09a, 0xfffff),
		[13] = FLAGS(0xc092, 0xfffff),
		[14] = FLAGS(0xc0fa, 0xfffff),
		[15] = FLAGS(0xc0f2, 0xfffff),
		/* A busy TSS, and the one for double faults. */
		[16] = WITH_BASE(FLAGS(0x008b, 0x206b), (u32)percpu),
		[31] = WITH_BASE(FLAGS(0x0089, 0x206b), (u32)percpu),
		/* For calls into the BIOS: 16 bits wide, empty, byte-granular. */
		[18] = FLAGS(0x409a, 0xffff),
		[19] = FLAGS(0x009a, 0xffff),
		[20] = FLAGS(0x0092, 0xffff),
		[21] = FLAGS(0x0092, 0),
		[22] = FLAGS(0x0092, 0),
		[23] = FLAGS(0x409a, 0xffff),
		[24] = FLAGS(0x009a, 0xffff),
		[25] = FLAGS(0x4092, 0xffff),
		[26] = FLAGS(0xc092, 0xfffff),
		[PERCPU] = WITH_BASE(FLAGS(0xc092, 0xfffff), (u32)percpu),
		[CANARY] = WITH_BASE(FLAGS(0x4090, 0x18), (u32)canary),
	};
	u32 i, value;

	for (i = 0; i < ARRAY_SIZE(gdt); i++)
		tg_gdt_set(i, gdt[i]);
	/* Selectors as on a PC: privilege 0 asked for, in ring 1. */
	asm volatile("movw %w0, %%fs\n\tmovw %w1, %%gs"
		     : : "r"(PERCPU * 8), "r"(CANARY * 8));
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	asm volatile("movl %%fs:0, %0" : "=r"(value));
	TG_EQ(value, percpu[0], "the per-CPU word");
	asm volatile("movl %%gs:20, %0" : "=r"(value));
	TG_EQ(value, canary[5], "the canary");
}

static void load_idt(void)
{
	u32 v;

	for (v = 0; v < 256; v++)
		tg_idt_set(v, TG_GATE_INTR, v == 4 ? 3 : 0,
			   (const void *)tg_stubs[v]);
	tg_idt_set(3, TG_GATE_INTR, 3, (const void *)tg_stubs[3]);
	tg_idt_set(LG32_SYSCALL_VECTOR, TG_GATE_TRAP, 3,
		   (const void *)tg_stubs[LG32_SYSCALL_VECTOR]);
}

/* ---- a context switch: all in the ring, then one trip ---- */

static void switch_context(void)
{
	static u64 pages[2][512] __attribute__((aligned(4096)));
	/* In the middle of some thread's struct, across a page. */
	u64 *tls = (u64 *)((u32)pages[1] - 12);
	static u32 word = 0x7157;
	u64 desc = WITH_BASE(FLAGS(0xd0f2, 0xfffff), (u32)&word);
	u32 value;

	memcpy(tls, &desc, sizeof(desc));
	tg_hcall(LG32_TS, 1, 0, 0, 0);
	TG_CHECK(tg_ring_put(LG32_NEW_PGTABLE, tg_root, 0, 0, 0) &&
		 tg_ring_put(LG32_SET_STACK, LG32_KERNEL_DS, TG_TRAP_ESP, 2,
			     0) &&
		 tg_ring_put(LG32_LOAD_TLS, tg_gpa(tls), 0, 0, 0) &&
		 tg_ring_put(LG32_TS, 0, 0, 0, 0), "the ring is full");
	tg_hcall(LG32_FLUSH_ASYNC, 0, 0, 0, 0);
	asm volatile("pushl %%gs\n\t"
		     "movw %w1, %%gs\n\t"
		     "movl %%gs:0, %0\n\t"
		     "popl %%gs" : "=&r"(value) : "r"(0x33));
	TG_EQ(value, word, "the thread-local word");
	TG_EQ(tg_try("fnop", :), TG_NO_TRAP, "FPU after the switch");
}

/* ---- ports and PCI ---- */

#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc

static void conf_select(u32 slot, u32 reg)
{
	tg_outl(PCI_ADDRESS, 0x80000000 | slot << 11 | (reg & 0xfc));
}

static u32 conf_read(u32 slot, u32 reg, u32 size)
{
	conf_select(slot, reg);
	if (size == 1)
		return tg_inb(PCI_DATA + (reg & 3));
	if (size == 2)
		return tg_inw(PCI_DATA + (reg & 2));
	return tg_inl(PCI_DATA);
}

static void conf_write(u32 slot, u32 reg, u32 size, u32 value)
{
	conf_select(slot, reg);
	if (size == 1)
		tg_outb(PCI_DATA + (reg & 3), value);
	else if (size == 2)
		tg_outw(PCI_DATA + (reg & 2), value);
	else
		tg_outl(PCI_DATA, value);
}

static void probe_ports(void)
{
	u32 was;

	tg_outb(0x80, 0);
	TG_EQ(tg_inb(0x2f9), 0xff, "no second UART");
	TG_EQ(tg_inb(0x71), 0xff, "no clock chip");
	/* The kernel's test for configuration mechanism 1. */
	tg_outb(0xcfb, 0x01);
	was = tg_inl(PCI_ADDRESS);
	tg_outl(PCI_ADDRESS, 0x80000000);
	TG_EQ(tg_inl(PCI_ADDRESS), 0x80000000, "mechanism 1");
	tg_outl(PCI_ADDRESS, was);
	TG_EQ(conf_read(0, 0x0a, 2), 0x0600, "class of slot 0");
	TG_EQ(conf_read(31, 0, 4), 0xffffffff, "an empty slot");
}

static u32 find_slot(u32 device)
{
	u32 slot;

	for (slot = 0; slot < 32; slot++)
		if (conf_read(slot, 0, 4) == (device << 16 | 0x1af4))
			return slot;
	tg_error("no device %#x", device);
	tg_exit();
}

/* ---- virtio over PCI ---- */

enum { COMMON = 1, NOTIFY, ISR, DEVICE, WINDOW };

struct device {
	u32 slot, line, bar;
	u32 cap[6];		/* place of each capability in configuration space */
	volatile u8 *regs;	/* BAR 0, mapped */
};

static u32 cap_offset(struct device *dev, u32 type)
{
	return conf_read(dev->slot, dev->cap[type] + 8, 4);
}

/* As drivers/pci sizes and enables a BAR, and finds capabilities. */
static void probe(struct device *dev, u32 id)
{
	u32 at, type, size, limit = 48;

	dev->slot = find_slot(id);
	TG_EQ(conf_read(dev->slot, 0x0e, 1) & 0x7f, 0, "header type");
	TG_EQ(conf_read(dev->slot, 0x08, 1), 1, "revision: virtio 1.0");
	dev->bar = conf_read(dev->slot, 0x10, 4);
	conf_write(dev->slot, 0x04, 2, 0);
	conf_write(dev->slot, 0x10, 4, 0xffffffff);
	size = -(conf_read(dev->slot, 0x10, 4) & ~15u);
	conf_write(dev->slot, 0x10, 4, dev->bar);
	conf_write(dev->slot, 0x04, 2, 6);
	TG_CHECK(size >= 0x100 && size <= 0x100000 && !(size & (size - 1)),
		 "BAR of %#x bytes", size);
	TG_EQ(conf_read(dev->slot, 0x10, 4), dev->bar, "BAR after sizing");
	TG_CHECK(dev->bar && !(dev->bar & 15), "BAR at %#x", dev->bar);
	dev->line = conf_read(dev->slot, 0x3c, 1);
	TG_CHECK(dev->line && dev->line < 32, "line %u", dev->line);
	TG_CHECK(conf_read(dev->slot, 0x06, 2) & 0x10, "no capabilities");
	for (at = conf_read(dev->slot, 0x34, 1); at && limit--;
	     at = conf_read(dev->slot, at + 1, 1)) {
		type = conf_read(dev->slot, at + 3, 1);
		if (conf_read(dev->slot, at, 1) == 9 && type <= WINDOW)
			dev->cap[type] = at;
	}
	for (type = COMMON; type <= WINDOW; type++)
		TG_CHECK(dev->cap[type], "no capability %u", type);
}

/* The early console: no memory access at all. */
static void window(struct device *dev, u32 offset, u32 size)
{
	u32 at = dev->cap[WINDOW];

	conf_write(dev->slot, at + 4, 1, 0);
	conf_write(dev->slot, at + 8, 4, offset);
	conf_write(dev->slot, at + 12, 4, size);
}

static void early_console(const char *text)
{
	struct device dev = { 0 };
	u32 common, offset;

	probe(&dev, 0x1043);
	TG_EQ(dev.slot, 1, "slot of the console");
	common = cap_offset(&dev, COMMON);
	window(&dev, common, 4);
	conf_write(1, dev.cap[WINDOW] + 16, 4, 0);
	window(&dev, common + 4, 4);
	TG_CHECK(conf_read(1, dev.cap[WINDOW] + 16, 4) & 4, "no EMERG_WRITE");
	offset = cap_offset(&dev, DEVICE) + 8;
	for (; *text; text++) {
		window(&dev, offset, 4);
		conf_write(1, dev.cap[WINDOW] + 16, 4, *text);
	}
}

/* ioremap(): present, writable, accessed, dirty, not cached; everybody flushes. */
static void map_bar(struct device *dev)
{
	u32 gva = TG_KTEST + 0x100000, i;

	for (i = 0; i < 4; i++)
		tg_pte_put(tg_root, gva + i * TG_PAGE,
			   (dev->bar & -TG_PAGE) + i * TG_PAGE + 0x073);
	tg_flush_all();
	dev->regs = (volatile u8 *)gva + (dev->bar & (TG_PAGE - 1));
}

#define REG8(dev, at)	(*(volatile u8 *)((dev)->regs + (at)))
#define REG16(dev, at)	(*(volatile u16 *)((dev)->regs + (at)))
#define REG32(dev, at)	(*(volatile u32 *)((dev)->regs + (at)))

#define QUEUE	256

struct desc {
	u64 gpa;
	u32 len;
	u16 flags, next;
};

struct ring {
	struct desc desc[QUEUE];
	u16 avail_flags, avail_idx, avail[QUEUE + 1];
	u8 pad[4096 - (QUEUE + 3) * 2];
	u16 used_flags, used_idx;
	u32 used[QUEUE * 2 + 1];
} __attribute__((aligned(4096)));

static volatile struct ring ring;

static void set_queue_gpa(struct device *dev, u32 at, const volatile void *p)
{
	REG32(dev, at) = tg_gpa(p);
	REG32(dev, at + 4) = 0;
}

static u32 start_disk(struct device *dev)
{
	u32 common, features;

	probe(dev, 0x1042);
	map_bar(dev);
	common = cap_offset(dev, COMMON);
	REG8(dev, common + 20) = 0;
	TG_EQ(REG8(dev, common + 20), 0, "status after reset");
	REG8(dev, common + 20) = 1;
	REG8(dev, common + 20) |= 2;
	REG32(dev, common) = 0;
	features = REG32(dev, common + 4);
	REG32(dev, common) = 1;
	TG_EQ(REG32(dev, common + 4) & 1, 1, "VERSION_1");
	/* SEG_MAX at most, and VERSION_1. */
	REG32(dev, common + 8) = 0;
	REG32(dev, common + 12) = features & 4;
	REG32(dev, common + 8) = 1;
	REG32(dev, common + 12) = 1;
	REG8(dev, common + 20) |= 8;
	TG_EQ(REG8(dev, common + 20) & 8, 8, "FEATURES_OK");
	TG_EQ(REG32(dev, cap_offset(dev, DEVICE)), 8, "sectors of the disk");
	REG16(dev, common + 22) = 0;
	TG_EQ(REG16(dev, common + 28), 0, "queue is off");
	TG_EQ(REG16(dev, common + 24), QUEUE, "queue size");
	REG16(dev, common + 24) = QUEUE;
	set_queue_gpa(dev, common + 32, ring.desc);
	set_queue_gpa(dev, common + 40, &ring.avail_flags);
	set_queue_gpa(dev, common + 48, &ring.used_flags);
	REG16(dev, common + 28) = 1;
	REG8(dev, common + 20) |= 4;
	TG_EQ(REG8(dev, common + 20), 15, "status of a device in use");
	return cap_offset(dev, NOTIFY) + REG16(dev, common + 30) *
	       conf_read(dev->slot, dev->cap[NOTIFY] + 16, 4);
}

/* Sleep as the idle task does until the device's line has come. */
static void wait_for(struct device *dev, u32 was)
{
	u32 i;

	for (i = 0; i < 100 && tg_irq_count[dev->line] == was; i++) {
		tg_irq_disable();
		tg_hcall(LG32_HALT, 0, 0, 0, 0);
	}
	tg_irq_disable();
	TG_CHECK(tg_irq_count[dev->line] != was, "no interrupt on line %u",
		 dev->line);
	TG_EQ(REG8(dev, cap_offset(dev, ISR)), 1, "cause of the interrupt");
	TG_EQ(REG8(dev, cap_offset(dev, ISR)), 0, "cause once it was read");
}

/* One request of three buffers, as virtio_blk makes it. */
static void transfer(struct device *dev, u32 notify, u32 type, u64 sector,
		     void *data)
{
	static struct {
		u32 type, reserved;
		u64 sector;
	} head;
	static volatile u8 status;
	u32 was = tg_irq_count[dev->line];
	u16 n = ring.avail_idx;

	head.type = type;
	head.sector = sector;
	status = 0xff;
	ring.desc[0] = (struct desc){ tg_gpa(&head), sizeof(head), 1, 1 };
	ring.desc[1] = (struct desc){ tg_gpa(data), 512, type ? 1 : 3, 2 };
	ring.desc[2] = (struct desc){ tg_gpa(&status), 1, 2, 0 };
	ring.avail[n % QUEUE] = 0;
	barrier();
	ring.avail_idx = n + 1;
	barrier();
	REG16(dev, notify) = 0;
	wait_for(dev, was);
	TG_EQ(ring.used_idx, ring.avail_idx, "requests done");
	TG_EQ(status, 0, "status of the request");
}

/* Returns whether an earlier boot has been here. */
static bool use_disk(void)
{
	static char in[512], out[512];
	struct device dev = { 0 };
	u32 notify = start_disk(&dev), i;
	bool again;

	tg_irq_unmask(dev.line);
	transfer(&dev, notify, 0, 0, in);
	TG_CHECK(!memcmp(in, "historic", 8), "the disk begins with '%.8s'", in);
	for (i = 0; i < sizeof(out); i++)
		out[i] = in[sizeof(in) - 1 - i];
	transfer(&dev, notify, 0, 1, in);
	again = !memcmp(in, out, sizeof(in));
	transfer(&dev, notify, 1, 1, out);
	memset(in, 0, sizeof(in));
	transfer(&dev, notify, 0, 1, in);
	TG_CHECK(!memcmp(in, out, sizeof(in)), "read something else back");
	return again;
}

/* One shot, from idle; the host's clock goes on. */
static void use_timer(void)
{
	u32 was = tg_irq_count[0], sec = tg_data.time_sec;

	tg_irq_unmask(0);
	tg_sleep(2000000);
	TG_EQ(tg_irq_count[0], was + 1, "timer interrupts");
	TG_CHECK(tg_data.time_sec - sec < 60, "wall clock %u after %u",
		 tg_data.time_sec, sec);
}

/* ---- the three ways out ---- */

static char power_down[LG32_TEXT_BYTES] __attribute__((aligned(256))) =
	"Power down";
static char fatal[LG32_TEXT_BYTES] __attribute__((aligned(256))) =
	"Fatal exception";

static void leave(bool again)
{
	/* The "physical address" of a null pointer, above all memory. */
	if (!again)
		tg_hcall(LG32_SHUTDOWN, 0x40000000, LG32_RESTART, 0, 0);
	else if (tg_streq(tg_arg, "panic"))
		tg_hcall(LG32_SHUTDOWN, tg_gpa(fatal), LG32_POWEROFF, 0, 0);
	else
		tg_hcall(LG32_SHUTDOWN, tg_gpa(power_down), LG32_POWEROFF, 0, 0);
}

void test_main(void)
{
	bool again;

	load_gdt();
	load_idt();
	switch_context();
	probe_ports();
	early_console("early console\n");
	use_timer();
	again = use_disk();
	if (tg_all_is_well())
		leave(again);
}
