#include "firewall/client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firewall/message.h"

enum { HELD_MAX = 1 << 20 }; /* entries a root process may list: far above any backend's, 28 MB here */

static_assert((int)CLIENT_FLOODS_MAX == (int)MESSAGE_ENTRIES, "a packet full");
static_assert((int)CLIENT_CHANGED_MAX == (int)MESSAGE_ENTRIES && (int)CLIENT_WHO_MAX == (int)sizeof((struct message){0}).why,
              "a packet full");
static_assert((int)CLIENT_LIST_MAX == (int)MESSAGE_LIST_MAX, "copied as it is");

/* An entry that is in the kernel. */
struct held {
	struct net net;
	uint32_t left_s, idle_s, dropped;
};

void client_init(struct client *client, int fd)
{
	*client = (struct client){.fd = fd};
}

static int wanted_order(const void *a, const void *b)
{
	const struct client_entry *left = a, *right = b;

	return net_order(&left->net, &right->net);
}

static int held_order(const void *a, const void *b)
{
	const struct held *left = a, *right = b;

	return net_order(&left->net, &right->net);
}

/* One packet. *ret_fd: the descriptor that came along, or -1. ret_fd may be NULL: then the kernel closes what comes. */
static ssize_t receive(int fd, struct message *answer, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec text = {answer, sizeof *answer};
	struct msghdr packet = {.msg_iov = &text, .msg_iovlen = 1};
	const struct cmsghdr *along;
	ssize_t len;

	if (ret_fd != NULL) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof control;
		*ret_fd = -1;
	}
	/* MSG_TRUNC: the length it had, so that a longer packet is not mistaken for one that fits. */
	do
		len = recvmsg(fd, &packet, MSG_TRUNC | MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	along = len <= 0 || ret_fd == NULL ? NULL : CMSG_FIRSTHDR(&packet);
	if (along != NULL && along->cmsg_level == SOL_SOCKET && along->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(along), sizeof *ret_fd);
	return len;
}

/* A report that came while something else was expected, or by itself. */
static void note_change(struct client *client, const struct message *m)
{
	struct client_change *const change = &client->change;

	if (m->n == 0 || change->n + m->n > CLIENT_CHANGED_MAX)
		change->all = true;
	for (uint32_t i = 0; i < m->n && !change->all; i++) {
		struct net *const net = &change->nets[change->n++];

		memcpy(net->addr.bytes, m->entries[i].addr, sizeof net->addr.bytes);
		net->len = m->entries[i].len;
	}
	change->any = true;
	memcpy(change->who, m->why, sizeof change->who);
}

bool client_changed(struct client *client, bool readable, struct client_change *ret)
{
	struct message m;
	ssize_t len;

	while (readable && ((len = recv(client->fd, &m, sizeof m, MSG_TRUNC | MSG_DONTWAIT)) > 0 || (len < 0 && errno == EINTR)))
		if (len > 0 && message_is_notice(&m, (size_t)len))
			note_change(client, &m);
	if (!client->change.any)
		return false;
	*ret = client->change;
	client->change = (struct client_change){0};
	return true;
}

/*
 * One round trip: m goes out as a request and comes back as its answer. An error that root reports is
 * returned like our own; m->refused and client's numbers are good then, too. why: also of what was refused.
 * ret_fd: NULL, or as of receive.
 */
static int ask_for(struct client *client, struct message *m, int *ret_fd, struct why *why)
{
	static const char gone[] = "the root process is gone";
	struct message answer;
	ssize_t len;

	m->number = ++client->number;
	do
		len = send(client->fd, m, message_size(m), MSG_NOSIGNAL);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return errno == EPIPE || errno == ECONNRESET
		               ? why_set(why, EPIPE, "%s", gone)
		               : why_set(why, errno, "cannot ask the root process: %s", strerror(errno));
	while ((len = receive(client->fd, &answer, ret_fd)) > 0 && message_is_notice(&answer, (size_t)len))
		note_change(client, &answer);
	if (len == 0 || (len < 0 && errno == ECONNRESET))
		return why_set(why, EPIPE, "%s", gone);
	if (len < 0)
		return why_set(why, errno, "no answer of the root process: %s", strerror(errno));
	if (!message_is_answer(&answer, (size_t)len, m))
		return why_set(why, EPROTO, "the root process sent a packet that is no answer");
	client->held4 = answer.n4;
	client->held6 = answer.n6;
	client->capacity = answer.capacity;
	client->watched = answer.watched != 0;
	client->lengths = answer.lengths;
	memcpy(client->list, answer.list, sizeof client->list);
	memcpy(client->backend, answer.backend, sizeof client->backend);
	memcpy(client->chosen, answer.chosen, sizeof client->chosen);
	memcpy(m, &answer, (size_t)len);
	if (answer.why[0] != '\0')
		(void)why_set(why, EPERM, "%s", answer.why);
	return answer.error;
}

static int ask(struct client *client, struct message *m, struct why *why)
{
	return ask_for(client, m, NULL, why);
}

