#include "control/control.h"

#include <assert.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "control/connection.h"
#include "control/listener.h"
#include "control/rights.h"
#include "control/tokens.h"

enum {
	SERVED_PER_TURN = 8, /* connections served per turn */
};

/* Each has its own allowance of time. */
enum account {
	ORDERS,
	SHARING,
	N_ACCOUNTS,
};

static const int64_t shares_us[N_ACCOUNTS] = {CONTROL_SHARE_US, CONTROL_SHARING_US}; /* of each millisecond */

enum listener {
	WRITERS,
	READERS,
	SHARERS,
	TCP,
	N_LISTENERS,
};

struct control {
	int listeners[N_LISTENERS];
	char paths[TCP][CONTROL_PATH_MAX]; /* "": not ours to remove */
	struct rights_groups groups;
	struct tokens tokens;

	int64_t credits_us[N_ACCOUNTS]; /* time left to spend on requests; negative: debts */
	int64_t earned_ms;              /* credits_us is up to date with this time */
	int64_t served_us; /* time used by the client of the last request; no other client counts as having used less */
	size_t served;     /* the connection to serve next */
	struct connection
		*current; /* the client whose request was returned in this turn, and is charged for it; NULL: none */
	struct connection connections[CONTROL_CONNECTIONS_MAX];
};

/* --- opening --- */

static const enum rights given[] = {[WRITERS] = RIGHTS_WRITE, [READERS] = RIGHTS_READ, [SHARERS] = RIGHTS_SHARE};

static int open_unix(struct control *c, enum listener which, const char *path, struct why *why)
{
	const int rc = listener_open_unix(path, &c->listeners[which], why);

	if (rc < 0)
		return rc;
	memcpy(c->paths[which], path, strlen(path) + 1); /* it fits, because a socket is bound to it */
	return rights_give(&c->groups, given[which], path, why) == RIGHTS_LIMITED ? CONTROL_LIMITED : 0;
}

/* Opens the socket beside the first, with that ending. */
static int open_beside(struct control *c, enum listener which, const char *socket, const char *ending, struct why *why)
{
	char path[CONTROL_PATH_MAX + 8];

	(void)snprintf(path, sizeof path, "%s%s", socket, ending);
	return open_unix(c, which, path, why);
}

int control_new(const struct control_config *config, struct control **ret, struct why *why)
{
	struct control *const c = alloc_zero(1, sizeof *c, "the control socket");
	int rc = 0, limited = 0;

	for (size_t i = 0; i < N_LISTENERS; i++)
		c->listeners[i] = -1;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		c->connections[i].fd = -1;
	for (size_t i = 0; i < N_ACCOUNTS; i++)
		c->credits_us[i] = CONTROL_SAVED_US;
	rights_init(&c->groups, config->group, config->readers, config->sharers);
	if (config->port != 0) {
		rc = tokens_read(&c->tokens, config->token_file, why);
		if (rc == 0)
			rc = listener_open_tcp(&config->tcp, config->port, &c->listeners[TCP], why);
	}
	if (rc == 0 && config->socket[0] != '\0')
		rc = limited = open_unix(c, WRITERS, config->socket, why);
	if (rc >= 0 && config->socket[0] != '\0' && config->readers[0] != '\0') {
		rc = open_beside(c, READERS, config->socket, ".read", why);
		if (rc == CONTROL_LIMITED)
			limited = rc;
	}
	if (rc >= 0 && config->socket[0] != '\0' && config->sharers[0] != '\0' && getgrnam(config->sharers) != NULL) {
		rc = open_beside(c, SHARERS, config->socket, ".share", why);
		if (rc == CONTROL_LIMITED)
			limited = rc;
	}
	if (rc < 0) {
		control_free(c);
		return rc;
	}
	*ret = c;
	return limited;
}

void control_free(struct control *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		connection_close(&c->connections[i]);
	for (size_t i = 0; i < TCP; i++)
		if (c->paths[i][0] != '\0')
			(void)unlink(c->paths[i]);
	for (size_t i = 0; i < N_LISTENERS; i++)
		if (c->listeners[i] >= 0)
			(void)close(c->listeners[i]);
	tokens_done(&c->tokens);
	free(c);
}

/* --- accepting --- */

