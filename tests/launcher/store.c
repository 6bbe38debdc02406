// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The xenstore from the guest's side of the ring: every request, in pieces of
 * any size, with and without transactions; and guests that flood it, send
 * nonsense or never read.
 */
#include "dev/xen/store.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/io/xs_wire.h>

#include "dev/irq.h"
#include "dev/xen/tree.h"
#include "ktap.h"
#include "loop.h"
#include "mem.h"

#define RING_GFN	2
#define PORT		1

/* --- the module ------------------------------------------------------------ */

static unsigned int irqs;
static int doorbell = -1;

void irq_raise(const struct irq *irq)
{
	if (irq->line == PORT)
		irqs++;
}

int doorbell_set(int guest_fd, u64 gpa, u32 len, int event_fd, bool on)
{
	(void)guest_fd;
	if (gpa != PORT || len)
		return -EINVAL;
	doorbell = on ? event_fd : -1;
	return 0;
}

/* --- a driver -------------------------------------------------------------- */

static struct mem mem;
static struct xen_store *store;
static struct xenstore_domain_interface *ring;

/* The last answer, and the last event. */
static struct xsd_sockmsg head;
static char answer[XENSTORE_PAYLOAD_MAX + 1];
static char event[XENSTORE_PAYLOAD_MAX + 1];
static unsigned int events;

static bool begin(void)
{
	memset(mem.base, 0, mem.size);
	ring = mem_at(&mem, RING_GFN * PAGE_BYTES, sizeof(*ring));
	events = irqs = 0;
	memset(event, 0, sizeof(event));
	return !xen_store_init(&store, &mem, RING_GFN, -1, PORT);
}

static bool end(void)
{
	xen_store_exit(store);
	return doorbell == -1;
}

static void stop_loop(void *arg)
{
	(void)arg;
	loop_stop();
}

/* Let the store's end of things run until it has nothing to do. */
static void serve(void)
{
	struct watch idle = { .ready = stop_loop };
	u64 one = 1;
	int pipes[2];

	if (write(doorbell, &one, sizeof(one)) != sizeof(one) || pipe(pipes))
		abort();
	idle.fd = pipes[0];
	for (int i = 0; i < 3; i++) {
		if (write(pipes[1], "", 1) != 1 || loop_add(&idle))
			abort();
		loop_rearm();
		loop_run();
		loop_remove(&idle);
	}
	close(pipes[0]);
	close(pipes[1]);
}

/* As much as there is room for. */
static size_t ring_put(const char *data, size_t len)
{
	size_t done = 0;

	while (done < len &&
	       ring->req_prod - ring->req_cons < XENSTORE_RING_SIZE)
		ring->req[MASK_XENSTORE_IDX(ring->req_prod++)] = data[done++];
	return done;
}

static size_t ring_get(char *data, size_t len)
{
	size_t done = 0;

	while (done < len && ring->rsp_prod != ring->rsp_cons)
		data[done++] = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons++)];
	return done;
}

static bool get_all(void *data, size_t len)
{
	size_t done = 0;

	for (int i = 0; i < 100 && done < len; i++) {
		done += ring_get((char *)data + done, len - done);
		if (done < len)
			serve();
	}
	return done == len;
}

/* Take messages until one that is no event. */
static bool receive(void)
{
	for (;;) {
		if (!get_all(&head, sizeof(head)) ||
		    head.len > XENSTORE_PAYLOAD_MAX)
			return false;
		memset(answer, 0, sizeof(answer));
		if (!get_all(answer, head.len))
			return false;
		if (head.type != XS_WATCH_EVENT)
			return true;
		events++;
		memcpy(event, answer, sizeof(event));
	}
}

static bool send_bytes(const void *data, size_t len)
{
	const char *at = data;

	for (int i = 0; i < 100 && len; i++) {
		size_t n = ring_put(at, len);

		at += n;
		len -= n;
		serve();
	}
	return !len;
}

/* One request and its answer; false if there is none. */
static bool ask_bytes(u32 type, u32 tx, const void *payload, size_t len)
{
	static u32 id;
	struct xsd_sockmsg request = { type, ++id, tx, (u32)len };

	return send_bytes(&request, sizeof(request)) &&
	       send_bytes(payload, len) && receive() && head.req_id == id &&
	       (head.type == type || head.type == XS_ERROR);
}

