// SPDX-License-Identifier: GPL-2.0
/*
 * Generates asm-offsets.h: what switcher.S may know of C structs.
 */
#include <linux/kbuild.h>
#include "host.h"

#define STATE(field)	DEFINE(LG_STATE_ ## field, offsetof(struct lg_state, field))
#define FRAME(field)	DEFINE(FRAME_ ## field, offsetof(struct lg_frame, field))

#define DIRECT(field)	DEFINE(LG_DIRECT_ ## field, offsetof(struct lg_direct, field))

int main(void);

int main(void)
{
	STATE(host_rsp);
	STATE(host_cr3);
	STATE(guest_cr3);
	STATE(scratch);
	STATE(flags);
	STATE(notes);
	STATE(ds);
	STATE(es);
	STATE(fs);
	STATE(gs);
	STATE(verw);
	FRAME(trapnum);
	FRAME(rip);
	FRAME(cs);
	DIRECT(on);
	DIRECT(kernel);
	DIRECT(kernel_cr3);
	DIRECT(user_cr3);
	DIRECT(kernel_sp);
	DIRECT(syscall_rip);
	DIRECT(syscall_masks);
	DIRECT(gs_kernel);
	DIRECT(gs_user);
	DIRECT(info);
	DIRECT(save);
	DIRECT(changes);
	DIRECT(kernel_gfn);
	DIRECT(user_gfn);
	DIRECT(vcpus);
	DIRECT(may_load);
	DIRECT(kernel_root);
	DIRECT(user_root);
	DIRECT(pages);
	DIRECT(hot);
	DIRECT(hot_shadows);
	DEFINE(LG_PAGE_frame, offsetof(struct lg_frame_page, frame));
	return 0;
}
