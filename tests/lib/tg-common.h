/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What test guests of all kinds have in common: text, verdicts, cases, memory.
 * Each runtime's tg.h includes it, once it has u32 and u64, and brings tg_console(),
 * tg_leave() and tg_arg.
 */
#ifndef TESTS_LIB_TG_COMMON_H
#define TESTS_LIB_TG_COMMON_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

#define TG_REASON_BYTES		128

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

extern char tg_arg[128];		/* the guest's command line */

/* What leaves the guest: text, and in the end its verdict. */
void tg_console(const char *text, size_t len);
void __attribute__((noreturn)) tg_leave(const char *reason, bool success);

/* string.c */
void *memset(void *d, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
bool tg_streq(const char *a, const char *b);

/* number.c: the next one of a command line; 0 if there is none */
u64 tg_number(const char **p);

/* print.c */
void tg_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void tg_vsnprintf(char *to, size_t size, const char *fmt, va_list ap);

/* verdict.c: the worst one wins; test_main() returning ends the guest */
void tg_failure(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void tg_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void tg_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool tg_all_is_well(void);
void __attribute__((noreturn)) tg_exit(void);

#define TG_CHECK(cond, ...) \
	do { if (!(cond)) tg_failure(__VA_ARGS__); } while (0)

/* For guests with several cases: run the one the command line names. */
struct tg_case {
	const char *name;
	void (*run)(void);
};

void tg_run_case(const struct tg_case *cases, u32 count);

#endif
