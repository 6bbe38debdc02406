// SPDX-License-Identifier: GPL-2.0
/*
 * Picks a command's output out of what a guest says on its only console:
 *
 *	unframe NAME LOG
 *
 * guest-init puts a zero byte, `begin NAME` and a newline before the output; a
 * zero byte, `end NAME`, a space, the exit status and a newline after it.  The
 * output goes to standard output as it comes, all else to the file LOG.  NAME
 * is random: no output contains it by accident.  Exits with the command's
 * status; with 124, as timeout(1) does, if the command never ended.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEVER_ENDED	124
#define MARK_SIZE	128

struct mark {
	char text[MARK_SIZE];
	size_t length;
	size_t seen;		/* so much of it are the last bytes */
};

static void die(const char *what)
{
	perror(what);
	exit(74);
}

/* A mark begins with a zero byte and has no other. */
static void mark_init(struct mark *mark, const char *word, const char *name,
		      const char *end)
{
	mark->length = 1 + snprintf(mark->text + 1, sizeof(mark->text) - 1,
				    "%s %s%s", word, name, end);
	if (mark->length >= sizeof(mark->text))
		exit(64);
}

/*
 * One more byte: true if it completes the mark.  What turns out not to belong
 * to it goes to `to`.
 */
static bool mark_take(struct mark *mark, char byte, FILE *to)
{
	if (byte != mark->text[mark->seen]) {
		fwrite(mark->text, 1, mark->seen, to);
		mark->seen = 0;
	}
	if (byte != mark->text[mark->seen]) {
		putc(byte, to);
		return false;
	}
	mark->seen++;
	return mark->seen == mark->length;
}

static int unframe(struct mark *begin, struct mark *end, FILE *log)
{
	enum { BEFORE, INSIDE, STATUS, AFTER } at = BEFORE;
	int status = 0;
	char data[4096];
	ssize_t size;

	while ((size = read(0, data, sizeof(data))) > 0) {
		for (ssize_t i = 0; i < size; i++) {
			if (at == BEFORE)
				at += mark_take(begin, data[i], log);
			else if (at == INSIDE)
				at += mark_take(end, data[i], stdout);
			else if (at == STATUS && data[i] >= '0' && data[i] <= '9')
				status = (10 * status + data[i] - '0') & 255;
			else if (at == STATUS && data[i] == '\n')
				at = AFTER;
			else if (at == AFTER)
				putc(data[i], log);
		}
		if (fflush(stdout))
			die("standard output");
		if (fflush(log))
			die("log");
	}
	return at == AFTER ? status : NEVER_ENDED;
}

int main(int argc, char **argv)
{
	struct mark begin = { .text = "" }, end = { .text = "" };
	FILE *log;

	if (argc != 3) {
		fprintf(stderr, "usage: unframe NAME LOG\n");
		return 64;
	}
	mark_init(&begin, "begin", argv[1], "\n");
	mark_init(&end, "end", argv[1], " ");
	log = fopen(argv[2], "w");
	if (!log)
		die(argv[2]);
	return unframe(&begin, &end, log);
}
