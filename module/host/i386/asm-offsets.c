// SPDX-License-Identifier: GPL-2.0
/* Generates asm-offsets.h: what switcher.S may know of the structs in host.h. */
#include <linux/kbuild.h>
#include <linux/stddef.h>
#include "host.h"

#define PAGES(name, member) \
	DEFINE(LG_PAGES_##name, offsetof(struct lg_pages, member))
#define FRAME(name) DEFINE(FRAME_##name, offsetof(struct lg_frame, name))

int main(void);
int main(void)
{
	PAGES(notes, b.notes);
	PAGES(host_cr3, b.host_cr3);
	PAGES(guest_tss_desc, b.gdt[LG_GDT_TSS]);
	PAGES(host_esp, c.host_esp);
	PAGES(host_ss, c.host_ss);
	PAGES(host_cr4, c.host_cr4);
	PAGES(guest_cr4, c.guest_cr4);
	PAGES(guest_cr3, c.guest_cr3);
	PAGES(host_ldt, c.host_ldt);
	PAGES(host_tss_desc, c.host_tss_desc);
	PAGES(guest_ts, c.guest_ts);
	PAGES(frame_eip, c.frame_eip);
	PAGES(exit_esp, c.exit_esp);
	PAGES(exit_eip, c.exit_eip);
	PAGES(host_gdt, c.host_gdt);
	PAGES(host_idt, c.host_idt);
	PAGES(guest_gdt, c.guest_gdt);
	PAGES(guest_idt, c.guest_idt);
	BLANK();
	FRAME(ebx);
	FRAME(ecx);
	FRAME(edx);
	FRAME(esi);
	FRAME(edi);
	FRAME(ebp);
	FRAME(gs);
	FRAME(eax);
	FRAME(fs);
	FRAME(ds);
	FRAME(es);
	FRAME(trapnum);
	FRAME(eip);
	DEFINE(FRAME_spare_bytes, sizeof(((struct lg_frame *)0)->spare));
	return 0;
}
