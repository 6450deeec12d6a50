/*
 * gating: keeps the gates ([gate NAME]) closed while the daemon works.
 *
 * Private to the folder. The kernel opens a gate by itself if it receives no keepalive for open_after. The engine sends
 * one as long as lines of the mail server arrive, or no client was let in that could have caused a line: a refused
 * client causes none. So a gate whose log is no longer read does not stay closed for ever. Does nothing if there are no
 * gates. Errors: those of client.h; they are logged here once, and the operation is retried.
 */
#ifndef WFS_ENGINE_GATING_H
#define WFS_ENGINE_GATING_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "firewall/client.h"
#include "firewall/message.h"
#include "store/gates.h"
#include "store/store.h"

struct gating {
	const struct config *config; /* the configuration that root started with, borrowed */
	struct client *client;       /* borrowed */
	int64_t keep_ms;             /* between two keepalives */
	int64_t keep_at, count_at;   /* by clock_steady_ms; INT64_MAX: never */
	int64_t passes_at;           /* after an error, passes are not sent to the kernel again before this time */
	size_t number;               /* the gate being counted ... */
	uint32_t cursor;             /* ... from this cursor on */
	int64_t took_us;             /* time spent on this round of counts so far */
	int64_t began_ms, before_ms; /* when this round of counts and the one before it began */
	int64_t grew_ms;             /* when a line was last read */
	bool admitted;               /* a client was let in during this round */
	bool silent;                 /* a client was let in, but no line arrived */
	bool logged_silent, logged_failed, logged_passes; /* these were logged already */
	bool remade;       /* the kernel's sets may be empty: send passes before closing a gate */
	int64_t closed_ms; /* when the last keepalive that closes the gates was sent; INT64_MIN: never */
	struct message_gate counts[GATES_MAX];  /* of the last round */
	struct store_gate_sums sums[GATES_MAX]; /* not stored yet */
};

void gating_init(struct gating *gating, const struct config *config, struct client *client, int64_t now_ms);

/* Records that lines were read. */
void gating_grew(struct gating *gating, int64_t now_ms);

/*
 * Records that passes were sent to the kernel or, with the error rc and why, that they were not. Then no gate is
 * closed, and sending is retried later.
 */
void gating_passes_sent(struct gating *gating, int rc, const struct why *why, int64_t now_ms);

/*
 * Does what is due: sends a keepalive, or runs a part of a count. Returns 1 if all gates were counted, with the changes
 * since the last round in counts; -EPIPE if the root process is gone; otherwise 0.
 */
int gating_turn(struct gating *gating, int64_t now_ms, struct why *why);

/* Stores the counts, and which clients the gates hold. Counts that cannot be stored are added to the next. */
void gating_store(struct gating *gating, struct store *store, int64_t now_s);

/* Returns when gating_turn is due next. */
int64_t gating_due_ms(const struct gating *gating);

#endif