/* With the end of the string; the answer is this text. */
static bool ask(u32 type, u32 tx, const char *payload, const char *expected)
{
	return ask_bytes(type, tx, payload, strlen(payload) + 1) &&
	       !strcmp(answer, expected);
}

static bool write_node(u32 tx, const char *path, const char *value)
{
	char payload[4096];
	size_t len = strlen(path) + 1;

	memcpy(payload, path, len);
	memcpy(payload + len, value, strlen(value));
	return ask_bytes(XS_WRITE, tx, payload, len + strlen(value)) &&
	       !strcmp(answer, "OK");
}

static bool watch(u32 type, const char *path, const char *token)
{
	char payload[4096];
	size_t len = strlen(path) + 1;

	memcpy(payload, path, len);
	strcpy(payload + len, token);
	return ask_bytes(type, 0, payload, len + strlen(token) + 1) &&
	       !strcmp(answer, "OK");
}

/* Events that are there without an answer. */
static void drain(void)
{
	ask(XS_GET_DOMAIN_PATH, 0, "7", "");
}

static bool event_is(const char *path, const char *token)
{
	return !strcmp(event, path) &&
	       !strcmp(event + strlen(path) + 1, token);
}

/* --- cases ----------------------------------------------------------------- */

static void nodes(void)
{
	CHECK(begin());
	xen_store_set(store, "domid", "1");
	CHECK(ask(XS_READ, 0, "domid", "1"));
	CHECK(ask(XS_READ, 0, "/local/domain/1/domid", "1"));
	CHECK(ask(XS_READ, 0, "nothing", "ENOENT"));
	CHECK(ask(XS_DIRECTORY, 0, "device", "ENOENT"));
	CHECK(write_node(0, "device/vbd/768/state", "1"));
	CHECK(ask(XS_READ, 0, "device/vbd/768/state", "1"));
	CHECK(ask(XS_READ, 0, "device/vbd", ""));
	CHECK(head.type == XS_READ && head.len == 0);
	CHECK(write_node(0, "device/vbd/768/state", ""));
	CHECK(ask(XS_READ, 0, "device/vbd/768/state", "") && !head.len);
	CHECK(ask(XS_MKDIR, 0, "device/vif", "OK"));
	CHECK(ask(XS_MKDIR, 0, "device/vif", "OK"));
	CHECK(ask(XS_DIRECTORY, 0, "device", "vbd"));
	CHECK(head.len == 8 && !strcmp(answer + 4, "vif"));
	CHECK(ask(XS_DIRECTORY, 0, "/", "local"));
	CHECK(ask(XS_RM, 0, "device", "OK"));
	CHECK(ask(XS_READ, 0, "device/vbd/768/state", "ENOENT"));
	CHECK(ask(XS_RM, 0, "device", "ENOENT"));
	CHECK(ask(XS_GET_PERMS, 0, "domid", "n1"));
	CHECK(ask(XS_SET_PERMS, 0, "domid", "OK"));
	CHECK(ask(XS_GET_DOMAIN_PATH, 0, "0", "/local/domain/0"));
	CHECK(ask(XS_IS_DOMAIN_INTRODUCED, 0, "0", "T"));
	CHECK(irqs);
	CHECK(end());
}

static void refused(void)
{
	static const char *const paths[] = {
		"a//b", "/", "a/", "//", "a b", "\n", "a\\b", "a.b", "\xff",
	};
	char path[TREE_PATH_MAX + 1], special[3000];

	CHECK(begin());
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		CHECK(!write_node(0, paths[i], "x") && head.type == XS_ERROR);
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = 0;
	CHECK(!write_node(0, path, "x") && head.type == XS_ERROR);
	CHECK(!write_node(0, "/local/domain/0/x", "x"));
	CHECK(!strcmp(answer, "EACCES"));
	CHECK(!write_node(0, "/local/domain/10/x", "x"));
	CHECK(ask(XS_RM, 0, "/local/domain/1", "EACCES"));
	CHECK(ask(XS_RM, 0, "/local", "EACCES"));
	CHECK(ask(99, 0, "", "ENOSYS"));
	CHECK(ask(XS_INVALID, 0, "", "ENOSYS"));
	CHECK(ask(XS_DIRECTORY_PART, 0, "x", "ENOSYS"));
	/* Not even if what was there before would end it. */
	CHECK(ask(XS_READ, 0, "over", "ENOENT"));
	CHECK(ask_bytes(XS_READ, 0, "open", 4) && !strcmp(answer, "EINVAL"));
	for (u32 type = 0; type < 30; type++)
		CHECK(ask_bytes(type, 0, "", 0));
	CHECK(ask(XS_GET_DOMAIN_PATH, 0, "x", "EINVAL"));
	CHECK(ask(XS_GET_DOMAIN_PATH, 0, "4444444444", "EINVAL"));
	CHECK(ask(XS_WATCH, 0, "no-token", "EINVAL"));
	CHECK(ask(XS_READ, 0, "x/", "EINVAL"));
	/* Too long also where what is cut off would do. */
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = 0;
	CHECK(ask(XS_READ, 0, path, "EINVAL"));
	memset(special, 'a', sizeof(special));
	special[0] = '@';
	special[sizeof(special) - 1] = 0;
	CHECK(!watch(XS_WATCH, special, "t"));
	CHECK(end());
}