/* Sends a last reply to a client that is refused; it is lost if it does not fit into the socket's buffer. */
static void turn_away(int fd, const char *sentence)
{
	json_t *const reply = reply_new();
	size_t len;
	char *line;

	reply_error(reply, sentence);
	line = reply_line(reply, &len);
	(void)!send(fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(line);
	json_decref(reply);
	connection_drain(fd);
	(void)close(fd);
}

static struct connection *free_place(struct control *c, bool tcp)
{
	struct connection *place = NULL;
	size_t untrusted = 0;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		struct connection *const conn = &c->connections[i];

		if (conn->fd < 0 && place == NULL)
			place = conn;
		untrusted += conn->fd >= 0 && conn->rights == RIGHTS_NONE;
	}
	return tcp && untrusted >= CONTROL_UNTRUSTED_MAX ? NULL : place;
}

static void let_in(struct control *c, enum listener which, int fd, int64_t now_ms)
{
	struct connection *const conn = free_place(c, which == TCP);
	const int one = 1;
	enum rights rights = RIGHTS_NONE;
	uid_t uid = (uid_t)-1;
	char text[WHY_MAX];

	if (which == TCP) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	} else if ((rights = rights_of(&c->groups, fd, &uid)) == RIGHTS_NONE) {
		rights_refusal(&c->groups, false, text);
		turn_away(fd, text);
		return;
	}
	if (conn == NULL) {
		turn_away(fd, which == TCP ? "too many connections that have not shown a token, or in all; try again"
		                           : "64 connections are open already; try again");
		return;
	}
	connection_open(conn, fd, which == SHARERS, now_ms);
	conn->rights = rights;
	conn->uid = uid;
	conn->named = which == TCP;
	(void)snprintf(conn->who, sizeof conn->who, "uid %u", (unsigned)uid);
}

static void accept_one(struct control *c, enum listener which, int64_t now_ms)
{
	const int fd = accept4(c->listeners[which], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	/* otherwise no client waits, or no descriptors are left: then clients wait until some are closed */
	if (fd >= 0)
		let_in(c, which, fd, now_ms);
}

/* --- a turn --- */

static enum account account_of(const struct connection *conn)
{
	return conn != NULL && conn->shares ? SHARING : ORDERS;
}

static bool is_in_debt(const struct control *c, enum account account)
{
	return c->credits_us[account] <= 0;
}

static bool waits(const struct control *c, const struct connection *conn)
{
	return is_in_debt(c, account_of(conn));
}

static bool listens(const struct control *c, size_t listener)
{
	return !is_in_debt(c, listener == SHARERS ? SHARING : ORDERS);
}

/* Adds the share of the time since the last call. */
static void earn(struct control *c, int64_t now_ms)
{
	for (size_t i = 0; i < N_ACCOUNTS; i++) {
		c->credits_us[i] += (now_ms - c->earned_ms) * shares_us[i];
		if (c->credits_us[i] > CONTROL_SAVED_US)
			c->credits_us[i] = CONTROL_SAVED_US;
	}
	c->earned_ms = now_ms;
}

void control_spent(struct control *c, int64_t spent_us)
{
	int64_t *const credit_us = &c->credits_us[account_of(c->current)];

	*credit_us -= spent_us;
	if (*credit_us < -CONTROL_DEBT_US)
		*credit_us = -CONTROL_DEBT_US;
	if (c->current != NULL)
		c->current->spent_us += spent_us > 0 ? spent_us : 1;
}

void control_poll(struct control *c, int64_t now_ms, struct pollfd out[static CONTROL_FDS_MAX])
{
	c->current = NULL;
	/* Only here: with credit all connections are polled, not only those that were before. */
	earn(c, now_ms);
	for (size_t i = 0; i < N_LISTENERS; i++)
		out[i] = (struct pollfd){.fd = listens(c, i) ? c->listeners[i] : -1, .events = POLLIN};
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		const short events = waits(c, &c->connections[i]) ? 0 : connection_wants(&c->connections[i]);

		/* Without events poll would still report a hang-up, again and again. */
		out[N_LISTENERS + i] = (struct pollfd){.fd = events != 0 ? c->connections[i].fd : -1, .events = events};
	}
}

int control_timeout_ms(const struct control *c, int64_t now_ms)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < N_ACCOUNTS; i++)
		if (is_in_debt(c, (enum account)i)) {
			const int64_t paid = c->earned_ms - c->credits_us[i] / shares_us[i] + 1;

			at = paid < at ? paid : at;
		}
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		if (!waits(c, &c->connections[i])) {
			const int64_t due = connection_due(&c->connections[i], now_ms);

			at = due < at ? due : at;
		}
	if (at == INT64_MAX)
		return -1;
	return at <= now_ms ? 0 : (int)(at - now_ms); /* at most CONNECTION_IDLE_MS */
}

