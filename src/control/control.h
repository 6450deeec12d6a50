/*
 * control: the control socket: its clients, their rights, and one request after the other.
 *
 * Knows base, protocol and reply. Neither the database nor verdicts: the engine pulls requests and replies to them. No
 * clock: now_ms is the caller's, of CLOCK_MONOTONIC.
 *
 * Two Unix sockets of mode 0660: one for the group that may change things, one (".read" after its name) for the
 * group that may read; with a group that may share a third, ".share". The kernel identifies the peer (SO_PEERCRED,
 * SO_PEERGROUPS), which has the rights of its best group; root and the daemon's own user may do everything. With a
 * token file also TCP on a loopback address, where the first line is "auth TOKEN".
 *
 * What untrusted clients can grow has a limit: lines (PROTOCOL_LINE_MAX), connections, what waits to be parsed and to
 * be sent. A connection whose reply is not sent yet gets no further request read. Each turn serves a few connections
 * and handles one line, of the client that has used least of our time. All that uses at most CONTROL_SHARE_US of each
 * millisecond: when more was spent, nothing is received, and no client can wake us, until the time is earned again. So
 * log lines never wait for more than one request, and get the processor first. Clients of the socket ".share" have time
 * of their own, CONTROL_SHARING_US: what other hosts block is worth as much as what the logs here say, and gets half of
 * the processor while there is more of it than can be handled.
 *
 * A client that watches is one that asks again and again: whenever there may be news and it has read what it was sent,
 * the engine gets its request once more. So the same limits and the same order hold for it, and however slowly it
 * reads, what it has not got yet stays in the database.
 *
 * Order of a turn: control_poll, poll, what the logs hold, control_serve, control_next, control_reply if there was a
 * request, control_spent.
 * Source: unix(7); credentials and groups as of connect(2) time, measured on 6.18 in tests/unit/control/control.c.
 */
#ifndef WFS_CONTROL_H
#define WFS_CONTROL_H

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
	CONTROL_UNTRUSTED_MAX = 16, /* of them over TCP and without token yet */
	CONTROL_FDS_MAX = CONTROL_CONNECTIONS_MAX + 4,
	CONTROL_WATCHING_MAX = 16,    /* of them that watch: the others remain for requests */
	CONTROL_SHARE_US = 100,       /* of each millisecond */
	CONTROL_SHARING_US = 500,     /* likewise, for the clients of ".share" */
	CONTROL_SAVED_US = 1000,      /* of the idle time; at the most */
	CONTROL_DEBT_US = 100 * 1000, /* no more is kept of a very slow request: others wait a second for it */
	CONTROL_WHO_MAX = 80,
	CONTROL_PATH_MAX = 108, /* sun_path, with its NUL */
};

/* Positive result of control_new. */
enum {
	CONTROL_LIMITED = 1, /* works, but not for all intended users: why names the others */
};

struct control_config {
	const char *socket;     /* path; "": none */
	const char *group;      /* may change things; "": only root and our own user */
	const char *readers;    /* may read; "": no other group */
	const char *sharers;    /* may share; "": no other group. One that does not exist is none */
	struct addr tcp;        /* a loopback address */
	uint16_t port;          /* 0: no TCP */
	const char *token_file; /* lines "NAME TOKEN" or "NAME TOKEN read"; ours, mode 0600 */
};

struct control;

/*
 * Opens the sockets. A stale socket, on which no daemon accepts, is replaced.
 * Returns 0, CONTROL_LIMITED with a sentence, or an error: -EADDRINUSE another daemon uses it; -EINVAL the
 * token file; else the system's error.
 */
int control_new(const struct control_config *config, struct control **ret, struct why *why);

/* Accepts NULL. Removes the sockets; replies not sent yet are lost. */
void control_free(struct control *control);

/* What to poll; -1 at places that are not used now. */
void control_poll(struct control *control, int64_t now_ms, struct pollfd out[static CONTROL_FDS_MAX]);

/* How long poll may wait, after control_poll: 0 when a request is here already, -1 for ever. */
int control_timeout_ms(const struct control *control, int64_t now_ms);

/* After poll: accepts, receives, sends, closes connections idle for too long. */
void control_serve(struct control *control, const struct pollfd polled[static CONTROL_FDS_MAX], int64_t now_ms);

struct control_request {
	struct protocol_request what; /* never auth or compat */
	size_t connection;            /* for control_reply */
	bool goes_on;                 /* of watch: it watches already, for control_events instead of control_reply */
	char who[CONTROL_WHO_MAX];    /* "uid 1000 (alice)", "token mx2" */
};

/*
 * The next request of a client that may make it, at most one in a turn; false when there is none. Invalid requests and
 * those not allowed are replied to inside. The engine must reply before the end of the turn.
 */
bool control_next(struct control *control, int64_t now_ms, struct control_request *ret);

/*
 * Another request of the client of *request, which was replied to, in the same turn; false when it has none at hand.
 * For requests that are cheaper together, and take effect together: from control_hold on its replies are kept, and
 * control_release sends them. error not NULL: instead of each of them it gets this, and is disconnected, because what
 * it has sent after them must not be handled before they are.
 */
void control_hold(struct control *control, const struct control_request *request);
void control_release(struct control *control, const struct control_request *request, const char *error, int64_t now_ms);
bool control_again(struct control *control, int64_t now_ms, struct control_request *request);

/* Takes over the reference. */
void control_reply(struct control *control, size_t connection, json_t *reply, int64_t now_ms);

/* Before the reply to a request to watch: from here on the connection is sent events. False: too many watch. */
bool control_watch(struct control *control, const struct control_request *request);

/* Events may have been committed: those that watch ask again. */
void control_news(struct control *control);

/*
 * The reply to a request that goes on: complete lines of events up to that of number last, or up to where it was when
 * there are none; more: there may be others. Copied.
 */
void control_events(struct control *control, const struct control_request *request, struct span lines, int64_t last,
                    bool more, int64_t now_ms);

/* The same when they cannot be read: it gets an error, and is closed. */
void control_stop_watching(struct control *control, const struct control_request *request, const char *sentence,
                           int64_t now_ms);

/*
 * Time that was spent since control_poll, in microseconds: of control_serve and control_next, and once more of what
 * their request took. It is charged to the client of that request.
 */
void control_spent(struct control *control, int64_t spent_us);

#endif
