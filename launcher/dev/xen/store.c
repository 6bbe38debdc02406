// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The xenstore: where a Xen domain reads what it has, and says what became of
 * it. It is a tree of names with values, used by requests and answers that
 * pass through two rings in a shared page.
 *
 * There is one user of it, the guest, and so there is little to it: all in
 * the main thread, no permissions but that everything outside of the guest's
 * own part is read-only. A transaction works on a copy, which replaces the
 * original if that has not changed meanwhile. Tree, copies and watches
 * are limited in number and size.
 *
 * As with the console, our own two ring indices are kept here and only
 * published, and nonsense in the guest's stops the ring for good.
 */
#include "dev/xen/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* After errno.h, for its table of names. */
#include <xen/io/xs_wire.h>

#include "dev/irq.h"
#include "dev/xen/tree.h"
#include "loop.h"
#include "mem.h"
#include "report.h"

#define STORE_TRANSACTIONS	8
#define STORE_WATCHES		64
#define STORE_TOKEN_MAX		128	/* with the end of the string */
#define STORE_OUT_BYTES		(128u * 1024)
#define STORE_OWNER		"n1"

/**
 * struct transaction - a copy of the tree that is worked on
 * @id: not 0 if in use
 * @tree: the copy
 * @base: generation of what it is a copy of
 */
struct transaction {
	u32 id;
	struct tree tree;
	u64 base;
};

/**
 * struct store_watch - a wish to be told of changes
 * @path: absolute, or special, beginning with '@'
 * @token: the guest's name for it
 * @relative: the guest gave the path without STORE_HOME, and gets it so
 */
struct store_watch {
	char *path;
	char *token;
	bool relative;
};

/**
 * struct xen_store - a xenstore with a ring to the guest
 * @ring: shared with the guest
 * @irq: the port
 * @doorbell: signalled by the module when the guest rings
 * @broken: an index or length made no sense; said
 * @req_cons: our index
 * @rsp_prod: our index
 * @request: header of the request that is being received
 * @payload: the same
 * @have: bytes of both
 * @out: answers and events on their way
 * @out_start: first of them
 * @out_end: and last
 * @tree: the tree
 * @transaction: copies
 * @next_id: of a transaction
 * @watch: watches
 * @watches: how many
 */
struct xen_store {
	struct xenstore_domain_interface *ring;
	struct irq irq;
	struct watch doorbell;
	bool broken;
	u32 req_cons;
	u32 rsp_prod;
	struct xsd_sockmsg request;
	char payload[XENSTORE_PAYLOAD_MAX + 1];
	size_t have;
	u8 out[STORE_OUT_BYTES];
	size_t out_start;
	size_t out_end;
	struct tree tree;
	struct transaction transaction[STORE_TRANSACTIONS];
	u32 next_id;
	struct store_watch watch[STORE_WATCHES];
	unsigned int watches;
};

/* --- towards the guest ----------------------------------------------------- */