void control_serve(struct control *c, const struct pollfd polled[static CONTROL_FDS_MAX], int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX && n < SERVED_PER_TURN; i++) {
		struct connection *const conn = &c->connections[c->served];
		const struct pollfd *const p = &polled[N_LISTENERS + c->served];

		c->served = (c->served + 1) % CONTROL_CONNECTIONS_MAX;
		if (conn->fd >= 0 && !waits(c, conn))
			n += connection_serve(conn, p->fd == conn->fd ? p->revents : 0, now_ms);
	}
	for (size_t i = 0; i < N_LISTENERS; i++)
		if (c->listeners[i] >= 0 && listens(c, i) && polled[i].revents != 0)
			accept_one(c, (enum listener)i, now_ms);
}

/* --- requests --- */

/* Replies with an error; last: also closes the connection. */
static void refuse(struct connection *conn, const char *sentence, bool last, int64_t now_ms)
{
	json_t *const reply = reply_new();

	reply_error(reply, sentence);
	connection_reply(conn, reply, now_ms);
	json_decref(reply);
	conn->closing |= last;
}

static void refuse_changes(struct control *c, struct connection *conn, int64_t now_ms)
{
	char text[WHY_MAX];

	rights_refusal(&c->groups, true, text);
	refuse(conn, text, false, now_ms);
}

static void handle_auth(struct control *c, struct connection *conn, const struct protocol_request *r, int64_t now_ms)
{
	const struct token *const token = tokens_find(&c->tokens, r->token);
	json_t *reply;

	if (token == NULL) {
		refuse(conn, "no such token", true, now_ms);
		return;
	}
	conn->rights = token->rights;
	(void)snprintf(conn->who, sizeof conn->who, "token %s", token->name);
	reply = reply_new();
	connection_reply(conn, reply, now_ms);
	json_decref(reply);
}

/* Returns true if the engine should send it new events. A client that watches cannot request anything else. */
static bool handle_watching(struct connection *conn, int64_t now_ms, struct protocol_request *ret)
{
	if (connection_has_line(conn)) {
		refuse(conn, "this connection watches; use another one for other requests", true, now_ms);
		return false;
	}
	conn->news = false;
	*ret = (struct protocol_request){
		.verb = PROTOCOL_WATCH, .hits = conn->hits, .own = conn->own, .after = conn->after};
	return true;
}

static void handle_compat(struct connection *conn, int64_t now_ms)
{
	static const char banner[] = "OK watchforspammers firewall daemon\n";

	conn->compat = true;
	connection_send(conn, banner, sizeof banner - 1, now_ms);
}

static bool may(enum rights rights, enum protocol_verb verb)
{
	switch (rights) {
	case RIGHTS_NONE:
		return false;
	case RIGHTS_READ:
		return protocol_is_reading(verb) && verb != PROTOCOL_SENT;
	case RIGHTS_SHARE:
		return verb == PROTOCOL_WATCH || verb == PROTOCOL_PEER || verb == PROTOCOL_SENT ||
		       verb == PROTOCOL_FOREIGN;
	case RIGHTS_WRITE:
	case RIGHTS_N:
		break;
	}
	return true;
}

/* Returns true if *ret is for the engine. Replies to everything else itself. */
static bool handle_line(struct control *c, struct connection *conn, int64_t now_ms, struct protocol_request *ret)
{
	const struct span line = connection_line(conn);
	char text[WHY_MAX];
	struct why why;
	int rc;

	if (line.len > PROTOCOL_LINE_MAX) {
		(void)snprintf(text, sizeof text, "a line has at most %d bytes", PROTOCOL_LINE_MAX);
		refuse(conn, text, true, now_ms);
		return false;
	}
	rc = protocol_parse(line, ret, &why);
	if (conn->rights == RIGHTS_NONE && (rc < 0 || ret->verb != PROTOCOL_AUTH)) {
		refuse(conn, "the first line is \"auth TOKEN\"", true, now_ms);
		return false;
	}
	connection_drop_line(conn);
	conn->verb = rc == 0 ? ret->verb : PROTOCOL_STATUS;
	if (rc < 0)
		refuse(conn, why.text, false, now_ms);
	else if (ret->verb == PROTOCOL_AUTH)
		handle_auth(c, conn, ret, now_ms);
	else if (ret->verb == PROTOCOL_COMPAT)
		handle_compat(conn, now_ms);
	else if (!may(conn->rights, ret->verb))
		refuse_changes(c, conn, now_ms);
	else
		return true;
	return false;
}

