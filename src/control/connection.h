/*
 * connection: one control client: bytes received but not yet parsed, replies queued but not yet sent.
 *
 * Private to the folder. Knows base, protocol, reply and rights. Handles lines and bytes; what a request means, whether
 * the client may make it, and which client is next is decided elsewhere. No clock: now_ms comes from the caller, of
 * CLOCK_MONOTONIC.
 *
 * Everything that a client can grow has a limit: at most CONNECTION_IN_MAX bytes wait to be parsed
 * (CONNECTION_SHARED_MAX for a client that shares), and nothing more is received while a line waits or a reply is not
 * sent yet. Nothing here waits for the client. A client that watches may read as slowly as it likes and stay for ever:
 * only what it is sent next is in memory.
 */
#ifndef WFS_CONTROL_CONNECTION_H
#define WFS_CONTROL_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "control/protocol.h"
#include "control/reply.h"
#include "control/rights.h"

enum {
	CONNECTION_IN_MAX = 4096,          /* a few requests at once, for clients that do not wait for replies */
	CONNECTION_SHARED_MAX = 64 * 1024, /* some hundred messages of other hosts: one transaction */
	CONNECTION_WHO_MAX = 80,
	CONNECTION_IDLE_MS = 60 * 1000,  /* without receiving anything */
	CONNECTION_AUTH_MS = 10 * 1000,  /* without receiving anything, while the client has no rights yet */
	CONNECTION_STALL_MS = 10 * 1000, /* while a reply is queued and the client reads nothing of it */
};

struct connection {
	int fd; /* -1: unused */
	enum rights rights;
	bool shares; /* it came through the socket for sharing, which has its own share of time */
	bool compat;
	bool eof;                /* no more input will come */
	bool closing;            /* to be closed once everything queued is sent */
	bool asked;              /* the engine is handling a request */
	bool watches;            /* it is sent events, until the client closes its side ... */
	bool hits, own;          /* ... hits: of hits instead; own: only of this host's decisions ... */
	bool news;               /* ... and there may be more of them ... */
	int64_t after;           /* ... after this one, the last that was sent */
	bool named;              /* who includes the user's name */
	enum protocol_verb verb; /* of that request */
	struct net net;
	uid_t uid;
	char who[CONNECTION_WHO_MAX];
	int64_t active_ms; /* when something was last received or sent */
	int64_t spent_us;  /* on its requests; of the clients that wait, the one that used least is next */
	char *in;          /* in_len bytes from in_at on wait to be parsed */
	size_t in_at, in_len, in_cap;
	char *out; /* replies that the socket has not accepted yet, or that are held; NULL: nothing */
	size_t out_len, out_sent, out_cap;
	bool holds; /* replies are held until connection_release */
	size_t n_held;
};

/* Takes ownership of fd, which must be non-blocking. */
void connection_open(struct connection *conn, int fd, bool shares, int64_t now_ms);

/* Closes the connection; unsent replies are lost. Does nothing if it is unused. */
void connection_close(struct connection *conn);

/* Returns the events to poll for; 0: do not poll it. */
short connection_wants(const struct connection *conn);

/*
 * Call after poll; revents is 0 if it was not polled, or nothing happened. Receives, sends, and closes a connection
 * that is done or was idle for too long. Returns true if there was something to do.
 */
bool connection_serve(struct connection *conn, short revents, int64_t now_ms);

/* Returns when it must be served at the latest; INT64_MAX if it is unused. */
int64_t connection_due(const struct connection *conn, int64_t now_ms);

/* Returns true if a line is waiting, or events may be, and earlier replies are sent or held. */
bool connection_is_ready(const struct connection *conn);

/* Returns true if a line is waiting. */
bool connection_has_line(const struct connection *conn);

/*
 * Returns the waiting line without its newline. If it is longer than PROTOCOL_LINE_MAX, it may be only the beginning of
 * one.
 */
struct span connection_line(const struct connection *conn);

/* Removes the waiting line. */
void connection_drop_line(struct connection *conn);

/*
 * Queue a reply, for a connection that is ready or whose request is done. After "compat" the reply has the format of
 * MIMEDefang's daemon.
 */
void connection_send(struct connection *conn, const char *text, size_t len, int64_t now_ms);
void connection_reply(struct connection *conn, json_t *reply, int64_t now_ms);

/*
 * connection_hold keeps the replies that follow; connection_release sends them together. If error is not NULL, each of
 * them is replaced by it, and the connection is closed.
 */
void connection_hold(struct connection *conn);
void connection_release(struct connection *conn, const char *error, int64_t now_ms);

/* Call before close: unread input would make TCP discard the last reply. */
void connection_drain(int fd);

#endif