/* Adds an entry to a packet that is not full. False: no packet may carry such a network, root would hang up. */
static bool put(struct message *m, const struct net *net, uint32_t left_s)
{
	struct message_entry entry = {.len = net->len, .left_s = left_s};

	assert(m->n < MESSAGE_ENTRIES);
	memcpy(entry.addr, net->addr.bytes, sizeof entry.addr);
	if (!message_entry_is_good(&entry))
		return false;
	m->entries[m->n++] = entry;
	return true;
}

static bool put_add(struct message *m, const struct client_entry *entry)
{
	uint32_t left_s = entry->left_s;

	if (left_s < 1)
		left_s = 1;
	if (left_s > MESSAGE_SECONDS_MAX)
		left_s = MESSAGE_SECONDS_MAX;
	return put(m, &entry->net, left_s);
}

static int prepare(struct client *client, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why)
{
	struct message m = {.verb = MESSAGE_PREPARE, .n4 = n4, .n6 = n6};
	const int err = ask(client, &m, why);

	if (err == 0)
		*ret_repaired = m.repaired != 0;
	return err;
}

/* What the kernel holds, sorted. *ret: the caller frees it. */
static int list(struct client *client, struct held **ret, size_t *ret_n, struct why *why)
{
	struct held *held = NULL;
	size_t n = 0, cap = 0;
	uint32_t cursor = 0;
	int err;

	do {
		struct message m = {.verb = MESSAGE_LIST, .cursor = cursor};

		err = ask(client, &m, why);
		if (err < 0)
			goto fail;
		if (n + m.n > cap) {
			struct held *larger;

			cap = cap == 0 ? 256 : cap * 2;
			larger = cap <= HELD_MAX ? realloc(held, cap * sizeof *held) : NULL;
			if (larger == NULL) {
				err = why_set(why, ENOMEM,
				              "the kernel's list is too long to compare: %zu entries", n);
				goto fail;
			}
			held = larger;
		}
		for (uint32_t i = 0; i < m.n; i++, n++) {
			memcpy(held[n].net.addr.bytes, m.entries[i].addr, sizeof m.entries[i].addr);
			held[n].net.len = m.entries[i].len;
			held[n].left_s = m.entries[i].left_s;
			held[n].idle_s = m.entries[i].idle_s;
			held[n].dropped = m.entries[i].dropped;
		}
		cursor = m.cursor;
	} while (cursor != 0);
	if (n > 0)
		qsort(held, n, sizeof *held, held_order);
	*ret = held;
	*ret_n = n;
	return 0;
fail:
	free(held);
	return err;
}

/*
 * Walks both sorted arrays at once. Fills in what wanted has of the kernel and moves what is not wanted to the front of
 * held; returns how many that are.
 */
static size_t compare(struct client_entry *wanted, size_t n, struct held *held, size_t n_held)
{
	size_t at = 0, n_extra = 0;

	for (size_t i = 0; i < n; i++) {
		int order = 1;

		wanted[i].held_s = 0;
		wanted[i].idle_s = UINT32_MAX;
		wanted[i].dropped = 0;
		wanted[i].added = false;
		/* An entry may be listed twice when the kernel's list moved while root read it. */
		while (at < n_held && (order = net_order(&held[at].net, &wanted[i].net)) <= 0) {
			if (order == 0) {
				wanted[i].held_s = held[at].left_s;
				wanted[i].idle_s = held[at].idle_s;
				wanted[i].dropped = held[at].dropped;
			} else {
				held[n_extra++] = held[at];
			}
			at++;
		}
	}
	while (at < n_held)
		held[n_extra++] = held[at++];
	return n_extra;
}

/* What root did not add. */
struct refused {
	size_t n;
	struct why why; /* of the first */
};

/* Sends m when it is full, or when it is the last one and not empty; empties it for the next entries. */
static int pass_on(struct client *client, struct message *m, bool last, struct refused *refused, struct why *why)
{
	const uint32_t verb = m->verb;
	struct why first;
	int err;

	if (m->n < MESSAGE_ENTRIES && !(last && m->n > 0))
		return 0;
	err = ask(client, m, &first);
	if (err < 0 || (m->refused > 0 && refused->n == 0))
		*(err < 0 ? why : &refused->why) = first;
	if (err < 0)
		return err;
	refused->n += m->refused;
	*m = (struct message){.verb = verb};
	return 0;
}

/* Adds one entry to a packet, or counts it as refused. */
static bool put_or_refuse(struct message *m, const struct client_entry *entry, struct refused *refused)
{
	if (put_add(m, entry))
		return true;
	if (refused->n++ == 0)
		(void)why_set(&refused->why, EINVAL, "the network is too large");
	return false;
}

static int del_extra(struct client *client, const struct held *extra, size_t n, struct why *why)
{
	struct message m = {.verb = MESSAGE_DEL};
	struct refused refused = {0};
	int err = 0;

	assert(extra != NULL || n == 0);
	for (size_t i = 0; i < n && err == 0; i++) {
		(void)put(&m, &extra[i].net, 0); /* it came in a packet, so it may go in one */
		err = pass_on(client, &m, i + 1 == n, &refused, why);
	}
	return err;
}

