/*
 * gating: the gates ([gate NAME]) while the daemon works: they are closed as long as it does.
 *
 * Private to the folder. The kernel opens a gate by itself when it got no sign of life for open_after. One is sent
 * while the mail server's lines arrive, or no client was let in that could leave one: a refused client leaves none. So
 * a gate whose log is not read any more does not stay closed for ever. Without gates everything here does nothing.
 * Errors: those of client.h; they are logged here once, and it is tried again.
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
	const struct config *config; /* the one root started with, borrowed */
	struct client *client;       /* borrowed */
	int64_t keep_ms;             /* between two signs of life */
	int64_t keep_at, count_at;   /* clock_steady_ms; INT64_MAX: never */
	int64_t passes_at;           /* not before then are passes sent to the kernel again, after an error */
	size_t number;               /* the gate that is being counted ... */
	uint32_t cursor;             /* ... from here on */
	int64_t took_us;             /* by the count until now */
	int64_t began_ms, before_ms; /* when this round of counts and the one before it began */
	int64_t grew_ms;             /* when a line was read last */
	bool admitted;               /* in this round: a client was let in */
	bool silent;                 /* one was, and no line came */
	bool logged_silent, logged_failed, logged_passes; /* logged already */
	bool remade;       /* the kernel's sets may be empty: passes are sent before it closes a gate */
	int64_t closed_ms; /* when it was said last that the gates are closed; INT64_MIN: never */
	struct message_gate counts[GATES_MAX];  /* of the last round */
	struct store_gate_sums sums[GATES_MAX]; /* since they were stored */
};

void gating_init(struct gating *gating, const struct config *config, struct client *client, int64_t now_ms);

/* Lines were read. */
void gating_grew(struct gating *gating, int64_t now_ms);

/* Passes were sent to the kernel, or (rc, why: of that) could not be: then no gate is closed, and it is tried again in
 * a while. */
void gating_passes_sent(struct gating *gating, int rc, const struct why *why, int64_t now_ms);

/*
 * What is due: a sign of life, a piece of a count. Returns -EPIPE when the root process is gone, else 0, or 1: all
 * gates were counted, and counts has what happened since the last time.
 */
int gating_turn(struct gating *gating, int64_t now_ms, struct why *why);

/* Stores what was counted, and which clients the gates hold. What cannot be stored is stored with the next. */
void gating_store(struct gating *gating, struct store *store, int64_t now_s);

/* When the next is due. */
int64_t gating_due_ms(const struct gating *gating);

#endif