static void watches(void)
{
	CHECK(begin());
	xen_store_set(store, "control/shutdown", "");
	CHECK(watch(XS_WATCH, "control/shutdown", "t1"));
	drain();
	CHECK(events == 1 && event_is("control/shutdown", "t1"));
	CHECK(watch(XS_WATCH, "/local/domain/1/device", "t2"));
	CHECK(watch(XS_WATCH, "@releaseDomain", "t3"));
	CHECK(!watch(XS_WATCH, "control/shutdown", "t1"));
	drain();
	events = 0;
	xen_store_set(store, "control/shutdown", "poweroff");
	drain();
	CHECK(events == 1 && event_is("control/shutdown", "t1"));
	CHECK(write_node(0, "device/x/y", "1"));
	drain();
	CHECK(events == 2 && event_is("/local/domain/1/device/x/y", "t2"));
	CHECK(write_node(0, "devices", "1"));
	CHECK(write_node(0, "control", "1"));
	drain();
	CHECK(events == 2);
	/* What goes with what is above it. */
	CHECK(ask(XS_RM, 0, "control", "OK"));
	drain();
	CHECK(events == 3 && event_is("control/shutdown", "t1"));
	CHECK(!watch(XS_UNWATCH, "control/shutdown", "t9"));
	CHECK(!watch(XS_UNWATCH, "control", "t1"));
	CHECK(watch(XS_UNWATCH, "control/shutdown", "t1"));
	xen_store_set(store, "control/shutdown", "x");
	drain();
	CHECK(events == 3);
	CHECK(watch(XS_WATCH, "", "all"));
	drain();
	CHECK(events == 4 && event_is("", "all"));
	xen_store_set(store, "z", "x");
	drain();
	CHECK(events == 5 && event_is("z", "all"));
	/* What fails changes nothing. */
	CHECK(ask(XS_RM, 0, "nothing", "ENOENT"));
	drain();
	CHECK(events == 5);
	CHECK(ask(XS_RESET_WATCHES, 0, "", "OK"));
	xen_store_set(store, "device/x/y", "2");
	drain();
	CHECK(events == 5);
	CHECK(end());
}

static u32 start_transaction(void)
{
	return ask_bytes(XS_TRANSACTION_START, 0, "", 1) ?
	       (u32)atoi(answer) : 0;
}

