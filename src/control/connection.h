/*
 * connection: one control client: bytes received but not yet parsed, replies queued but not yet sent.
 *
 * Private to the folder. Knows base, protocol, reply and rights. Lines and bytes; what a request is, whether the client
 * may make it, and which client is next, is decided elsewhere. No clock: now_ms is the caller's, of CLOCK_MONOTONIC.
 *
 * What a client can grow has a limit: at most CONNECTION_IN_MAX bytes wait to be parsed, of one that shares
 * CONNECTION_SHARED_MAX, and while a line waits, or a reply is not sent yet, nothing more is received. Nothing here
 * waits for the client. One that watches may read as slowly as it likes, and stay for ever: only what it is sent next
 * is in memory.
 */
#ifndef WFS_CONNECTION_H
#define WFS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "control/protocol.h"
#include "control/reply.h"
#include "control/rights.h"

enum {
	CONNECTION_IN_MAX = 4096,          /* some requests at once, for clients that do not wait for replies */
	CONNECTION_SHARED_MAX = 64 * 1024, /* some hundred messages of other hosts: one transaction */
	CONNECTION_WHO_MAX = 80,
	CONNECTION_IDLE_MS = 60 * 1000,  /* nothing received */
	CONNECTION_AUTH_MS = 10 * 1000,  /* nothing received, and no rights yet */
	CONNECTION_STALL_MS = 10 * 1000, /* a reply waits, and the client reads nothing of it */
};

struct connection {
	int fd; /* -1: free */
	enum rights rights;
	bool shares; /* it came by the socket for sharing, which has time of its own */
	bool compat;
	bool eof;                /* nothing more will come */
	bool closing;            /* after what waits is sent */
	bool asked;              /* a request is with the engine */
	bool watches;            /* is sent events, as long as it does not end its side ... */
	bool hits, own;          /* of hits instead, or of those that this host decided, ... */
	bool news;               /* ... and there may be more of them ... */
	int64_t after;           /* ... than this one, the last that it was sent */
	bool named;              /* who includes the name of the user */
	enum protocol_verb verb; /* of that request */
	struct net net;
	uid_t uid;
	char who[CONNECTION_WHO_MAX];
	int64_t active_ms; /* last time something came or went */
	int64_t spent_us;  /* on its requests; of the clients that wait, the one that used least is next */
	char *in;          /* in_len bytes from in_at on wait to be parsed */
	size_t in_at, in_len, in_cap;
	char *out; /* what the socket did not accept yet, or is held; NULL: nothing */
	size_t out_len, out_sent, out_cap;
	bool holds; /* replies, until connection_release */
	size_t n_held;
};

/* Takes over fd, which does not block. */
void connection_open(struct connection *conn, int fd, bool shares, int64_t now_ms);

/* What waits to be sent is lost. Nothing when it is free. */
void connection_close(struct connection *conn);

/* Events of poll; 0: none, do not poll it. */
short connection_wants(const struct connection *conn);

/*
 * After poll; revents 0: it was not polled, or nothing happened. Receives, sends, and closes a connection that is done
 * or was idle for too long. True when there was something to do.
 */
bool connection_serve(struct connection *conn, short revents, int64_t now_ms);

/* When to serve it at the latest; INT64_MAX: it is free. */
int64_t connection_due(const struct connection *conn, int64_t now_ms);

/* A line waits, or events may, and earlier replies are sent or held. */
bool connection_is_ready(const struct connection *conn);

/* A line waits. */
bool connection_has_line(const struct connection *conn);

/* Of one that has a line: the line without its newline; longer than PROTOCOL_LINE_MAX, it may be the beginning of one.
 */
struct span connection_line(const struct connection *conn);

/* The line is done with. */
void connection_drop_line(struct connection *conn);

/* Only for a connection that is ready, or whose request is done. In the format of MIMEDefang's daemon after "compat".
 */
void connection_send(struct connection *conn, const char *text, size_t len, int64_t now_ms);
void connection_reply(struct connection *conn, json_t *reply, int64_t now_ms);

/* Replies are held from here on, and sent together. error not NULL: each of them is replaced by it, and the connection
 * is closed. */
void connection_hold(struct connection *conn);
void connection_release(struct connection *conn, const char *error, int64_t now_ms);

/* Unread input would make TCP discard the last reply: call this before close. */
void connection_drain(int fd);

#endif