static int add_missing(struct client *client, struct client_entry *wanted, size_t n, uint32_t refresh_s,
                struct refused *ret, struct why *why)
{
	struct message m = {.verb = MESSAGE_ADD};
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++) {
		if (wanted[i].held_s <= refresh_s && wanted[i].held_s < wanted[i].left_s)
			wanted[i].added = put_or_refuse(&m, &wanted[i], ret);
		err = pass_on(client, &m, i + 1 == n, ret, why);
	}
	return err;
}

int client_sync(struct client *client, struct client_entry *wanted, size_t n, uint32_t refresh_s,
                struct client_drift *ret, struct why *why)
{
	struct client_drift drift = {0};
	struct refused refused = {0};
	struct held *held = NULL;
	size_t n_held = 0;
	uint32_t n4 = 0, n6 = 0;
	int err;

	if (n > 0)
		qsort(wanted, n, sizeof *wanted, wanted_order);
	for (size_t i = 0; i < n; i++) {
		if (addr_is_ip4(&wanted[i].net.addr))
			n4++;
		else
			n6++;
	}
	err = prepare(client, n4, n6, &drift.repaired, why);
	if (err == 0)
		err = list(client, &held, &n_held, why);
	if (err < 0)
		return err;
	drift.extra = compare(wanted, n, held, n_held);
	for (size_t i = 0; i < n; i++)
		drift.missing += wanted[i].idle_s == UINT32_MAX;
	/* First make capacity, then fill it: a list that is full stays large enough. */
	err = del_extra(client, held, drift.extra, why);
	if (err == 0)
		err = add_missing(client, wanted, n, refresh_s, &refused, why);
	free(held);
	drift.refused = refused.n;
	drift.refusal = refused.why;
	if (err == 0)
		*ret = drift;
	return err;
}

int client_add(struct client *client, const struct client_entry *entries, size_t n, size_t *ret_refused,
               struct why *why)
{
	struct message m = {.verb = MESSAGE_ADD};
	struct refused refused = {0};
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++) {
		(void)put_or_refuse(&m, &entries[i], &refused);
		err = pass_on(client, &m, i + 1 == n, &refused, why);
	}
	if (err == 0)
		*ret_refused = refused.n;
	if (err == 0 && refused.n > 0)
		*why = refused.why;
	return err;
}

int client_del(struct client *client, const struct client_entry *entries, size_t n, struct why *why)
{
	struct message m = {.verb = MESSAGE_DEL};
	struct refused refused = {0};
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++) {
		(void)put(&m, &entries[i].net, 0); /* what cannot be added is not there */
		err = pass_on(client, &m, i + 1 == n, &refused, why);
	}
	return err;
}

int client_settled(struct client *client, struct why *why)
{
	struct message m = {.verb = MESSAGE_SETTLED};

	return ask(client, &m, why);
}

int client_limits(struct client *client, struct why *why)
{
	struct message m = {.verb = MESSAGE_LIMITS};

	return ask(client, &m, why);
}

int client_kill(struct client *client, const struct net *nets, size_t n, uint32_t *ret_ended, struct why *why)
{
	uint32_t ended = 0;
	size_t i = 0;
	int err;

	do {
		struct message m = {.verb = MESSAGE_KILL};

		for (; i < n && m.n < MESSAGE_ENTRIES; i++)
			(void)put(&m, &nets[i], 0); /* what cannot be added is not blocked */
		err = ask(client, &m, why);
		ended += m.ended;
	} while (err == 0 && i < n);
	if (err == 0)
		*ret_ended = ended;
	return err;
}

int client_published(struct client *client, uint16_t *ret_port, struct why *why)
{
	struct message m = {.verb = MESSAGE_PUBLISHED};
	const int err = ask(client, &m, why);

	if (err == 0)
		*ret_port = (uint16_t)m.port; /* message_is_answer: it fits */
	return err;
}

int client_floods(struct client *client, struct addr out[static CLIENT_FLOODS_MAX], size_t *ret_n, struct why *why)
{
	struct message m = {.verb = MESSAGE_FLOODS};
	const int err = ask(client, &m, why);

	if (err < 0)
		return err;
	for (uint32_t i = 0; i < m.n; i++)
		memcpy(out[i].bytes, m.entries[i].addr, sizeof out[i].bytes);
	*ret_n = m.n;
	return 0;
}

int client_config(struct client *client, int *ret_fd, struct why *why)
{
	struct message m = {.verb = MESSAGE_CONFIG};
	int fd = -1;
	int err = ask_for(client, &m, &fd, why);

	if (err == 0 && fd < 0)
		err = why_set(why, EPROTO, "the root process sent no configuration");
	if (err == 0)
		*ret_fd = fd;
	else if (fd >= 0)
		(void)close(fd);
	return err;
}
