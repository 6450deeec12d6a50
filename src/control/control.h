/*
 * control: the control socket. Who is there, what they may, and one request after the other.
 *
 * Knows base, protocol and reply. Neither the database nor verdicts: the engine pulls requests and answers them. No
 * clock: now_ms is the caller's, of CLOCK_MONOTONIC.
 *
 * Two Unix sockets of mode 0660: one for the group that may change things, one (".read" behind its name) for the
 * group that may look. Who connects is known from the kernel (SO_PEERCRED, SO_PEERGROUPS) and may what the better of his groups may;
 * root and the daemon's own user may everything. With a token file also TCP on a loopback address, where the
 * first line is "auth TOKEN".
 *
 * What strangers can make longer has a limit: lines (PROTOCOL_LINE_MAX), connections, what waits to be read and to be
 * sent. From a connection whose answer is not gone no further request is taken. In a turn a few connections are looked
 * after and one line is taken, of him who had least of our time; all that takes CONTROL_SHARE_US of each millisecond at
 * most, whatever it is: when more was spent nobody is heard, and nobody can wake us, until it is earned again. So lines of
 * a log never wait for more than one request, and the processor is theirs.
 *
 * Order of a turn: control_poll, poll, what the logs hold, control_serve, control_next, control_reply if there was a
 * request, control_spent.
 * Source: unix(7); credentials and groups as of connect(2) time, measured on 6.18 in tests/unit/control.c.
 */
#ifndef WFS_CONTROL_H
#define WFS_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "control/protocol.h"
#include "control/reply.h"

enum {
	CONTROL_CONNECTIONS_MAX = 64,
	CONTROL_UNTRUSTED_MAX = 16,   /* of them over TCP and without token yet */
	CONTROL_FDS_MAX = CONTROL_CONNECTIONS_MAX + 3,
	CONTROL_SHARE_US = 100,       /* of each millisecond */
	CONTROL_SAVED_US = 1000,      /* of the time when nobody asked; at the most */
	CONTROL_DEBT_US = 100 * 1000, /* of one that took very long, no more is remembered: others wait a second for it */
	CONTROL_WHO_MAX = 80,
	CONTROL_PATH_MAX = 108,       /* sun_path, with its NUL */
};

/* Positive answer of control_new. */
enum {
	CONTROL_LIMITED = 1, /* works, but not for everybody it was made for: why says for whom not */
};

struct control_config {
	const char *socket;  /* path; "": none */
	const char *group;   /* may change things; "": nobody but root and we */
	const char *readers; /* may look; "": nobody else */
	struct addr tcp;     /* a loopback address */
	uint16_t port;       /* 0: no TCP */
	const char *token_file; /* lines "NAME TOKEN" or "NAME TOKEN read"; ours, mode 0600 */
};

struct control;

/*
 * Opens the sockets. A socket that nobody answers on any more is replaced.
 * Returns 0, CONTROL_LIMITED with a sentence, or an error: -EADDRINUSE another daemon answers there; -EINVAL the
 * token file; else what the system said.
 */
int control_new(const struct control_config *config, struct control **ret, struct why *why);

/* Takes NULL. Removes the sockets; answers not sent yet are lost. */
void control_free(struct control *control);

/* What to poll; -1 at places that are not used now. */
void control_poll(struct control *control, int64_t now_ms, struct pollfd out[static CONTROL_FDS_MAX]);

/* How long poll may wait, after control_poll: 0 when a request is here already, -1 for ever. */
int control_timeout_ms(const struct control *control, int64_t now_ms);

/* After poll: accepts, receives, sends, closes what was quiet for too long. */
void control_serve(struct control *control, const struct pollfd polled[static CONTROL_FDS_MAX], int64_t now_ms);

struct control_request {
	struct protocol_request what; /* never auth or compat */
	size_t connection;            /* for control_reply */
	char who[CONTROL_WHO_MAX];    /* "uid 1000 (alice)", "token mx2" */
};

/*
 * The next request of somebody who may make it, at most one in a turn; false when there is none. What is no request, or
 * not allowed, is answered inside. It must be answered before the end of the turn.
 */
bool control_next(struct control *control, int64_t now_ms, struct control_request *ret);

/* Takes the reference. */
void control_reply(struct control *control, size_t connection, json_t *reply, int64_t now_ms);

/* Ends a turn: what control_serve and all after it took, in microseconds. */
void control_spent(struct control *control, int64_t spent_us);

/* How many are connected. */
size_t control_connections(const struct control *control);

#endif