static u32 ring_get(const XENSTORE_RING_IDX *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void ring_set(XENSTORE_RING_IDX *index, u32 value)
{
	__atomic_store_n(index, value, __ATOMIC_SEQ_CST);
}

static void store_break(struct xen_store *store, const char *what)
{
	if (!store->broken)
		note("xenstore: the guest's ring is damaged (%s); it is left alone from here on",
		     what);
	store->broken = true;
}

/* Dropped if the guest has let too much pile up. */
static void store_send(struct xen_store *store, u32 type,
		       const struct xsd_sockmsg *request, const void *payload,
		       size_t len)
{
	struct xsd_sockmsg head = {
		.type = type,
		.req_id = request ? request->req_id : 0,
		.tx_id = request ? request->tx_id : 0,
		.len = (u32)len,
	};

	if (sizeof(head) + len > sizeof(store->out) - store->out_end)
		return;
	memcpy(store->out + store->out_end, &head, sizeof(head));
	store->out_end += sizeof(head);
	memcpy(store->out + store->out_end, payload, len);
	store->out_end += len;
}

static void store_reply(struct xen_store *store, const void *payload,
			size_t len)
{
	store_send(store, store->request.type, &store->request, payload, len);
}

static void store_reply_text(struct xen_store *store, const char *text)
{
	store_reply(store, text, strlen(text) + 1);
}

static void store_reply_error(struct xen_store *store, int err)
{
	const char *name = xsd_errors[0].errstring;

	for (size_t i = 0; i < ARRAY_SIZE(xsd_errors); i++)
		if (xsd_errors[i].errnum == -err)
			name = xsd_errors[i].errstring;
	store_send(store, XS_ERROR, &store->request, name, strlen(name) + 1);
}

/* What was done is done, or why not. */
static void store_reply_done(struct xen_store *store, int err)
{
	if (err)
		store_reply_error(store, err);
	else
		store_reply_text(store, "OK");
}

/* As much of @out as the ring takes; true if any. */
static bool store_flush(struct xen_store *store)
{
	struct xenstore_domain_interface *ring = store->ring;
	u32 used = store->rsp_prod - ring_get(&ring->rsp_cons);
	u32 room = XENSTORE_RING_SIZE - used;
	bool any = false;

	if (used > XENSTORE_RING_SIZE) {
		store_break(store, "answer index");
		return false;
	}
	for (; room && store->out_start < store->out_end; room--) {
		ring->rsp[MASK_XENSTORE_IDX(store->rsp_prod++)] =
			(char)store->out[store->out_start++];
		any = true;
	}
	if (store->out_start == store->out_end)
		store->out_start = store->out_end = 0;
	if (any)
		ring_set(&ring->rsp_prod, store->rsp_prod);
	return any;
}

/* --- watches --------------------------------------------------------------- */

static void store_event(struct xen_store *store, const struct store_watch *watch,
			const char *path)
{
	char event[TREE_PATH_MAX + STORE_TOKEN_MAX];
	size_t len, token = strlen(watch->token) + 1;

	if (watch->relative && tree_is_below(path, STORE_HOME)) {
		path += strlen(STORE_HOME);
		path += *path == '/';
	}
	len = strlen(path) + 1;
	memcpy(event, path, len);
	memcpy(event + len, watch->token, token);
	store_send(store, XS_WATCH_EVENT, NULL, event, len + token);
}

/* @path has changed; with what is below it, if @all. */
static void store_changed(struct xen_store *store, const char *path, bool all)
{
	for (unsigned int i = 0; i < store->watches; i++) {
		const struct store_watch *watch = &store->watch[i];

		if (tree_is_below(path, watch->path))
			store_event(store, watch, path);
		else if (all && tree_is_below(watch->path, path))
			store_event(store, watch, watch->path);
	}
}

static void store_forget_watch(struct xen_store *store, unsigned int i)
{
	free(store->watch[i].path);
	free(store->watch[i].token);
	store->watch[i] = store->watch[--store->watches];
}

static int store_add_watch(struct xen_store *store, const char *path,
			   const char *token, bool relative)
{
	struct store_watch *watch = &store->watch[store->watches];

	for (unsigned int i = 0; i < store->watches; i++)
		if (!strcmp(store->watch[i].path, path) &&
		    !strcmp(store->watch[i].token, token))
			return -EEXIST;
	if (store->watches == STORE_WATCHES ||
	    strlen(token) >= STORE_TOKEN_MAX)
		return -ENOSPC;
	watch->path = strdup(path);
	watch->token = strdup(token);
	watch->relative = relative;
	if (watch->path && watch->token) {
		store->watches++;
		return 0;
	}
	free(watch->path);
	free(watch->token);
	return -ENOMEM;
}

/* --- transactions ---------------------------------------------------------- */

static struct transaction *store_transaction(struct xen_store *store, u32 id)
{
	for (size_t i = 0; i < STORE_TRANSACTIONS; i++)
		if (store->transaction[i].id == id)
			return &store->transaction[i];
	return NULL;
}

/* The tree that the request is about, or NULL. */
static struct tree *store_tree(struct xen_store *store)
{
	u32 id = store->request.tx_id;
	struct transaction *transaction;

	if (!id)
		return &store->tree;
	transaction = store_transaction(store, id);
	return transaction ? &transaction->tree : NULL;
}

static void store_begin(struct xen_store *store)
{
	struct transaction *transaction = store_transaction(store, 0);
	char id[16];
	int err;

	if (!transaction) {
		store_reply_error(store, -ENOSPC);
		return;
	}
	err = tree_copy(&transaction->tree, &store->tree);
	if (err) {
		store_reply_error(store, err);
		return;
	}
	do
		transaction->id = ++store->next_id;
	while (!transaction->id);
	transaction->base = store->tree.generation;
	snprintf(id, sizeof(id), "%u", transaction->id);
	store_reply_text(store, id);
}

/* Tell of nodes that @now has and @was has not, or not so. */
static void store_tell_new(struct xen_store *store, const struct tree *now,
			   const struct tree *was)
{
	for (unsigned int i = 0; i < now->count; i++) {
		const struct tree_node *node = &now->node[i];
		const struct tree_node *old = tree_find(was, node->path);

		if (!old || old->len != node->len ||
		    (node->len && memcmp(old->value, node->value, node->len)))
			store_changed(store, node->path, false);
	}
}

static void store_tell_gone(struct xen_store *store, const struct tree *now,
			    const struct tree *was)
{
	for (unsigned int i = 0; i < was->count; i++)
		if (!tree_find(now, was->node[i].path))
			store_changed(store, was->node[i].path, false);
}

static void store_end(struct xen_store *store, const char *what)
{
	struct transaction *transaction =
		store->request.tx_id ?
		store_transaction(store, store->request.tx_id) : NULL;
	struct tree was = store->tree;

	if (!transaction) {
		store_reply_error(store, -ENOENT);
		return;
	}
	transaction->id = 0;
	if (strcmp(what, "T") || transaction->base != was.generation) {
		tree_free(&transaction->tree);
		store_reply_done(store, strcmp(what, "T") ? 0 : -EAGAIN);
		return;
	}
	store->tree = transaction->tree;
	memset(&transaction->tree, 0, sizeof(transaction->tree));
	store_reply_done(store, 0);
	store_tell_new(store, &store->tree, &was);
	store_tell_gone(store, &store->tree, &was);
	tree_free(&was);
}

/* --- requests -------------------------------------------------------------- */

/* The string at @at of the payload, or NULL if it does not end there. */
static const char *store_string(const struct xen_store *store, size_t at)
{
	size_t len = store->request.len;

	if (at >= len || !memchr(store->payload + at, 0, len - at))
		return NULL;
	return store->payload + at;
}

/* What the guest calls @name, absolute; false if it is no path. */
static bool store_path(const char *name, char *path)
{
	int len;

	if (name[0] == '/')
		len = snprintf(path, TREE_PATH_MAX, "%s", name);
	else if (name[0])
		len = snprintf(path, TREE_PATH_MAX, STORE_HOME "/%s", name);
	else
		len = snprintf(path, TREE_PATH_MAX, STORE_HOME);
	return len < TREE_PATH_MAX && tree_path_is_good(path);
}

static void store_read(struct xen_store *store, const struct tree *tree,
		       const char *path)
{
	const struct tree_node *node = tree_find(tree, path);

	/* It came in one request, and so does for an answer. */
	if (node)
		store_reply(store, node->value ? node->value : (u8 *)"",
			    node->len);
	else
		store_reply_error(store, -ENOENT);
}

static void store_directory(struct xen_store *store, const struct tree *tree,
			    const char *path)
{
	char names[XENSTORE_PAYLOAD_MAX];
	size_t len = tree_list(tree, path, names, sizeof(names));

	if (path[1] && !tree_find(tree, path))
		store_reply_error(store, -ENOENT);
	else if (len > sizeof(names))
		store_reply_error(store, -E2BIG);
	else
		store_reply(store, names, len);
}

/* Ours to read is everything, ours to write what is the guest's. */
static void store_modify(struct xen_store *store, struct tree *tree,
			 const char *path, size_t name_bytes)
{
	bool remove = store->request.type == XS_RM;
	int err;

	if (!tree_is_below(path, STORE_HOME) || !strcmp(path, STORE_HOME))
		err = -EACCES;
	else if (remove)
		err = tree_remove(tree, path);
	else if (store->request.type == XS_MKDIR)
		err = tree_make(tree, path);
	else
		err = tree_write(tree, path, store->payload + name_bytes,
				 store->request.len - name_bytes);
	store_reply_done(store, err);
	if (!err && tree == &store->tree)
		store_changed(store, path, remove);
}

/* Requests about a node of a tree. */
static void store_node_request(struct xen_store *store)
{
	struct tree *tree = store_tree(store);
	const char *name = store_string(store, 0);
	char path[TREE_PATH_MAX];

	if (!name || !store_path(name, path)) {
		store_reply_error(store, -EINVAL);
		return;
	}
	if (!tree) {
		store_reply_error(store, -ENOENT);
		return;
	}
	switch (store->request.type) {
	case XS_DIRECTORY:
		store_directory(store, tree, path);
		break;
	case XS_READ:
		store_read(store, tree, path);
		break;
	case XS_GET_PERMS:
		if (tree_find(tree, path))
			store_reply_text(store, STORE_OWNER);
		else
			store_reply_error(store, -ENOENT);
		break;
	case XS_SET_PERMS:
		store_reply_done(store, tree_find(tree, path) ? 0 : -ENOENT);
		break;
	default:
		store_modify(store, tree, path, strlen(name) + 1);
	}
}

static void store_watch_request(struct xen_store *store)
{
	const char *name = store_string(store, 0);
	const char *token = name ? store_string(store, strlen(name) + 1) : NULL;
	char path[TREE_PATH_MAX];
	int err;

	if (!token) {
		store_reply_error(store, -EINVAL);
		return;
	}
	if (name[0] == '@' && strlen(name) < sizeof(path))
		strcpy(path, name);
	else if (!store_path(name, path)) {
		store_reply_error(store, -EINVAL);
		return;
	}
	if (store->request.type == XS_WATCH) {
		err = store_add_watch(store, path, token,
				      name[0] != '/' && name[0] != '@');
		store_reply_done(store, err);
		/* What is there already is the first change. */
		if (!err)
			store_event(store, &store->watch[store->watches - 1],
				    path);
		return;
	}
	for (unsigned int i = 0; i < store->watches; i++) {
		if (strcmp(store->watch[i].path, path) ||
		    strcmp(store->watch[i].token, token))
			continue;
		store_forget_watch(store, i);
		store_reply_done(store, 0);
		return;
	}
	store_reply_error(store, -ENOENT);
}

static void store_domain_path(struct xen_store *store)
{
	const char *number = store_string(store, 0);
	char path[64];

	if (!number || strspn(number, "0123456789") != strlen(number) ||
	    strlen(number) > 5) {
		store_reply_error(store, -EINVAL);
		return;
	}
	snprintf(path, sizeof(path), "/local/domain/%s", number);
	store_reply_text(store, path);
}

static void store_handle(struct xen_store *store)
{
	const char *text;

	switch (store->request.type) {
	case XS_DIRECTORY:
	case XS_READ:
	case XS_GET_PERMS:
	case XS_SET_PERMS:
	case XS_WRITE:
	case XS_MKDIR:
	case XS_RM:
		store_node_request(store);
		break;
	case XS_WATCH:
	case XS_UNWATCH:
		store_watch_request(store);
		break;
	case XS_RESET_WATCHES:
		while (store->watches)
			store_forget_watch(store, store->watches - 1);
		store_reply_done(store, 0);
		break;
	case XS_TRANSACTION_START:
		store_begin(store);
		break;
	case XS_TRANSACTION_END:
		text = store_string(store, 0);
		store_end(store, text ? text : "");
		break;
	case XS_GET_DOMAIN_PATH:
		store_domain_path(store);
		break;
	case XS_IS_DOMAIN_INTRODUCED:
		store_reply_text(store, "T");
		break;
	default:
		store_reply_error(store, -ENOSYS);
	}
}

/* One more byte of a request, if there is any. */
static bool store_take(struct xen_store *store)
{
	struct xenstore_domain_interface *ring = store->ring;
	u32 there = ring_get(&ring->req_prod) - store->req_cons;
	char byte;

	if (there > XENSTORE_RING_SIZE)
		store_break(store, "request index");
	if (store->broken || !there)
		return false;
	byte = ring->req[MASK_XENSTORE_IDX(store->req_cons++)];
	ring_set(&ring->req_cons, store->req_cons);
	if (store->have < sizeof(store->request))
		((char *)&store->request)[store->have] = byte;
	else
		store->payload[store->have - sizeof(store->request)] = byte;
	store->have++;
	if (store->have == sizeof(store->request) &&
	    store->request.len > XENSTORE_PAYLOAD_MAX)
		store_break(store, "length of a request");
	return !store->broken;
}

/*
 * Nothing new is begun before what was answered is gone, so what piles up is
 * at most one answer and the events that came of it.  After so many bytes
 * others of the main loop have their turn.
 */
static void store_serve(struct xen_store *store)
{
	u64 again = 1;
	bool moved = false;
	ssize_t n;

	for (u32 i = 0; !store->broken; i++) {
		moved |= store_flush(store);
		if (store->out_end)
			break;
		if (i == XENSTORE_RING_SIZE) {
			n = write(store->doorbell.fd, &again, sizeof(again));
			(void)n;	/* full is rung enough */
			break;
		}
		if (!store_take(store))
			break;
		moved = true;
		if (store->have < sizeof(store->request) ||
		    store->have < sizeof(store->request) + store->request.len)
			continue;
		store->have = 0;
		store_handle(store);
	}
	if (moved)
		irq_raise(&store->irq);
}

static void store_rung(void *arg)
{
	struct xen_store *store = arg;
	u64 count;

	if (read(store->doorbell.fd, &count, sizeof(count)) == sizeof(count))
		store_serve(store);
}

void xen_store_set(struct xen_store *store, const char *name,
		   const char *value)
{
	char path[TREE_PATH_MAX];

	if (!store_path(name, path) ||
	    tree_write(&store->tree, path, value, strlen(value)))
		return;
	store_changed(store, path, false);
	store_serve(store);
}

int xen_store_init(struct xen_store **out, const struct mem *mem, u64 gfn,
		   int guest_fd, u32 port)
{
	struct xen_store *store = calloc(1, sizeof(*store));
	int err;

	if (!store)
		return complain(STATUS_HOST, "out of memory");
	store->ring = mem_at(mem, gfn * PAGE_BYTES, PAGE_BYTES);
	store->irq = (struct irq){ guest_fd, port };
	store->doorbell = (struct watch){
		.ready = store_rung,
		.arg = store,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	err = store->doorbell.fd < 0 ? -errno :
	      doorbell_set(guest_fd, port, 0, store->doorbell.fd, true);
	if (err)
		goto err_fd;
	err = loop_add(&store->doorbell);
	if (err)
		goto err_doorbell;
	*out = store;
	return 0;

err_doorbell:
	doorbell_set(guest_fd, port, 0, store->doorbell.fd, false);
err_fd:
	if (store->doorbell.fd >= 0)
		close(store->doorbell.fd);
	free(store);
	return complain(STATUS_HOST, "cannot set up the xenstore: %s",
			strerror(-err));
}

void xen_store_exit(struct xen_store *store)
{
	loop_remove(&store->doorbell);
	doorbell_set(store->irq.guest_fd, store->irq.line, 0,
		     store->doorbell.fd, false);
	close(store->doorbell.fd);
	while (store->watches)
		store_forget_watch(store, store->watches - 1);
	for (size_t i = 0; i < STORE_TRANSACTIONS; i++)
		tree_free(&store->transaction[i].tree);
	tree_free(&store->tree);
	free(store);
}
