#include "firewall/client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firewall/message.h"

static_assert((int)CLIENT_FLOODS_MAX == (int)MESSAGE_ENTRIES, "a packet full");
static_assert((int)CLIENT_CHANGED_MAX == (int)MESSAGE_ENTRIES &&
                      (int)CLIENT_WHO_MAX == (int)sizeof((struct message){0}).why,
              "a packet full");
static_assert((int)CLIENT_PACKET == (int)MESSAGE_ENTRIES, "a packet full");
static_assert((int)CLIENT_LIST_MAX == (int)MESSAGE_LIST_MAX, "copied as it is");

void client_init(struct client *client, int fd)
{
	*client = (struct client){.fd = fd};
}

/* Receives one packet. *ret_fd: the descriptor received with it, or -1. If ret_fd is NULL, the kernel closes it. */
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
	/*
	 * With MSG_TRUNC, recvmsg returns the packet's real length, so that a longer one is not mistaken for one that
	 * fits.
	 */
	do
		len = recvmsg(fd, &packet, MSG_TRUNC | MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	along = len <= 0 || ret_fd == NULL ? NULL : CMSG_FIRSTHDR(&packet);
	if (along != NULL && along->cmsg_level == SOL_SOCKET && along->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(along), sizeof *ret_fd);
	return len;
}

/* Records a report, which arrived by itself or while an answer was expected. */
static void note_change(struct client *client, const struct message *m)
{
	struct client_change *const change = &client->change;

	if (m->n == 0 || change->n + m->n > CLIENT_CHANGED_MAX)
		change->all = true;
	for (uint32_t i = 0; i < m->n && !change->all; i++) {
		struct client_touched *const touched = &change->touched[change->n++];

		memcpy(touched->net.addr.bytes, m->entries[i].addr, sizeof touched->net.addr.bytes);
		touched->net.len = m->entries[i].len;
		touched->list = m->entries[i].list;
	}
	change->any = true;
	memcpy(change->who, m->why, sizeof change->who);
}

bool client_changed(struct client *client, bool readable, struct client_change *ret)
{
	struct message m;
	ssize_t len;

	while (readable &&
	       ((len = recv(client->fd, &m, sizeof m, MSG_TRUNC | MSG_DONTWAIT)) > 0 || (len < 0 && errno == EINTR)))
		if (len > 0 && message_is_notice(&m, (size_t)len))
			note_change(client, &m);
	if (!client->change.any)
		return false;
	*ret = client->change;
	client->change = (struct client_change){0};
	return true;
}

static int error_gone(struct why *why)
{
	return why_set(why, EPIPE, "the root process is gone");
}

/* Sends m as a request. */
static int send_request(struct client *client, struct message *m, struct why *why)
{
	ssize_t len;

	assert(client->adding == 0);
	m->number = ++client->number;
	do
		len = send(client->fd, m, message_size(m), MSG_NOSIGNAL);
	while (len < 0 && errno == EINTR);
	if (len >= 0)
		return 0;
	return errno == EPIPE || errno == ECONNRESET
	               ? error_gone(why)
	               : why_set(why, errno, "cannot ask the root process: %s", strerror(errno));
}

/*
 * Replaces m, a request that was sent, with its answer. Returns root's error like our own; m->refused and the client's
 * numbers are valid then, too. why: also says why an entry was refused. ret_fd: NULL, or as in receive.
 */
