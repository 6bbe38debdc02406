// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `lguest help`: a screen for the command, a screen for `run`.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "report.h"

static const char help_text[] =
"lguest runs Linux guests on a Linux host without VT-x or AMD-V: stock 64-bit\n"
"kernels on a 64-bit host, our own 32-bit ones on a 32-bit host.\n"
"\n"
"  lguest run [options] KERNEL [-- kernel command line]\n"
"                  boot KERNEL (vmlinux or bzImage) on this terminal\n"
"  lguest check    can this machine run guests, and if not, why not\n"
"  lguest version  of this command and of the module\n"
"  lguest help run all options of run\n"
"\n"
"Example:\n"
"  lguest run --memory 512M --initrd initrd.img /boot/vmlinuz-... -- quiet\n"
"\n"
"While it runs: Ctrl-A x ends the guest, Ctrl-A h shows the other keys.\n"
"Exit status: 0 the guest powered off; 64-79 it could not be run; 80 it\n"
"crashed; 81 the module stopped it.  lguest(1) lists them all.\n";

static const char help_run_text[] =
"lguest run [options] KERNEL [-- kernel command line]\n"
"\n"
"  -m, --memory SIZE     guest memory: 256M, 65536K, 1G (default: 64M, of\n"
"                        64-bit guests 256M)\n"
"  -i, --initrd FILE     initial ramdisk\n"
"  -c, --console WHERE   hvc0: tty (default), file:PATH (output only), null\n"
"      --no-reboot       a reboot of the guest ends lguest, with status 84\n"
"      --sandbox on|off  give up all rights not needed (default: on)\n"
"      --stats[=FILE]    what it cost, at the end, on stderr or as JSON\n"
"  -h, --help            this\n"
"\n"
"For 32-bit guests alone:\n"
"  -c, --console WHERE   again, for hvc1, ...\n"
"  -b, --block FILE[,ro] disk vda, and again for vdb, ...\n"
"      --no-rng          no virtio-rng device\n"
"      --guest-paging auto|2level|pae\n"
"                        page tables the guest builds, if the guess is wrong\n"
"      --force           run a kernel that does not look like an lguest guest\n";

void help_run(void)
{
	fputs(help_run_text, stdout);
}

int cmd_help(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "run"))
		help_run();
	else if (argc > 1)
		return complain(STATUS_USAGE, "no help on %s; see `lguest help`",
				argv[1]);
	else
		fputs(help_text, stdout);
	return STATUS_OK;
}
