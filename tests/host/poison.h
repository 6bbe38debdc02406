/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that is nobody's business but a test's own: beside a guest's, to see that
 * it keeps to its own.
 */
#ifndef TESTS_HOST_POISON_H
#define TESTS_HOST_POISON_H

#include <stdint.h>

uint32_t *poison_make(unsigned int words);
/* A failure if it is not as it was made; @which: where it lies.  Frees it. */
void poison_check(uint32_t *p, unsigned int words, const char *which);

#endif