static void transactions(void)
{
	u32 a, b;

	CHECK(begin());
	CHECK(write_node(0, "x/1", "old"));
	CHECK(watch(XS_WATCH, "x", "t"));
	drain();
	events = 0;
	a = start_transaction();
	b = start_transaction();
	CHECK(a && b && a != b);
	CHECK(write_node(a, "x/1", "new"));
	CHECK(write_node(a, "x/2", "two"));
	CHECK(ask(XS_READ, a, "x/2", "two"));
	CHECK(ask(XS_READ, 0, "x/1", "old"));
	CHECK(ask(XS_READ, b, "x/2", "ENOENT"));
	CHECK(ask(XS_RM, b, "x/1", "OK"));
	CHECK(events == 0);
	CHECK(ask(XS_TRANSACTION_END, a, "T", "OK"));
	CHECK(ask(XS_READ, 0, "x/1", "new"));
	CHECK(events == 2);
	CHECK(ask(XS_TRANSACTION_END, b, "T", "EAGAIN"));
	CHECK(ask(XS_TRANSACTION_END, b, "T", "ENOENT"));
	CHECK(ask(XS_READ, b, "x/1", "ENOENT"));
	CHECK(ask(XS_TRANSACTION_END, 0, "T", "ENOENT"));
	/* What goes is a change, too. */
	a = start_transaction();
	CHECK(write_node(0, "x/3", "three"));
	b = start_transaction();
	CHECK(ask(XS_RM, 0, "x/3", "OK"));
	CHECK(ask(XS_TRANSACTION_END, a, "T", "EAGAIN"));
	CHECK(ask(XS_TRANSACTION_END, b, "T", "EAGAIN"));
	/* And so is another value. */
	a = start_transaction();
	CHECK(write_node(0, "x/1", "newer"));
	CHECK(ask(XS_TRANSACTION_END, a, "T", "EAGAIN"));
	a = start_transaction();
	CHECK(ask(XS_RM, a, "x", "OK"));
	CHECK(ask(XS_TRANSACTION_END, a, "F", "OK"));
	CHECK(ask(XS_READ, 0, "x/2", "two"));
	a = start_transaction();
	CHECK(ask(XS_RM, a, "x/2", "OK"));
	CHECK(ask(XS_TRANSACTION_END, a, "T", "OK"));
	drain();
	CHECK(event_is("x/2", "t"));
	for (int i = 0; i < 8; i++)
		CHECK(start_transaction());
	CHECK(ask_bytes(XS_TRANSACTION_START, 0, "", 1));
	CHECK(!strcmp(answer, "ENOSPC"));
	CHECK(end());
}

/* Limits of everything a guest can make. */
static void greedy(void)
{
	char path[900], value[2000];
	unsigned int made = 0;

	CHECK(begin());
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = 0;
	while (made < 10000) {
		snprintf(path, sizeof(path), "big/%u", made);
		if (!write_node(0, path, value))
			break;
		made++;
	}
	CHECK(made > 10 && made < 100 && !strcmp(answer, "ENOSPC"));
	/* In place of another there is room. */
	CHECK(write_node(0, "big/0", value));
	CHECK(ask(XS_RM, 0, "big", "OK"));
	CHECK(write_node(0, "big/0", value));
	CHECK(ask(XS_RM, 0, "big", "OK"));
	for (made = 0; made < 10000; made++) {
		snprintf(path, sizeof(path), "n/%u", made);
		if (!ask(XS_MKDIR, 0, path, "OK"))
			break;
	}
	CHECK(made > 100 && made < 600 && !strcmp(answer, "ENOSPC"));
	CHECK(ask(XS_DIRECTORY, 0, "n", "0"));
	CHECK(ask(XS_RM, 0, "n", "OK"));
	/* A list of names that no answer can hold. */
	memset(path, 'p', sizeof(path));
	for (made = 0; made < 8; made++) {
		snprintf(path + 850, 20, "%u", made);
		memcpy(path, "n/", 2);
		CHECK(ask(XS_MKDIR, 0, path, "OK"));
	}
	CHECK(ask(XS_DIRECTORY, 0, "n", "E2BIG"));
	/* Names take room, too. */
	for (made = 0; made < 500; made++) {
		snprintf(path + 850, 20, "x%u", made);
		if (!ask(XS_MKDIR, 0, path, "OK"))
			break;
	}
	CHECK(made < TREE_BYTES_MAX / 850 && !strcmp(answer, "ENOSPC"));
	CHECK(ask(XS_RM, 0, "n", "OK"));
	for (made = 0; made < 1000; made++) {
		snprintf(path, sizeof(path), "%u", made);
		if (!watch(XS_WATCH, "w", path))
			break;
	}
	CHECK(made == 64 && !strcmp(answer, "ENOSPC"));
	CHECK(write_node(0, "w", "x"));
	CHECK(ask(XS_READ, 0, "w", "x"));
	CHECK(end());
}

/*
 * One change of many nodes that many want to hear of.  Events of 86 bytes, behind
 * an "OK" of 19, fill the 128 KiB for them up to 75 bytes, for which only the
 * text of another would not be too much.
 */
static void flood(void)
{
	char name[80];
	u32 tx;

	CHECK(begin());
	CHECK(write_node(0, "w", ""));
	for (int i = 10; i < 74; i++) {
		snprintf(name, sizeof(name), "%d", i);
		CHECK(watch(XS_WATCH, "w", name));
	}
	tx = start_transaction();
	CHECK(tx);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "w/%064d", i);
		CHECK(ask(XS_MKDIR, tx, name, "OK"));
	}
	drain();
	events = 0;
	CHECK(ask(XS_TRANSACTION_END, tx, "T", "OK"));
	drain();
	CHECK(events == (128 * 1024 - 19) / 86);
	CHECK(end());
}