static int receive_answer(struct client *client, struct message *m, int *ret_fd, struct why *why)
{
	struct message answer;
	ssize_t len;

	while ((len = receive(client->fd, &answer, ret_fd)) > 0 && message_is_notice(&answer, (size_t)len))
		note_change(client, &answer);
	if (len == 0 || (len < 0 && errno == ECONNRESET))
		return error_gone(why);
	if (len < 0)
		return why_set(why, errno, "no answer of the root process: %s", strerror(errno));
	if (!message_is_answer(&answer, (size_t)len, m))
		return why_set(why, EPROTO, "the root process sent a packet that is no answer");
	client->held4 = answer.n4;
	client->held6 = answer.n6;
	client->capacity = answer.capacity;
	client->tarpit_held = answer.tarpit.held;
	client->tarpit_began = answer.tarpit.began;
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

/* Makes one round trip: sends m and replaces it with the answer, as receive_answer does. */
static int ask_for(struct client *client, struct message *m, int *ret_fd, struct why *why)
{
	const int err = send_request(client, m, why);

	return err < 0 ? err : receive_answer(client, m, ret_fd, why);
}

static int ask(struct client *client, struct message *m, struct why *why)
{
	return ask_for(client, m, NULL, why);
}

/* Fills in *ret. Returns false if no packet may contain such a network: root would kill the engine. */
static bool to_message(const struct client_entry *entry, uint32_t left_s, struct message_entry *ret)
{
	*ret = (struct message_entry){.len = entry->net.len, .list = entry->list, .left_s = left_s};
	memcpy(ret->addr, entry->net.addr.bytes, sizeof ret->addr);
	return message_entry_is_good(ret);
}

static uint32_t bounded(uint32_t left_s)
{
	return left_s < 1 ? 1 : left_s > MESSAGE_SECONDS_MAX ? MESSAGE_SECONDS_MAX : left_s;
}

int client_prepare(struct client *client, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why)
{
	struct message m = {.verb = MESSAGE_PREPARE, .n4 = n4, .n6 = n6};
	const int err = ask(client, &m, why);

	if (err == 0)
		*ret_repaired = m.repaired != 0;
	return err;
}

static int list(struct client *client, uint32_t verb, uint32_t *cursor, struct client_entry out[static CLIENT_PACKET],
                size_t *ret_n, struct why *why)
{
	struct message m = {.verb = verb, .cursor = *cursor};
	const int err = ask(client, &m, why);

	if (err < 0)
		return err;
	for (uint32_t i = 0; i < m.n; i++) {
		out[i] = (struct client_entry){.net.len = m.entries[i].len,
		                               .list = m.entries[i].list,
		                               .held_s = m.entries[i].left_s,
		                               .idle_s = m.entries[i].idle_s,
		                               .dropped = m.entries[i].dropped,
		                               .bytes = m.entries[i].bytes};
		memcpy(out[i].net.addr.bytes, m.entries[i].addr, sizeof m.entries[i].addr);
	}
	*cursor = m.cursor;
	*ret_n = m.n;
	return 0;
}

int client_list(struct client *client, uint32_t *cursor, struct client_entry out[static CLIENT_PACKET], size_t *ret_n,
                struct why *why)
{
	return list(client, MESSAGE_LIST, cursor, out, ret_n, why);
}

int client_dropped(struct client *client, uint32_t *cursor, struct client_entry out[static CLIENT_PACKET],
                   size_t *ret_n, struct why *why)
{
	return list(client, MESSAGE_DROPPED, cursor, out, ret_n, why);
}

int client_look(struct client *client, struct client_entry *entries, size_t n, struct why *why)
{
	struct message m = {.verb = MESSAGE_LOOK};
	uint32_t asked[CLIENT_PACKET] = {0}; /* index in entries of each entry of m */
	int err;

	assert(n <= CLIENT_PACKET);
	for (size_t i = 0; i < n; i++) {
		entries[i].idle_s = UINT32_MAX; /* the default for entries that cannot be held */
		entries[i].dropped = 0;
		entries[i].bytes = 0;
		asked[m.n] = (uint32_t)i;
		m.n += to_message(&entries[i], 0, &m.entries[m.n]);
	}
	if (m.n == 0)
		return 0;
	if ((err = ask(client, &m, why)) < 0)
		return err;
	for (uint32_t i = 0; i < m.n; i++) {
		entries[asked[i]].idle_s = m.entries[i].idle_s;
		entries[asked[i]].dropped = m.entries[i].dropped;
		entries[asked[i]].bytes = m.entries[i].bytes;
	}
	return 0;
}

static bool is_in(const struct message *m, const struct client_entry *entry)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (m->entries[i].len == entry->net.len && m->entries[i].list == entry->list &&
		    memcmp(m->entries[i].addr, entry->net.addr.bytes, sizeof m->entries[i].addr) == 0)
			return true;
	return false;
}

int client_add_begin(struct client *client, struct client_entry *entries, size_t n, struct why *why)
{
	struct message m = {.verb = MESSAGE_ADD};
	int err = 0;

	assert(n <= CLIENT_PACKET);
	for (size_t i = 0; i < n; i++) {
		entries[i].refused = !to_message(&entries[i], bounded(entries[i].left_s), &m.entries[m.n]);
		m.n += !entries[i].refused;
	}
	if (m.n > 0)
		err = send_request(client, &m, why);
	if (err == 0)
		client->adding = m.n;
	return err;
}

