// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree of names that a xenstore is: kept as a sorted array of paths, for
 * it is small and must stay so, whatever the guest writes into it.
 */
#include "dev/xen/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool tree_char_is_good(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("-_@/", c));
}

bool tree_path_is_good(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || len >= TREE_PATH_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!tree_char_is_good(path[i]) ||
		    (path[i] == '/' && path[i + 1] == '/'))
			return false;
	return len == 1 || path[len - 1] != '/';
}

bool tree_is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	if (len == 1)
		return true;
	return !strncmp(path, top, len) && (!path[len] || path[len] == '/');
}

/* Where @path is, or should be. */
static unsigned int tree_index(const struct tree *tree, const char *path)
{
	unsigned int low = 0, high = tree->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (strcmp(tree->node[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct tree_node *tree_get(const struct tree *tree, const char *path)
{
	unsigned int i = tree_index(tree, path);

	if (i == tree->count || strcmp(tree->node[i].path, path))
		return NULL;
	return &tree->node[i];
}

const struct tree_node *tree_find(const struct tree *tree, const char *path)
{
	return tree_get(tree, path);
}

/* One node that is not there, its parents aside. */
static int tree_add(struct tree *tree, const char *path)
{
	unsigned int i = tree_index(tree, path);
	size_t bytes = strlen(path) + 1;
	struct tree_node *node;

	if (tree->count == TREE_NODES_MAX ||
	    bytes > TREE_BYTES_MAX - tree->bytes)
		return -ENOSPC;
	node = reallocarray(tree->node, tree->count + 1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	tree->node = node;
	node += i;
	path = strdup(path);
	if (!path)
		return -ENOMEM;
	memmove(node + 1, node, (tree->count - i) * sizeof(*node));
	*node = (struct tree_node){ .path = (char *)path };
	tree->count++;
	tree->bytes += bytes;
	tree->generation++;
	return 0;
}

int tree_make(struct tree *tree, const char *path)
{
	char part[TREE_PATH_MAX];
	int err = 0;

	for (const char *end = path + 1; *end && !err; end++) {
		end += strcspn(end, "/");
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = 0;
		if (!tree_get(tree, part))
			err = tree_add(tree, part);
		if (!*end)
			break;
	}
	return err;
}

int tree_write(struct tree *tree, const char *path, const void *value,
	       size_t len)
{
	struct tree_node *node;
	u8 *copy = NULL;
	int err;

	err = tree_make(tree, path);
	if (err)
		return err;
	node = tree_get(tree, path);
	if (!node)
		return -EINVAL;		/* the root has no value */
	if (len > TREE_BYTES_MAX - (tree->bytes - node->len))
		return -ENOSPC;
	if (len) {
		copy = malloc(len);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, value, len);
	}
	free(node->value);
	tree->bytes += len - node->len;
	node->value = copy;
	node->len = len;
	tree->generation++;
	return 0;
}

static void tree_free_node(struct tree *tree, struct tree_node *node)
{
	tree->bytes -= strlen(node->path) + 1 + node->len;
	free(node->path);
	free(node->value);
}

int tree_remove(struct tree *tree, const char *path)
{
	unsigned int kept = 0;

	if (!tree_get(tree, path))
		return -ENOENT;
	for (unsigned int i = 0; i < tree->count; i++) {
		if (tree_is_below(tree->node[i].path, path))
			tree_free_node(tree, &tree->node[i]);
		else
			tree->node[kept++] = tree->node[i];
	}
	tree->count = kept;
	tree->generation++;
	return 0;
}

int tree_copy(struct tree *to, const struct tree *from)
{
	int err = 0;

	memset(to, 0, sizeof(*to));
	for (unsigned int i = 0; i < from->count && !err; i++)
		err = tree_write(to, from->node[i].path, from->node[i].value,
				 from->node[i].len);
	if (err)
		tree_free(to);
	to->generation = from->generation;
	return err;
}

void tree_free(struct tree *tree)
{
	for (unsigned int i = 0; i < tree->count; i++)
		tree_free_node(tree, &tree->node[i]);
	free(tree->node);
	memset(tree, 0, sizeof(*tree));
}

size_t tree_list(const struct tree *tree, const char *path, char *buf,
		 size_t room)
{
	size_t top = strlen(path) == 1 ? 0 : strlen(path), used = 0;

	for (unsigned int i = 0; i < tree->count; i++) {
		const char *child = tree->node[i].path;
		size_t len;

		if (!tree_is_below(child, path) || strlen(child) <= top ||
		    strchr(child + top + 1, '/'))
			continue;
		len = strlen(child + top + 1) + 1;
		if (len <= room && used <= room - len)
			memcpy(buf + used, child + top + 1, len);
		used += len;
	}
	return used;
}
