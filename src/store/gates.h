/*
 * gates: what is remembered of the gates: which clients have earned a pass, what was counted, whom each held last.
 *
 * Errors, transactions and walks as of store.h.
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

/* A client (an address, or an IPv6 network) that needs not wait. */
struct store_pass {
	struct net net;
	int64_t until_s;
};

/* Adds; one that is there already lasts until the later of both. */
int store_add_passes(struct store *store, const struct store_pass *list, size_t n, struct why *why);

/* These have no pass any more, and what they did until at_s gives none. */
int store_take_passes(struct store *store, const struct net *nets, size_t n, int64_t at_s, struct why *why);

/*
 * Walks. store_passes: those at now_s. store_passes_earned: clients with good evidence since a day (time_s / 86400)
 * that was not before their pass was revoked; until_s is when that evidence came.
 */
int store_passes(struct store *store, int64_t now_s, struct why *why);
int store_passes_earned(struct store *store, int64_t day, struct why *why);
int store_next_pass(struct store *store, struct store_pass *ret, struct why *why);

/* Sums of a gate; the columns of table gate (schema.sql). */
struct store_gate_sums {
	char name[GATES_NAME_MAX];
	int64_t asked, refused, admitted, began, came, late, delays, delay_s;
};

/* Whom a gate holds; the columns of table gate_now. */
struct store_gate_now {
	char name[GATES_NAME_MAX];
	int64_t at_s, paused, inside, waiting;
	bool closed;
	struct addr waits;
	int64_t since_s; /* 0: none waits */
};

/* Adds to the sums of a day. */
int store_add_gate(struct store *store, int64_t day, const struct store_gate_sums *sums, struct why *why);
/* Replaces what was known of all gates. n: 0 with none. */
int store_put_gates_now(struct store *store, const struct store_gate_now *gates, size_t n, struct why *why);

/* Reading, for reports: sums of all days from that one on, by name; and whom they hold. *ret_n: GATES_CAP at most. */
enum { GATES_CAP = 32 }; /* with those of former configurations */
int store_gates(struct store *store, int64_t day, struct store_gate_sums out[static GATES_CAP], size_t *ret_n,
                struct why *why);
int store_gates_now(struct store *store, struct store_gate_now out[static GATES_CAP], size_t *ret_n, struct why *why);

#endif
