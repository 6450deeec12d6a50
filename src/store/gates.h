/*
 * gates: stores what is remembered about the gates: which clients have earned a pass, what was counted, and which
 * clients each gate held last.
 *
 * Errors, transactions and walks: see store.h.
 */
#ifndef WFS_STORE_GATES_H
#define WFS_STORE_GATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/gates.h"
#include "base/why.h"

struct store;

/* A client (an address or an IPv6 network) that need not wait. */
struct store_pass {
	struct net net;
	int64_t until_s;
};

/* Adds passes. An existing pass lasts until the later of both ends. */
int store_add_passes(struct store *store, const struct store_pass *list, size_t n, struct why *why);

/* Revokes the passes of these clients; their evidence up to at_s earns no new one. */
int store_take_passes(struct store *store, const struct net *nets, size_t n, int64_t at_s, struct why *why);

/*
 * Walks. store_passes: the passes at now_s. store_passes_earned: clients with good evidence since a day (time_s /
 * 86400), if it is newer than the revocation of their pass; until_s is the time of that evidence.
 */
int store_passes(struct store *store, int64_t now_s, struct why *why);
int store_passes_earned(struct store *store, int64_t day, struct why *why);
int store_next_pass(struct store *store, struct store_pass *ret, struct why *why);

/* Sums of a gate: the columns of table gate (schema.sql). */
struct store_gate_sums {
	char name[GATES_NAME_MAX];
	int64_t asked, refused, admitted, began, came, late, delays, delay_s;
};

/* The clients that a gate holds: the columns of table gate_now. */
struct store_gate_now {
	char name[GATES_NAME_MAX];
	int64_t at_s, paused, inside, waiting;
	bool closed;
	struct addr waits;
	int64_t since_s; /* 0: no client is waiting */
};

/* Adds to the sums of a day. */
int store_add_gate(struct store *store, int64_t day, const struct store_gate_sums *sums, struct why *why);
/* Replaces what is stored about all gates; n may be 0. */
int store_put_gates_now(struct store *store, const struct store_gate_now *gates, size_t n, struct why *why);

/*
 * For reports. store_gates reads the sums of all days from day on, sorted by name; store_gates_now the clients that the
 * gates hold. *ret_n is at most GATES_CAP.
 */
enum { GATES_CAP = 32 }; /* including gates of former configurations */
int store_gates(struct store *store, int64_t day, struct store_gate_sums out[static GATES_CAP], size_t *ret_n,
                struct why *why);
int store_gates_now(struct store *store, struct store_gate_now out[static GATES_CAP], size_t *ret_n, struct why *why);

#endif
