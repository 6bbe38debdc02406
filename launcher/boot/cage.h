/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_BOOT_CAGE_H
#define LAUNCHER_BOOT_CAGE_H

#include <stdbool.h>
#include <unistd.h>

/* As fork(); the child is in the cage, and leaves it by cage_exit(). */
pid_t cage_fork(void);
void cage_exit(bool good) __attribute__((noreturn));

/* The child of cage_fork(), if it is one: NULL, or why it did not make it. */
const char *cage_wait(pid_t pid);

#endif
