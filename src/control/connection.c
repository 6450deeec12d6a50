#include "control/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

void connection_open(struct connection *conn, int fd, bool shares, int64_t now_ms)
{
	*conn = (struct connection){.fd = fd,
	                            .shares = shares,
	                            .active_ms = now_ms,
	                            .in_cap = shares ? CONNECTION_SHARED_MAX : CONNECTION_IN_MAX};
	conn->in = alloc_raw(1, conn->in_cap, "a control client");
}

void connection_close(struct connection *conn)
{
	if (conn->fd < 0)
		return;
	(void)close(conn->fd);
	free(conn->in);
	free(conn->out);
	conn->in = conn->out = NULL;
	conn->fd = -1;
}

/* --- sending --- */

/* Sends what is queued, as far as the socket accepts it. */
static void flush(struct connection *conn, int64_t now_ms)
{
	while (conn->out != NULL) {
		const ssize_t n = send(conn->fd, conn->out + conn->out_sent, conn->out_len - conn->out_sent,
		                       MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			connection_close(conn);
			return;
		}
		if (n < 0)
			return;
		conn->active_ms = now_ms;
		conn->out_sent += (size_t)n; /* >= 0, checked above */
		if (conn->out_sent == conn->out_len) {
			free(conn->out);
			conn->out = NULL;
		}
	}
}

void connection_send(struct connection *conn, const char *text, size_t len, int64_t now_ms)
{
	if (len == 0)
		return;
	if (conn->out == NULL)
		conn->out_len = conn->out_sent = conn->out_cap = 0;
	if (conn->out_len + len > conn->out_cap) {
		conn->out_cap = conn->out_len == 0 ? len : 2 * (conn->out_len + len);
		conn->out = alloc_resize(conn->out, conn->out_cap, 1, "a reply");
	}
	memcpy(conn->out + conn->out_len, text, len);
	conn->out_len += len;
	if (!conn->holds)
		flush(conn, now_ms);
}

/* Returns a line as MIMEDefang's daemon would reply: "OK + A", "OK - A"; for other requests, "OK" and the object. */
static char *compat_line(const struct connection *conn, json_t *reply)
{
	char net[NET_TEXT_MAX];
	size_t ignored;
	char *line, *text;

	if (!reply_is_ok(reply))
		return alloc_format("a reply", "ERR %s\n", json_string_value(json_object_get(reply, "error")));
	if (conn->verb == PROTOCOL_BLOCK || conn->verb == PROTOCOL_UNBLOCK) {
		(void)net_text(&conn->net, net);
		return alloc_format("a reply", "OK %c %s\n", conn->verb == PROTOCOL_BLOCK ? '+' : '-', net);
	}
	line = reply_line(reply, &ignored);
	text = alloc_format("a reply", "OK %s", line);
	free(line);
	return text;
}

void connection_reply(struct connection *conn, json_t *reply, int64_t now_ms)
{
	size_t len;
	char *const line = conn->compat ? compat_line(conn, reply) : reply_line(reply, &len);

	connection_send(conn, line, strlen(line), now_ms);
	conn->n_held += conn->holds;
	free(line);
}

void connection_hold(struct connection *conn)
{
	conn->holds = true;
	conn->n_held = 0;
}

void connection_release(struct connection *conn, const char *error, int64_t now_ms)
{
	if (error != NULL) {
		json_t *const reply = reply_new();
		const size_t n = conn->n_held;

		free(conn->out);
		conn->out = NULL;
		reply_error(reply, error);
		for (size_t i = 0; i < n; i++)
			connection_reply(conn, reply, now_ms);
		json_decref(reply);
		conn->closing = true;
	}
	conn->holds = false;
	flush(conn, now_ms);
}

/* --- receiving --- */

/*
 * Finds the complete line at the beginning of the input. Also returns true for input that is too long to become a line.
 */
static bool has_line(const struct connection *conn, size_t *ret_len)
{
	const char *const from = conn->in + conn->in_at, *const end = memchr(from, '\n', conn->in_len);

	*ret_len = end != NULL ? (size_t)(end - from) : conn->in_len;
	return end != NULL || conn->in_len > PROTOCOL_LINE_MAX;
}

bool connection_has_line(const struct connection *conn)
{
	size_t ignored;

	return has_line(conn, &ignored);
}

/* Returns false while a line waits: the rest then stays in the socket, and does not wake us. */
static bool may_receive(const struct connection *conn)
{
	return conn->fd >= 0 && !conn->eof && !conn->closing && !connection_has_line(conn);
}

static void receive(struct connection *conn, int64_t now_ms)
{
	ssize_t n;

	memmove(conn->in, conn->in + conn->in_at, conn->in_len);
	conn->in_at = 0;
	n = recv(conn->fd, conn->in + conn->in_len, conn->in_cap - conn->in_len, MSG_DONTWAIT);
	if (n > 0) {
		conn->in_len += (size_t)n; /* > 0 */
		conn->active_ms = now_ms;
	} else if (n == 0) {
		conn->eof = true;
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		connection_close(conn);
	}
}

bool connection_is_ready(const struct connection *conn)
{
	return conn->fd >= 0 && !conn->closing && (conn->out == NULL || conn->holds) &&
	       (connection_has_line(conn) || (conn->news && !conn->eof));
}

/* Returns true if nothing more will happen. Half a line at the end does not count. */
static bool is_done(const struct connection *conn)
{
	return conn->out == NULL && (conn->closing || (conn->eof && !connection_is_ready(conn)));
}

void connection_drain(int fd)
{
	char text[CONNECTION_IN_MAX];

	for (size_t i = 0; i < 16 && recv(fd, text, sizeof text, MSG_DONTWAIT) > 0; i++)
		;
}

/* Returns when to close it if nothing happens until then. */
static int64_t closes_at(const struct connection *conn)
{
	if (conn->watches && !conn->closing && !conn->eof)
		return INT64_MAX;
	if (conn->out != NULL)
		return conn->active_ms + CONNECTION_STALL_MS;
	return conn->active_ms + (conn->rights == RIGHTS_NONE ? CONNECTION_AUTH_MS : CONNECTION_IDLE_MS);
}

short connection_wants(const struct connection *conn)
{
	return (short)((may_receive(conn) ? POLLIN : 0) | (conn->fd >= 0 && conn->out != NULL ? POLLOUT : 0));
}

bool connection_serve(struct connection *conn, short revents, int64_t now_ms)
{
	if (revents != 0 && conn->out != NULL)
		flush(conn, now_ms);
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 && may_receive(conn))
		receive(conn, now_ms);
	if (conn->fd < 0)
		return revents != 0;
	if (is_done(conn)) {
		connection_drain(conn->fd);
		connection_close(conn);
		return true;
	}
	if (now_ms >= closes_at(conn) && !connection_is_ready(conn))
		connection_close(conn);
	return revents != 0;
}

int64_t connection_due(const struct connection *conn, int64_t now_ms)
{
	if (conn->fd < 0)
		return INT64_MAX;
	return is_done(conn) || connection_is_ready(conn) ? now_ms : closes_at(conn);
}

struct span connection_line(const struct connection *conn)
{
	size_t len;

	(void)has_line(conn, &len);
	return (struct span){conn->in + conn->in_at, len};
}

void connection_drop_line(struct connection *conn)
{
	const size_t len = connection_line(conn).len, gone = len < conn->in_len ? len + 1 : conn->in_len;

	conn->in_at += gone;
	conn->in_len -= gone;
}