int client_add_end(struct client *client, struct client_entry *entries, size_t n, size_t *ret_refused, struct why *why)
{
	struct message m = {.verb = MESSAGE_ADD, .number = client->number, .n = client->adding};
	const size_t too_large = n - client->adding;
	int err = 0;

	if (client->adding > 0) {
		client->adding = 0;
		err = receive_answer(client, &m, NULL, why);
	}
	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++)
		entries[i].refused |= m.refused > 0 && is_in(&m, &entries[i]);
	if (too_large > 0)
		(void)why_set(why, EINVAL, "the network is too large");
	*ret_refused = too_large + m.refused;
	return 0;
}

int client_del(struct client *client, const struct client_entry *entries, size_t n, struct why *why)
{
	int err = 0;

	for (size_t i = 0; i < n && err == 0;) {
		struct message m = {.verb = MESSAGE_DEL};

		for (; i < n && m.n < MESSAGE_ENTRIES; i++)
			m.n += to_message(&entries[i], 0, &m.entries[m.n]); /* what cannot be added is not there */
		if (m.n > 0)
			err = ask(client, &m, why);
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

int client_kill(struct client *client, const struct client_entry *entries, size_t n, uint32_t *ret_ended,
                struct why *why)
{
	uint32_t ended = 0;
	size_t i = 0;
	int err;

	do {
		struct message m = {.verb = MESSAGE_KILL};

		for (; i < n && m.n < MESSAGE_ENTRIES; i++) /* what cannot be added is not blocked */
			m.n += to_message(&entries[i], 0, &m.entries[m.n]);
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
		*ret_port = (uint16_t)m.port; /* message_is_answer has checked the range */
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

int client_gates(struct client *client, bool closes, bool *ret_repaired, struct why *why)
{
	struct message m = {.verb = MESSAGE_GATES, .n4 = closes};
	const int err = ask(client, &m, why);

	if (err == 0)
		*ret_repaired = m.repaired != 0;
	return err;
}

int client_pass(struct client *client, const struct client_pass *passes, size_t n, struct why *why)
{
	int err = 0;

	for (size_t i = 0; i < n && err == 0;) {
		struct message m = {.verb = MESSAGE_PASS};

		for (; i < n && m.n < MESSAGE_ENTRIES; i++) {
			struct message_entry *const entry = &m.entries[m.n];

			*entry = (struct message_entry){.len = passes[i].net.len, .left_s = bounded(passes[i].left_s)};
			memcpy(entry->addr, passes[i].net.addr.bytes, sizeof entry->addr);
			m.n += message_pass_is_good(entry);
		}
		if (m.n > 0)
			err = ask(client, &m, why);
	}
	return err;
}

/* Sends UNPASS or CLOSE. */
static int say_nets(struct client *client, uint32_t verb, const struct net *nets, size_t n, struct why *why)
{
	int err = 0;

	for (size_t i = 0; i < n && err == 0;) {
		struct message m = {.verb = verb};

		for (; i < n && m.n < MESSAGE_ENTRIES; i++) {
			struct message_entry *const entry = &m.entries[m.n];

			*entry = (struct message_entry){.len = nets[i].len};
			memcpy(entry->addr, nets[i].addr.bytes, sizeof entry->addr);
			m.n += verb == MESSAGE_UNPASS ? message_pass_is_good(entry) : message_entry_is_good(entry);
		}
		if (m.n > 0)
			err = ask(client, &m, why);
	}
	return err;
}

int client_unpass(struct client *client, const struct net *nets, size_t n, struct why *why)
{
	return say_nets(client, MESSAGE_UNPASS, nets, n, why);
}

int client_forget(struct client *client, const struct net *nets, size_t n, struct why *why)
{
	return say_nets(client, MESSAGE_CLOSE, nets, n, why);
}

int client_count(struct client *client, size_t gate, uint32_t *cursor, struct message_gate *ret, struct why *why)
{
	struct message m = {.verb = MESSAGE_COUNTS, .n4 = (uint32_t)gate, .cursor = *cursor}; /* below GATES_MAX */
	const int err = ask(client, &m, why);

	if (err < 0)
		return err;
	*cursor = m.cursor;
	*ret = m.gate;
	return 0;
}

int client_config(struct client *client, uint32_t number, int *ret_fd, struct why *why)
{
	struct message m = {.verb = MESSAGE_CONFIG, .cursor = number};
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
