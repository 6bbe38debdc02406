/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_DEV_XEN_TREE_H
#define LAUNCHER_DEV_XEN_TREE_H

#include "types.h"

#define TREE_NODES_MAX	512
#define TREE_BYTES_MAX	(128u * 1024)
#define TREE_PATH_MAX	1024		/* with the end of the string */

/**
 * struct tree_node - a node of a tree
 * @path: absolute, allocated
 * @value: allocated; NULL if @len is 0
 * @len: bytes of it
 */
struct tree_node {
	char *path;
	u8 *value;
	size_t len;
};

/**
 * struct tree - paths and their values, sorted by path
 * @node: allocated
 * @count: how many
 * @bytes: of paths and values
 * @generation: changes with every change
 */
struct tree {
	struct tree_node *node;
	unsigned int count;
	size_t bytes;
	u64 generation;
};

/* Absolute, without empty or odd parts? */
bool tree_path_is_good(const char *path);

/* Is @path @top or below it? */
bool tree_is_below(const char *path, const char *top);

const struct tree_node *tree_find(const struct tree *tree, const char *path);

/*
 * Paths are good ones. Parents are made as needed.  Return 0 or -errno:
 * -ENOSPC, -ENOMEM, -ENOENT.
 */
int tree_write(struct tree *tree, const char *path, const void *value,
	       size_t len);
int tree_make(struct tree *tree, const char *path);
int tree_remove(struct tree *tree, const char *path);
int tree_copy(struct tree *to, const struct tree *from);
void tree_free(struct tree *tree);

/*
 * Names of its children, each with its terminating zero, to @buf as far as
 * there is @room; how many bytes all of them are.
 */
size_t tree_list(const struct tree *tree, const char *path, char *buf,
		 size_t room);

#endif
