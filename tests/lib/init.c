// SPDX-License-Identifier: GPL-2.0
/*
 * From the first C function to the test's own, and what all of them need:
 * memory, the command line, the hypercall ring.
 */
#include "tg.h"

/* boot_params and its command line; gpa 0 and 4096 as the ABI says */
#define BOOT_PARAMS		0
#define BOOT_CMD_LINE_PTR	0x228
#define BOOT_E820_SIZE		0x2d8

struct lg32_data tg_data __attribute__((aligned(4096))) = {
	.blocked_interrupts = 0xffffffff,
	.hcall_status = { [0 ... LG32_RING_SLOTS - 1] = LG32_RING_FREE },
	.noirq_iret = (u32)tg_iret,
	.kernel_address = TG_KERNEL,
	.syscall_vec = LG32_SYSCALL_VECTOR,
};

u32 tg_memory;
char tg_arg[128];
char tg_trap_stack[2 * TG_PAGE] __attribute__((aligned(4096)));
u32 tg_root, tg_boot_root;

static u32 next_page;
static u32 ring_next;
extern char tg_end[];
void tg_main(void);

void __attribute__((weak)) tg_early(void)
{
}

u32 tg_gpa(const volatile void *p)
{
	return (u32)p - tg_env.offset;
}

void *tg_va(u32 gpa)
{
	return (void *)(gpa + tg_env.offset);
}

u32 tg_page_alloc(void)
{
	u32 gpa = next_page;

	if (gpa >= TG_BOOT_MAP || gpa >= tg_memory) {
		tg_error("out of pages");
		tg_exit();
	}
	next_page += TG_PAGE;
	memset(tg_va(gpa), 0, TG_PAGE);
	return gpa;
}

bool tg_ring_put(u32 nr, u32 a, u32 b, u32 c, u32 d)
{
	volatile struct lg32_data *data = &tg_data;
	volatile u32 *arg = data->hcalls[ring_next].arg;

	if (data->hcall_status[ring_next] != LG32_RING_FREE)
		return false;
	arg[0] = nr;
	arg[1] = a;
	arg[2] = b;
	arg[3] = c;
	arg[4] = d;
	barrier();
	data->hcall_status[ring_next] = LG32_RING_READY;
	ring_next = (ring_next + 1) % LG32_RING_SLOTS;
	return true;
}

u32 tg_ring_slot(void)
{
	return ring_next;
}

void tg_read_boot_params(void)
{
	const volatile char *line;
	u32 i;

	/* Not through a constant pointer: compilers know about page zero. */
	u32 params = BOOT_PARAMS;

	asm volatile("" : "+r"(params));
	tg_memory = *(volatile u32 *)tg_va(params + BOOT_E820_SIZE);
	line = tg_va(*(volatile u32 *)tg_va(params + BOOT_CMD_LINE_PTR));
	for (i = 0; i < sizeof(tg_arg) - 1 && line[i]; i++)
		tg_arg[i] = line[i];
}

/* Called by start.S, on the stack, at linked addresses. */
void tg_main(void)
{
	next_page = tg_gpa(tg_end);
	tg_read_boot_params();
	tg_segments_init();
	tg_paging_init();
	tg_printf("# %s (%s)%s%s\n", tg_title, tg_env.name,
		  tg_arg[0] ? ": " : "", tg_arg);
	test_main();
	tg_exit();
}
