/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_BACKEND_BACKEND_H
#define LAUNCHER_BACKEND_BACKEND_H

#include "types.h"

struct backend;

/**
 * struct backend_ops - where a console ends; a file per kind
 * @open: get ready; @arg is what followed the colon, or NULL
 * @start: begin to call @input
 * @write: all of it, or as far as loop_stopping() lets us
 * @resume: @input took less than it was given; it has room again
 * @size: of the screen, in characters; zero where there is none
 * @close: undo @open
 *
 * open and start return 0 or an exit status, the reason said.
 */
struct backend_ops {
	const char *name;
	int (*open)(struct backend *backend, const char *arg);
	int (*start)(struct backend *backend);
	void (*write)(struct backend *backend, const void *buf, size_t len);
	void (*resume)(struct backend *backend);
	void (*size)(struct backend *backend, u16 *cols, u16 *rows);
	void (*close)(struct backend *backend);
};

/**
 * struct backend - one console's far end
 * @ops: the kind
 * @fd: the kind's, if it needs one
 * @failed: an error was reported already
 * @input: set by the owner: take bytes, return how many
 * @resized: set by the owner: @size may have changed
 * @owner: for the two
 */
struct backend {
	const struct backend_ops *ops;
	int fd;
	bool failed;
	size_t (*input)(void *owner, const u8 *buf, size_t len);
	void (*resized)(void *owner);
	void *owner;
};

extern const struct backend_ops backend_tty;
extern const struct backend_ops backend_file;
extern const struct backend_ops backend_null;

/* @spec is "tty", "file:PATH" or "null".  0 or an exit status. */
int backend_open(struct backend *backend, const char *spec);

/* For the kinds: write it all to @fd; false after an error, said once. */
bool backend_write_fd(struct backend *backend, int fd, const void *buf,
		      size_t len);

#endif
