/*
 * daily: sums by day and rule, kept for ever: hits, addresses, blocks, packets dropped.
 *
 * Private to the folder. What is added is gathered in memory and then written at once. Row 0 of a day has the sums of
 * all rules, but its addresses are added separately: an address counts once in it, and once for each rule. Days are
 * counted since 1970, UTC. Aborts if memory cannot be allocated. Errors and transactions as of store.h.
 */
#ifndef WFS_STORE_DAILY_H
#define WFS_STORE_DAILY_H

#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum { DAILY_ALL_RULES = 0 };

struct store;

/* More of a day and a rule (its id). addresses may be less than 0: of those added before, so many were known already.
 */
struct daily_row {
	int64_t day, rule;
	int64_t hits, addresses, blocks, dropped;
	int64_t packets, bytes; /* of those dropped; bytes 0: nobody counted them */
	int64_t last_s;         /* time of the last hit; 0: none */
};

/* Zeroed: empty. */
struct daily {
	size_t n, cap;
	struct daily_row *rows;
	size_t last; /* the one added to last */
};

/* The row of a day and a rule, to add to; until the next call. */
struct daily_row *daily_row(struct daily *daily, int64_t day, int64_t rule);

/* Adds everything to the table, and empties it, also after an error: the caller rolls back. */
int daily_write(struct daily *daily, struct store *store, struct why *why);

/* Forgets everything: its transaction was rolled back. */
void daily_clear(struct daily *daily);

/* The same, and gives the memory back. */
void daily_done(struct daily *daily);

#endif
