/*
 * control: the control socket: its clients, their rights, and their requests, one at a time.
 *
 * Knows base, protocol and reply, but neither the database nor verdicts: the engine pulls requests and replies to them.
 * No clock: now_ms comes from the caller, of CLOCK_MONOTONIC.
 *
 * There are two Unix sockets of mode 0660: one for the group that may change things, and one (its name plus ".read")
 * for the group that may read. If a group may share, there is a third, ".share". The kernel identifies the peer
 * (SO_PEERCRED, SO_PEERGROUPS), which has the rights of its best group; root and the daemon's own user may do
 * everything. With a token file there is also TCP on a loopback address, where the first line is "auth TOKEN".
 *
 * Everything that untrusted clients can grow has a limit: lines (PROTOCOL_LINE_MAX), connections, what waits to be
 * parsed and to be sent. While a connection's reply is not sent, no further request is read from it. Each turn serves a
 * few connections and handles one line, of the client that has used the least time so far. All of this may use at most
 * CONTROL_SHARE_US of each millisecond: once more was spent, nothing is received and no client can wake us until that
 * time is earned again. So log lines never wait for more than one request, and get the processor first. Clients of the
 * socket ".share" have an allowance of their own, CONTROL_SHARING_US: blocks of other hosts are worth as much as our
 * own logs, and get half of the processor while there are more of them than can be handled.
 *
 * A client that watches is treated like one that asks repeatedly: whenever there may be events and it has read what it
 * was sent, the engine gets its request again. So the same limits and the same order apply to it. However slowly it
 * reads, what it has not received yet stays in the database.
 *
 * Order of a turn: control_poll, poll, reading the logs, control_serve, control_next, control_reply if there was a
 * request, control_spent. Source: unix(7); credentials and groups are those at connect(2), measured on 6.18 in
 * tests/unit/control/control.c.
 */
#ifndef WFS_CONTROL_CONTROL_H
#define WFS_CONTROL_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"
#include "control/protocol.h"
#include "control/reply.h"

enum {
	CONTROL_CONNECTIONS_MAX = 64,
	CONTROL_UNTRUSTED_MAX = 16, /* of them over TCP and without a token yet */
	CONTROL_FDS_MAX = CONTROL_CONNECTIONS_MAX + 4,
	CONTROL_WATCHING_MAX = 16,    /* of them watching; the others remain for requests */
	CONTROL_SHARE_US = 100,       /* of each millisecond */
	CONTROL_SHARING_US = 500,     /* the same for the clients of ".share" */
	CONTROL_SAVED_US = 1000,      /* of unused time, at most */
	CONTROL_DEBT_US = 100 * 1000, /* limit of the debt after a very slow request: others wait a second for it */
	CONTROL_WHO_MAX = 80,
	CONTROL_PATH_MAX = 108, /* size of sun_path, including the NUL */
};

/* Positive result of control_new. */
enum {
	CONTROL_LIMITED = 1, /* the socket works, but not for all intended users; why names the others */
};

struct control_config {
	const char *socket;     /* path; "": no socket */
	const char *group;      /* may change things; "": only root and our own user */
	const char *readers;    /* may read; "": no other group */
	const char *sharers;    /* may share; "": no other group. A group that does not exist counts as "" */
	struct addr tcp;        /* a loopback address */
	uint16_t port;          /* 0: no TCP */
	const char *token_file; /* lines "NAME TOKEN" or "NAME TOKEN read"; owned by us, mode 0600 */
};

struct control;

/*
 * Opens the sockets. Replaces a stale socket, on which no daemon accepts. Returns 0, CONTROL_LIMITED with a sentence in
 * why, or an error: -EADDRINUSE if another daemon uses it; -EINVAL for the token file; otherwise the system's error.
 */
int control_new(const struct control_config *config, struct control **ret, struct why *why);

/* Accepts NULL. Removes the sockets; unsent replies are lost. */
void control_free(struct control *control);

/* Fills in what to poll; -1 for places that are not used now. */
void control_poll(struct control *control, int64_t now_ms, struct pollfd out[static CONTROL_FDS_MAX]);

/* Call after control_poll: returns how long poll may wait; 0 if a request is already here, -1 for ever. */
int control_timeout_ms(const struct control *control, int64_t now_ms);

/* Call after poll: accepts, receives, sends, and closes connections that were idle for too long. */
void control_serve(struct control *control, const struct pollfd polled[static CONTROL_FDS_MAX], int64_t now_ms);

struct control_request {
	struct protocol_request what; /* never auth or compat */
	size_t connection;            /* for control_reply */
	/* watch: it is watching already; reply with control_events instead of control_reply */
	bool goes_on;
	char who[CONTROL_WHO_MAX]; /* "uid 1000 (alice)", "token mx2" */
};

/*
 * Returns the next request of a client that is allowed to make it, at most one per turn; false if there is none.
 * Invalid requests and those not allowed are replied to internally. The engine must reply before the end of the turn.
 */
bool control_next(struct control *control, int64_t now_ms, struct control_request *ret);

/*
 * For requests that are cheaper together and take effect together. control_again returns another request of the client
 * of *request, which has been replied to, in the same turn; false if none is ready. From control_hold on the client's
 * replies are kept; control_release sends them. If error is not NULL, it replaces each of the replies, and the client
 * is disconnected, because what it sent after these requests must not be handled before them.
 */
void control_hold(struct control *control, const struct control_request *request);
void control_release(struct control *control, const struct control_request *request, const char *error, int64_t now_ms);
bool control_again(struct control *control, int64_t now_ms, struct control_request *request);

/* Takes over the reference. */
void control_reply(struct control *control, size_t connection, json_t *reply, int64_t now_ms);

/*
 * Call before the reply to a request to watch: from then on the connection is sent events. Returns false if too many
 * watch.
 */
bool control_watch(struct control *control, const struct control_request *request);

/* Call when events may have been committed: watching clients then ask again. */
void control_news(struct control *control);

/*
 * Replies to a request that goes on, with complete lines of events up to the one numbered last; without lines, last is
 * unchanged. more: there may be others. Copies lines.
 */
void control_events(struct control *control, const struct control_request *request, struct span lines, int64_t last,
                    bool more, int64_t now_ms);

/* Replies that events cannot be read, and closes the connection. */
void control_stop_watching(struct control *control, const struct control_request *request, const char *sentence,
                           int64_t now_ms);

/*
 * Charges the microseconds spent since control_poll: once for control_serve and control_next, and once more for
 * executing their request. They are charged to the client of that request.
 */
void control_spent(struct control *control, int64_t spent_us);

#endif
