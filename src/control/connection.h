/*
 * connection: one who talks to us: what he said and was not read yet, what he was told and has not taken yet.
 *
 * Knows base, protocol, reply and rights. Lines and bytes; what a request is, whether he may, and whose turn it is,
 * is not decided here. No clock: now_ms is the caller's, of CLOCK_MONOTONIC.
 *
 * What he can make longer has a limit: CONNECTION_IN_MAX bytes wait to be read, and while a line waits, or an answer is
 * not gone, nothing more is received. Nothing here waits for him.
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
	CONNECTION_IN_MAX = 4096,        /* some requests at once, for those who do not wait for answers */
	CONNECTION_WHO_MAX = 80,
	CONNECTION_IDLE_MS = 60 * 1000,  /* nothing heard */
	CONNECTION_AUTH_MS = 10 * 1000,  /* nothing heard, and no rights yet */
	CONNECTION_STALL_MS = 10 * 1000, /* an answer waits, and nothing of it is taken */
};

struct connection {
	int fd; /* -1: free */
	enum rights rights;
	bool compat;
	bool eof;      /* nothing more will come */
	bool closing;  /* after what waits is sent */
	bool asked;    /* a request is with the engine */
	bool named;    /* who has the name of the user too */
	enum protocol_verb verb; /* of that request */
	struct net net;
	uid_t uid;
	char who[CONNECTION_WHO_MAX];
	int64_t active_ms; /* last time something came or went */
	int64_t spent_us; /* on its requests; of those that wait, who spent least is next */
	size_t in_len;
	char in[CONNECTION_IN_MAX];
	char *out; /* what the socket did not take yet; NULL: nothing */
	size_t out_len, out_sent;
};

/* Takes fd, which does not block. */
void connection_open(struct connection *conn, int fd, int64_t now_ms);

/* What waits to be sent is lost. Nothing when it is free. */
void connection_close(struct connection *conn);

/* Events of poll; 0: none, do not poll it. */
short connection_wants(const struct connection *conn);

/*
 * After poll; revents 0: it was not polled, or nothing happened. Receives, sends, and closes who is done or was quiet for
 * too long. True when there was something to do.
 */
bool connection_serve(struct connection *conn, short revents, int64_t now_ms);

/* When to serve it at the latest; INT64_MAX: it is free. */
int64_t connection_due(const struct connection *conn, int64_t now_ms);

/* A line waits, and what was said before is gone. */
bool connection_is_ready(const struct connection *conn);

/* Of one that is ready: the line without its newline; longer than PROTOCOL_LINE_MAX, it may be the beginning of one. */
struct span connection_line(const struct connection *conn);

/* The line is done with. */
void connection_drop_line(struct connection *conn);

/* Only to who is ready, or whose request is answered. As MIMEDefang's daemon put it when he said "compat". */
void connection_send(struct connection *conn, const char *text, size_t len, int64_t now_ms);
void connection_reply(struct connection *conn, json_t *reply, int64_t now_ms);

/* What came and was not read would make TCP throw away what was said last: to be called before close. */
void connection_drain(int fd);

#endif
