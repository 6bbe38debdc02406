/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_REPORT_H
#define LAUNCHER_REPORT_H

#include "types.h"

/* Exit status of `lguest run`: lguest(1) has the same table. */
enum status {
	STATUS_OK = 0,		/* the guest powered off */
	STATUS_USAGE = 64,	/* the command line is wrong */
	STATUS_DATA = 65,	/* the kernel cannot be run as it is */
	STATUS_INPUT = 66,	/* a kernel, initrd or disk cannot be read */
	STATUS_MODULE = 69,	/* /dev/lguest missing, busy or refusing */
	STATUS_INTERNAL = 70,	/* our mistake */
	STATUS_HOST = 71,	/* the host is short of something */
	STATUS_PERM = 77,	/* not allowed */
	STATUS_CRASHED = 80,	/* the guest gave up */
	STATUS_KILLED = 81,	/* the module stopped the guest */
	STATUS_REBOOT = 84,	/* reboot wanted, --no-reboot given */
	STATUS_SIGNAL = 128,	/* + number of the signal that ended us */
};

/* Say one line on stderr; the second returns @status for `return complain()`. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int complain(int status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Before the guest runs only. */
void die(int status, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* @text in place, everything that could upset a terminal made a dot. */
char *printable(char *text);

#endif
