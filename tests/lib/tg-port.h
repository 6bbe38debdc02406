/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test device: ports (and a page of memory) that tests/host/run-guest
 * answers and test guests use, to have something happen outside of them.
 * A guest that needs it says so by using it: elsewhere it reads all ones.
 */
#ifndef TESTS_LIB_TG_PORT_H
#define TESTS_LIB_TG_PORT_H

/* Write n: the host makes virtual interrupt n pending, before going on. */
#define TG_PORT_IRQ	0x500
/* Any width: a read returns what was written last (a read of other width, too). */
#define TG_PORT_ECHO	0x504
/* Read, 4 bytes: seconds of the host's wall clock. */
#define TG_PORT_CLOCK	0x508
/* Write an index of lg_stats.count, then read its low 32 bits. */
#define TG_PORT_STAT	0x50c
/* Write n: the host makes interrupt n pending from another thread, soon. */
#define TG_PORT_IRQ_LATER 0x510
/* Read, 4 bytes: TG_MAGIC where this device exists. */
#define TG_PORT_MAGIC	0x514
#define TG_MAGIC	0x74677067
/* Read, 4 bytes: the host's monotonic clock in microseconds. */
#define TG_PORT_USEC	0x518
/* Write n: the host unmaps (1) or replaces (2) its view of all our memory. */
#define TG_PORT_UNMAP	0x51c
/*
 * Read: how many processors the host has.  Write n: the vCPU goes to the n-th of
 * them and stays there.
 */
#define TG_PORT_CPU	0x520

/* Plain memory: a read returns what was written there. */
#define TG_MMIO_GPA	0xE0000000u
#define TG_MMIO_BYTES	0x10000u
/* A write here with 4 bytes rings an eventfd that sends interrupt 5. */
#define TG_DOORBELL_GPA	(TG_MMIO_GPA + 0x1000)
#define TG_DOORBELL_IRQ	5

#endif