/* Adds the user's name for the audit; only once, because it reads a file. */
static void name_user(struct connection *conn)
{
	char name[RIGHTS_USER_MAX];

	if (conn->named)
		return;
	conn->named = true;
	rights_user_name(conn->uid, name);
	if (name[0] != '\0')
		(void)snprintf(conn->who, sizeof conn->who, "uid %u (%s)", (unsigned)conn->uid, name);
}

/*
 * Returns the client with a waiting request that has used the least time; NULL if none. Idle clients do not accumulate
 * an advantage.
 */
static struct connection *next_ready(struct control *c)
{
	struct connection *next = NULL;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		struct connection *const conn = &c->connections[i];

		if (!connection_is_ready(conn) || waits(c, conn))
			continue;
		if (conn->spent_us < c->served_us)
			conn->spent_us = c->served_us;
		if (next == NULL || conn->spent_us < next->spent_us)
			next = conn;
	}
	return next;
}

/* Returns the request waiting on a connection that is ready; false if it was replied to here. */
static bool hand_over(struct control *c, struct connection *conn, int64_t now_ms, struct control_request *ret)
{
	ret->goes_on = conn->watches;
	if (!(conn->watches ? handle_watching(conn, now_ms, &ret->what) : handle_line(c, conn, now_ms, &ret->what)))
		return false;
	if (!protocol_is_reading(ret->what.verb))
		name_user(conn);
	conn->asked = true;
	conn->net = ret->what.net;
	ret->connection = (size_t)(conn - c->connections); /* it is one of them */
	static_assert(sizeof ret->who == sizeof conn->who, "the whole requester is copied");
	memcpy(ret->who, conn->who, sizeof ret->who);
	return true;
}

bool control_next(struct control *c, int64_t now_ms, struct control_request *ret)
{
	struct connection *const conn = next_ready(c);

	if (conn == NULL)
		return false;
	assert(!conn->asked && c->current == NULL);
	c->current = conn;
	c->served_us = conn->spent_us;
	return hand_over(c, conn, now_ms, ret);
}

bool control_again(struct control *c, int64_t now_ms, struct control_request *request)
{
	struct connection *const conn = &c->connections[request->connection];

	assert(!conn->asked);
	return !conn->watches && connection_is_ready(conn) && hand_over(c, conn, now_ms, request);
}

void control_hold(struct control *c, const struct control_request *request)
{
	connection_hold(&c->connections[request->connection]);
}

void control_release(struct control *c, const struct control_request *request, const char *error, int64_t now_ms)
{
	connection_release(&c->connections[request->connection], error, now_ms);
}

void control_reply(struct control *c, size_t connection, json_t *reply, int64_t now_ms)
{
	struct connection *const conn = &c->connections[connection];

	assert(connection < CONTROL_CONNECTIONS_MAX && conn->asked);
	conn->asked = false;
	conn->active_ms = now_ms;
	connection_reply(conn, reply, now_ms);
	json_decref(reply);
}

/* --- watching --- */

bool control_watch(struct control *c, const struct control_request *request)
{
	struct connection *const conn = &c->connections[request->connection];
	size_t n = 0;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		n += c->connections[i].fd >= 0 && c->connections[i].watches;
	if (n >= CONTROL_WATCHING_MAX)
		return false;
	conn->watches = conn->news = true;
	conn->hits = request->what.hits;
	conn->own = request->what.own;
	conn->after = request->what.after;
	return true;
}

void control_news(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		c->connections[i].news = c->connections[i].watches;
}

void control_events(struct control *c, const struct control_request *request, struct span lines, int64_t last,
                    bool more, int64_t now_ms)
{
	struct connection *const conn = &c->connections[request->connection];

	assert(conn->asked && conn->watches);
	conn->asked = false;
	conn->after = last;
	conn->news = more;
	connection_send(conn, lines.p, lines.len, now_ms);
}

void control_stop_watching(struct control *c, const struct control_request *request, const char *sentence,
                           int64_t now_ms)
{
	struct connection *const conn = &c->connections[request->connection];

	conn->asked = false;
	refuse(conn, sentence, true, now_ms);
}