static void nonsense(void)
{
	static const struct {
		u32 req_prod, rsp_cons;
	} wild[] = {
		{ 1025, 0 }, { 0x80000000, 0 }, { 0xffffffff, 0 },
		{ 16, 1 }, { 16, 0x80000000 }, { 16, 0xfffffbff },
	};
	struct xsd_sockmsg request = { .type = XS_READ, .len = 4097 };

	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		CHECK(begin());
		ring->req_prod = wild[i].req_prod;
		ring->rsp_cons = wild[i].rsp_cons;
		serve();
		CHECK(!ring->req_cons && !ring->rsp_prod);
		/* It is broken for good. */
		ring->req_prod = ring->req_cons;
		ring->rsp_cons = ring->rsp_prod;
		CHECK(!ask(XS_GET_DOMAIN_PATH, 0, "1", "/local/domain/1"));
		CHECK(end());
	}
	/* Longer than there is room for: nothing of it is taken. */
	CHECK(begin());
	CHECK(send_bytes(&request, sizeof(request)));
	CHECK(ring_put("x", 1) == 1);
	serve();
	CHECK(ring->req_cons == sizeof(request) && !ring->rsp_prod);
	CHECK(end());
	/* Ours are ours. */
	CHECK(begin());
	ring->rsp_prod = 0x1234;
	ring->rsp_cons = 0;
	ring->req_cons = 0x4321;
	ring->req_prod = 0;
	for (size_t i = 0; i < sizeof(request); i++)
		ring->req[i] = 0;
	ring->req_prod = sizeof(request);
	serve();
	CHECK(ring->req_cons == sizeof(request));
	CHECK(ring->rsp_prod > 0 && ring->rsp_prod < 100);
	CHECK(end());
}

/* Requests without end, answers never read: nothing grows. */
static void deaf(void)
{
	struct xsd_sockmsg request = { XS_DIRECTORY, 1, 0, 1 };
	u32 last;

	CHECK(begin());
	for (int i = 0; i < 2000; i++) {
		ring_put((char *)&request, sizeof(request));
		ring_put("", 1);
		serve();
	}
	last = ring->rsp_prod;
	CHECK(last <= XENSTORE_RING_SIZE);
	/* Nor is more begun. */
	CHECK(ring->req_prod - ring->req_cons == XENSTORE_RING_SIZE);
	for (int i = 0; i < 5000; i++)
		xen_store_set(store, "x", i & 1 ? "1" : "0");
	CHECK(ring->rsp_prod == last);
	CHECK(end());
}

static void fuzz(void)
{
	static const char *const words[] = {
		"domid", "x", "x/y", "/", "", "/local/domain/1", "T", "F", "@a",
		"/local", "1", "2",
	};
	u32 seed = 17;

	CHECK(begin());
	for (int i = 0; i < 20000; i++) {
		char payload[64];
		size_t len = 0;

		for (int w = 0; w < 2; w++) {
			const char *word;

			seed = seed * 1664525 + 1013904223;
			word = words[(seed >> 8) % ARRAY_SIZE(words)];
			strcpy(payload + len, word);
			len += strlen(word) + 1;
		}
		seed = seed * 1664525 + 1013904223;
		if (seed >> 31)
			len = (seed >> 8) % (len + 1);
		CHECK(ask_bytes((seed >> 12) % 24, (seed >> 20) % 3 ?
				0 : (seed >> 22) % 40, payload, len));
	}
	CHECK(end());
}

static const struct ktap_case cases[] = {
	{ "nodes", nodes },
	{ "requests that are refused", refused },
	{ "watches", watches },
	{ "transactions", transactions },
	{ "guests that want too much", greedy },
	{ "changes that nobody can hear of in time", flood },
	{ "nonsense in the rings", nonsense },
	{ "a guest that never reads", deaf },
	{ "requests of any kind", fuzz },
};

int main(void)
{
	int status = mem_init(&mem, 16 * PAGE_BYTES);

	if (!status)
		status = loop_init();
	if (status)
		return status;
	status = ktap_run(cases, ARRAY_SIZE(cases));
	mem_exit(&mem);
	return status;
}
